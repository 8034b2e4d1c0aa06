/* SPDX-License-Identifier: MIT */
/*
 * A fault: what (type and parameters), when (trigger), and on which connections (selection).
 *
 * Faults are pure. A type turns its parameters into one action of a closed set, and the session
 * performs the action. A fault has no access to sockets, clocks, memory allocation or random
 * sources. A new type is one file that ends with its `const struct fault_type`, and one row in
 * catalogue.c.
 */
#ifndef RUDEPROXY_FAULT_FAULT_H
#define RUDEPROXY_FAULT_FAULT_H

#include <stdalign.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proxy/base/clock.h"
#include "proxy/base/option.h"
#include "proxy/base/side.h"
#include "proxy/fault/active_time.h"
#include "proxy/fault/after.h"
#include "proxy/fault/cidr.h"
#include "proxy/fault/destination.h"
#include "proxy/fault/selection.h"
#include "proxy/fault/server_names.h"
#include "proxy/fault/trigger.h"

/* Actions of a session on one of its two sockets. */
enum action_kind {
    ACTION_NONE,
    /* Actions that end the socket, and so the connection: */
    /* Deliver the bytes already read, send a FIN, drain until the peer's FIN. After `duration_us`,
     * bytes not yet delivered are dropped with a RST. */
    ACTION_CLOSE_GRACEFUL,
    ACTION_CLOSE_PLAIN,     /* close() now, even with unread or unsent bytes */
    ACTION_CLOSE_UNREAD,    /* wait for `bytes` unread bytes in the socket, then close() */
    ACTION_RESET_ABRUPT,    /* SO_LINGER {1,0} and close() now */
    ACTION_RESET_DRAIN,     /* wait until every byte is acknowledged, then RESET_ABRUPT */
    ACTION_RESET_AFTER_FIN, /* wait until every byte is acknowledged, then FIN and RST */
    ACTION_RESET_ON_DATA,   /* reset when the next byte arrives, or if one already lies unread */
    ACTION_HOLD,            /* keep the socket open and silent until the peer closes */
    ACTION_VANISH,          /* remove the socket without sending anything (TCP_REPAIR) */
    /* Actions after which the connection continues: */
    ACTION_FIN,      /* deliver the bytes already read, then a FIN to the socket's peer */
    ACTION_HOLD_FIN, /* do not forward the FIN that arrives from it, for `duration_us` */
    /* Send `bytes` more bytes to the far socket of the direction that is read from it: `data`, or
     * random bytes if data is NULL. */
    ACTION_INSERT,
    ACTION_DELAY_DIAL, /* dial the upstream after `duration_us` */
    /* Lasting actions, from the trigger until `until`, the end of `active`, or for
     * `duration_us`: */
    ACTION_STOP_READING, /* leave arriving bytes in the kernel */
    ACTION_DISCARD,      /* read, acknowledge and drop arriving bytes */
    ACTION_SHAPE,        /* use the type's gate or mutate on the direction read from it */
    ACTION_FILTER,       /* lose arriving segments that `filter` selects */
    /* Forward `bytes` more bytes of the direction read from it, then the fault is over. With 0 it
     * is over when a byte arrives, which is dropped. */
    ACTION_LIMIT,
};

/* The arriving segments that are lost without acknowledgement. */
enum packet_only { PACKET_ALL, PACKET_FIN, PACKET_RST, PACKET_DATA };

struct packet_filter {
    uint64_t loss_ppb; /* parts per billion, 1 to 1,000,000,000 */
    /* only segments with more payload bytes; 0: all, also those without payload */
    uint64_t larger_than;
    enum packet_only only;
};

