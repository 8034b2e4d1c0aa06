/* SPDX-License-Identifier: MIT */
/*
 * Questions about the faults of one session: see armed.h. When a client is accepted, armed_make()
 * makes an armed fault of each rule that concerns it. armed_next_edge() returns the least offset at
 * which one of them waits; the flow stops there, and at_edge() of session.c calls
 * triggers_on_edge() with that offset.
 */
#include "proxy/relay/armed.h"

#include <errno.h>
#include <stdlib.h>

#include "proxy/base/min.h"
#include "proxy/base/rng.h"
#include "proxy/relay/chains.h"
#include "proxy/relay/state.h"

/* --- selection: at the accept; for a fault that is added later, then --- */

/* The random streams of one fault on one connection: one for its chance, one for each direction. */
enum stream { STREAM_CHANCE, STREAM_DIRECTION };

static uint64_t armed_key_of(
    const struct session *session, const struct fault *fault, uint64_t stream)
{
    const struct plan *plan = session->plan;
    return rng_key(plan->seed, plan->config.name, session->number, fault->name, stream);
}

static bool has_destination(const struct session *session, const struct fault *fault)
{
    if (fault->destinations.count == 0)
        return true;
    return session->host->is_destined != NULL &&
           session->host->is_destined(session, &fault->destinations);
}

bool armed_concerns(const struct session *session, const struct rule *rule,
    const struct sockaddr_storage *client, bool selected)
{
    const struct fault *fault = &rule->fault;
    return fault->enabled && fault->type->listener == LISTENER_OPEN &&
           selection_has(&fault->connections, session->number) &&
           selection_has(&fault->concurrent, session->concurrent) &&
           (selected || fault_counter_times(rule->fault_counter) < fault->times) &&
           cidr_list_has(&fault->clients, client) && has_destination(session, fault) &&
           (fault->chance_ppb >= PPB_ALL ||
               rng_chance(armed_key_of(session, fault, STREAM_CHANCE), 0, fault->chance_ppb));
}

void armed_name(const struct session *session, struct armed_fault *armed)
{
    bool wanted = server_names_have(&armed->rule->fault.sni, session->server_name);
    armed->phase = wanted ? ARMED_WAITING : ARMED_DONE;
    armed->miss = wanted ? MISS_NONE : MISS_NAME;
}

static struct armed_fault *make_one(struct session *session, struct rule *rule, unsigned directions)
{
    struct armed_fault *armed = calloc(1, sizeof *armed);
    if (armed == NULL)
        return NULL;
    armed_follow(armed, rule_ref(rule));
    armed->session = session;
    list_init(&armed->chain_link);
    armed->directions = directions;
    armed->watched =
        rule->fault.when_directions != NO_BITS ? rule->fault.when_directions : directions;
    armed->phase = ARMED_WAITING;
    if (rule->fault.sni.text[0] != '\0')
        armed->phase = ARMED_UNNAMED;
    if (armed->phase == ARMED_UNNAMED && session->server_name[0] != '\0')
        armed_name(session, armed);
    armed->armed_at = session->now;
    armed->counts_from = TIME_NEVER;
    armed->does.duration_us = TIME_NEVER;
    for (unsigned d = 0; d < 2; d++) {
        armed->key[d] = armed_key_of(session, &rule->fault, STREAM_DIRECTION + d);
        armed->when_match[d].edge = armed->until_match[d].edge = FLOW_NO_EDGE;
    }
    return armed;
}

void armed_free(struct armed_fault *armed)
{
    if (armed == NULL)
        return;
    list_remove(&armed->chain_link);
    if (armed->twin != NULL)
        armed->twin->twin = NULL;
    rule_unref(armed->rule);
    free(armed);
}

unsigned armed_make(struct session *session, struct rule *rule, struct armed_fault *made[2])
{
    bool splits = fault_works_on_direction(&rule->fault) && rule->fault.directions == BOTH_BITS;
    made[0] = make_one(session, rule, splits ? UPSTREAM_BIT : rule->fault.directions);
    made[1] = NULL;
    if (made[0] == NULL || !splits)
        return made[0] != NULL;
    made[1] = make_one(session, rule, DOWNSTREAM_BIT);
    if (made[1] != NULL) {
        made[0]->twin = made[1];
        made[1]->twin = made[0];
        return 2;
    }
    armed_free(made[0]);
    return 0;
}

