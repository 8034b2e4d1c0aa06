/* SPDX-License-Identifier: MIT */
/*
 * `bandwidth`: limits the bytes a second.
 *
 * The state has a clock of its own, behind the real one: the time at which every forwarded byte was
 * paid for. The time from there to now is credit. While bytes wait for this gate, credit does not
 * expire, so a late wake-up forwards more and the rate holds. After a pause the credit is at most
 * `burst`. While bytes wait for something else, such as a receiver that takes nothing or another
 * fault, no more than KEPT_NS of credit is kept, or `burst` if that is more. A byte may take less
 * than a nanosecond, so the clock keeps the remainder of its divisions.
 */
#include "proxy/base/min.h"
#include "proxy/base/rng.h"
#include "proxy/fault/types.h"

#define NS_PER_US UINT64_C(1000)
#define NS_PER_S UINT64_C(1000000000)
/* A shorter time is no pause. A stream as fast as the rate has nothing pending for a moment between
 * two reads; if `burst` limited the credit then, the rate would not be reached. */
#define PAUSE_NS (2000 * NS_PER_US)
/* The most credit that is kept for bytes that wait for something else. A wake-up that is later by
 * more counts as such a wait. With less, a receiver that takes large pieces would not get the
 * rate. */
#define KEPT_NS (250000 * NS_PER_US)
/* time of the bytes forwarded at once: at most 5000 wake-ups a second */
#define QUANTUM_NS (200 * NS_PER_US)
#define RATE_MAX (UINT64_C(100) << 30)
#define BURST_MAX (UINT64_C(1) << 30)

/* Most bytes charged at once: this times NS_PER_S, plus a remainder below RATE_MAX, stays below
 * 2^63. */
#define CHARGE_MAX (UINT64_C(1) << 32)

/* Several connections share one clock, and none of them knows whether another one waits. A
 * connection that waits asks again at its retry time, late by less than this. */
#define LATE_NS (20 * NS_PER_US * 1000)

enum { SCOPE_CONNECTION, SCOPE_PROXY };

struct bandwidth_params {
    uint64_t rate; /* bytes a second; 0: nothing is forwarded */
    uint64_t burst;
    int scope;
};
CHECK_PARAMS(struct bandwidth_params);

struct bandwidth_state {
    bool running;
    uint64_t paid_ns;        /* the clock: every forwarded byte was paid for at this time, */
    uint64_t rest;           /* plus rest / rate nanoseconds */
    uint64_t waits_until_ns; /* latest retry time of any connection */
    uint64_t last;           /* key of the flow that forwarded last */
    uint64_t passed_ns;      /* time of the last forwarded bytes */
    uint64_t rate;           /* the clock's rate so far: a change may set another one */
    uint64_t offered;        /* bytes that the gate let pass, and that were not forwarded */
};
CHECK_STATE(struct bandwidth_state);

static const char *const scopes[] = {"connection", "proxy", NULL};

static const struct option options[] = {
    {.name = "rate",
        .kind = &option_rate,
        .offset = offsetof(struct bandwidth_params, rate),
        .required = true,
        .max = RATE_MAX,
        .help = "the limit, computed from the elapsed time; 0/s: nothing is forwarded"},
    {.name = "burst",
        .kind = &option_size,
        .offset = offsetof(struct bandwidth_params, burst),
        .default_text = "16k",
        .min = 1,
        .max = BURST_MAX,
        .help = "how many bytes are forwarded at once after a pause"},
    {.name = "scope",
        .kind = &option_choice,
        .offset = offsetof(struct bandwidth_params, scope),
        .default_text = "connection",
        .choices = scopes,
        .help = "the rate is for each connection, or for all connections of a proxy together"},
    OPTIONS_END,
};

static struct action bandwidth_fire(const void *params)
{
    (void)params;
    return (struct action){.kind = ACTION_SHAPE, .duration_us = TIME_NEVER};
}

/* Returns when `bytes` more will be paid for, rounded up. */
static uint64_t paid_after(
    const struct bandwidth_params *bandwidth, const struct bandwidth_state *state, uint64_t bytes)
{
    uint64_t dividend = bytes * NS_PER_S + state->rest;
    return state->paid_ns + dividend / bandwidth->rate + (dividend % bandwidth->rate != 0);
}

/* Returns how many of `most` bytes are paid for now. Cannot overflow: the elapsed time is below the
 * time needed for `most` bytes. */
static uint64_t credit(const struct bandwidth_params *bandwidth,
    const struct bandwidth_state *state, uint64_t most, uint64_t now_ns)
{
    if (now_ns <= state->paid_ns)
        return 0;
    if (paid_after(bandwidth, state, most) <= now_ns)
        return most;
    uint64_t paid = (now_ns - state->paid_ns) * bandwidth->rate;
    return paid < state->rest ? 0 : (paid - state->rest) / NS_PER_S;
}

static void bandwidth_start(
    const struct bandwidth_params *bandwidth, struct bandwidth_state *state, time_us now)
{
    if (state->running)
        return;
    state->running = true;
    state->paid_ns = now * NS_PER_US;
    state->rate = bandwidth->rate;
}

/* Drops the credit if the rate has changed: credit is time, and would buy another number of bytes
 * at another rate. */
