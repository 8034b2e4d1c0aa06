/* SPDX-License-Identifier: MIT */
/*
 * A fault: what (type and parameters), when (trigger), to which connections (selection).
 *
 * Faults are pure. A type turns its parameters into one action of a closed set; the session carries
 * the action out. No fault sees a socket, a clock, memory to allocate or a source of randomness.
 * A new type is one file that ends in its `const struct fault_type`, and one row in catalogue.c.
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
#include "proxy/fault/after.h"
#include "proxy/fault/cidr.h"
#include "proxy/fault/destination.h"
#include "proxy/fault/selection.h"
#include "proxy/fault/server_names.h"
#include "proxy/fault/trigger.h"
#include "proxy/fault/window.h"

/* What a session can be asked to do to one of its two sockets. */
enum action_kind {
    ACTION_NONE,
    /* The end of a socket: after one of these the connection is over. */
    ACTION_CLOSE_GRACEFUL,  /* deliver what was read, FIN, drain until the peer's FIN; after
                               `duration_us` cut off with a RST what is still undelivered */
    ACTION_CLOSE_PLAIN,     /* close() now, whatever is unread or unsent */
    ACTION_CLOSE_UNREAD,    /* wait until `bytes` lie unread in the socket, then close() */
    ACTION_RESET_ABRUPT,    /* SO_LINGER {1,0} and close() now */
    ACTION_RESET_DRAIN,     /* wait until every byte is acknowledged, then as abrupt */
    ACTION_RESET_AFTER_FIN, /* wait until every byte is acknowledged, then FIN and RST */
    ACTION_RESET_ON_DATA,   /* reset when the next byte arrives (or lies there already) */
    ACTION_HOLD,            /* keep the socket open and silent until the peer ends it */
    ACTION_VANISH,          /* the socket disappears, nothing is sent (TCP_REPAIR) */
    /* Smaller harm: the connection lives on. */
    ACTION_FIN,        /* deliver what was read, then a FIN towards the socket's peer */
    ACTION_HOLD_FIN,   /* do not pass on the FIN that arrives from it, for `duration_us` */
    ACTION_INSERT,     /* hand `bytes` bytes more to the far socket of the direction read from it:
                          `data`, or random ones where data is NULL */
    ACTION_DELAY_DIAL, /* dial the upstream `duration_us` later */
    /* Lasting: from the trigger until `until`, the end of `active`, or for `duration_us`. */
    ACTION_STOP_READING, /* leave what arrives from it in the kernel */
    ACTION_DISCARD,      /* read, acknowledge and drop what arrives from it */
    ACTION_SHAPE,        /* ask the type's gate or mutate for the direction read from it */
    ACTION_FILTER,       /* segments that arrive from it are lost as `filter` says */
    ACTION_LIMIT,        /* hand on `bytes` bytes more of the direction read from it, and the fault
                            is over; 0: it is over when a byte arrives, which is dropped */
};

/* Which arriving segments vanish unacknowledged. */
enum packet_only { PACKET_ALL, PACKET_FIN, PACKET_RST, PACKET_DATA };

struct packet_filter {
    uint64_t loss_ppb;    /* parts per billion, 1 to 1,000,000,000 */
    uint64_t larger_than; /* only segments with more payload bytes; 0: all, also those without */
    enum packet_only only;
};

struct action {
    enum action_kind kind;
    bool from_last_byte;       /* the lasting ones: `duration_us` begins anew with each byte that
                                  arrives in the direction */
    bool holds_fin;            /* ACTION_DISCARD: the FIN that arrives is not passed on either */
    uint64_t bytes;            /* ACTION_CLOSE_UNREAD: at least 1; ACTION_INSERT, ACTION_LIMIT: how
                                  many */
    uint64_t duration_us;      /* ACTION_CLOSE_GRACEFUL: linger; the lasting ones, ACTION_HOLD_FIN:
                                  TIME_NEVER is for ever */
    const unsigned char *data; /* ACTION_INSERT: points into the fault's parameters, or NULL */
    struct packet_filter filter; /* ACTION_FILTER */
};

/* How long a graceful close that has no key for it may take to deliver what was read. */
#define CLOSE_LINGER_US (5 * (uint64_t)US_PER_S)

/* What the side that is not named sees of an ending: the `other` key. */
enum fault_other { OTHER_CLOSE, OTHER_RESET, OTHER_HOLD };

/* What `side` means to a type. */
enum fault_side_rule {
    SIDE_UNUSED,   /* the key is an error: the type goes by `direction` */
    SIDE_REQUIRED, /* must be given */
    SIDE_BOTH,     /* may be given, default both */
};

enum fault_group {
    GROUP_ENDING,
    GROUP_CONNECT,
    GROUP_PACKET,
    GROUP_FLOW,
    GROUP_MARK,
    GROUP_TOXIC, /* what Toxiproxy has and no other group says */
    GROUP_COUNT,
};