struct action {
    enum action_kind kind;
    /* Lasting actions: `duration_us` starts again with each byte that arrives in the direction. */
    bool from_last_byte;
    /* Lasting actions: over once the client has sent a byte or its FIN, at the latest after
     * `duration_us`. */
    bool until_client_sends;
    bool holds_fin; /* ACTION_DISCARD: does not forward the FIN either */
    /* ACTION_CLOSE_UNREAD: at least 1. ACTION_INSERT, ACTION_LIMIT: the number of bytes. */
    uint64_t bytes;
    /* ACTION_CLOSE_GRACEFUL: the linger time. Lasting actions, ACTION_HOLD_FIN: TIME_NEVER is
     * forever. */
    uint64_t duration_us;
    /* ACTION_INSERT: points into the fault's parameters; NULL: random */
    const unsigned char *data;
    struct packet_filter filter; /* ACTION_FILTER */
};

/* Default time for a graceful close to deliver the bytes already read, if the type has no key for
 * it. */
#define CLOSE_LINGER_US (5 * (uint64_t)US_PER_S)

/* The ending that the unnamed side sees: the `other` key. */
enum fault_other { OTHER_CLOSE, OTHER_RESET, OTHER_HOLD };

/* How a type uses the `side` key. */
enum fault_side_rule {
    SIDE_UNUSED,   /* the key is an error: the type uses `direction` */
    SIDE_REQUIRED, /* must be given */
    SIDE_BOTH,     /* may be given, default both */
};

enum fault_group {
    GROUP_ENDING,
    GROUP_CONNECT,
    GROUP_PACKET,
    GROUP_FLOW,
    GROUP_MARK,
    GROUP_TOXIC, /* for types that exist in Toxiproxy and fit no other group */
    GROUP_COUNT,
};

/* Why a lasting fault ended. */
enum fault_end_reason {
    FAULT_EXPIRED, /* after `duration_us`, or its bytes are forwarded */
    FAULT_STOPPED, /* `until` happened, or its `active` ended */
    FAULT_REMOVED, /* or disabled */
};

/* The effect of a fault on the listening socket while it is active. */
enum listener_action {
    LISTENER_OPEN,       /* none */
    LISTENER_CLOSED,     /* closed: connect() is refused */
    LISTENER_PAUSED,     /* open, but not accepting */
    LISTENER_DROPS_SYNS, /* open, but SYNs are lost */
};

/* A shaping fault's view of a flow. Offsets count the bytes of the direction. The FIN or RST at the
 * end of the stream counts as one more byte, so it is delayed like any other. */
struct gate_view {
    uint64_t head; /* offset of the next byte to forward */
    uint64_t end;  /* offset behind the last pending byte; more than head */
    time_us now;
    time_us active_since; /* when the fault became active on this connection */
    bool fresh;           /* nothing was pending before head arrived: a burst starts there */
    bool was_idle;        /* until now no byte waited for this gate: all had passed it */
    uint64_t key;         /* key of this fault's draws on this connection and direction (rng.h) */
    /* Returns when the byte at `offset` (head <= offset < end) arrived, or passed the earlier
     * faults that delay. Sets *until to the offset up to which all bytes have that same time. Only
     * for types with wants_arrivals. */
    time_us (*arrived)(const struct gate_view *view, uint64_t offset, uint64_t *until);
    const void *flow; /* for `arrived` */
};

struct fault;

