/* SPDX-License-Identifier: MIT */
/*
 * The shared state of a rule says whether it is active, and on which socket, so its start and its
 * end are emitted once each. When a reload moves a proxy, a new struct proxy takes the rule over:
 * the fault ends on the old socket and begins on the new one.
 */
#include "proxy/net/listener_faults.h"

#include "proxy/relay/chains.h"

/* Delay before opening the listener is tried again after a failure. */
#define REOPEN_US (100 * US_PER_MS)

/* The state that is shared between a rule and its successors. */
struct is_active {
    const struct listener_faults *on; /* the one that set the values below */
    bool now;
    bool failed; /* the kernel refused it, which was reported */
};

static void on_timer(struct timer *timer)
{
    listener_faults_update(container_of(timer, struct listener_faults, timer));
}

/* The update runs from the timer, because a session may be running. */
static void on_fired(struct fired_watch *watch)
{
    struct listener_faults *faults = container_of(watch, struct listener_faults, watch);
    timer_set(&faults->worker->timers, &faults->timer, timers_now());
}

int listener_faults_init(struct listener_faults *faults, const struct listener_faults_calls *calls,
    struct worker *worker, struct listener *listener, const struct plan *plan)
{
    *faults = (struct listener_faults){
        .calls = calls,
        .worker = worker,
        .listener = listener,
        .plan = plan,
        .watch.on_fired = on_fired,
        .wanted = LISTENER_OPEN,
    };
    list_append(&worker->counters.watches, &faults->watch.link);
    int result = timer_init(&worker->timers, &faults->timer, on_timer);
    if (result != 0)
        list_remove(&faults->watch.link);
    return result;
}

void listener_faults_deinit(struct listener_faults *faults)
{
    list_remove(&faults->watch.link);
    timer_deinit(&faults->worker->timers, &faults->timer);
}

/* Returns the monotonic time of `active`, limited by `for`. It does not begin before `from`. */
static struct active_time window_of(const struct fault *fault, time_us started_at, time_us from)
{
    uint64_t duration = fault->type->fire(fault->params).duration_us;
    struct active_time active = {
        .from = time_add(started_at, fault->active.from),
        .to = time_add(started_at, fault->active.to),
    };
    if (from > active.from)
        active.from = from;
    if (duration != 0)
        active.to = time_min(active.to, time_add(active.from, duration));
    return active;
}

/* Returns the monotonic time in which the fault is active: from when the fault named in `after`
 * fired, if it has one. */
static struct active_time active_time_of(const struct plan *plan, const struct rule *rule)
{
    const struct fired_name *first = rule->first;
    if (first != NULL && first->fired == 0)
        return (struct active_time){.from = TIME_NEVER, .to = TIME_NEVER};
    return window_of(&rule->fault, plan->started_at, first == NULL ? 0 : first->fired_at);
}

time_us listener_fault_ends_at(const struct fault *fault, time_us started_at)
{
    if (fault->type->listener == LISTENER_OPEN)
        return TIME_NEVER;
    if (fault->after.name[0] != '\0')
        return time_add(started_at, fault->active.to);
    return window_of(fault, started_at, 0).to;
}

static void emit(struct listener_faults *faults, struct rule *rule, enum event_kind kind,
    int errnum, time_us now)
{
    const struct event event = {
        .kind = kind,
        .at = now,
        .proxy = faults->plan->config.name,
        .u.fault = {.name = rule->fault.name, .type = rule->fault.type->name, .errnum = errnum},
    };
    if (kind == EVENT_FAULT)
        chains_count_fired(rule->fault_counter, now, NULL);
    worker_emit(faults->worker, &event);
}

/* Whether the plan has a rule that inherits the active state (rule_new copies the shared state). */
static bool continues(const struct plan *plan, const struct fault *fault)
{
    const struct rule *rule = plan_find(plan, fault->name);
    return rule != NULL && rule->fault.type == fault->type;
}

void listener_faults_adopt(struct listener_faults *faults, const struct plan *plan)
{
    const struct plan *old = faults->plan;
    faults->plan = plan;
    for (size_t i = 0; i < old->rule_count; i++) {
        struct rule *rule = old->rules[i];
        const struct is_active *active = (const void *)rule->shared->state;
        if (rule->fault.type->listener != LISTENER_OPEN && active->now &&
            !continues(plan, &rule->fault))
            emit(faults, rule, EVENT_FAULT_OVER, 0, timers_now());
    }
}