static void note_rate(
    const struct bandwidth_params *bandwidth, struct bandwidth_state *state, uint64_t now_ns)
{
    if (state->rate == bandwidth->rate)
        return;
    state->rate = bandwidth->rate;
    state->rest = 0;
    if (state->paid_ns < now_ns)
        state->paid_ns = now_ns;
}

/* Whether pending bytes waited for something else: the gate was not asked at its retry time, or
 * more bytes could have passed it than did. */
static bool waited_elsewhere(const struct bandwidth_state *state, uint64_t now_ns)
{
    uint64_t asked_ns =
        state->passed_ns > state->waits_until_ns ? state->passed_ns : state->waits_until_ns;
    return state->offered > 0 || now_ns > asked_ns + KEPT_NS;
}

/* Limits the credit: to `burst` after a pause, in which no byte waited for this gate. */
static void cap_credit(const struct bandwidth_params *bandwidth, struct bandwidth_state *state,
    const struct gate_view *view, uint64_t now_ns)
{
    uint64_t burst_ns = bandwidth->burst * NS_PER_S / bandwidth->rate + 1;
    bool others_wait = bandwidth->scope == SCOPE_PROXY && now_ns <= state->waits_until_ns + LATE_NS;
    bool paused = now_ns > state->passed_ns + PAUSE_NS;
    uint64_t most_ns = view->was_idle ? burst_ns : burst_ns > KEPT_NS ? burst_ns : KEPT_NS;
    if (view->was_idle ? !paused || others_wait : !waited_elsewhere(state, now_ns))
        return;
    if (now_ns > most_ns && state->paid_ns < now_ns - most_ns) {
        state->paid_ns = now_ns - most_ns;
        state->rest = 0;
    }
}

/* Returns when to ask again. Retry times of connections sharing a rate are jittered, and the last
 * winner waits longer, so none starves. The full rate is still used. */
static uint64_t turn_us(const struct bandwidth_state *state, const struct gate_view *view)
{
    uint64_t spread_us = QUANTUM_NS / NS_PER_US;
    return rng_below(view->key, view->now, spread_us) + (state->last == view->key ? spread_us : 0);
}

static uint64_t bandwidth_gate(
    const void *params, void *memory, const struct gate_view *view, time_us *again)
{
    const struct bandwidth_params *bandwidth = params;
    struct bandwidth_state *state = memory;
    uint64_t now_ns = view->now * NS_PER_US;
    uint64_t waiting = min_u64(view->end - view->head, CHARGE_MAX);
    uint64_t quantum = bandwidth->rate * QUANTUM_NS / NS_PER_S;
    bandwidth_start(bandwidth, state, view->active_since);
    note_rate(bandwidth, state, now_ns);
    *again = TIME_NEVER;
    if (bandwidth->rate == 0)
        return view->head;
    cap_credit(bandwidth, state, view, now_ns);
    quantum = min_u64(quantum == 0 ? 1 : quantum, waiting);
    uint64_t paid = credit(bandwidth, state, waiting, now_ns);
    if (paid < min_u64(quantum, bandwidth->burst)) /* too few bytes for a segment */
        paid = 0;
    uint64_t next = min_u64(paid + quantum, waiting);
    uint64_t next_ns = paid_after(bandwidth, state, next);
    *again = paid == waiting ? TIME_NEVER : (next_ns + NS_PER_US - 1) / NS_PER_US;
    if (paid < waiting && next_ns > state->waits_until_ns)
        state->waits_until_ns = next_ns;
    if (paid < waiting && bandwidth->scope == SCOPE_PROXY)
        *again += turn_us(state, view);
    if (paid > 0)
        state->last = view->key;
    state->offered = paid;
    return view->head + paid;
}

static void bandwidth_passed(
    const void *params, void *memory, uint64_t offset, size_t n, time_us now)
{
    const struct bandwidth_params *bandwidth = params;
    struct bandwidth_state *state = memory;
    (void)offset;
    bandwidth_start(bandwidth, state, now);
    state->passed_ns = now * NS_PER_US;
    state->offered -= min_u64(n, state->offered);
    for (uint64_t left = n; left > 0 && bandwidth->rate > 0;) {
        uint64_t charge = min_u64(left, CHARGE_MAX);
        uint64_t dividend = charge * NS_PER_S + state->rest;
        state->paid_ns += dividend / bandwidth->rate;
        state->rest = dividend % bandwidth->rate;
        left -= charge;
    }
}

static bool shares_state(const void *params)
{
    const struct bandwidth_params *bandwidth = params;
    return bandwidth->scope == SCOPE_PROXY;
}

static uint64_t bytes_within(const void *params, uint64_t duration_us)
{
    const struct bandwidth_params *bandwidth = params;
    double bytes = (double)bandwidth->rate * (double)duration_us / (double)US_PER_S;
    return bytes < (double)CHARGE_MAX ? (uint64_t)bytes : CHARGE_MAX;
}

const struct fault_type fault_bandwidth = {
    .name = "bandwidth",
    .summary = "limits the bytes per second, for each connection or for all connections of a proxy",
    .group = GROUP_FLOW,
    .side_rule = SIDE_UNUSED,
    .options = options,
    .params_size = sizeof(struct bandwidth_params),
    .fire = bandwidth_fire,
    .gate = bandwidth_gate,
    .bytes_within = bytes_within,
    .passed = bandwidth_passed,
    .shares_state = shares_state,
    .lasting = true,
};
