/* SPDX-License-Identifier: MIT */
/*
 * Faults of the listening socket: see listener_faults.h. Whether a rule is at work is remembered in its
 * shared state, so that its beginning and its end are told once each.
 */
#include "proxy/net/listener_faults.h"

#include <string.h>

#include "proxy/net/proxy.h"
#include "proxy/net/worker.h"

/* How soon a listener that could not be opened again is tried again. */
#define REOPEN_US (100 * US_PER_MS)

/* In a rule's shared_state. */
struct is_active {
    bool now;
};

static void on_timer(struct timer *timer)
{
    struct listener_faults *faults = container_of(timer, struct listener_faults, timer);
    listener_faults_update(container_of(faults, struct proxy, listener_faults));
}

int listener_faults_init(struct proxy *proxy)
{
    proxy->listener_faults.wanted = LISTENER_OPEN;
    return timer_init(&proxy->worker->timers, &proxy->listener_faults.timer, on_timer);
}

void listener_faults_deinit(struct proxy *proxy)
{
    timer_deinit(&proxy->worker->timers, &proxy->listener_faults.timer);
}

/* The window in which the fault works, monotonic: its `active`, cut short by its `for`. */
static struct window working_time(const struct proxy *proxy, const struct fault *fault)
{
    uint64_t duration = fault->type->fire(fault->params).duration_us;
    time_us start = proxy->plan->started_at;
    struct window window = {
        .from = time_add(start, fault->active.from),
        .to = time_add(start, fault->active.to),
    };
    if (duration != 0)
        window.to = time_min(window.to, time_add(window.from, duration));
    return window;
}

static void tell(struct proxy *proxy, struct rule *rule, bool begins, time_us now)
{
    const struct event event = {
        .kind = begins ? EVENT_FAULT : EVENT_FAULT_OVER,
        .at = now,
        .proxy = proxy_name(proxy),
        .u.fault = {.name = rule->fault.name, .type = rule->fault.type->name},
    };
    if (begins)
        rule->fault_counter->fired++;
    worker_emit(proxy->worker, &event);
}

/* What is at work goes on in a rule of the same name and type, whose shared state began with its
 * forerunner's (rule_new). */
static bool continues(const struct plan *plan, const struct fault *fault)
{
    const struct rule *rule = plan_find(plan, fault->name);
    return rule != NULL && rule->fault.type == fault->type;
}

void listener_faults_inherit(struct proxy *proxy, const struct plan *old)
{
    for (size_t i = 0; i < old->rule_count; i++) {
        struct rule *rule = old->rules[i];
        const struct is_active *work = (const void *)rule->shared_state;
        if (rule->fault.type->listener != LISTENER_OPEN && work->now &&
            !continues(proxy->plan, &rule->fault))
            tell(proxy, rule, false, timers_now());
    }
}

/* Brings one rule up to date. Returns when it has to be looked at again. */
static time_us update_rule(
    struct proxy *proxy, struct rule *rule, time_us now, enum listener_action *wanted)
{
    const struct fault *fault = &rule->fault;
    struct is_active *work = (void *)rule->shared_state;
    struct window window = working_time(proxy, fault);
    bool works = fault->enabled && window_has(&window, now);
    if (fault->type->listener == LISTENER_OPEN)
        return TIME_NEVER;
    if (works != work->now)
        tell(proxy, rule, works, now);
    work->now = works;
    if (works && (*wanted == LISTENER_OPEN || fault->type->listener < *wanted))
        *wanted = fault->type->listener;
    return now < window.from ? window.from : works ? window.to : TIME_NEVER;
}

void listener_faults_update(struct proxy *proxy)
{
    const struct plan *plan = proxy->plan;
    enum listener_action wanted = LISTENER_OPEN;
    time_us now = timers_now();
    time_us next = TIME_NEVER;
    struct err err;
    for (size_t i = 0; i < plan->rule_count; i++)
        next = time_min(next, update_rule(proxy, plan->rules[i], now, &wanted));
    proxy->listener_faults.wanted = wanted;
    if (wanted == LISTENER_CLOSED)
        proxy_stop_listening(proxy);
    else if (!proxy->probing && proxy_listen(proxy, &err) != 0)
        next = time_min(next, now + REOPEN_US);
    listener_set_idle(&proxy->listener, wanted == LISTENER_PAUSED);
    listener_set_deaf(&proxy->listener, wanted == LISTENER_DROPS_SYNS);
    timer_set(&proxy->worker->timers, &proxy->listener_faults.timer, next);
}
