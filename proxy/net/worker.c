/* SPDX-License-Identifier: MIT */
#include "proxy/net/worker.h"

#include <stdlib.h>
#include <string.h>

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
    result = resolver_init(&worker->resolver, &worker->poller);
    if (result != 0) {
        timers_deinit(&worker->timers);
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

void worker_close(struct worker *worker)
{
    if (worker_is_closed(worker))
        return;
    builtins_close(&worker->builtins);
    resolver_close(&worker->resolver);
    poller_close(&worker->poller);
    timers_deinit(&worker->timers);
}

bool worker_is_closed(const struct worker *worker)
{
    return poller_is_closed(&worker->poller);
}

void worker_deinit(struct worker *worker)
{
    for (struct list *link; (link = list_pop(&worker->spare)) != NULL;)
        free(link);
    ring_pool_deinit(&worker->ring_pool);
    pipe_pool_deinit(&worker->pipe_pool);
    fault_counters_deinit(&worker->counters);
    hash_deinit(&worker->names);
}
