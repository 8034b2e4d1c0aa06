/* SPDX-License-Identifier: MIT */
#include "proxy/net/proxies.h"

#include <string.h>

struct proxy *proxies_find(const struct worker *worker, const char *name)
{
    struct hash_link *link = hash_find(&worker->names, hash_text(0, name));
    for (; link != NULL; link = hash_find_next(link)) {
        struct proxy *proxy = container_of(link, struct proxy, by_name);
        if (strcmp(proxy_name(proxy), name) == 0)
            return proxy;
    }
    return NULL;
}

void proxies_stop_listening(struct worker *worker)
{
    worker->stopping = true;
    list_for_each(link, &worker->proxies)
        proxy_stop_listening(container_of(link, struct proxy, link));
}

void proxies_stop_connections(struct worker *worker)
{
    list_for_each(link, &worker->proxies)
        proxy_stop_connections(container_of(link, struct proxy, link), CAUSE_STOPPED);
}

void proxies_close(struct worker *worker)
{
    worker->on_drained = NULL;
    proxies_stop_connections(worker);
    list_for_each_safe(link, &worker->proxies) proxy_close(container_of(link, struct proxy, link));
}
