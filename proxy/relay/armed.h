/* SPDX-License-Identifier: MIT */
/*
 * The faults of one session, and the questions about them: which concern it, where their triggers
 * stand, what is due when. firing.c fires them.
 *
 *   UNNAMED --the server of `sni` is named--> CHAINED or WAITING
 *   CHAINED --the fault of `after` fires--> WAITING
 *   WAITING --trigger--> DONE                            one-shot
 *   WAITING --trigger--> ACTIVE --until, time--> DONE    lasting
 *                  `---> PENDING --active begins-> ACTIVE
 *   WAITING --trigger--> DELAYED --trigger_delay--> then as WAITING --trigger-->
 */
#ifndef RUDEPROXY_RELAY_ARMED_H
#define RUDEPROXY_RELAY_ARMED_H

#include <stdalign.h>
#include <stdint.h>
#include <sys/socket.h>

#include "proxy/base/clock.h"
#include "proxy/base/must_check.h"
#include "proxy/base/side.h"
#include "proxy/fault/fault.h"
#include "proxy/relay/change_search.h"
#include "proxy/relay/flow.h"
#include "proxy/relay/plan.h"

struct session;

enum armed_phase {
    ARMED_UNNAMED, /* until the client has named the server that `sni` asks for */
    ARMED_CHAINED, /* until the fault that `after` names has fired */
    ARMED_WAITING, /* for its trigger */
    ARMED_DELAYED, /* triggered, but its trigger_delay is not over */
    ARMED_PENDING, /* triggered, but its `active` has not begun yet */
    ARMED_ACTIVE,  /* a lasting fault in effect */
    ARMED_DONE,    /* fired, over, or can never fire any more */
};

/* Why a fault that came to its trigger did nothing. */
enum armed_miss {
    MISS_NONE,
    MISS_INACTIVE, /* the trigger came outside of `active` */
    MISS_TIMES,    /* it was injected in as many connections as `times` allows */
    MISS_ENDED,    /* the direction that it works on had ended */
    MISS_NAME,     /* the client named a server that `sni` does not have */
    MISS_REFUSED,  /* the kernel refused what it needs */
    MISS_NOT_YET,  /* it was active and had nothing to do (fault_type.not_yet) */
    MISS_PAST,     /* its moment was past when it was armed */
    MISS_REMOVED,  /* it was removed or disabled */
};

/* How far a pattern has matched in one direction, or how many messages have come. */
struct match {
    struct match_progress progress; /* of messages only `occurrences` */
    uint64_t message; /* number of the message that was waited for, while it is there; 0: none */
    uint64_t edge;    /* offset at which the trigger fires; FLOW_NO_EDGE: not found yet */
    /* The stream's end when the beginning of a match or a message was let go; 0: never. */
    uint64_t let_go;
};

/* A fault selected for this connection. A type without `side` has two of these if its `direction`
 * is both, one for each direction, with a trigger of its own. */
struct armed_fault {
    struct armed_fault *next; /* in the session's retired ones */
    struct rule *rule;        /* one reference */
    struct session *session;
    /* in the waiting ones of rule->first, while it is CHAINED to any; or in the acting ones of its
     * own name, see chains_watch_times() */
    struct list chain_link;
    struct armed_fault *next_shaper[2]; /* in the shaping of each direction */
    struct armed_fault *twin;           /* of the other direction, of the same rule; NULL: none */
    size_t order;                       /* its place in the set; SIZE_MAX: taken away */
    enum armed_phase phase;
    enum armed_miss miss;        /* when it is DONE */
    bool taken;                  /* it was disabled: DONE, until it is given back */
    bool entered;                /* among the connections the fault was armed on */
    bool counted;                /* among the connections the fault was injected in */
    bool acted;                  /* of fault_fires_later(): it fired since it became active, */
    bool acted_untold;           /* no event tells of it yet, */
    uint64_t acted_at;           /* at the byte with this offset, or before it in an insertion, */
    uint64_t acted_end;          /* which ends at this offset of the stream */
    struct change_search search; /* for the first byte that it changes */
    bool let_go_reported;        /* its EVENT_MATCH_LET_GO was emitted */
    bool unchained;              /* CHAINED, and the fault of `after` has fired: to be armed */
    unsigned directions;         /* set: whose bytes it shapes, and `until` watches */
    unsigned watched;            /* set: whose bytes `when` watches */
    enum action_kind action[2];  /* lasting action on each socket, by enum side */
    bool at_edge[2];             /* it began at an edge: it decides about the bytes behind */
    struct action does;          /* its parameters, the same for both sockets */
    time_us armed_at;            /* when it was selected, or no longer chained */
    time_us counts_from;         /* when time:T begins; TIME_NEVER: at the open */
    uint64_t counts_at[2];       /* offset at which bytes:N begins, by enum direction */
    time_us fires_at;            /* DELAYED: when its trigger_delay is over */
    enum direction fires_in;     /* DELAYED: the direction of its trigger */
    time_us since;               /* when it became active */
    uint64_t base;               /* bytes of its direction forwarded by then, */
    uint64_t dropped;            /* and dropped by then */
    uint64_t key[2];             /* of its draws, by enum direction */
    struct insertion insertion;  /* what it adds to a stream */
    struct match when_match[2], until_match[2]; /* by enum direction */
    uint64_t left;      /* bytes that its gate was last asked about, and has not let pass */
    void *state;        /* of its gate: own_state, or what the rule shares */
    const void *params; /* of its gate: the rule's own, or what it shares */
    alignas(max_align_t) unsigned char own_state[FAULT_STATE_MAX];
};