/* Why a lasting fault is over. */
enum fault_end_reason {
    FAULT_EXPIRED, /* it went on for `duration_us`, or let its bytes go */
    FAULT_STOPPED, /* `until` came, its window closed, or it was taken away */
};

/* What a fault makes of the listening socket while it is active. */
enum listener_action {
    LISTENER_OPEN,       /* nothing */
    LISTENER_CLOSED,     /* closed: connect() is refused */
    LISTENER_PAUSED,     /* open, but nothing is accepted */
    LISTENER_DROPS_SYNS, /* SYNs are lost */
};

/* What a shaping fault is shown of a flow. Offsets count the bytes of the direction; the FIN or RST
 * at the end of the stream counts as one byte more, so that it is held back like any other. */
struct gate_view {
    uint64_t head; /* offset of the next byte to go */
    uint64_t end;  /* offset behind the last one that waits; more than head */
    time_us now;
    time_us active_since; /* when the fault became active on this connection */
    bool fresh;           /* nothing waited before head arrived: a new burst begins there */
    uint64_t key;         /* of this fault's draws on this connection and direction (rng.h) */
    /* When the byte at `offset` (head <= offset < end) arrived, or came past the faults before this
     * one that delay; *until is set to the offset up to which all came at that time. Only for types
     * with wants_arrivals. */
    time_us (*arrived)(const struct gate_view *view, uint64_t offset, uint64_t *until);
    const void *flow; /* for `arrived` */
};

struct fault;

struct fault_type {
    const char *name;    /* as in `type = NAME` */
    const char *summary; /* one sentence for the catalogue, no full stop */
    enum fault_group group;
    enum fault_side_rule side_rule;
    bool only_watches;            /* of SIDE_UNUSED: it does nothing to a direction either, so that
                                     a direction is the trigger's alone */
    bool takes_other;             /* `other` means something when the type ends the connection */
    unsigned default_directions;  /* of an absent `direction`; NO_BITS: downstream */
    const struct option *options; /* the type's own keys, rows into its parameter struct; may be
                                     an empty table, never NULL */
    size_t params_size;           /* of that struct, at most FAULT_PARAMS_MAX */
    /* What to do to each named socket as soon as the connection opens, before the trigger.
     * NULL: nothing. */
    struct action (*arm)(const void *params);
    /* What to do to each named socket when the trigger fires. Never NULL. Of a type that concerns
     * the listening socket: ACTION_NONE, and duration_us says how long from the start of `active`. */
    struct action (*fire)(const void *params);
    /* What becomes of both sockets, named or not, when a lasting fault that was active is over: an
     * ending, or ACTION_NONE. NULL: nothing. */
    struct action (*over)(const void *params, enum fault_end_reason why);
    /* Shaping, for types whose action is ACTION_SHAPE. `state` is FAULT_STATE_MAX bytes of the
     * fault's own for this connection and direction (or for the whole proxy, see shares_state),
     * zero when it becomes active.
     *
     * gate: up to which offset bytes may go now: view->head for none, view->end or more for all.
     * When it is less than view->end, *again is when to ask again (TIME_NEVER: only after bytes
     * have passed). Changes nothing but `state`. passed: `n` bytes from `offset` on were handed to
     * the socket; may be NULL. */
    uint64_t (*gate)(const void *params, void *state, const struct gate_view *view, time_us *again);
    void (*passed)(const void *params, void *state, uint64_t offset, size_t n, time_us now);
    /* Of a gate that delays: when the byte at `offset` leaves that came at `came`. *until, behind it,
     * is lowered to where another delay begins. Several of them add up. NULL: it does not delay. */
    time_us (*departure_time)(const void *params, const void *state, uint64_t key, uint64_t offset,
        time_us came, uint64_t *until);
    /* Changes bytes as they are read, never their number; the same for any cutting into pieces. */
    void (*mutate)(
        const void *params, uint64_t key, uint64_t offset, unsigned char *bytes, size_t n);
    /* Whether nothing is left to do in a direction whose bytes before `offset` have gone: the fault then
     * does not fire. NULL: never. */
    bool (*is_over_at)(const void *params, uint64_t offset);
    /* How many bytes the gate lets go within a time; NULL: as many as come. */
    uint64_t (*bytes_within)(const void *params, uint64_t duration_us);
    bool (*shares_state)(const void *params); /* NULL: no; else one state for all of a proxy */
    bool wants_arrivals;                      /* the gate asks when bytes arrived */
    bool cuts_segments;  /* each piece that the gate lets go is to be a segment of its own */
    bool lasting;        /* `until` means something */
    bool changes_length; /* bytes are added or lost: for the tests over all types */
    bool at_accept;      /* its trigger is always `accept`: `when` is an error. It names the server
                            socket, which is about to be dialled */
    enum listener_action listener; /* LISTENER_OPEN: it concerns connections. Else it concerns the
                                      listening socket, while `active`, and no connection */
    bool needs_net_admin;
    /* Checks keys against each other; NULL: nothing to check. `fault` is complete; bit i of
     * `given` says that options[i] was written by the user. 0, or -1 with err filled. */
    int (*check)(const struct fault *fault, unsigned given, struct err *err);
};

