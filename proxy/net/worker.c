/* SPDX-License-Identifier: MIT */
/*
 * A reload happens in two steps. First everything that can fail: plans are compiled, listeners of
 * new addresses opened. If one fails, what was opened is closed again and the old state has never
 * been touched. Then everything that cannot: plans are swapped, proxies that are gone from the file
 * closed.
 */
#include "proxy/net/worker.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/net/connection.h"
#include "proxy/net/proxy.h"

int worker_init(struct worker *worker, uv_loop_t *loop,
    void (*on_event)(void *user, const struct event *event), void *user)
{
    memset(worker, 0, sizeof *worker);
    worker->loop = loop;
    worker->on_event = on_event;
    worker->user = user;
    worker->wants_details = true;
    worker->started_at = timers_now();
    list_init(&worker->proxies);
    list_init(&worker->spare);
    tally_book_init(&worker->tallies);
    pipe_pool_init(&worker->pipe_pool);
    int result = poller_init(&worker->poller, loop);
    if (result != 0)
        return result;
    result = timers_init(&worker->timers, &worker->poller);
    if (result != 0) {
        poller_close(&worker->poller);
        return result;
    }
    builtins_init(&worker->builtins, loop);
    return 0;
}

bool worker_turn(struct worker *worker, int most_ms)
{
    timers_arm(&worker->timers);
    return poller_turn(&worker->poller, most_ms) != 0;
}

void worker_emit(struct worker *worker, const struct event *event)
{
    worker->on_event(worker->user, event);
}

const struct address *worker_builtin_address(struct worker *worker, const struct address *upstream)
{
    return upstream->kind == ADDRESS_BUILTIN ? builtins_address(&worker->builtins, upstream->host)
                                             : NULL;
}

/* One proxy of a new configuration. */
struct change {
    struct plan *plan;      /* reference until it is adopted */
    struct proxy *existing; /* keeps its listener and connections */
    struct proxy *fresh;    /* made for this change */
    bool opened;            /* the existing one's listener was closed and now stands */
};

static struct proxy *find_proxy(struct worker *worker, const char *name)
{
    list_for_each(link, &worker->proxies)
    {
        struct proxy *proxy = container_of(link, struct proxy, link);
        if (!proxy->closing && strcmp(proxy->plan->proxy.name, name) == 0)
            return proxy;
    }
    return NULL;
}

static int prepare_change(struct worker *worker, const struct config *config, size_t index,
    struct change *change, struct err *err)
{
    const struct proxy_config *proxy = &config->proxies[index];
    if (proxy->upstream.kind == ADDRESS_BUILTIN &&
        builtins_start(&worker->builtins, proxy->upstream.host, err) != 0)
        return -1;
    struct proxy *old = find_proxy(worker, proxy->name);
    change->plan = plan_compile(
        config, index, worker->started_at, &worker->tallies, old == NULL ? NULL : old->plan, false);
    if (change->plan == NULL)
        return err_set(err, "out of memory");
    if (old != NULL && address_equal(&old->plan->proxy.listen, &proxy->listen)) {
        change->existing = old;
        change->opened = proxy->enabled && !listener_is_open(&old->listener) &&
                         old->listener_faults.wanted != LISTENER_CLOSED;
        return change->opened ? listener_open(&old->listener, proxy, err) : 0;
    }
    change->fresh = proxy_new(worker, change->plan);
    if (change->fresh == NULL)
        return err_set(err, "out of memory");
    change->plan = NULL;
    return proxy_listen(change->fresh, err);
}

static void undo_change(struct change *change)
{
    plan_unref(change->plan);
    if (change->fresh != NULL)
        proxy_close(change->fresh);
    else if (change->opened)
        listener_close(&change->existing->listener);
}

static bool is_kept(const struct proxy *proxy, const struct change *changes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (changes[i].existing == proxy || changes[i].fresh == proxy)
            return true;
    }
    return false;
}

static void commit(struct worker *worker, struct change *changes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (changes[i].existing != NULL)
            proxy_adopt(changes[i].existing, changes[i].plan, changes[i].opened);
        else
            listener_faults_update(changes[i].fresh);
    }
    list_for_each_safe(link, &worker->proxies)
    {
        struct proxy *proxy = container_of(link, struct proxy, link);
        if (!proxy->closing && !is_kept(proxy, changes, count))
            proxy_close(proxy);
    }
}

int worker_apply(struct worker *worker, const struct config *config, struct err *err)
{
    size_t count = config->proxy_count;
    struct change *changes = calloc(count + 1, sizeof changes[0]);
    if (changes == NULL)
        return err_set(err, "out of memory");
    size_t done = 0;
    int result = 0;
    while (result == 0 && done < count) {
        result = prepare_change(worker, config, done, &changes[done], err);
        done++;
    }
    if (result == 0)
        commit(worker, changes, count);
    for (size_t i = 0; result != 0 && i < done; i++)
        undo_change(&changes[i]);
    free(changes);
    return result;
}

void worker_stop_listening(struct worker *worker)
{
    worker->stopping = true;
    list_for_each(link, &worker->proxies)
        proxy_stop_listening(container_of(link, struct proxy, link));
}

void worker_stop_connections(struct worker *worker)
{
    list_for_each(link, &worker->proxies)
        proxy_stop_connections(container_of(link, struct proxy, link), CAUSE_STOPPED);
}

void worker_close(struct worker *worker)
{
    if (worker_is_closed(worker))
        return;
    worker->on_drained = NULL;
    worker_stop_connections(worker);
    list_for_each_safe(link, &worker->proxies) proxy_close(container_of(link, struct proxy, link));
    builtins_close(&worker->builtins);
    poller_close(&worker->poller);
    timers_deinit(&worker->timers);
}

bool worker_is_closed(const struct worker *worker)
{
    return poller_is_closed(&worker->poller);
}

void worker_deinit(struct worker *worker)
{
    connection_free_spare(worker);
    ring_pool_deinit(&worker->ring_pool);
    pipe_pool_deinit(&worker->pipe_pool);
    tally_book_deinit(&worker->tallies);
}
