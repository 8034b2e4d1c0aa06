/* SPDX-License-Identifier: MIT */
/*
 * A reload may move a proxy: the old one is removed and keeps its connections until they end. They
 * count for the new one of its name, so that no sum falls.
 */
#include "proxy/admin/proxy_counts.h"

#include <stdlib.h>
#include <string.h>

static struct proxy_counts count_own(const struct admin_context *context, const struct proxy *proxy)
{
    struct proxy_counts counts = {
        .proxy = proxy, .past = ledger_proxy_counts(context->ledger, proxy_name(proxy))};
    counters_add_open(&counts.now, proxy);
    return counts;
}

/* Adds the connections of removed proxies to those of their successors in the list. */
static void add_removed(
    const struct admin_context *context, struct proxy_counts *list, size_t count)
{
    list_for_each(link, &context->worker->proxies)
    {
        const struct proxy *removed = container_of(link, struct proxy, link);
        if (!removed->closing || removed->plan->config.silent)
            continue;
        for (size_t i = 0; i < count; i++)
            if (strcmp(proxy_name(list[i].proxy), proxy_name(removed)) == 0)
                counters_add_open(&list[i].now, removed);
    }
}

struct proxy_counts proxy_counts_of(const struct admin_context *context, const struct proxy *proxy)
{
    struct proxy_counts counts = count_own(context, proxy);
    add_removed(context, &counts, 1);
    return counts;
}

struct proxy_counts_list proxy_counts_of_all(const struct admin_context *context)
{
    struct proxy_counts_list counts = {0};
    size_t room = 0;
    for (const struct proxy *p = NULL; (p = control_next_proxy(context->control, p)) != NULL;)
        room++;
    counts.list = calloc(room + 1, sizeof counts.list[0]);
    if (counts.list == NULL)
        return counts;
    for (const struct proxy *p = NULL; (p = control_next_proxy(context->control, p)) != NULL;)
        counts.list[counts.count++] = count_own(context, p);
    add_removed(context, counts.list, counts.count);
    return counts;
}
