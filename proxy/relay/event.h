/* SPDX-License-Identifier: MIT */
/*
 * The record of events: who ended what, how, and at which byte. Sessions and listeners emit events;
 * record/ writes them as text or JSON lines. An event and its strings are valid only during the
 * call that delivers it.
 */
#ifndef RUDEPROXY_RELAY_EVENT_H
#define RUDEPROXY_RELAY_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proxy/base/address.h"
#include "proxy/base/clock.h"
#include "proxy/base/side.h"

enum event_kind {
    EVENT_LISTENING,        /* a proxy's listening socket is open */
    EVENT_NOT_LISTENING,    /* it was closed on purpose (unreachable = refuse, reload, stop) */
    EVENT_ACCEPT_FAILED,    /* accept() failed; it is retried after a pause */
    EVENT_ACCEPT_RECOVERED, /* accept() has not failed for a second */
    EVENT_CLIENT_DROPPED,   /* accepted, and reset at once: there was no memory for it */
    EVENT_OPEN,             /* both sockets of a connection are connected */
    EVENT_CONNECT_FAILED,   /* the upstream could not be reached */
    EVENT_FAULT,            /* a fault was injected; connection 0: on the listening socket */
    EVENT_FAULT_OVER,       /* a lasting fault has ended */
    EVENT_FAULT_FAILED,     /* the kernel refused what the fault needs: it was not injected */
    /* A possible match of `edge = before` was forwarded after match_hold without a further byte.
     * Once for each fault and connection. */
    EVENT_MATCH_LET_GO,
    EVENT_MESSAGE,      /* a message ended (log_messages) */
    EVENT_FRAMING_LOST, /* bytes of a direction are not messages of the proxy's protocol. Once */
    EVENT_EOF,          /* a FIN arrived */
    EVENT_RESET_SEEN,   /* a RST (or another fatal error) arrived */
    EVENT_CLOSED,       /* both sockets are gone */
    EVENT_COUNTS_RESET, /* the connections of the proxy are numbered from 1 again */
    EVENT_COUNT,
};

/* How a socket ended, in the order in which it happened. */
enum end_mark {
    END_FIN_RECEIVED,
    END_RST_RECEIVED,
    END_FIN_SENT,
    END_RST_SENT,
    END_VANISHED,
    END_COUNT,
};

#define END_MARKS_MAX 4

/* The history of one socket. */
struct side_record {
    const char *address; /* the peer's address as text, "" when there was no socket */
    uint64_t bytes_in;   /* read from it */
    uint64_t bytes_out;  /* written to it */
    size_t unread;       /* left unread in it at the close */
    size_t unacked;      /* sent or queued, not acknowledged at the close; a FIN counts as one */
    int errnum;          /* errno of its failure, 0: none */
    unsigned mark_count;
    enum end_mark marks[END_MARKS_MAX];
};

/* A mark of one of the two sockets of a connection, with its place among the events. */
struct end_entry {
    time_us at;      /* monotonic */
    uint32_t events; /* events of the connection that were emitted before it */
    enum side side : 8;
    enum end_mark mark : 8;
};

#define END_ENTRIES_MAX (2 * END_MARKS_MAX)

/* The event that came first in the end of the connection. */
enum cause {
    CAUSE_NONE,
    CAUSE_CLIENT_FIN,
    CAUSE_CLIENT_RST,
    CAUSE_SERVER_FIN,
    CAUSE_SERVER_RST,
    CAUSE_CONNECT_FAILED,
    CAUSE_FAULT,   /* with the fault's name */
    CAUSE_STOPPED, /* the program stops, or its proxy was disabled, moved or removed */
    CAUSE_OUT_OF_MEMORY,
    CAUSE_COUNT,
};

#define EVENT_FAULTS_MAX 8 /* names listed in a `closed` event; fault_count is exact */

