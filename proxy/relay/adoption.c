/* SPDX-License-Identifier: MIT */
/*
 * Preparing makes the new list of armed faults: unchanged ones, changed ones, new ones. Committing
 * ends the faults that are not in the new list, installs the list, changes the faults that stay,
 * and only then starts the new ones. So if one fault replaces another, the old one ends first. A
 * new fault stands in the list where it stands in the plan.
 *
 * Bytes that a fault inserts may wait in a flow when the fault is removed. They are still
 * forwarded, so their fault is kept in a list and freed later.
 */
#include "proxy/relay/adoption.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/relay/actions.h"
#include "proxy/relay/arming.h"
#include "proxy/relay/firing.h"
#include "proxy/relay/session.h"
#include "proxy/relay/shaping.h"

/* A slot in the new list of armed faults. */
struct slot {
    struct armed_fault *armed;
    struct rule *to; /* the fault stays with this rule; NULL: unchanged */
    bool taken;      /* it ends, and stays so that it counts once if it is given back */
    bool fresh;      /* created by this adoption */
};

struct adoption {
    struct session *session;
    struct plan *plan; /* one reference, or NULL */
    struct shaping *shaping[2];
    struct armed_fault **list; /* has room for the slots */
    size_t count;
    struct slot slots[];
};

/* --- preparing --- */

/* Returns the change of an armed fault. All faults of a session have the same proxy, so its name
 * finds it: its rule may be an older one, one of the API where the file has a fault of this name
 * now, or one that was removed for new connections only and is now added again. A fault for one
 * connection is another fault, whatever its name is. */
static const struct rule_change *change_of(
    const struct armed_fault *armed, const struct rule_change *changes, size_t count)
{
    for (size_t i = 0; i < count && armed->rule->origin != RULE_FOR_CONNECTION; i++) {
        const struct rule *rule = changes[i].from != NULL ? changes[i].from : changes[i].to;
        if (rule == NULL || (rule->origin != RULE_FOR_CONNECTION &&
                                strcmp(rule->fault.name, armed->rule->fault.name) == 0))
            return &changes[i];
    }
    return NULL;
}

static bool wants(const struct fault *fault, const char *server_name)
{
    return fault->sni.text[0] == '\0' || server_names_have(&fault->sni, server_name);
}

/* Whether the server's name means the same to both faults, or is not known and awaited by both
 * alike. Where nobody looks for the name, a fault that has begun without it continues. */
static bool want_same_server(const struct armed_fault *armed, const struct fault *new)
{
    const struct fault *old = &armed->rule->fault;
    const struct session *session = armed->session;
    const char *name = session->server_name;
    if (strcmp(old->sni.text, new->sni.text) == 0)
        return true;
    if (session->messages == NULL)
        return armed->phase != ARMED_UNNAMED || new->sni.text[0] != '\0';
    return name[0] != '\0' && wants(old, name) == wants(new, name);
}

/* Whether an armed fault can continue under another rule: same type, trigger, directions, sides,
 * server. */
static bool can_continue(const struct armed_fault *armed, const struct rule *to)
{
    const struct fault *old = &armed->rule->fault, *new = &to->fault;
    struct action was[2], is[2];
    if (old->type != new->type || old->directions != new->directions || old->sides != new->sides ||
        !trigger_equal(&old->when, &new->when) || old->when_directions != new->when_directions ||
        old->after.any != new->after.any || strcmp(old->after.name, new->after.name) != 0 ||
        fault_shares_state(old) != fault_shares_state(new) || !want_same_server(armed, new))
        return false;
    fault_actions_at_trigger(old, was);
    fault_actions_at_trigger(new, is);
    return was[0].kind == is[0].kind && was[1].kind == is[1].kind;
}

static bool was_made(const struct adoption *adoption, const struct rule *rule)
{
    for (size_t i = 0; i < adoption->count; i++)
        if (adoption->slots[i].fresh && adoption->slots[i].armed->rule == rule)
            return true;
    return false;
}

/* Returns the index of the first rule from `from` on with the fault's name, or the count of
 * rules. */