static int armed_set_add(struct session *session, struct rule *rule)
{
    struct armed_fault *made[2];
    unsigned count = armed_make(session, rule, made);
    if (count == 0)
        return -ENOMEM;
    if (made[0]->phase != ARMED_UNNAMED) /* arming.c counts it when the server is named */
        armed_enter(made[0]);
    for (unsigned i = 0; i < count; i++) {
        session->armed.list[session->armed.count++] = made[i];
        chains_add(session, made[i]);
    }
    return 0;
}

int armed_select(struct session *session, const struct sockaddr_storage *client)
{
    const struct plan *plan = session->plan;
    size_t count = 0;
    for (size_t i = 0; i < plan->rule_count; i++)
        count += armed_concerns(session, plan->rules[i], client, false);
    if (count == 0)
        return 0;
    session->armed.list = calloc(2 * count, sizeof(struct armed_fault *));
    if (session->armed.list == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < plan->rule_count; i++) {
        if (armed_concerns(session, plan->rules[i], client, false) &&
            armed_set_add(session, plan->rules[i]) != 0)
            return -ENOMEM;
    }
    return 0;
}

void armed_deinit(struct session *session)
{
    for (size_t i = 0; i < session->armed.count; i++)
        armed_free(session->armed.list[i]);
    free(session->armed.list);
    session->armed = (struct armed_set){0};
    for (struct armed_fault *armed; (armed = session->retired) != NULL;) {
        session->retired = armed->next;
        armed_free(armed);
    }
}

/* --- firing --- */

bool armed_count(struct armed_fault *armed)
{
    struct session *session = armed->session;
    struct fault_counter *counter = armed->rule->fault_counter;
    if (!armed_may_count(armed))
        return false;
    if (!armed_is_counted(armed)) {
        chains_count_fired(counter, session->now, session);
        if (session->faults == NULL)
            session->faults = calloc(EVENT_FAULTS_MAX, sizeof session->faults[0]);
        if (session->faults != NULL && session->fault_count < EVENT_FAULTS_MAX)
            session->faults[session->fault_count] = fault_counter_ref(counter);
        session->fault_count++;
    }
    armed->counted = true;
    return true;
}

bool armed_may_hold(const struct armed_fault *armed)
{
    time_us since_start = armed->session->now - armed->session->plan->started_at;
    return armed->phase == ARMED_ACTIVE ||
           ((armed->phase == ARMED_WAITING || armed->phase == ARMED_UNNAMED) &&
               active_time_has(&armed->rule->fault.active, since_start) && armed_may_count(armed));
}

time_us armed_lets_go_at(const struct armed_fault *armed, time_us scanned_at)
{
    const struct fault *fault = &armed->rule->fault;
    return time_min(time_add(scanned_at, fault->match_hold_us),
        time_add(armed->session->plan->started_at, fault->active.to));
}

/* --- triggers --- */

/* A new kind is a case in trigger_offset(), trigger_time() and armed_is_past(), and has its words
 * in `waiting` of not_fired.c. */

/* Returns the offset of bytes:N of a fault. */
static uint64_t bytes_offset(
    const struct armed_fault *armed, const struct trigger *trigger, enum direction direction)
{
    uint64_t from = armed->counts_at[direction];
    return trigger->value < FLOW_NO_EDGE - from ? from + trigger->value : FLOW_NO_EDGE;
}

/* Returns the offset at which a trigger fires; FLOW_NO_EDGE: unknown, or it does not depend on
 * offsets. An offset that had passed before the trigger was watched counts as reached now. */
static uint64_t trigger_offset(
    struct armed_fault *armed, enum direction direction, uint64_t forwarded)
{
    const struct trigger *trigger = armed_trigger(armed);
    if (trigger == NULL || !bits_have(armed_watched(armed), (int)direction))
        return FLOW_NO_EDGE;
    if (trigger->kind == TRIGGER_BYTES) {
        uint64_t offset = bytes_offset(armed, trigger, direction);
        return offset < forwarded ? forwarded : offset;
    }
    if (trigger->kind != TRIGGER_MATCH && trigger->kind != TRIGGER_MESSAGE)
        return FLOW_NO_EDGE;
    uint64_t edge = armed_match(armed)[direction].edge;
    if (edge < forwarded && trigger->kind == TRIGGER_MESSAGE)
        return forwarded;
    return edge >= forwarded ? edge : FLOW_NO_EDGE;
}

bool armed_stands_at(struct armed_fault *armed, enum direction direction, uint64_t offset)
{
    return trigger_offset(armed, direction, offset) == offset;
}

