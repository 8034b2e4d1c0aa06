/* SPDX-License-Identifier: MIT */
/* What proxies share: see worker.h. */
#include "proxy/net/worker.h"

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
    congestion_ask(&worker->congestion);
    list_init(&worker->proxies);
    list_init(&worker->spare);
    fault_counters_init(&worker->counters);
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

struct proxy *worker_find_proxy(const struct worker *worker, const char *name)
{
    struct hash_link *link = hash_find(&worker->names, hash_text(0, name));
    for (; link != NULL; link = hash_find_next(link)) {
        struct proxy *proxy = container_of(link, struct proxy, by_name);
        if (strcmp(proxy_name(proxy), name) == 0)
            return proxy;
    }
    return NULL;
}

int worker_name_proxy(struct worker *worker, struct proxy *proxy)
{
    return hash_add(&worker->names, &proxy->by_name, hash_text(0, proxy_name(proxy)));
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
    fault_counters_deinit(&worker->counters);
    hash_deinit(&worker->names);
}