struct fault_type {
    const char *name;    /* the value of the key `type` */
    const char *summary; /* one sentence for the catalogue, without a full stop */
    enum fault_group group;
    enum fault_side_rule side_rule;
    /* SIDE_UNUSED types: acts on no direction, so `direction` is the trigger's alone */
    bool only_watches;
    bool takes_other;            /* `other` applies if the type ends the connection */
    unsigned default_directions; /* if `direction` is absent; NO_BITS: downstream */
    /* The type's own keys: rows for its parameter struct. May be an empty table, never NULL. */
    const struct option *options;
    size_t params_size; /* of that struct, at most FAULT_PARAMS_MAX */
    /* Returns the action on each named socket when the connection opens, before the trigger. NULL:
     * none. */
    struct action (*arm)(const void *params);
    /* Returns the action on each named socket while `trigger_delay` runs. NULL: none. */
    struct action (*delay)(const void *params);
    /* Returns the action on each named socket when the trigger fires. Never NULL. A type that acts
     * on the listening socket returns ACTION_NONE with duration_us, counted from the start of
     * `active`. */
    struct action (*fire)(const void *params);
    /* Returns the action on both sockets, named or not, when a lasting fault ends: an ending, or
     * ACTION_NONE. NULL: none. */
    struct action (*over)(const void *params, enum fault_end_reason why);
    /*
     * Shaping, for types whose action is ACTION_SHAPE. `state` is FAULT_STATE_MAX bytes of the
     * fault for this connection and direction (or for the whole proxy, see shares_state). It is
     * zero when the fault becomes active.
     *
     * gate: returns the offset up to which bytes may be forwarded now: view->head for none,
     * view->end or more for all. If it is less than view->end, *again is the time to ask again
     * (TIME_NEVER: only after bytes were forwarded). Changes nothing but `state`. passed: `n` bytes
     * from `offset` were written to the socket; may be NULL.
     */
    uint64_t (*gate)(const void *params, void *state, const struct gate_view *view, time_us *again);
    void (*passed)(const void *params, void *state, uint64_t offset, size_t n, time_us now);
    /* For a gate that delays: returns the departure time of the byte at `offset` that arrived at
     * `came`. Lowers *until to the offset behind it where another delay begins. Delays of several
     * faults add up. NULL: the gate does not delay. */
    time_us (*departure_time)(const void *params, const void *state, uint64_t key, uint64_t offset,
        time_us came, uint64_t *until);
    /* Changes bytes as they are forwarded, never their number. The result does not depend on how
     * the stream is cut into pieces. */
    void (*mutate)(
        const void *params, uint64_t key, uint64_t offset, unsigned char *bytes, size_t n);
    /* Returns the offset of the first of `n` bytes from `offset` that mutate() changes, or
     * FAULT_NO_PLACE. */
    uint64_t (*first_changed)(const void *params, uint64_t key, uint64_t offset, size_t n);
    /* Returns the offset of the only byte that the fault changes, behind which it is over, or
     * FAULT_NO_PLACE. NULL: it may change any. */
    uint64_t (*place)(const void *params);
    /* Why the fault has not fired although it is active: it fires when it first changes a byte, or
     * reaches its limit. NULL: it fires when it becomes active. */
    const char *not_yet;
    /* A note of `check`, one sentence: what of the fault the seed does not repeat. NULL: none. */
    const char *note;
    /* Returns how many bytes the gate forwards within a time. NULL: no limit. */
    uint64_t (*bytes_within)(const void *params, uint64_t duration_us);
    bool (*shares_state)(const void *params); /* NULL: no; else one state for the whole proxy */
    bool wants_arrivals; /* the gate calls view->arrived, or depends on view->fresh */
    /* each piece that the gate forwards becomes a segment of its own */
    bool cuts_segments;
    bool lasting; /* `until` applies */
    /* Its trigger is always `accept`, and `when` is an error. It names the server socket, which is
     * about to be dialled. */
    bool at_accept;
    /* LISTENER_OPEN: acts on connections. Otherwise acts on the listening socket during `active`,
     * and on no connection. */
    enum listener_action listener;
    bool needs_net_admin;
    /* Checks keys against each other, beyond what `applies` of the own keys says. NULL: nothing to
     * check. `fault` is complete. Returns 0, or -1 with err filled and *key the wrong key. */
    int (*check)(const struct fault *fault, const char **key, struct err *err);
};

#define FAULT_NO_PLACE UINT64_MAX
#define FAULT_PARAMS_MAX 256 /* a string of one line of the file, and some numbers */
#define FAULT_STATE_MAX 64
#define FAULT_PROXIES_MAX 256

