/* SPDX-License-Identifier: MIT */
/*
 * A file is loaded in two steps. The first does everything that can fail: it compiles plans and
 * opens listeners of new addresses. If one fails, everything just opened is closed again, and the
 * old state is as it was. Of the old state only listeners are touched, whose address or port
 * another one needs: they are closed first, and opened again after a failure. The second cannot
 * fail: it swaps plans and closes proxies that the file no longer names. Open connections keep
 * their plan.
 */
#include <stdlib.h>
#include <string.h>

#include "proxy/control/change.h"
#include "proxy/control/fault_privileges.h"
#include "proxy/net/listen_address.h"

/* The change for one proxy that will run. */
struct change {
    struct plan *plan;      /* one reference, until adopted */
    struct proxy *existing; /* keeps its listener and connections; NULL: a new proxy */
    struct proxy *fresh;    /* created for this change; NULL: it exists */
    bool opened;            /* the existing proxy's listener was closed and has just been opened */
    bool of_api;            /* the file does not name it: only its faults may change */
};

struct load {
    struct control *control;
    struct config config; /* borrowed from the caller, with the seed in use */
    bool keep_api;
    struct change *changes; /* owned; the file's proxies, then the API's that stay */
    size_t count;
    struct proxy **kept;    /* owned; room for those of all changes */
    struct proxy **vacated; /* owned; those whose address another proxy gets */
    size_t vacated_count;
    struct fault *wildcard_faults; /* owned */
    size_t wildcard_fault_count;
};

static int compile(struct load *load, const struct proxy_config *proxy, enum rule_origin origin,
    const struct proxy *old, struct change *change, struct err *err)
{
    struct worker *worker = load->control->worker;
    change->plan = plan_compile(&load->config, proxy, origin, worker->started_at, &worker->counters,
        old == NULL ? NULL : old->plan, load->keep_api);
    return change->plan == NULL ? err_set(err, "out of memory") : 0;
}

static int prepare_fresh(struct load *load, struct change *change, struct err *err)
{
    change->fresh = proxy_new(load->control->worker, change->plan);
    if (change->fresh == NULL)
        return err_set(err, "out of memory");
    change->plan = NULL;
    int result = proxy_open(change->fresh, err);
    load->control->errnum = result == 0 ? 0 : change->fresh->listener.errnum;
    return result;
}

/* Whether the proxy keeps its listener. Port 0 means the port it got last time. */
static bool stays_there(const struct proxy *old, const struct address *listen)
{
    return address_equal(&old->plan->config.listen, listen) || control_listens_on(old, listen);
}

static int prepare_of_file(
    struct load *load, const struct proxy_config *proxy, struct change *change, struct err *err)
{
    struct worker *worker = load->control->worker;
    struct proxy *old = proxies_find(worker, proxy->name);
    if (proxy->upstream.kind == ADDRESS_BUILTIN &&
        builtins_start(&worker->builtins, proxy->upstream.host, err) != 0)
        return -1;
    if (socket_check_buffers(proxy, err) != 0)
        return -1;
    if (compile(load, proxy, RULE_FROM_FILE, old, change, err) != 0)
        return -1;
    if (old == NULL || !stays_there(old, &proxy->listen))
        return prepare_fresh(load, change, err);
    change->existing = old;
    change->opened = proxy_must_open(old, proxy, false);
    int result = change->opened ? listener_open(&old->listener, proxy, err) : 0;
    load->control->errnum = result == 0 ? 0 : old->listener.errnum;
    change->opened = change->opened && result == 0;
    return result;
}

/* Prepares a proxy of the API. It keeps its configuration; the file's faults with `proxy = *` may
 * have changed. */
static int prepare_of_api(
    struct load *load, struct proxy *proxy, struct change *change, struct err *err)
{
    change->existing = proxy;
    change->of_api = true;
    return compile(load, &proxy->plan->config, RULE_FROM_API, proxy, change, err);
}

static const struct proxy_config *find_in_file(const struct config *config, const char *name)
{
    for (size_t i = 0; i < config->proxy_count; i++)
        if (strcmp(config->proxies[i].name, name) == 0)
            return &config->proxies[i];
    return NULL;
}

static bool stays(const struct load *load, const struct proxy *proxy)
{
    return load->keep_api && proxy->plan->origin == RULE_FROM_API &&
           find_in_file(&load->config, proxy_name(proxy)) == NULL;
}