#define FAULT_PARAMS_MAX 256 /* a string of one line of the file, and some numbers */
#define FAULT_STATE_MAX 64
#define FAULT_PROXIES_MAX 256

/* One [fault NAME] section, checked. A value: copied freely, owns nothing. */
struct fault {
    char name[FAULT_NAME_MAX];
    char proxies[FAULT_PROXIES_MAX]; /* names as written, comma-separated, or "*" */
    const struct fault_type *type;
    unsigned sides;      /* set of sides (side.h); NO_BITS for SIDE_UNUSED types */
    unsigned directions; /* set of directions; NO_BITS where neither trigger nor type has any */
    struct trigger when;
    unsigned when_directions;  /* whose bytes `when` looks at; NO_BITS: those of `directions` */
    struct after after;        /* its name is "": armed from the start of the connection */
    uint64_t trigger_delay_us; /* from the trigger until it happens */
    struct trigger until;      /* TRIGGER_NEVER: none */
    int edge; /* enum trigger_edge: the key, as written; it stands in `when` if that is a
                             match, else in `until` */
    uint64_t match_hold_us; /* EDGE_BEFORE: how long the beginning of a possible match waits for a
                               further byte; TIME_NEVER: for ever */
    struct selection connections;
    struct selection concurrent; /* which of the connections open at once, in the order in which
                                    they were accepted; an empty one: all */
    uint64_t times;              /* inject in at most so many connections; UINT64_MAX: no limit */
    uint64_t chance_ppb;         /* drawn once when the connection opens, parts per billion */
    struct cidr_list clients;
    struct destination_list destinations; /* of intercepted clients */
    struct server_names sni;              /* asked for in a TLS ClientHello */
    struct window active;
    bool must_fire; /* the run fails if it never did */
    bool enabled;
    int other; /* enum fault_other; OTHER_CLOSE where the key means nothing */
    alignas(max_align_t) unsigned char params[FAULT_PARAMS_MAX];
};

/* Whether an action ends its socket, and so the connection. */
bool action_is_ending(enum action_kind kind);

/* "reset-drain". Static storage. */
const char *action_name(enum action_kind kind);

/* What each of the two sockets has to suffer when the connection opens, and at the trigger.
 * Index by enum side; ACTION_NONE where nothing. Pure. */
void fault_arm(const struct fault *fault, struct action on[2]);
void fault_fire(const struct fault *fault, struct action on[2]);

/* What becomes of each when it is over. */
struct action fault_over(const struct fault *fault, enum fault_end_reason why);

/* Whether the key at index `row` of the type's options means something beside the others: what the
 * user must not write, nobody should print. */
bool fault_option_applies(const struct fault *fault, unsigned row);

/* The same for keys of the envelope; the last one for connections, chance, times and clients. */
bool fault_direction_applies(const struct fault *fault);
bool fault_side_applies(const struct fault *fault);
bool fault_other_applies(const struct fault *fault);
bool fault_when_applies(const struct fault *fault);
bool fault_until_applies(const struct fault *fault);
bool fault_edge_applies(const struct fault *fault);
bool fault_sni_applies(const struct fault *fault);
bool fault_match_hold_applies(const struct fault *fault);
bool fault_when_direction_applies(const struct fault *fault);
bool fault_delay_applies(const struct fault *fault);
bool fault_selection_applies(const struct fault *fault);

/* Whether it shapes or ends directions, each on its own, and not sides. */
bool fault_works_on_direction(const struct fault *fault);

/* The set of directions whose bytes `when` looks at. */
unsigned fault_watched_directions(const struct fault *fault);

/* Whether `bytes` of `when` are offsets of the fault's own direction. */
bool fault_counts_offsets(const struct fault *fault);

/* When it fires, in words: "after the 2nd match of "COMMIT" from the client, once saw-commit has
 * fired". Cuts at `size`. */
void fault_describe_wait(const struct fault *fault, char *buf, size_t size);

/* What may surprise about a fault that is right, one sentence for each index below FAULT_NOTES; NULL: it does
 * not apply. Static storage. */
#define FAULT_NOTES 4
const char *fault_note(const struct fault *fault, unsigned index);

/* Every type, in the order of the manual; ends with NULL. */
extern const struct fault_type *const fault_catalogue[];
extern const char *const fault_group_names[GROUP_COUNT];

const struct fault_type *fault_type_find(const char *name);

#endif
