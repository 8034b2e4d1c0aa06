/* SPDX-License-Identifier: MIT */
/* Adds, changes and removes proxies. Changes of faults are in faults.c, a new file's in load.c. */
#include "proxy/control/control.h"

#include <stdlib.h>
#include <string.h>

#include "config/name.h"
#include "proxy/control/change.h"
#include "proxy/net/listen_address.h"
#include "proxy/net/proxies.h"

void control_init(struct control *control, struct worker *worker, const struct settings *settings)
{
    *control = (struct control){.worker = worker, .settings = *settings};
    past_names_init(&control->past_names);
}

void control_deinit(struct control *control)
{
    free(control->wildcard_faults);
    control->wildcard_faults = NULL;
    control->wildcard_fault_count = 0;
    past_names_deinit(&control->past_names);
}

void control_proxy_config(const struct proxy *proxy, struct proxy_config *config)
{
    const struct listener *listener = &proxy->listener;
    char text[ADDRESS_TEXT_MAX];
    struct address address;
    struct err ignored;
    *config = proxy->plan->config;
    if (listener->address_len == 0 || proxy_config_intercepts(config))
        return;
    config->listen_text.given = false;
    address_format_sockaddr(&listener->address, listener->address_len, text, sizeof text);
    if (address_parse(text, &address, &ignored) == 0)
        config->listen = address;
}

enum rule_origin control_proxy_origin(const struct proxy *proxy)
{
    return proxy->plan->origin;
}

const struct rule *control_fault(const struct proxy *proxy, const char *name)
{
    return plan_find(proxy->plan, name);
}

/* --- names --- */

bool control_take_awaits_name(struct control *control)
{
    bool awaits = control->awaits_name;
    control->awaits_name = false;
    return awaits;
}

enum control_result control_ask_name(
    struct control *control, const struct address *listen, struct err *err)
{
    if (listen_address_is_known(listen, &control->worker->resolver))
        return CONTROL_OK;
    control->awaits_name = true;
    err_set(err, "cannot listen on %s: the name is still being looked up", listen->host);
    return control_fail(control, 0, err, NULL);
}

/* Whether the proxy was bound to this address as it is written, which is not resolved anew. */
static bool was_bound_to(const struct proxy *proxy, const struct address *listen)
{
    return proxy != NULL && proxy->listener.address_len > 0 &&
           address_equal(&proxy->plan->config.listen, listen);
}

/* All of them are asked for at once: they are looked up side by side. */
enum control_result control_ask_names(
    struct control *control, const struct config *config, struct err *err)
{
    enum control_result result = CONTROL_OK;
    for (size_t i = 0; i < config->proxy_count; i++) {
        const struct proxy_config *proxy = &config->proxies[i];
        if (proxy->enabled && !was_bound_to(control_proxy(control, proxy->name), &proxy->listen) &&
            control_ask_name(control, &proxy->listen, err) != CONTROL_OK)
            result = CONTROL_FAILED;
    }
    return result;
}

/* The name is resolved here before it is asked for: an answer may have become too old for that. */
enum control_result control_check_listen(
    struct control *control, const struct proxy_config *config, struct err *err)
{
    struct resolver *resolver = &control->worker->resolver;
    struct sockaddr_storage address;
    socklen_t len;
    struct err why;
    bool is_needed = config->enabled && config->listen.kind == ADDRESS_NAME;
    bool is_known =
        !is_needed || listen_address_resolve(&config->listen, resolver, &address, &len, &why) == 0;
    if (control_ask_name(control, &config->listen, err) != CONTROL_OK)
        return CONTROL_FAILED;
    if (is_known)
        return CONTROL_OK;
    *err = why;
    return control_fail(control, 0, err, NULL);
}

/* --- proxies --- */

/* Checks what every new configuration of a proxy needs. Returns CONTROL_OK or the failure. */
static enum control_result check_proxy(
    struct control *control, const struct proxy_config *config, struct err *err)
{
    struct worker *worker = control->worker;
    if (worker->stopping) {
        err_set(err, "the program is stopping");
        return CONTROL_INVALID;
    }
    if (socket_check_buffers(config, err) != 0)
        return CONTROL_INVALID;
    if (control_check_listen(control, config, err) != CONTROL_OK)
        return CONTROL_FAILED;
    if (config->upstream.kind == ADDRESS_BUILTIN &&
        builtins_start(&worker->builtins, config->upstream.host, err) != 0)
        return control_fail(control, 0, err, NULL);
    return CONTROL_OK;
}

static struct plan_basis basis_of(
    const struct control *control, enum rule_origin origin, const struct proxy_config *config)
{
    return (struct plan_basis){
        .seed = control->settings.seed,
        .started_at = control->worker->started_at,
        .origin = origin,
        .config = *config,
    };
}

