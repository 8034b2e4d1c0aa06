/* SPDX-License-Identifier: MIT */
#include "proxy/control/past_names.h"

#include <stdlib.h>
#include <string.h>

#include "proxy/net/worker.h"

struct past_name {
    struct hash_link by_name;
    struct list link;
    char name[PROXY_NAME_MAX];
};

static struct past_name *past_names_find(const struct past_names *past, const char *name)
{
    struct hash_link *link = hash_find(&past->names, hash_text(0, name));
    for (; link != NULL; link = hash_find_next(link)) {
        struct past_name *found = container_of(link, struct past_name, by_name);
        if (strcmp(found->name, name) == 0)
            return found;
    }
    return NULL;
}

void past_names_init(struct past_names *past)
{
    *past = (struct past_names){.incomplete = false};
    list_init(&past->all);
}

void past_names_deinit(struct past_names *past)
{
    list_for_each_safe(link, &past->all) free(container_of(link, struct past_name, link));
    hash_deinit(&past->names);
    past_names_init(past);
}

void past_names_note(struct past_names *past, const struct proxy *proxy)
{
    if (proxy->closing || proxy->last_number == 0 ||
        past_names_find(past, proxy_name(proxy)) != NULL)
        return;
    struct past_name *added = past->names.count < PAST_NAMES_MAX ? calloc(1, sizeof *added) : NULL;
    if (added == NULL ||
        hash_add(&past->names, &added->by_name, hash_text(0, proxy_name(proxy))) != 0) {
        free(added);
        past->incomplete = true;
        return;
    }
    snprintf(added->name, sizeof added->name, "%s", proxy_name(proxy));
    list_append(&past->all, &added->link);
}

void past_names_take(struct past_names *past, const struct proxy *proxy)
{
    struct past_name *found = past_names_find(past, proxy_name(proxy));
    if (found != NULL || past->incomplete)
        past_names_announce(proxy);
    if (found == NULL)
        return;
    hash_remove(&past->names, &found->by_name);
    list_remove(&found->link);
    free(found);
}

void past_names_announce(const struct proxy *proxy)
{
    const struct event event = {.kind = EVENT_COUNTS_RESET,
        .at = timers_now(),
        .proxy = proxy_name(proxy),
        .serial = proxy->worker->last_serial};
    worker_emit(proxy->worker, &event);
}