void listener_faults_end(struct listener_faults *faults)
{
    for (size_t i = 0; i < faults->plan->rule_count; i++) {
        struct rule *rule = faults->plan->rules[i];
        struct is_active *active = (void *)rule->shared->state;
        if (rule->fault.type->listener == LISTENER_OPEN || active->on != faults)
            continue;
        if (active->now)
            emit(faults, rule, EVENT_FAULT_OVER, 0, timers_now());
        *active = (struct is_active){0};
    }
}

void listener_faults_stop(struct listener_faults *faults)
{
    if (!faults->worker->stopping)
        listener_faults_end(faults);
    list_remove(&faults->watch.link);
    timer_set(&faults->worker->timers, &faults->timer, TIME_NEVER);
}

static bool drops_syns(const struct rule *rule)
{
    return rule->fault.type->listener == LISTENER_DROPS_SYNS;
}

/* Emits the start or the end of a fault. `result`: 0, or -errno of what it asked the kernel for: it
 * has not begun, which is emitted once. */
static void set_active(
    struct listener_faults *faults, struct rule *rule, bool is_active, int result, time_us now)
{
    struct is_active *active = (void *)rule->shared->state;
    bool fails = is_active && result != 0, begun = is_active && result == 0;
    if (active->on != faults) {
        if (active->now)
            emit(faults, rule, EVENT_FAULT_OVER, 0, now);
        *active = (struct is_active){.on = faults};
    }
    if (fails && !active->failed)
        emit(faults, rule, EVENT_FAULT_FAILED, -result, now);
    else if (begun != active->now)
        emit(faults, rule, begun ? EVENT_FAULT : EVENT_FAULT_OVER, 0, now);
    active->now = begun;
    active->failed = fails;
}

/* Whether the fault is active. A disabled proxy has no listening socket that it could change. */
static bool is_due(const struct plan *plan, const struct rule *rule, time_us now)
{
    struct active_time active = active_time_of(plan, rule);
    return plan->config.enabled && rule->fault.enabled && active_time_has(&active, now);
}

/* Updates one rule; what asks the kernel waits for its answer. Returns the time of the next
 * update. */
static time_us update_rule(
    struct listener_faults *faults, struct rule *rule, time_us now, enum listener_action *wanted)
{
    const struct fault *fault = &rule->fault;
    if (fault->type->listener == LISTENER_OPEN)
        return TIME_NEVER;
    struct active_time active = active_time_of(faults->plan, rule);
    bool is_active = is_due(faults->plan, rule, now);
    if (!drops_syns(rule))
        set_active(faults, rule, is_active, 0, now);
    if (is_active && (*wanted == LISTENER_OPEN || fault->type->listener < *wanted))
        *wanted = fault->type->listener;
    return now < active.from ? active.from : is_active ? active.to : TIME_NEVER;
}

void listener_faults_update(struct listener_faults *faults)
{
    const struct plan *plan = faults->plan;
    enum listener_action wanted = LISTENER_OPEN;
    time_us now = timers_now();
    time_us next = TIME_NEVER;
    for (size_t i = 0; i < plan->rule_count; i++)
        next = time_min(next, update_rule(faults, plan->rules[i], now, &wanted));
    faults->wanted = wanted;
    if (wanted == LISTENER_CLOSED)
        faults->calls->close(faults);
    else if (faults->calls->open(faults) != 0)
        next = time_min(next, now + REOPEN_US);
    listener_set_paused(faults->listener, wanted == LISTENER_PAUSED);
    int result = listener_set_drop_syns(faults->listener, wanted == LISTENER_DROPS_SYNS);
    if (result != 0)
        next = time_min(next, now + REOPEN_US);
    for (size_t i = 0; i < plan->rule_count; i++) {
        if (drops_syns(plan->rules[i]))
            set_active(faults, plan->rules[i], is_due(plan, plan->rules[i], now), result, now);
    }
    timer_set(&faults->worker->timers, &faults->timer, next);
}
