/* SPDX-License-Identifier: MIT */
/*
 * The shaping types driven by hand, with a clock of our own: bytes arrive, the gate is asked, bytes
 * pass. Nothing here looks at a real clock.
 */
#ifndef RUDEPROXY_TESTS_UNIT_HAND_FLOW_H
#define RUDEPROXY_TESTS_UNIT_HAND_FLOW_H

#include <inttypes.h>

#include "tests/unit/config_text.h"

#include "proxy/base/rng.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define ARRIVALS_MAX 4096

/* A stand-in for the relay around a gate: bytes that arrived and wait, and the gate's state. */
struct flow {
    struct fault fault;
    alignas(max_align_t) unsigned char own_state[FAULT_STATE_MAX];
    void *state;    /* own_state, or one that is shared */
    uint64_t head;  /* offset of the next byte to go */
    uint64_t end;   /* behind the last that arrived */
    uint64_t begin; /* offset at which the queue was empty last */
    uint64_t asked; /* behind the last byte that the gate was asked about */
    time_us now, since;
    uint64_t key;
    size_t count; /* of arrivals */
    struct {
        uint64_t end;
        time_us at;
    } arrivals[ARRIVALS_MAX];
};

static inline struct flow *flow_new(const char *keys)
{
    struct flow *flow = calloc(1, sizeof *flow);
    assert_non_null(flow);
    flow->fault = fault_of(keys);
    flow->state = flow->own_state;
    flow->key = rng_key(42, "a", 1, "f", 0);
    return flow;
}

/* `n` bytes arrive now. */
static inline void arrive(struct flow *flow, uint64_t n)
{
    assert_true(flow->count < ARRIVALS_MAX);
    if (flow->head == flow->end)
        flow->begin = flow->head;
    flow->end += n;
    flow->arrivals[flow->count].end = flow->end;
    flow->arrivals[flow->count++].at = flow->now;
}

static inline time_us arrived(const struct gate_view *view, uint64_t offset, uint64_t *until)
{
    const struct flow *flow = view->flow;
    size_t low = 0, high = flow->count;
    assert_in_range(offset, view->head, view->end - 1);
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (flow->arrivals[middle].end <= offset)
            low = middle + 1;
        else
            high = middle;
    }
    *until = flow->arrivals[low].end;
    return flow->arrivals[low].at;
}

/* Asks the gate. What it lets go, at most what waits, in *n; returns when to ask again. */
static inline time_us ask(struct flow *flow, uint64_t *n)
{
    const struct gate_view view = {
        .head = flow->head,
        .end = flow->end,
        .now = flow->now,
        .active_since = flow->since,
        .fresh = flow->head == flow->begin,
        .was_idle = flow->head >= flow->asked,
        .key = flow->key,
        .arrived = arrived,
        .flow = flow,
    };
    flow->asked = flow->end;
    time_us again = 0;
    uint64_t edge = flow->fault.type->gate(flow->fault.params, flow->state, &view, &again);
    assert_true(edge >= flow->head);
    *n = (edge < flow->end ? edge : flow->end) - flow->head;
    if (*n == 0)
        assert_true(again > flow->now && again != TIME_NEVER);
    return again;
}

static inline void pass(struct flow *flow, uint64_t n)
{
    const struct fault_type *type = flow->fault.type;
    if (type->passed != NULL && n > 0)
        type->passed(flow->fault.params, flow->state, flow->head, n, flow->now);
    flow->head += n;
}

/* Lets everything go that may; returns when to ask again, TIME_NEVER when nothing waits. */
static inline time_us drain(struct flow *flow)
{
    while (flow->head < flow->end) {
        uint64_t n;
        time_us again = ask(flow, &n);
        if (n == 0)
            return again;
        pass(flow, n);
    }
    return TIME_NEVER;
}

static inline uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

#endif
