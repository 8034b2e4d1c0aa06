/* SPDX-License-Identifier: MIT */
/*
 * One proxied connection: two endpoints, two flows, the faults armed for it, and the record of how
 * it ended. Pure: everything it needs of the world it asks of its host (net/ or a test).
 *
 * Life:
 *   session_init       the host has accepted a client and made its endpoint
 *   session_start      faults are selected; the host is asked to dial, unless a fault says no
 *   session_on_connected / session_on_connect_failed   the host's answer
 *   session_wake       an endpoint got new readiness hints, or the timer ran out
 *   session_stop       ends it from outside with a RST on both sides, at any time; session_hang_up as
 *                      a program does that simply closes both sockets
 *   host->ended        both endpoints are closed and the last event was emitted; called once, as
 * the last thing in a call above. Then session_deinit.
 *
 *        accept          connected            endings on both sides      both sockets gone
 *   DIALLING ---------> RELAYING ---------------> (ending.h) ----------------> ENDED
 *       \______ connect failed, fault at accept ____/
 */
#ifndef RUDEPROXY_RELAY_SESSION_H
#define RUDEPROXY_RELAY_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "proxy/base/clock.h"
#include "proxy/base/side.h"
#include "proxy/relay/arming.h"
#include "proxy/relay/ending.h"
#include "proxy/relay/endpoint.h"
#include "proxy/relay/event.h"
#include "proxy/relay/flow.h"
#include "proxy/relay/plan.h"

struct session;

/* What a session asks of its owner. No call may re-enter the session except session_stop(). */
struct session_host {
    time_us (*now)(struct session *session);
    /* Starts connecting upstream; answers later, never from inside the call. */
    void (*dial)(struct session *session);
    /* session_wake() is wanted at `at`, TIME_NEVER: not any more. Replaces the wish before. */
    void (*set_timer)(struct session *session, time_us at);
    /* session_wake() is wanted soon, after other sessions had their turn. */
    void (*wake_soon)(struct session *session);
    void (*emit)(struct session *session, const struct event *event);
    /* Whether anybody reads the details of `closed` events; what has to be asked of the kernel for
     * them alone is 0 otherwise. */
    bool (*wants_details)(struct session *session);
    void (*ended)(struct session *session);
};

/* Memory that sessions share. `pipes` is used where the plan says so. */
struct session_pools {
    struct ring_pool *rings;
    struct splice_pipe_pool *splice_pipes;
};

/* What the session keeps of one of its two sockets. */
struct session_side {
    struct endpoint *ep; /* NULL before it stands and after it was closed */
    struct ending ending;
    struct side_record record;
    bool fin_wanted; /* an early FIN towards it is due once its flow is delivered */
    bool fin_sent;
    bool reset_noted;       /* its RST was seen and recorded */
    bool reset_late;        /* ... after its FIN: it follows the FIN on the other side */
    uint64_t fin_hold_us;   /* a FIN that arrives from it is passed on so much later; 0: at once */
    time_us fin_release_at; /* TIME_NEVER: not (yet) known */
    bool fin_held;          /* fin_hold_us is not 0 */
    bool eof_told;          /* its FIN, and every byte before it, was a trigger */
    unsigned filter_count;  /* packet faults at work on it */
};

struct session {
    const struct session_host *host;
    struct plan *plan;           /* one reference */
    uint64_t number;             /* of the connection in its proxy, from 1 */
    struct session_side side[2]; /* by enum side */
    struct flow flow[2];         /* by enum direction: flow[d] reads from side[d] */
    struct armed_set armed;      /* the faults that concern this connection */
    struct armed *retired;       /* taken away, but bytes that they insert still wait; NULL: none */
    time_us now;                 /* of the run in progress */
    time_us accepted_at;
    time_us dial_at;       /* when the upstream is to be dialled; 0: it was */
    time_us arrived_at[2]; /* when a byte last arrived, by enum direction; 0: none did */
    time_us active_at;     /* when a byte last moved, or the connection opened */
    time_us opened_at;     /* TIME_NEVER until the upstream connection stands */
    time_us timer_at;      /* as the host was last told */
    uint64_t stall_mark;   /* progress seen at stall_since, while a reset waits for delivery */
    time_us stall_since;   /* TIME_NEVER: no reset waits */
    bool over;             /* an ending began: no fault fires any more */
    bool running;          /* inside session_run: do not re-enter */
    bool busy;             /* a flow has more to do than its budget allows */
    bool again;            /* something changed: look at everything once more */
    enum cause stop_cause; /* CAUSE_NONE: nobody asked us to stop */
    enum endpoint_close stop_how;
    enum cause cause;
    const char *cause_fault; /* points into a counter */
    unsigned fault_count;
    const char *faults[EVENT_FAULTS_MAX]; /* point into counters */
};

/* Takes its own reference to the plan. `client` stands already; its address text stays valid as
 * long as the session. */
void session_init(struct session *session, const struct session_host *host, struct plan *plan,
    uint64_t number, struct endpoint *client, const char *client_address,
    const struct session_pools *pools);
void session_deinit(struct session *session);

/* `client` is the client's address, for the faults that look at it; used during the call only. */
void session_start(struct session *session, const struct sockaddr_storage *client);
void session_on_connected(
    struct session *session, struct endpoint *server, const char *server_address);
/* errnum: positive errno or 0; reason: a text for people. */
void session_on_connect_failed(
    struct session *session, const char *address, int errnum, const char *reason);
void session_wake(struct session *session);

/* Ends both sides with a RST. Safe at any time, also from inside host->emit; idempotent, the first
 * cause wins. */
void session_stop(struct session *session, enum cause cause);

/* The same, but both sockets are just closed: FIN, or RST where bytes are unread. */
void session_hang_up(struct session *session, enum cause cause);

/* Both sockets are gone: it only waits to be freed. */
bool session_is_gone(const struct session *session);

/* For the other files of relay/: looks at everything until nothing changes any more (not from inside, and
 * not of a session that was gone before); stamps and emits an event; and the first cause wins. */
void session_run(struct session *session);
void session_emit(struct session *session, struct event *event);
void session_note_cause(struct session *session, enum cause cause);

#endif
