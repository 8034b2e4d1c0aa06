/* SPDX-License-Identifier: MIT */
/*
 * The state of one connection, shared by the files of relay/. Types only: session.h has the life of
 * a session, side.h the calls for one of its sockets, armed.h the questions about its faults.
 */
#ifndef RUDEPROXY_RELAY_STATE_H
#define RUDEPROXY_RELAY_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "proxy/base/clock.h"
#include "proxy/base/side.h"
#include "proxy/fault/fault.h"
#include "proxy/relay/armed.h"
#include "proxy/relay/endpoint.h"
#include "proxy/relay/event.h"
#include "proxy/relay/flow.h"
#include "proxy/relay/plan.h"

struct messages;
struct session;

/* Calls from a session to its owner. No call may re-enter the session except session_stop(). */
struct session_host {
    time_us (*now)(struct session *session);
    /* Starts connecting upstream; answers later, never from inside the call. */
    void (*dial)(struct session *session);
    /* Gives up connecting: no answer will come. */
    void (*cancel_dial)(struct session *session);
    /* Call session_on_timer() at `at`; TIME_NEVER cancels. Replaces the previous timer. */
    void (*set_timer)(struct session *session, time_us at);
    /* Call session_wake() soon, after other sessions had their turn. */
    void (*wake_soon)(struct session *session);
    void (*emit)(struct session *session, const struct event *event);
    /* Whether a subscriber reads the details of `closed` events. If not, details that cost a system
     * call are 0. */
    bool (*wants_details)(struct session *session);
    void (*ended)(struct session *session);
    /* Whether the client was intercepted on its way to one of these. NULL: no client ever is. */
    bool (*is_destined)(const struct session *session, const struct destination_list *destinations);
};

/* Memory that sessions share. `splice_pipes` is used where the plan allows splicing. */
struct session_pools {
    struct ring_pool *rings;
    struct splice_pipe_pool *splice_pipes;
};

/* How far the teardown of one socket is. teardown.h draws the moves between the states. */
enum teardown_state {
    TEARDOWN_NONE,    /* the socket is being relayed */
    TEARDOWN_DELIVER, /* bytes that were read for it are still being written to the kernel */
    TEARDOWN_DRAIN,   /* our FIN is out; bytes that arrive are dropped until the peer's FIN */
    TEARDOWN_ACK,     /* waiting until the peer has acknowledged every byte */
    TEARDOWN_UNREAD,  /* waiting for enough unread bytes */
    TEARDOWN_DATA,    /* waiting for a byte, which is answered with a RST */
    TEARDOWN_HOLD,    /* open and silent until the peer closes */
    TEARDOWN_CLOSED,  /* the socket is gone, or never was */
    TEARDOWN_STATES,
};

struct teardown {
    enum teardown_state state;
    enum action_kind kind; /* of the ending */
    uint64_t bytes;        /* how many shall be unread, for ACTION_UNREAD */
    time_us deadline;      /* of a graceful close; TIME_NEVER: none */
    time_us check_at;      /* when to ask the kernel again (SIOCOUTQ, FIONREAD); TIME_NEVER: not */
    uint64_t check_us;
    size_t unread; /* unread bytes when the kernel was last asked */
    /* bytes that were read from it and dropped behind an edge: to its peer they are unread */
    size_t withheld;
    time_us idle_since; /* since when nothing moves and the other socket is gone; TIME_NEVER */
    time_us give_up_at; /* when it has waited too long, unless something moves; TIME_NEVER */
    uint64_t progress;  /* bytes that had moved by then */
};

/* One of the two sockets of a session. */
struct session_side {
    struct endpoint *ep; /* NULL before it is connected and after it was closed */
    struct teardown teardown;
    struct side_record record;
    uint64_t fin_hold_us;   /* how long a FIN that arrives from it is held; 0: not at all */
    time_us fin_release_at; /* when a held FIN is forwarded; TIME_NEVER: not known yet */
    bool fin_wanted;        /* an early FIN towards it is due once its flow is delivered */
    bool fin_sent;
    bool reset_noted;      /* its RST was seen and recorded */
    bool eof_triggered;    /* its FIN, and every byte before it, reached the triggers */
    unsigned filter_count; /* packet filters attached to it */
};

struct session {
    const struct session_host *host;
    struct plan *plan; /* one reference */
    uint64_t number;   /* of the connection in its proxy, from 1; counting may begin again */
    uint64_t
        serial; /* of the connection in the run, from 1: no other one has it; set by the host */
    uint64_t concurrent; /* connections open on its proxy when it was accepted, itself included */
    /* the address an intercepted client dialled; the host's; NULL: not intercepted */
    const char *destination;
    struct session_side side[2]; /* by enum side */
    struct flow flow[2];         /* by enum direction: flow[d] reads from side[d] */
    const char *server_name;     /* that the client named in TLS; "": not known */
    struct armed_set armed;      /* the faults that concern this connection */
    struct messages *messages;   /* owned; NULL: the proxy has no protocol */
    struct armed_fault *retired; /* removed faults whose insertions still wait; NULL: none */
    time_us now;                 /* of the run in progress */
    time_us accepted_at;
    time_us dial_at;       /* when to dial the upstream; 0: dialled already */
    time_us arrived_at[2]; /* when a byte last arrived, by enum direction; 0: never */
    time_us active_at;     /* when a byte last moved, or the connection opened */
    time_us opened_at;     /* TIME_NEVER until the upstream connection stands */
    time_us timer_at;      /* the host's timer */
    uint64_t stall_mark;   /* progress seen at stall_since, while a reset waits for delivery */
    time_us stall_since;   /* TIME_NEVER: no reset waits for a receiver */
    time_us probes_from;   /* when an error may be the answer to a probe; TIME_NEVER: no probes */
    bool named;            /* server_name is new: the faults waiting for it are not armed yet */
    bool dialling;         /* the host is connecting */
    bool chains;           /* some fault is or was ARMED_CHAINED */
    bool over;             /* a teardown began: no fault fires any more */
    bool over_by_fault;    /* a fault began it, and waits for the delivery as it promises */
    bool outdated;         /* faults began, ended or changed: session_recompute() is due */
    bool running;          /* inside session_run: do not re-enter */
    bool busy;             /* there is more to do than the budget of a flow or of the run allows */
    bool again;            /* something changed: the run needs another pass (session_touch) */
    enum cause stop_cause; /* CAUSE_NONE: nobody asked the session to stop */
    enum endpoint_close stop_how;
    enum cause cause;
    unsigned end_count;
    uint32_t event_count; /* emitted so far */
    unsigned fault_count;
    struct fault_counter *cause_fault; /* a reference; NULL: none */
    struct end_entry *ends;            /* the marks of both sides, in order; owned; NULL: none */
    /* references, owned, [EVENT_FAULTS_MAX], the rest is NULL; NULL: none */
    struct fault_counter **faults;
};

#endif
