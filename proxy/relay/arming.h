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
    struct armed *next; /* in the session's retired ones */
    struct rule *rule;  /* one reference */
    enum armed_phase phase;
    bool counted;               /* among the connections it was injected in */
    unsigned directions;        /* set: whose bytes it watches, shapes or counts */
    enum action_kind action[2]; /* what it does to each socket while active, by enum side */
    struct action does;         /* the same with its numbers; both sockets have the same ones */
    time_us armed_at;           /* when it was selected */
    time_us since;              /* when it became active */
    uint64_t base;              /* bytes of its direction that had been handed on by then, */
    uint64_t dropped;           /* and that had been dropped */
    uint64_t key[2];            /* of its draws, by enum direction */
    struct insertion insertion; /* what it adds to a stream */
    struct match when_match[2], until_match[2]; /* by enum direction */
    void *state; /* of its gate: own_state, or what all of the proxy share */
    alignas(max_align_t) unsigned char own_state[FAULT_STATE_MAX];
};

/* The faults armed for one session, in the order of their plan. Each keeps its address. */
struct armed_set {
    struct armed **list; /* owned, and each of them; NULL when there is none */
    size_t count;
};

/* Whether it shapes or ends directions, each on its own, and not sides. */
static inline bool fault_goes_by_direction(const struct fault *fault)
{
    return fault->type->side_rule == SIDE_UNUSED && fault->directions != NO_BITS;
}

/* Selects the rules of the plan that concern this connection, and draws their chance. `client` is
 * the client's address. 0 or -ENOMEM. */
int arming_select(struct session *session, const struct sockaddr_storage *client);

/* Frees them. */
void arming_deinit(struct session *session);

/* Whether a rule concerns this connection; `selected`: it was injected here before, so that `times` does
 * not speak against it. */
bool arming_concerns(const struct session *session, const struct rule *rule,
    const struct sockaddr_storage *client, bool selected);

/* Makes what is armed for a rule: one, or one for each direction, into `made`. How many, 0: out of
 * memory. They are armed when they stand in the session's set. */
unsigned arming_make(struct session *session, struct rule *rule, struct armed *made[2]);
void arming_free(struct armed *armed); /* NULL is allowed */

/* Carries out what armed faults want from the first moment on (fault_type.arm). */
void arming_prepare(struct session *session);

/* Something happened: TRIGGER_OPEN, TRIGGER_ACCEPT, or TRIGGER_EOF in this direction. */
void arming_on_event(struct session *session, enum trigger_kind kind, enum direction direction);

/* Exactly `offset` bytes of the direction were handed on: byte triggers and matches. */
void arming_on_edge(struct session *session, enum direction direction, uint64_t offset);

/* Time triggers, idleness, windows and durations. */
void arming_on_time(struct session *session);

/* Offset of the next edge of a direction at or behind `handed`; FLOW_NO_EDGE: none. */
uint64_t arming_next_edge(
    const struct session *session, enum direction direction, uint64_t forwarded);

/* Of a fault whose action is ACTION_LIMIT: offset of the first byte that it keeps back; and whether it
 * has let its bytes go, so that it is over. */
uint64_t arming_limit(const struct armed *armed);
bool arming_limit_is_reached(const struct session *session, const struct armed *armed);

/* When arming_on_time has something to do; TIME_NEVER: not by time alone. */
time_us arming_next_time(const struct session *session);

/* For adoption.c. A fault that is armed in the middle of a connection: what is to happen at the open
 * happens now; an event that has come already is not invented, and the fault never fires here. */
void arming_join(struct session *session, struct armed *armed);

/* Whether an armed fault can go on with another value of its rule, and does. */
bool arming_can_change(const struct armed *armed, const struct rule *to);
void arming_change(struct session *session, struct armed *armed, struct rule *to);

/* The fault is taken away: it is over. */
void arming_remove(struct session *session, struct armed *armed);

#endif
