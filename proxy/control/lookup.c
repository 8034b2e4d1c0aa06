/* SPDX-License-Identifier: MIT */
/* Finds proxies by name and in order, and fills the error of a failed call. */
#include "proxy/control/change.h"
#include "proxy/net/proxies.h"

enum control_result control_fail(
    struct control *control, int errnum, struct err *err, const char *text)
{
    control->errnum = errnum;
    if (text != NULL)
        err_set(err, "%s", text);
    return CONTROL_FAILED;
}

enum control_result control_no_proxy(const char *name, struct err *err)
{
    err_set(err, "there is no proxy '%s'", name);
    return CONTROL_NOT_FOUND;
}

/* A silent proxy belongs to `exec --intercept`, which holds a pointer to it: nobody else may change
 * or remove it. */
static bool is_shown(const struct proxy *proxy)
{
    return !proxy->closing && !proxy->plan->config.silent;
}

struct proxy *control_proxy(const struct control *control, const char *name)
{
    struct proxy *proxy = proxies_find(control->worker, name);
    return proxy != NULL && is_shown(proxy) ? proxy : NULL;
}

struct proxy *control_next_proxy(const struct control *control, const struct proxy *after)
{
    const struct list *head = &control->worker->proxies;
    struct list *link = after == NULL ? head->next : after->link.next;
    while (link != head && !is_shown(container_of(link, struct proxy, link)))
        link = link->next;
    return link == head ? NULL : container_of(link, struct proxy, link);
}