/* Returns the plan of a new proxy: the file's faults with `proxy = *`. NULL: out of memory. */
static struct plan *first_plan(struct control *control, const struct proxy_config *config)
{
    const struct plan_basis basis = basis_of(control, RULE_FROM_API, config);
    struct rule **rules = calloc(control->wildcard_fault_count + 1, sizeof(struct rule *));
    struct plan *plan = NULL;
    size_t count = 0;
    while (rules != NULL && count < control->wildcard_fault_count) {
        rules[count] = rule_new(&control->wildcard_faults[count], RULE_FROM_FILE, NULL,
            config->name, NULL, &control->worker->counters);
        if (rules[count] == NULL)
            break;
        count++;
    }
    if (rules != NULL && count == control->wildcard_fault_count)
        plan = plan_new(&basis, rules, count);
    for (size_t i = 0; i < count; i++)
        rule_unref(rules[i]);
    free(rules);
    return plan;
}

enum control_result control_add_proxy(
    struct control *control, const struct proxy_config *config, struct err *err)
{
    if (name_check_any(config->name, err) != 0)
        return CONTROL_INVALID;
    if (proxies_find(control->worker, config->name) != NULL) {
        err_set(err, "there is a proxy '%s' already", config->name);
        return CONTROL_EXISTS;
    }
    enum control_result result = check_proxy(control, config, err);
    if (result != CONTROL_OK)
        return result;
    struct plan *plan = first_plan(control, config);
    struct proxy *proxy = plan == NULL ? NULL : proxy_new(control->worker, plan);
    if (proxy == NULL) {
        plan_unref(plan);
        return control_fail(control, 0, err, "out of memory");
    }
    if (proxy_open(proxy, err) != 0) {
        int errnum = proxy->listener.errnum;
        proxy_drop(proxy);
        return control_fail(control, errnum, err, NULL);
    }
    proxy_begin(proxy);
    past_names_take(&control->past_names, proxy);
    return CONTROL_OK;
}

bool control_listens_on(const struct proxy *proxy, const struct address *listen)
{
    const struct listener *listener = &proxy->listener;
    struct sockaddr_storage address = {0};
    char is[ADDRESS_TEXT_MAX], wanted[ADDRESS_TEXT_MAX];
    socklen_t len;
    struct err ignored;
    if (listener->address_len == 0 || proxy_config_intercepts(&proxy->plan->config))
        return address_equal(listen, &proxy->plan->config.listen);
    if (listen_address_resolve(listen, &proxy->worker->resolver, &address, &len, &ignored) != 0)
        return false;
    address_format_sockaddr(&listener->address, listener->address_len, is, sizeof is);
    address_format_sockaddr(&address, len, wanted, sizeof wanted);
    return strcmp(is, wanted) == 0;
}

/* The port stays the proxy's, for it may have no right to bind it again. */
static void halt(struct proxy *proxy)
{
    proxy_hang_up_connections(proxy, CAUSE_STOPPED);
    proxy_stop_listening(proxy);
}

static void halt_and_release(struct proxy *proxy)
{
    halt(proxy);
    listener_release_port(&proxy->listener);
}

/* Applies the change. A proxy that cannot listen stays disabled. */
static enum control_result change(
    struct control *control, struct proxy *proxy, struct plan *plan, bool moves, struct err *err)
{
    bool opened, failed;
    bool has_new_upstream = !address_equal(&plan->config.upstream, &proxy->plan->config.upstream);
    if (moves || (proxy->plan->config.enabled && !plan->config.enabled))
        halt_and_release(proxy);
    else if (has_new_upstream)
        halt(proxy);
    if (moves) {
        listener_faults_end(&proxy->listener_faults);
        listener_forget_address(&proxy->listener);
    }
    opened = proxy_must_open(proxy, &plan->config, moves);
    failed = opened && listener_open(&proxy->listener, &plan->config, err) != 0;
    if (failed) /* nobody uses the plan yet */
        plan->config.enabled = false;
    proxy_adopt(proxy, plan, opened && !failed);
    return failed ? control_fail(control, proxy->listener.errnum, err, NULL) : CONTROL_OK;
}

/* Whether the proxy's own listener occupies the port of the new address. */
static bool is_in_its_own_way(const struct proxy *proxy, const struct address *listen)
{
    struct proxy_config now;
    control_proxy_config(proxy, &now);
    return listener_is_open(&proxy->listener) && now.listen.kind != ADDRESS_UNIX &&
           listen->kind != ADDRESS_UNIX && now.listen.port == listen->port;
}

/* Whether the change binds an address that can be tried before. A port that is kept is not bound
 * again, and the right to bind it may be given up. */