bool armed_awaits_event(
    const struct armed_fault *armed, enum trigger_kind kind, enum direction direction)
{
    const struct trigger *trigger = armed_trigger(armed);
    return trigger != NULL && trigger->kind == kind &&
           (!trigger_watches_direction(kind) || bits_have(armed_watched(armed), (int)direction));
}

/* Returns when run:T fires. As `when` it fires only on a connection that is open then. */
static time_us run_time(
    const struct session *session, const struct armed_fault *armed, const struct trigger *trigger)
{
    time_us at = time_add(session->plan->started_at, trigger->value);
    bool is_open = session->opened_at != TIME_NEVER && session->opened_at <= at;
    return armed->phase != ARMED_WAITING || is_open ? at : TIME_NEVER;
}

/* Returns when a trigger fires by time alone. Idle time counts from when the fault was armed. */
static time_us trigger_time(
    const struct session *session, const struct armed_fault *armed, const struct trigger *trigger)
{
    if (trigger->kind == TRIGGER_TIME)
        return time_add(armed->counts_from != TIME_NEVER ? armed->counts_from : session->opened_at,
            trigger->value);
    if (trigger->kind == TRIGGER_RUN)
        return run_time(session, armed, trigger);
    if (trigger->kind == TRIGGER_IDLE && session->opened_at != TIME_NEVER)
        return time_add(armed->armed_at > session->active_at ? armed->armed_at : session->active_at,
            trigger->value);
    return TIME_NEVER;
}

bool armed_is_past(const struct session *session, const struct armed_fault *armed)
{
    const struct trigger *when = &armed->rule->fault.when;
    bool past = when->kind == TRIGGER_ACCEPT || armed->rule->fault.type->at_accept;
    if (when->kind == TRIGGER_TIME || when->kind == TRIGGER_RUN)
        past = trigger_time(session, armed, when) < session->now;
    for (int d = 0; d < 2; d++) {
        if (!bits_have(armed->watched, d))
            continue;
        if (when->kind == TRIGGER_BYTES)
            past |=
                flow_forwarded(&session->flow[d]) > bytes_offset(armed, when, (enum direction)d);
        else if (when->kind == TRIGGER_EOF)
            past |= session->side[d].eof_triggered;
    }
    return past;
}

/* --- edges --- */

uint64_t armed_limit(const struct armed_fault *armed)
{
    uint64_t limit = armed->base + armed->does.bytes;
    return limit < armed->base ? FLOW_NO_EDGE : limit;
}

/* A limit of 0 is reached when the first byte arrives; at once if it may not fire any more, so that
 * this byte is not dropped. */
bool armed_limit_is_reached(const struct session *session, const struct armed_fault *armed)
{
    const struct flow *flow = &session->flow[armed_direction(armed)];
    uint64_t forwarded = flow_forwarded(flow), limit = armed_limit(armed);
    if (armed->does.kind != ACTION_LIMIT || limit > forwarded)
        return false;
    return !armed_may_count(armed) || forwarded > armed->base || flow->dropped > armed->dropped ||
           flow_pending(flow) > 0;
}

/* Returns the offset at which the limit of a fault is reached; FLOW_NO_EDGE: none now. */
static uint64_t limit_edge(const struct session *session, const struct armed_fault *armed,
    enum direction direction, uint64_t forwarded)
{
    uint64_t limit = armed_limit(armed);
    if (armed->action[direction] != ACTION_LIMIT || limit > forwarded)
        return armed->action[direction] == ACTION_LIMIT ? limit : FLOW_NO_EDGE;
    return armed_limit_is_reached(session, armed) ? forwarded : FLOW_NO_EDGE;
}

#define CHANGE_SEARCH 16384 /* how far behind the pending bytes change_edge() looks */

/* Returns the offset after the first byte that an active fault changes, where it fires whatever the
 * sizes of the reads, or an offset from which to search on: it moves when bytes are read up to it.
 * FLOW_NO_EDGE: none, or passed. */
static uint64_t change_edge(struct armed_fault *armed, enum direction direction, uint64_t forwarded)
{
    const struct fault *fault = &armed->rule->fault;
    uint64_t place = fault_place(fault);
    if (fault->type->first_changed == NULL || !armed_is_active_in(armed, direction))
        return FLOW_NO_EDGE;
    if (place != FAULT_NO_PLACE)
        return place + 1 < forwarded ? FLOW_NO_EDGE : place + 1;
    if (armed->acted)
        return armed->acted_end <= forwarded ? FLOW_NO_EDGE : armed->acted_end;
    if (!armed_may_count(armed)) /* its times were used up since it became active */
        return FLOW_NO_EDGE;
    const struct flow *flow = &armed->session->flow[direction];
    uint64_t from = flow_changed_to(flow), end = flow_tail(flow) + CHANGE_SEARCH;
    uint64_t first = armed_first_changed(armed, direction, from, (size_t)(end - from));
    return first == FAULT_NO_PLACE ? end : first + 1;
}