/* The faults armed for one session, in the order of their plan. Each keeps its address. */
struct armed_set {
    struct armed_fault **list; /* owned, and each of them; NULL: none */
    size_t count;
};

/* Whether all connections of the proxy share the state of its gate. */
static inline bool fault_shares_state(const struct fault *fault)
{
    return fault->type->shares_state != NULL && fault->type->shares_state(fault->params);
}

/* The fault follows this rule from now on. */
static inline void armed_follow(struct armed_fault *armed, struct rule *rule)
{
    bool shares = fault_shares_state(&rule->fault);
    armed->rule = rule;
    armed->search = (struct change_search){0};
    armed->state = shares ? rule->shared->state : armed->own_state;
    armed->params = shares ? rule->shared->params : rule->fault.params;
}

/* Whether it is active and works on the bytes of this direction. */
static inline bool armed_is_active_in(const struct armed_fault *armed, enum direction direction)
{
    return armed->phase == ARMED_ACTIVE && bits_have(armed->directions, (int)direction);
}

/* Whether it acts before its trigger (fault_type.arm). */
static inline bool armed_acts_early(const struct armed_fault *armed)
{
    return armed->phase == ARMED_WAITING &&
           (armed->action[SIDE_CLIENT] != ACTION_NONE || armed->action[SIDE_SERVER] != ACTION_NONE);
}

/* The trigger that is watched now: the one that starts the fault, or the one that ends it. NULL:
 * none. */
static inline const struct trigger *armed_trigger(const struct armed_fault *armed)
{
    const struct fault *fault = &armed->rule->fault;
    switch (armed->phase) {
    case ARMED_WAITING:
        return &fault->when;
    case ARMED_PENDING:
    case ARMED_ACTIVE:
        return &fault->until;
    case ARMED_UNNAMED:
    case ARMED_CHAINED:
    case ARMED_DELAYED:
    case ARMED_DONE:
        break;
    }
    return NULL;
}

/* The set of directions that this trigger watches. */
static inline unsigned armed_watched(const struct armed_fault *armed)
{
    return armed->phase == ARMED_WAITING ? armed->watched : armed->directions;
}

/* Whether the fault that it waited for has fired: arming_on_fired() will arm it. */
static inline bool armed_leaves_chain(const struct armed_fault *armed)
{
    return armed->phase == ARMED_CHAINED && armed->unchained;
}

/* How far the pattern of that trigger has matched, by enum direction. */
static inline struct match *armed_match(struct armed_fault *armed)
{
    return armed->phase == ARMED_WAITING ? armed->when_match : armed->until_match;
}

/* The pattern of that trigger. */
static inline const struct matcher *armed_matcher(const struct armed_fault *armed)
{
    const struct rule *rule = armed->rule;
    return armed->phase == ARMED_WAITING ? &rule->when_matcher : &rule->until_matcher;
}

/* The direction that an event about the fault names: the one it works on, else the one it watches,
 * else downstream. */
static inline enum direction armed_direction(const struct armed_fault *armed)
{
    unsigned directions =
        fault_works_on_direction(&armed->rule->fault) ? armed->directions : armed->watched;
    return directions == UPSTREAM_BIT ? DIRECTION_UPSTREAM : DIRECTION_DOWNSTREAM;
}

/* The name of the server is known now: the fault is WAITING for its trigger, or DONE if it wants
 * another one. */
void armed_name(const struct session *session, struct armed_fault *armed);

/* Selects the rules of the plan that concern this connection, and draws their chance. `client` is
 * the client's address. 0 or -ENOMEM. */
MUST_CHECK int armed_select(struct session *session, const struct sockaddr_storage *client);

/* Frees the session's armed faults. */
void armed_deinit(struct session *session);

/* Whether a rule concerns this connection. `selected`: it was injected here before, so its `times`
 * is not asked again. */
bool armed_concerns(const struct session *session, const struct rule *rule,
    const struct sockaddr_storage *client, bool selected);