static size_t index_in(const struct plan *plan, size_t from, const struct fault *fault)
{
    while (from < plan->rule_count && strcmp(plan->rules[from]->fault.name, fault->name) != 0)
        from++;
    return from;
}

/* Returns the place of a new fault: before the first one that follows it in the plan. Slots and
 * plan have the same order, except for faults that the plan has no more, and those of one
 * connection. */
static size_t place_of(const struct adoption *adoption, const struct rule *rule)
{
    const struct plan *plan = adoption->plan;
    if (plan == NULL)
        return adoption->count;
    size_t own = index_in(plan, 0, &rule->fault), from = 0;
    for (size_t i = 0; i < adoption->count; i++) {
        const struct rule *other = adoption->slots[i].armed->rule;
        size_t found = index_in(plan, from, &other->fault);
        if (found == plan->rule_count || other->origin == RULE_FOR_CONNECTION)
            continue;
        if (found > own)
            return i;
        from = found;
    }
    return adoption->count;
}

/* Inserts slots for a new fault at this place. */
static int add_fresh(struct adoption *adoption, struct rule *rule, size_t place)
{
    struct armed_fault *made[2];
    unsigned count = armed_make(adoption->session, rule, made);
    struct slot *slots = adoption->slots + place;
    memmove(slots + count, slots, (adoption->count - place) * sizeof slots[0]);
    for (unsigned i = 0; i < count; i++)
        slots[i] = (struct slot){.armed = made[i], .fresh = true};
    adoption->count += count;
    return count == 0 ? -ENOMEM : 0;
}

/* Changes an armed fault, and the one for its other direction, to the new rule. */
static int change_slot(struct adoption *adoption, struct armed_fault *armed, struct rule *to,
    const struct sockaddr_storage *client)
{
    if (to == NULL)
        return 0;
    if (!armed_concerns(adoption->session, to, client, true)) {
        adoption->slots[adoption->count++] = (struct slot){.armed = armed, .taken = true};
        return 0;
    }
    if (!armed->taken && can_continue(armed, to)) {
        adoption->slots[adoption->count++] = (struct slot){.armed = armed, .to = to};
        return 0;
    }
    if (was_made(adoption, to))
        return 0; /* for the other direction */
    size_t first = adoption->count;
    bool is_new = armed->rule->fault_counter != to->fault_counter;
    if (add_fresh(adoption, to, first) != 0)
        return -ENOMEM;
    for (size_t i = first; i < adoption->count && !is_new; i++) {
        adoption->slots[i].armed->entered = armed_is_entered(armed);
        adoption->slots[i].armed->counted = armed_is_counted(armed); /* in either direction */
    }
    return 0;
}

static bool is_armed(const struct session *session, const struct rule_change *change)
{
    for (size_t i = 0; i < session->armed.count; i++)
        if (change_of(session->armed.list[i], change, 1) != NULL)
            return true;
    return false;
}

static int fill_slots(struct adoption *adoption, const struct rule_change *changes, size_t count,
    const struct sockaddr_storage *client)
{
    struct session *session = adoption->session;
    for (size_t i = 0; i < session->armed.count; i++) {
        struct armed_fault *armed = session->armed.list[i];
        const struct rule_change *change = change_of(armed, changes, count);
        if (change == NULL)
            adoption->slots[adoption->count++] = (struct slot){.armed = armed};
        else if (change_slot(adoption, armed, change->to, client) != 0)
            return -ENOMEM;
    }
    for (size_t i = 0; i < count; i++) {
        struct rule *to = changes[i].to;
        if (to == NULL || is_armed(session, &changes[i]) ||
            !armed_concerns(session, to, client, false))
            continue;
        if (add_fresh(adoption, to, place_of(adoption, to)) != 0)
            return -ENOMEM;
    }
    for (size_t i = 0; i < adoption->count; i++)
        adoption->list[i] = adoption->slots[i].armed;
    return 0;
}