static bool can_be_tried(const struct proxy *proxy, const struct proxy_config *config)
{
    if (!config->enabled || proxy_config_intercepts(config))
        return false;
    if (control_listens_on(proxy, &config->listen))
        return proxy->listener.port_fd < 0 && proxy_must_open(proxy, config, false);
    return !is_in_its_own_way(proxy, &config->listen);
}

enum control_result control_try_change(
    struct control *control, const char *name, const struct proxy_config *config, struct err *err)
{
    const struct proxy *proxy = control_proxy(control, name);
    int errnum;
    if (proxy == NULL)
        return control_no_proxy(name, err);
    if (control_ask_name(control, &config->listen, err) != CONTROL_OK)
        return CONTROL_FAILED;
    if (!can_be_tried(proxy, config) ||
        listen_address_try(&config->listen, &control->worker->resolver, &errnum, err) == 0)
        return CONTROL_OK;
    return control_fail(control, errnum, err, NULL);
}

/* Whether the protocol has the messages that the proxy's faults wait for. A fault of the file with
 * `proxy = *` may wait for messages that a proxy of the API never had. */
static int check_messages(
    const struct plan *plan, const struct proxy_config *config, struct err *err)
{
    const char *key;
    struct err why, ignored;
    for (size_t i = 0; i < plan->rule_count; i++) {
        const struct fault *fault = &plan->rules[i]->fault;
        if (config_check_messages(fault, &plan->config, &key, &ignored) == 0 &&
            config_check_messages(fault, config, &key, &why) != 0)
            return err_set(err, "protocol: fault '%.64s' waits for a message, %s: %.320s",
                fault->name, key, why.text);
    }
    return 0;
}

enum control_result control_change_proxy(
    struct control *control, const char *name, const struct proxy_config *config, struct err *err)
{
    struct proxy *proxy = control_proxy(control, name);
    if (proxy == NULL)
        return control_no_proxy(name, err);
    enum control_result result = check_proxy(control, config, err);
    if (result != CONTROL_OK)
        return result;
    const struct plan *old = proxy->plan;
    if (check_messages(old, config, err) != 0)
        return CONTROL_INVALID;
    struct plan_basis basis = basis_of(control, old->origin, config);
    bool moves = !control_listens_on(proxy, &config->listen);
    memcpy(basis.config.name, old->config.name, sizeof basis.config.name);
    if (!moves) /* as written in the file */
        basis.config.listen = old->config.listen;
    struct plan *plan = plan_new(&basis, old->rules, old->rule_count);
    if (plan == NULL)
        return control_fail(control, 0, err, "out of memory");
    return change(control, proxy, plan, moves, err);
}

enum control_result control_remove_proxy(struct control *control, const char *name, struct err *err)
{
    struct proxy *proxy = control_proxy(control, name);
    if (proxy == NULL)
        return control_no_proxy(name, err);
    past_names_note(&control->past_names, proxy);
    halt_and_release(proxy);
    proxy_close(proxy);
    return CONTROL_OK;
}

static enum control_result enable(struct control *control, struct proxy *proxy, struct err *err)
{
    struct proxy_config config;
    control_proxy_config(proxy, &config);
    if (config.enabled)
        return CONTROL_OK;
    config.enabled = true;
    return control_change_proxy(control, config.name, &config, err);
}

void control_reset_counts(struct control *control)
{
    fault_counters_reset(&control->worker->counters);
    for (struct proxy *proxy = NULL; (proxy = control_next_proxy(control, proxy)) != NULL;) {
        proxy->last_number = 0;
        past_names_announce(proxy);
    }
}

/* Asks for the names of all proxies that are to be enabled, so that they are looked up side by
 * side. */
static enum control_result ask_names_of_disabled(struct control *control, struct err *err)
{
    enum control_result result = CONTROL_OK;
    for (struct proxy *proxy = NULL; (proxy = control_next_proxy(control, proxy)) != NULL;) {
        struct proxy_config config;
        control_proxy_config(proxy, &config);
        if (!config.enabled && control_ask_name(control, &config.listen, err) != CONTROL_OK)
            result = CONTROL_FAILED;
    }
    return result;
}

enum control_result control_reset(struct control *control, struct err *err)
{
    enum control_result result = ask_names_of_disabled(control, err);
    struct proxy *proxy = NULL;
    while (result == CONTROL_OK && (proxy = control_next_proxy(control, proxy)) != NULL) {
        result = enable(control, proxy, err);
        if (result == CONTROL_OK)
            result = control_remove_all_faults(control, proxy, err);
    }
    if (result == CONTROL_OK) {
        free(control->wildcard_faults);
        control->wildcard_faults = NULL;
        control->wildcard_fault_count = 0;
    }
    return result;
}
