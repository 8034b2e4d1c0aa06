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

#include "proxy/base/option.h"
#include "proxy/base/side.h"
#include "proxy/fault/selection.h"
#include "proxy/fault/trigger.h"

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
    /* Smaller harm: the connection lives on. */
    ACTION_FIN,          /* deliver what was read, then a FIN towards the socket's peer */
    ACTION_HOLD_FIN,     /* do not pass on the FIN that arrives from it, for `duration_us` */
    ACTION_STOP_READING, /* leave what arrives from it in the kernel */
    ACTION_DISCARD,      /* read, acknowledge and drop what arrives from it */
};

struct action {
    enum action_kind kind;
    uint64_t bytes;       /* ACTION_CLOSE_UNREAD: at least 1 */
    uint64_t duration_us; /* ACTION_CLOSE_GRACEFUL, ACTION_HOLD_FIN; TIME_NEVER: for ever */
};

/* What the side that is not named sees of an ending: the `other` key. */
enum fault_other { OTHER_CLOSE, OTHER_RESET, OTHER_HOLD };

/* What `side` means to a type. */
enum fault_side_rule {
    SIDE_UNUSED,   /* the key is an error: the type goes by `direction` */
    SIDE_REQUIRED, /* must be given */
    SIDE_BOTH,     /* may be given, default both */
};

enum fault_group { GROUP_ENDING, GROUP_COUNT };

struct fault;

struct fault_type {
    const char *name;    /* as in `type = NAME` */
    const char *summary; /* one sentence for the catalogue, no full stop */
    enum fault_group group;
    enum fault_side_rule side_rule;
    bool takes_other;             /* `other` means something when the type ends the connection */
    unsigned default_directions;  /* of an absent `direction`; BOTH_NONE: downstream */
    const struct option *options; /* the type's own keys, rows into its parameter struct; may be
                                     an empty table, never NULL */
    size_t params_size;           /* of that struct, at most FAULT_PARAMS_MAX */
    /* What to do to each named socket as soon as the connection opens, before the trigger.
     * NULL: nothing. */
    struct action (*arm)(const void *params);
    /* What to do to each named socket when the trigger fires. Never NULL. */
    struct action (*fire)(const void *params);
    /* Checks keys against each other; NULL: nothing to check. `fault` is complete; bit i of
     * `given` says that options[i] was written by the user. 0, or -1 with err filled. */
    int (*check)(const struct fault *fault, unsigned given, struct err *err);
};

#define FAULT_NAME_MAX 50 /* inih's longest section name, NUL included */
#define FAULT_PARAMS_MAX 64
#define FAULT_PROXIES_MAX 256

/* One [fault NAME] section, checked. A value: copied freely, owns nothing. */
struct fault {
    char name[FAULT_NAME_MAX];
    char proxies[FAULT_PROXIES_MAX]; /* names as written, comma-separated, or "*" */
    const struct fault_type *type;
    unsigned sides;      /* set of sides (side.h); BOTH_NONE for SIDE_UNUSED types */
    unsigned directions; /* set of directions; BOTH_NONE where neither trigger nor type has any */
    struct trigger when;
    struct selection connections;
    uint64_t times; /* inject in at most so many connections; UINT64_MAX: no limit */
    int other;      /* enum fault_other; OTHER_CLOSE where the key means nothing */
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

/* Whether the key at index `row` of the type's options means something beside the others: what the
 * user must not write, nobody should print. */
bool fault_option_applies(const struct fault *fault, unsigned row);

/* The same for three keys of the envelope. */
bool fault_direction_applies(const struct fault *fault);
bool fault_side_applies(const struct fault *fault);
bool fault_other_applies(const struct fault *fault);

/* Every type, in the order of the manual; ends with NULL. */
extern const struct fault_type *const fault_catalogue[];
extern const char *const fault_group_names[GROUP_COUNT];

const struct fault_type *fault_type_find(const char *name);

#endif