/* Whether a direction needs a shaping, under the rules that its faults follow from now on. */
static bool needs_shaping(const struct adoption *adoption, enum direction direction)
{
    for (size_t i = 0; i < adoption->count; i++) {
        const struct slot *slot = &adoption->slots[i];
        const struct rule *rule = slot->to != NULL ? slot->to : slot->armed->rule;
        if (!slot->taken && shaping_is_needed_by(slot->armed, &rule->fault, direction))
            return true;
    }
    return false;
}

/* Makes the first shaping of a direction, if it needs one. Moves bytes from pipes into the ring,
 * where every fault can see them. */
static int prepare_shaping(struct adoption *adoption, enum direction direction)
{
    struct flow *flow = &adoption->session->flow[direction];
    if (!needs_shaping(adoption, direction))
        return 0;
    if (flow->shaping != NULL)
        return flow_unpipe(flow);
    adoption->shaping[direction] = shaping_new(direction, &adoption->session->armed);
    return adoption->shaping[direction] != NULL ? flow_unpipe(flow) : -ENOMEM;
}

int adoption_prepare(struct session *session, struct plan *plan, const struct rule_change *changes,
    size_t count, const struct sockaddr_storage *client, struct adoption **out)
{
    assert(!session->running);
    *out = NULL;
    if (session_is_gone(session))
        return 0;
    size_t room = 2 * session->armed.count + 2 * count;
    struct adoption *adoption = calloc(1, sizeof *adoption + room * sizeof(struct slot));
    if (adoption == NULL)
        return -ENOMEM;
    session->now = session->host->now(session);
    adoption->session = session;
    adoption->plan = plan == NULL ? NULL : plan_ref(plan);
    adoption->list = calloc(room + 1, sizeof(struct armed_fault *));
    if (adoption->list == NULL || fill_slots(adoption, changes, count, client) != 0 ||
        prepare_shaping(adoption, DIRECTION_UPSTREAM) != 0 ||
        prepare_shaping(adoption, DIRECTION_DOWNSTREAM) != 0) {
        adoption_drop(adoption);
        return -ENOMEM;
    }
    *out = adoption;
    return 0;
}

void adoption_drop(struct adoption *adoption)
{
    if (adoption == NULL)
        return;
    for (size_t i = 0; i < adoption->count; i++)
        if (adoption->slots[i].fresh)
            armed_free(adoption->slots[i].armed);
    shaping_free(adoption->shaping[DIRECTION_UPSTREAM]);
    shaping_free(adoption->shaping[DIRECTION_DOWNSTREAM]);
    free(adoption->list);
    plan_unref(adoption->plan);
    free(adoption);
}

/* --- committing --- */

/* Whether the next armed fault of the old list is in the new one; both have the same order.
 * Advances `at`. */
static bool stays(const struct adoption *adoption, size_t *at, const struct armed_fault *armed)
{
    while (*at < adoption->count && adoption->slots[*at].fresh)
        (*at)++;
    bool found = *at < adoption->count && adoption->slots[*at].armed == armed;
    *at += found ? 1 : 0;
    return found;
}

static bool still_inserts(const struct session *session, const struct armed_fault *armed)
{
    for (int d = 0; d < 2; d++)
        for (const struct insertion *this = session->flow[d].insert; this != NULL;
             this = this->next)
            if (this == &armed->insertion)
                return true;
    return false;
}

/* Frees removed faults whose inserted bytes have been forwarded. */
static void sweep_retired(struct session *session)
{
    for (struct armed_fault **at = &session->retired; *at != NULL;) {
        struct armed_fault *armed = *at;
        if (still_inserts(session, armed)) {
            at = &armed->next;
        } else {
            *at = armed->next;
            armed_free(armed);
        }
    }
}

/* Ends the disabled faults. */
static void take_away(const struct adoption *adoption)
{
    for (size_t i = 0; i < adoption->count; i++) {
        if (!adoption->slots[i].taken)
            continue;
        firing_end(adoption->session, adoption->slots[i].armed, FAULT_REMOVED);
        adoption->slots[i].armed->taken = true;
    }
}