#define EVENT_NOT_FIRED_MAX 16   /* entries listed in a `closed` event */
#define NOT_FIRED_REASON_MAX 192 /* room for the name of a fault and some words */

/* A fault that was armed on a connection and did not fire there. */
struct not_fired {
    const char *fault; /* its name */
    const char *type;
    char reason[NOT_FIRED_REASON_MAX]; /* "after 853 of 51200 bytes" */
};

struct event {
    enum event_kind kind;
    time_us at;          /* monotonic */
    const char *proxy;   /* its name */
    uint64_t connection; /* from 1; 0: not about one connection */
    /* Of the connection in the whole run, from 1: no other connection has it. 0: as above.
     * EVENT_COUNTS_RESET: the last one so far; 0: none. */
    uint64_t serial;
    union {
        struct {
            const char *address;
        } listening; /* also EVENT_NOT_LISTENING */
        struct {
            int errnum;
        } accept_failed; /* also EVENT_CLIENT_DROPPED */
        struct {
            const char *client; /* the client's address */
            const char *server; /* the upstream address that answered */
        } open;
        struct {
            const char *address; /* last one tried, or the name that did not resolve */
            int errnum;          /* positive errno; 0: see reason */
            const char *reason;
        } connect_failed;
        struct {
            const char *name;
            const char *type;
            enum direction direction; /* the direction it watches */
            uint64_t offset;          /* bytes of it forwarded so far */
            uint64_t other_offset;    /* bytes of the other direction forwarded so far */
            uint64_t message;         /* number of the message there; 0: not known */
            const char *kind;         /* of it; "": it has none, or `message` is 0 */
            unsigned sides;           /* set of sides: its key `side`; NO_BITS: it has none */
            int errnum;               /* EVENT_FAULT_FAILED only */
        } fault;                      /* also EVENT_FAULT_OVER, _FAILED, EVENT_MATCH_LET_GO */
        struct {
            enum direction direction;
            /* EVENT_MESSAGE: of its first byte. EVENT_FRAMING_LOST: of the first byte that could
             * not be parsed. */
            uint64_t offset;
            uint64_t number;               /* EVENT_MESSAGE only, as the rest: from 1 */
            uint64_t size;                 /* bytes */
            const char *kind;              /* "": it has none */
            const char *line;              /* the first line of an http message, else "" */
            const unsigned char *captured; /* the first `captured_size` bytes (the key `capture`) */
            size_t captured_size;          /* 0: none are kept */
        } message;                         /* EVENT_MESSAGE, EVENT_FRAMING_LOST */
        struct {
            enum side side;
            uint64_t offset;       /* bytes before it in its direction */
            uint64_t other_offset; /* bytes of the other direction forwarded so far */
            int errnum;            /* EVENT_RESET_SEEN only */
        } seen;                    /* EVENT_EOF, EVENT_RESET_SEEN */
        struct {
            const struct side_record *sides; /* [2], by enum side */
            uint64_t inserted[2];            /* of their bytes_out, by enum side: added by faults */
            const struct end_entry *ends;    /* the marks of both sides, in order: [end_count] */
            unsigned end_count;              /* at most END_ENTRIES_MAX */
            uint32_t events;                 /* of the connection before this one */
            /* the address an intercepted client dialled; NULL: not intercepted */
            const char *destination;
            uint64_t duration_us;
            enum cause cause;
            const char *cause_fault; /* name, for CAUSE_FAULT */
            unsigned fault_count;    /* injected */
            const char *faults[EVENT_FAULTS_MAX];
            const struct not_fired *not_fired; /* [not_fired_count] */
            unsigned not_fired_count;          /* at most EVENT_NOT_FIRED_MAX */
        } closed;
    } u;
};

/* Decoders: the names used in logs. Static storage, never NULL. */
const char *event_kind_name(enum event_kind kind);
const char *end_mark_name(enum end_mark mark);
const char *cause_name(enum cause cause);

#endif