/* Whether the client has sent what an active fault waits for. */
static bool client_has_sent(const struct session *session, const struct armed_fault *armed)
{
    const struct flow *upstream = &session->flow[DIRECTION_UPSTREAM];
    return armed->phase == ARMED_ACTIVE && armed->does.until_client_sends &&
           (flow_read_count(upstream) > 0 || upstream->end != FLOW_OPEN);
}

/* Returns the offset behind the client's first byte for a fault that waits for it, so that the
 * server gets this byte alone whatever the sizes of the reads. FLOW_NO_EDGE: none. */
static uint64_t first_byte_edge(
    const struct armed_fault *armed, enum direction direction, uint64_t forwarded)
{
    bool waits = armed->phase == ARMED_ACTIVE && armed->does.until_client_sends;
    return waits && direction == DIRECTION_UPSTREAM && forwarded <= 1 ? 1 : FLOW_NO_EDGE;
}

bool armed_ends_at(const struct session *session, struct armed_fault *armed,
    enum direction direction, uint64_t offset)
{
    return (direction == DIRECTION_UPSTREAM && client_has_sent(session, armed)) ||
           (armed->action[direction] == ACTION_LIMIT && armed_limit_is_reached(session, armed)) ||
           (fault_place(&armed->rule->fault) != FAULT_NO_PLACE &&
               change_edge(armed, direction, offset) == offset);
}

uint64_t armed_next_edge(
    const struct session *session, enum direction direction, uint64_t forwarded)
{
    uint64_t edge = FLOW_NO_EDGE;
    for (size_t i = 0; i < session->armed.count && !session->over; i++) {
        struct armed_fault *armed = session->armed.list[i];
        edge = min_u64(edge, trigger_offset(armed, direction, forwarded));
        edge = min_u64(edge, limit_edge(session, armed, direction, forwarded));
        edge = min_u64(edge, change_edge(armed, direction, forwarded));
        edge = min_u64(edge, first_byte_edge(armed, direction, forwarded));
    }
    return edge;
}

/* --- times --- */

time_us armed_expires_at(const struct session *session, const struct armed_fault *armed)
{
    time_us from = armed->since;
    time_us arrived = session->arrived_at[armed_direction(armed)];
    if (armed->does.kind == ACTION_HOLD_FIN) /* the duration belongs to the wait */
        return TIME_NEVER;
    if (armed_limit_is_reached(session, armed) || client_has_sent(session, armed))
        return armed->since;
    if (armed->does.from_last_byte && arrived > from)
        from = arrived;
    return time_add(from, armed->does.duration_us);
}

enum armed_miss armed_early_end(const struct session *session, const struct armed_fault *armed)
{
    time_us since_start = session->now - session->plan->started_at;
    if (!armed_acts_early(armed))
        return MISS_NONE;
    if (!armed_may_count(armed))
        return MISS_TIMES;
    return since_start >= armed->rule->fault.active.to ? MISS_INACTIVE : MISS_NONE;
}

time_us armed_time(const struct session *session, const struct armed_fault *armed)
{
    const struct fault *fault = &armed->rule->fault;
    time_us active_end = time_add(session->plan->started_at, fault->active.to);
    switch (armed->phase) {
    case ARMED_DELAYED:
        return armed->fires_at;
    case ARMED_WAITING:
        if (armed_early_end(session, armed) != MISS_NONE)
            return session->now;
        return time_min(armed_acts_early(armed) ? active_end : TIME_NEVER,
            trigger_time(session, armed, &fault->when));
    case ARMED_PENDING:
        return time_min(time_add(session->plan->started_at, fault->active.from),
            trigger_time(session, armed, &fault->until));
    case ARMED_ACTIVE:
        return time_min(time_min(armed_expires_at(session, armed), active_end),
            trigger_time(session, armed, &fault->until));
    case ARMED_CHAINED:
        return armed->unchained ? session->now : TIME_NEVER;
    case ARMED_UNNAMED:
    case ARMED_DONE:
        break;
    }
    return TIME_NEVER;
}

time_us armed_next_time(const struct session *session)
{
    time_us next = TIME_NEVER;
    for (size_t i = 0; i < session->armed.count && !session->over; i++)
        next = time_min(next, armed_time(session, session->armed.list[i]));
    return next;
}