/* Ends the faults that are missing in the new list, then installs it. */
static void replace_list(struct adoption *adoption)
{
    struct session *session = adoption->session;
    struct armed_set old = session->armed;
    size_t at = 0, again = 0;
    for (size_t i = 0; i < old.count; i++)
        if (!stays(adoption, &at, old.list[i]))
            firing_end(session, old.list[i], FAULT_REMOVED);
    session->armed = (struct armed_set){.list = adoption->list, .count = adoption->count};
    adoption->list = NULL;
    for (size_t i = 0; i < old.count; i++) {
        if (stays(adoption, &again, old.list[i]))
            continue;
        old.list[i]->order = SIZE_MAX;
        old.list[i]->next = session->retired;
        session->retired = old.list[i];
    }
    free(old.list);
    sweep_retired(session);
}

static void replace_plan(struct session *session, struct plan **plan)
{
    if (*plan == NULL)
        return;
    plan_unref(session->plan);
    session->plan = *plan;
    *plan = NULL;
}

/* Creates or removes the shaping of a direction, and tells it about the bytes that are already
 * read. */
static void settle_shaping(struct adoption *adoption, enum direction direction)
{
    struct flow *flow = &adoption->session->flow[direction];
    if (flow->shaping == NULL) {
        flow->shaping = adoption->shaping[direction];
        adoption->shaping[direction] = NULL;
    } else if (!shaping_is_needed(&adoption->session->armed, direction)) {
        shaping_free(flow->shaping);
        flow->shaping = NULL;
    }
    if (flow->shaping != NULL)
        shaping_join(flow->shaping, flow->ring.head, flow->ring.tail,
            flow->end != FLOW_OPEN || flow->cut, adoption->session->now);
}

/* The connection counts for another fault of the name now: it is armed there, and was injected if
 * it was for the fault before. */
static void count_anew(struct armed_fault *armed)
{
    struct armed_fault *twin = armed->twin;
    bool entered = armed_is_entered(armed), counted = armed_is_counted(armed);
    armed->entered = armed->counted = false;
    if (twin != NULL)
        twin->entered = twin->counted = false;
    if (entered)
        armed_enter(armed);
    if (counted)
        (void)armed_count(armed); /* false: its `times` are used up */
}

static void change_rules(const struct adoption *adoption)
{
    for (size_t i = 0; i < adoption->count; i++) {
        struct armed_fault *armed = adoption->slots[i].armed;
        struct rule *to = adoption->slots[i].to;
        if (to == NULL)
            continue;
        bool is_other = armed->rule->fault_counter != to->fault_counter;
        arming_change(adoption->session, armed, to);
        bool was_counted = armed->twin != NULL && armed->twin->rule == to;
        if (is_other && armed->rule == to && !was_counted)
            count_anew(armed);
    }
}

static void adoption_begin(struct adoption *adoption)
{
    struct session *session = adoption->session;
    for (size_t i = 0; i < adoption->count; i++) {
        struct slot *slot = &adoption->slots[i];
        /* arming.c counts one that waits for the server's name */
        if (slot->fresh && slot->armed->phase == ARMED_WAITING)
            armed_enter(slot->armed);
        if (slot->fresh)
            arming_late(session, slot->armed);
        slot->fresh = false; /* owned by the session from now on */
    }
}

void adoption_commit(struct adoption *adoption)
{
    struct session *session = adoption->session;
    session->now = session->host->now(session);
    session->running = true;
    take_away(adoption);
    replace_list(adoption);
    replace_plan(session, &adoption->plan);
    change_rules(adoption);
    settle_shaping(adoption, DIRECTION_UPSTREAM);
    settle_shaping(adoption, DIRECTION_DOWNSTREAM);
    adoption_begin(adoption);
    session->outdated = true;
    session_recompute(session);
    session->running = false;
    adoption_drop(adoption);
    session_run(session); /* a fault may just have closed both sockets: the run reports it */
}

int session_adopt(struct session *session, struct plan *plan, const struct rule_change *changes,
    size_t count, const struct sockaddr_storage *client)
{
    struct adoption *adoption;
    int result = adoption_prepare(session, plan, changes, count, client, &adoption);
    if (result == 0 && adoption != NULL)
        adoption_commit(adoption);
    return result;
}
