/* SPDX-License-Identifier: MIT */
/*
 * Arms faults in the middle of a connection: see arming.h. session_start() arms the other ones
 * (armed_select).
 */
#include "proxy/relay/arming.h"

#include "proxy/relay/actions.h"
#include "proxy/relay/chains.h"
#include "proxy/relay/firing.h"
#include "proxy/relay/messages.h"

/* Whether a fault that waits for the open starts now. While the upstream is dialled an ending that
 * was meant for this connection alone does not wait for it. */
static bool starts_late(const struct session *session, const struct armed_fault *armed)
{
    const struct rule *rule = armed->rule;
    if (rule->fault.when.kind != TRIGGER_OPEN)
        return false;
    return session->opened_at != TIME_NEVER ||
           (rule->origin == RULE_FOR_CONNECTION && fault_ends_connection(&rule->fault));
}

void arming_act_early(struct session *session, struct armed_fault *armed)
{
    struct action on[2];
    fault_actions_at_open(&armed->rule->fault, on);
    actions_apply(session, armed, on);
    if (armed_acts_early(armed))
        chains_watch_times(session, armed);
}

/* Arms a fault in the middle of a connection, as far as its moment is not past: one that waits for
 * the open fires now. */
static void arm_now(struct session *session, struct armed_fault *armed)
{
    if (session->over || armed_is_past(session, armed)) {
        armed->phase = ARMED_DONE;
        armed->miss = MISS_PAST;
        return;
    }
    arming_act_early(session, armed);
    if (starts_late(session, armed))
        firing_on_trigger(session, armed, armed_direction(armed));
}

/* Arms a fault after the one it waited for: it counts, and looks for its match, from the next byte
 * on. */
static void arm_chained(struct session *session, struct armed_fault *armed)
{
    armed->phase = ARMED_WAITING;
    armed->unchained = false;
    armed->armed_at = armed->counts_from = session->now;
    for (int d = 0; d < 2; d++) {
        struct flow *flow = &session->flow[d];
        armed->counts_at[d] = flow_forwarded(flow);
    }
    firing_search(session, armed);
    if (session->messages != NULL)
        messages_arm(session->messages, armed);
    arm_now(session, armed);
}

/* Arms the faults whose `sni` has the server that was just named. */
void arming_on_name(struct session *session)
{
    session->named = false;
    for (size_t i = 0; i < session->armed.count && !session->over; i++) {
        struct armed_fault *armed = session->armed.list[i];
        if (armed->phase != ARMED_UNNAMED)
            continue;
        armed_name(session, armed);
        if (armed->phase != ARMED_WAITING)
            continue;
        armed_enter(armed);
        chains_add(session, armed);
        if (armed->phase != ARMED_WAITING)
            continue;
        if (armed->rule->fault.after.name[0] != '\0') {
            arm_chained(session, armed);
            continue;
        }
        messages_forget_past(session->messages, armed);
        firing_search(session, armed);
        arm_now(session, armed);
    }
}

/* Arms the faults that waited for one that has just fired. They may fire at once, and others may
 * wait for them. */
void arming_on_fired(struct session *session)
{
    for (bool again = session->chains; again && !session->over;) {
        again = false;
        for (size_t i = 0; i < session->armed.count && !session->over; i++) {
            struct armed_fault *armed = session->armed.list[i];
            if (!armed_leaves_chain(armed))
                continue;
            arm_chained(session, armed);
            again = true;
        }
    }
}

void arming_late(struct session *session, struct armed_fault *armed)
{
    chains_add(session, armed);
    if (armed->phase != ARMED_WAITING)
        return;
    if (armed->rule->fault.after.name[0] != '\0') {
        arm_chained(session, armed);
    } else {
        if (session->messages != NULL)
            messages_arm(session->messages, armed);
        arm_now(session, armed);
    }
    arming_on_fired(session);
}

void arming_change(struct session *session, struct armed_fault *armed, struct rule *to)
{
    struct action on[2];
    if (armed->phase == ARMED_DONE) /* its insertion may still point into its rule */
        return;
    if (!trigger_equal(&armed->rule->fault.until, &to->fault.until))
        for (int d = 0; d < 2; d++)
            armed->until_match[d] = (struct match){.edge = FLOW_NO_EDGE};
    rule_unref(armed->rule);
    armed_follow(armed, rule_ref(to));
    if (armed->phase == ARMED_ACTIVE) {
        fault_actions_at_trigger(&to->fault, on);
        actions_change(session, armed, on);
    } else if (armed->phase == ARMED_WAITING && to->fault.type->arm != NULL) {
        actions_revert(session, armed);
        arming_act_early(session, armed);
    }
}
