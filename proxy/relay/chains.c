/* SPDX-License-Identifier: MIT */
#include "proxy/relay/chains.h"

#include <string.h>

/* Whether the fault that `after` names has fired, so that the fault is armed at once. */
static bool is_unchained(const struct session *session, const struct armed_fault *armed)
{
    const struct after *after = &armed->rule->fault.after;
    if (after->any)
        return armed->rule->first->fired > 0;
    if (session->fault_count == 0)
        return false;
    for (size_t i = 0; i < session->armed.count; i++) {
        const struct armed_fault *first = session->armed.list[i];
        if (first->counted && strcmp(first->rule->fault.name, after->name) == 0)
            return true;
    }
    return false;
}

void chains_add(struct session *session, struct armed_fault *armed)
{
    const struct after *after = &armed->rule->fault.after;
    if (armed->phase != ARMED_WAITING || after->name[0] == '\0' || is_unchained(session, armed))
        return;
    armed->phase = ARMED_CHAINED;
    session->chains = true;
    if (after->any)
        list_append(&armed->rule->first->waiting, &armed->chain_link);
}

void chains_watch_times(struct session *session, struct armed_fault *armed)
{
    list_remove(&armed->chain_link);
    if (armed->rule->fault.times == UINT64_MAX)
        return;
    session->chains = true;
    list_append(&armed->rule->fault_counter->shared->acting, &armed->chain_link);
}

void chains_leave(struct session *session)
{
    for (size_t i = 0; i < session->armed.count && session->chains; i++)
        list_remove(&session->armed.list[i]->chain_link);
}

/* The session of the fault looks at it. `by`, which has fired it, does so anyway. */
static void wake_other(const struct armed_fault *armed, const struct session *by)
{
    if (armed->session != by)
        armed->session->host->wake_soon(armed->session);
}

void chains_count_fired(struct fault_counter *counter, time_us now, const struct session *by)
{
    fault_counter_fired(counter, now);
    for (struct list *link; (link = list_pop(&counter->shared->waiting)) != NULL;) {
        struct armed_fault *armed = container_of(link, struct armed_fault, chain_link);
        armed->unchained = true;
        wake_other(armed, by);
    }
    list_for_each_safe(link, &counter->shared->acting)
    {
        struct armed_fault *armed = container_of(link, struct armed_fault, chain_link);
        if (fault_counter_times(armed->rule->fault_counter) < armed->rule->fault.times)
            continue;
        list_remove(link);
        wake_other(armed, by);
    }
}

void chains_mark(struct session *session, const struct fault *first)
{
    for (size_t i = 0; i < session->armed.count && session->chains; i++) {
        struct armed_fault *armed = session->armed.list[i];
        const struct after *after = &armed->rule->fault.after;
        if (armed->phase == ARMED_CHAINED && !after->any && strcmp(after->name, first->name) == 0)
            armed->unchained = true;
    }
}