/* One checked [fault NAME] section. A plain value: copied freely, owns nothing. */
struct fault {
    char name[FAULT_NAME_MAX];
    char proxies[FAULT_PROXIES_MAX]; /* names as written, comma-separated, or "*" */
    const struct fault_type *type;
    unsigned sides;      /* set of sides (side.h); NO_BITS for SIDE_UNUSED types */
    unsigned directions; /* set of directions; NO_BITS if neither trigger nor type has any */
    struct trigger when;
    unsigned when_directions;  /* directions that `when` watches; NO_BITS: those of `directions` */
    struct after after;        /* its name is "": armed from the start of the connection */
    uint64_t trigger_delay_us; /* delay from the trigger until the action */
    struct trigger until;      /* TRIGGER_NEVER: none */
    /* enum trigger_edge, the key as written. Stored in `when` if that is a match, else in
     * `until`. */
    int edge;
    /* How long the beginning of a possible match (EDGE_BEFORE), an incomplete header of a message
     * or, with `sni`, an incomplete ClientHello is held for the next byte. TIME_NEVER: forever. */
    uint64_t match_hold_us;
    struct selection connections;
    /* Selects among the connections open at the same time, in the order they were accepted. Empty:
     * all. */
    struct selection concurrent;
    uint64_t times;      /* most connections to inject in; UINT64_MAX: no limit */
    uint64_t chance_ppb; /* drawn once when the connection opens; parts per billion */
    struct cidr_list clients;
    struct destination_list destinations; /* for intercepted clients */
    struct server_names sni;              /* from the TLS ClientHello */
    struct active_time active;
    bool must_fire; /* the run fails if the fault never fired */
    bool enabled;
    int other; /* enum fault_other; OTHER_CLOSE if the key does not apply */
    alignas(max_align_t) unsigned char params[FAULT_PARAMS_MAX];
};

/* Whether an action ends its socket, and so the connection. */
bool action_is_ending(enum action_kind kind);

/* Whether the fault ends the connection when it fires. */
bool fault_ends_connection(const struct fault *fault);

/* Fills the action on each socket when the connection opens, while `trigger_delay` runs, and when
 * the fault fires. Indexed by enum side; ACTION_NONE: nothing. Pure: relay/actions.c carries the
 * actions out. */
void fault_actions_at_open(const struct fault *fault, struct action on[2]);
void fault_actions_in_delay(const struct fault *fault, struct action on[2]);
void fault_actions_at_trigger(const struct fault *fault, struct action on[2]);

/* Whether the fault fires only when it does something, and not when it becomes active. */
static inline bool fault_fires_later(const struct fault *fault)
{
    return fault->type->not_yet != NULL;
}

/* Returns the offset of the only byte that the fault changes, or FAULT_NO_PLACE. */
uint64_t fault_place(const struct fault *fault);

/* Returns the action on both sockets when the fault ends. */
struct action fault_action_at_end(const struct fault *fault, enum fault_end_reason why);

/* Whether the fault shapes or ends each direction on its own, instead of sides. */
bool fault_works_on_direction(const struct fault *fault);

/* Returns the set of directions that `when` watches. */
unsigned fault_watched_directions(const struct fault *fault);

/* Whether the `bytes` of `when` are offsets in the fault's own direction. */
bool fault_counts_offsets(const struct fault *fault);

/* Describes when the fault fires: "after the 2nd match of "COMMIT" from the client, once saw-commit
 * has fired". `has_parts`: messages of its proxies have parts, so `body` is not a kind. Truncates
 * at `size`. */
void fault_describe_when(const struct fault *fault, bool has_parts, char *buf, size_t size);

/* Returns a note on a valid fault that may surprise, one sentence for each index below
 * FAULT_CHECK_NOTES. NULL: the note does not apply. Static storage. */
#define FAULT_CHECK_NOTES 3
const char *fault_check_note(const struct fault *fault, unsigned index);

/* Every type, in the order of the manual; ends with NULL. */
extern const struct fault_type *const fault_catalogue[];
extern const char *const fault_group_names[GROUP_COUNT];

const struct fault_type *fault_type_find(const char *name);

#endif
