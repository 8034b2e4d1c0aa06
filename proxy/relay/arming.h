/* SPDX-License-Identifier: MIT */
/*
 * The faults of one session: which are armed, where their triggers stand, and what happens when one
 * fires. Of several faults at one trigger the first of the file fires first, and an ending is the
 * last.
 *
 *   WAITING --trigger--> DONE                            one-shot
 *   WAITING --trigger--> ACTIVE --until, time--> DONE    lasting
 *                  `---> PENDING --window opens--> ACTIVE
 */
#ifndef RUDEPROXY_RELAY_ARMING_H
#define RUDEPROXY_RELAY_ARMING_H

#include <stdalign.h>
#include <stdint.h>
#include <sys/socket.h>

#include "proxy/base/clock.h"
#include "proxy/base/side.h"
#include "proxy/fault/fault.h"
#include "proxy/relay/flow.h"
#include "proxy/relay/plan.h"

struct session;

enum armed_phase {
    ARMED_WAITING, /* for its trigger */
    ARMED_PENDING, /* triggered, but its window has not opened yet */
    ARMED_ACTIVE,  /* a lasting fault at work */
    ARMED_DONE,    /* fired, over, or may not fire any more */
};

/* Where a pattern stands in one direction. */
struct match {
    unsigned matched; /* bytes of it that the stream ends in */
    uint64_t edge;    /* offset that its trigger means; FLOW_NO_EDGE: not found yet */
};

/* A fault selected for this connection. A type that goes by direction has one of these for each
 * direction, with a trigger of its own. */
struct armed {
    const struct rule *rule;
    enum armed_phase phase;
    bool counted;               /* among the connections it was injected in */
    unsigned directions;        /* set: whose bytes it watches, shapes or counts */
    enum action_kind action[2]; /* what it does to each socket while active, by enum side */
    struct packet_filter filter;
    time_us since;                              /* when it became active */
    time_us until_at;                           /* when it is over by time alone; TIME_NEVER */
    uint64_t key[2];                            /* of its draws, by enum direction */
    struct insertion insertion;                 /* what it adds to a stream */
    struct match when_match[2], until_match[2]; /* by enum direction */
    void *state; /* of its gate: own_state, or what all of the proxy share */
    alignas(max_align_t) unsigned char own_state[FAULT_STATE_MAX];
};

/* Whether it shapes or ends directions, each on its own, and not sides. */
static inline bool fault_goes_by_direction(const struct fault *fault)
{
    return fault->type->side_rule == SIDE_UNUSED && fault->directions != BOTH_NONE;
}

/* Selects the rules of the plan that concern this connection, and draws their chance. `client` is
 * the client's address. 0 or -ENOMEM. */
int arming_select(struct session *session, const struct sockaddr_storage *client);

/* Carries out what armed faults want from the first moment on (fault_type.arm). */
void arming_prepare(struct session *session);

/* Something happened: TRIGGER_OPEN, TRIGGER_ACCEPT, or TRIGGER_EOF in this direction. */
void arming_on_event(struct session *session, enum trigger_kind kind, enum direction direction);

/* Exactly `offset` bytes of the direction were handed on: byte triggers and matches. */
void arming_on_edge(struct session *session, enum direction direction, uint64_t offset);

/* Time triggers, idleness, windows and durations. */
void arming_on_time(struct session *session);

/* Offset of the next edge of a direction at or behind `handed`; FLOW_NO_EDGE: none. */
uint64_t arming_next_edge(const struct session *session, enum direction direction, uint64_t handed);

/* When arming_on_time has something to do; TIME_NEVER: not by time alone. */
time_us arming_next_time(const struct session *session);

#endif