/* --- addresses that pass from one proxy to another --- */

/* Whether the proxy listens now and will not, or somewhere else. */
static bool leaves(const struct load *load, const struct proxy *old)
{
    const struct proxy_config *wanted = find_in_file(&load->config, proxy_name(old));
    if (!listener_is_open(&old->listener) || old->plan->config.silent || stays(load, old))
        return false;
    return wanted == NULL || !wanted->enabled || !stays_there(old, &wanted->listen);
}

/* A proxy that intercepts has its port in the command's network, where no other proxy chooses
 * one. */
static bool is_same_port(const struct proxy_config *a, const struct proxy_config *b)
{
    if (proxy_config_intercepts(a) || proxy_config_intercepts(b))
        return false;
    if (a->listen.kind == ADDRESS_UNIX || b->listen.kind == ADDRESS_UNIX)
        return address_equal(&a->listen, &b->listen);
    return a->listen.port == b->listen.port;
}

/* Whether a proxy that stays at 127.0.0.1 becomes `localhost`: it binds ::1 too. */
static bool takes_ipv6(const struct proxy *old, const struct proxy_config *wanted)
{
    return listen_address_is_localhost(&wanted->listen) &&
           !listen_address_is_localhost(&old->plan->config.listen);
}

/* Whether the proxy of the file is about to bind the address that another one has `now`, or its
 * port on another address. */
static bool comes_to(
    const struct load *load, const struct proxy_config *wanted, const struct proxy_config *now)
{
    if (!wanted->enabled || !is_same_port(wanted, now))
        return false;
    const struct proxy *old = proxies_find(load->control->worker, wanted->name);
    return old == NULL || !listener_is_open(&old->listener) || !stays_there(old, &wanted->listen) ||
           takes_ipv6(old, wanted);
}

static bool stands_in_the_way(const struct load *load, const struct proxy *old)
{
    struct proxy_config now;
    if (!leaves(load, old))
        return false;
    control_proxy_config(old, &now);
    for (size_t i = 0; i < load->config.proxy_count; i++)
        if (comes_to(load, &load->config.proxies[i], &now))
            return true;
    return false;
}

/* All at once, before anything is bound: two proxies may swap their addresses. */
static void vacate(struct load *load)
{
    for (struct proxy *proxy = NULL; (proxy = control_next_proxy(load->control, proxy)) != NULL;)
        if (stands_in_the_way(load, proxy))
            load->vacated[load->vacated_count++] = proxy;
    for (size_t i = 0; i < load->vacated_count; i++)
        proxy_vacate(load->vacated[i]);
}

static void reoccupy(struct load *load)
{
    for (size_t i = 0; i < load->vacated_count; i++)
        proxy_reoccupy(load->vacated[i]);
}

static int prepare(struct load *load, struct err *err)
{
    const struct config *config = &load->config;
    int result = 0;
    vacate(load);
    for (struct proxy *proxy = NULL;
         result == 0 && (proxy = control_next_proxy(load->control, proxy)) != NULL;) {
        if (stays(load, proxy))
            result = prepare_of_api(load, proxy, &load->changes[load->count++], err);
    }
    for (size_t i = 0; result == 0 && i < config->proxy_count; i++)
        result = prepare_of_file(load, &config->proxies[i], &load->changes[load->count++], err);
    return result;
}

/* Closes a listener that was closed. That of an enabled proxy keeps its port, as it did before. */
static void close_again(struct proxy *proxy)
{
    if (proxy->plan->config.enabled)
        listener_refuse(&proxy->listener);
    else
        listener_close(&proxy->listener);
}

static void undo(struct change *change)
{
    plan_unref(change->plan);
    if (change->fresh != NULL)
        proxy_drop(change->fresh);
    else if (change->opened)
        close_again(change->existing);
}

static int compare_pointers(const void *a, const void *b)
{
    const char *left = *(char *const *)a, *right = *(char *const *)b;
    return left < right ? -1 : left > right;
}