/* Allocates one entry for a rule, or one for each direction, into `made`. Returns the count; 0: out
 * of memory. The caller puts them into the session's set. */
unsigned armed_make(struct session *session, struct rule *rule, struct armed_fault *made[2]);
void armed_free(struct armed_fault *armed); /* NULL is allowed */

/* Whether the watched trigger fires when exactly `offset` bytes of the direction were forwarded. */
bool armed_stands_at(struct armed_fault *armed, enum direction direction, uint64_t offset);

/* Whether the watched trigger is this event: TRIGGER_OPEN, TRIGGER_ACCEPT, or TRIGGER_EOF in this
 * direction. */
bool armed_awaits_event(
    const struct armed_fault *armed, enum trigger_kind kind, enum direction direction);

/* Whether bytes may be held for the fault: if its trigger, or its server's name, came now, it would
 * end, or fire: its `active` time runs, and it may be injected in one connection more. */
bool armed_may_hold(const struct armed_fault *armed);

/* When bytes that are held for the fault are released: `match_hold` after the last one was scanned,
 * or when its `active` ends. */
time_us armed_lets_go_at(const struct armed_fault *armed, time_us scanned_at);

/* Counts the connection as injected. False: armed_may_count() is false. */
bool armed_count(struct armed_fault *armed);

/* Whether the fault was injected in this connection: one in both directions counts once. */
static inline bool armed_is_counted(const struct armed_fault *armed)
{
    return armed->counted || (armed->twin != NULL && armed->twin->counted);
}

/* Whether the fault may be injected in this connection too: `times` allows one more. */
static inline bool armed_may_count(const struct armed_fault *armed)
{
    const struct rule *rule = armed->rule;
    return armed_is_counted(armed) || fault_counter_times(rule->fault_counter) < rule->fault.times;
}

/* Whether the connection is among those that the fault was armed on: one in both directions counts
 * once. */
static inline bool armed_is_entered(const struct armed_fault *armed)
{
    return armed->entered || (armed->twin != NULL && armed->twin->entered);
}

/* Counts the connection among those, unless it is already. */
static inline void armed_enter(struct armed_fault *armed)
{
    armed->rule->fault_counter->armed += !armed_is_entered(armed);
    armed->entered = true;
}

/* Whether the event that the fault waits for has passed already. */
bool armed_is_past(const struct session *session, const struct armed_fault *armed);

/* Offset of the next edge of a direction at or behind `forwarded`; FLOW_NO_EDGE: none. */
uint64_t armed_next_edge(
    const struct session *session, enum direction direction, uint64_t forwarded);

/* Of a fault whose action is ACTION_LIMIT: the offset of the first byte that it keeps back; and
 * whether it has let its bytes go, so that it is over. */
uint64_t armed_limit(const struct armed_fault *armed);
bool armed_limit_is_reached(const struct session *session, const struct armed_fault *armed);

/* Returns the offset of the first of `n` bytes from `offset` that the fault changes, or
 * FAULT_NO_PLACE. Its type has first_changed. */
static inline uint64_t armed_first_changed(
    struct armed_fault *armed, enum direction direction, uint64_t offset, size_t n)
{
    return change_search_first(
        &armed->search, armed->rule->fault.type, armed->params, armed->key[direction], offset, n);
}

/* Whether the first byte that the fault changed, or the insertion with that byte, ends at
 * `offset`. */
static inline bool armed_acted_before(
    const struct armed_fault *armed, enum direction direction, uint64_t offset)
{
    return armed_is_active_in(armed, direction) && armed->acted && armed->acted_end == offset;
}

/* Whether an active fault is over when exactly `offset` bytes of the direction were forwarded: its
 * limit is reached, or its only byte was forwarded. */
bool armed_ends_at(const struct session *session, struct armed_fault *armed,
    enum direction direction, uint64_t offset);

/* Whether the fault is active, but has not fired yet. */
static inline bool armed_is_idle(const struct armed_fault *armed)
{
    return armed->phase == ARMED_ACTIVE && !armed->acted && fault_fires_later(&armed->rule->fault);
}

/* When an active fault has lasted for its duration; in the past if its limit is reached, or the
 * client has sent what the fault waits for. */
time_us armed_expires_at(const struct session *session, const struct armed_fault *armed);

/* Why a fault that acts before its trigger ends now, because it cannot fire any more; MISS_NONE: it
 * does not. */
enum armed_miss armed_early_end(const struct session *session, const struct armed_fault *armed);

/* When triggers_on_time() has something to do for one fault, and for any; TIME_NEVER: not by time
 * alone. */
time_us armed_time(const struct session *session, const struct armed_fault *armed);
time_us armed_next_time(const struct session *session);

#endif