/* Closes proxies that neither the file nor the API defines. */
static void close_others(struct load *load)
{
    struct proxy **kept = load->kept;
    for (size_t i = 0; i < load->count; i++)
        kept[i] =
            load->changes[i].existing != NULL ? load->changes[i].existing : load->changes[i].fresh;
    qsort(kept, load->count, sizeof(struct proxy *), compare_pointers);
    list_for_each_safe(link, &load->control->worker->proxies)
    {
        struct proxy *proxy = container_of(link, struct proxy, link);
        if (!proxy->plan->config.silent &&
            bsearch(&proxy, kept, load->count, sizeof(struct proxy *), compare_pointers) == NULL) {
            past_names_note(&load->control->past_names, proxy);
            proxy_close(proxy);
        }
    }
}

static void put_in_force(const struct change *change)
{
    if (change->existing == NULL)
        proxy_begin(change->fresh);
    else if (change->of_api)
        proxy_change_faults(change->existing, change->plan);
    else
        proxy_adopt(change->existing, change->plan, change->opened);
}

static void commit(struct load *load)
{
    struct control *control = load->control;
    for (size_t i = 0; i < load->count; i++)
        put_in_force(&load->changes[i]);
    close_others(load);
    for (size_t i = 0; i < load->count; i++)
        if (load->changes[i].fresh != NULL)
            past_names_take(&control->past_names, load->changes[i].fresh);
    free(control->wildcard_faults);
    control->wildcard_faults = load->wildcard_faults;
    control->wildcard_fault_count = load->wildcard_fault_count;
    load->wildcard_faults = NULL;
    control->settings = load->config.settings;
    uint64_t memory = control->settings.memory;
    control->worker->ring_pool.most = memory < SIZE_MAX ? (size_t)memory : SIZE_MAX;
}

/* Stores the faults with `proxy = *`, for proxies that the API may add. */
static void load_note_wildcard_faults(struct load *load)
{
    for (size_t i = 0; i < load->config.fault_count; i++)
        if (strcmp(load->config.faults[i].proxies, "*") == 0)
            load->wildcard_faults[load->wildcard_fault_count++] = load->config.faults[i];
}

/* Undoes what prepare() did before it failed. */
static void take_back(struct load *load)
{
    for (size_t i = 0; i < load->count; i++)
        undo(&load->changes[i]);
    reoccupy(load);
}

/* Returns 0, or -1 if out of memory. In both cases the caller calls load_deinit(). */
static int load_init(struct load *load, struct control *control, const struct config *config,
    enum reload_policy keep)
{
    size_t most = config->proxy_count + control->worker->names.count;
    *load =
        (struct load){.control = control, .config = *config, .keep_api = keep == CONTROL_KEEP_API};
    load->config.settings.seed = control->settings.seed;
    load->config.settings.has_seed = control->settings.has_seed;
    load->changes = calloc(most + 1, sizeof load->changes[0]);
    load->kept = calloc(most + 1, sizeof(struct proxy *));
    load->vacated = calloc(most + 1, sizeof(struct proxy *));
    load->wildcard_faults = calloc(config->fault_count + 1, sizeof load->wildcard_faults[0]);
    return load->changes != NULL && load->kept != NULL && load->vacated != NULL &&
                   load->wildcard_faults != NULL
               ? 0
               : -1;
}

static void load_deinit(struct load *load)
{
    free(load->changes);
    free(load->kept);
    free(load->vacated);
    free(load->wildcard_faults);
}

/* Looks whether the file can be loaded at all, before anything is changed. */
static enum control_result check_loadable(
    struct control *control, const struct config *config, struct err *err)
{
    control->errnum = 0;
    if (control_ask_names(control, config, err) != CONTROL_OK)
        return CONTROL_FAILED;
    congestion_ask(&control->worker->congestion);
    return fault_privileges_check(config, control->worker->interception, err) == 0
               ? CONTROL_OK
               : CONTROL_INVALID;
}

enum control_result control_load(
    struct control *control, const struct config *config, enum reload_policy keep, struct err *err)
{
    struct load load;
    enum control_result result = check_loadable(control, config, err);
    if (result != CONTROL_OK)
        return result;
    if (load_init(&load, control, config, keep) != 0) {
        err_set(err, "out of memory");
        result = CONTROL_FAILED;
    } else if (prepare(&load, err) != 0) {
        take_back(&load);
        result = CONTROL_FAILED;
    } else {
        load_note_wildcard_faults(&load);
        commit(&load);
    }
    load_deinit(&load);
    return result;
}
