/* SPDX-License-Identifier: MIT */
/*
 * One proxied connection: two endpoints, two flows, the faults armed for it, and the record of how
 * it ended. Pure: everything it needs of the world it asks of its host (net/ or a test).
 *
 * Life:
 *   session_init       the host has accepted a client and made its endpoint
 *   session_start      faults are selected; the host is asked to dial, unless a fault says no
 *   session_on_connected / session_on_connect_failed   the host's answer
 *   session_wake       an endpoint got new readiness hints; session_on_timer: the timer ran out
 *   session_stop       ends it from outside with a RST on both sides, at any time; session_hang_up as
 *                      a program does that simply closes both sockets
 *   host->ended        both endpoints are closed and the last event was emitted; called once, as
 * the last thing in a call above. Then session_deinit.
 *
 *        accept          connected            endings on both sides      both sockets gone
 *   DIALLING ---------> RELAYING ---------------> (teardown.h) ----------------> ENDED
 *       \______ connect failed, fault at accept ____/
 */
#ifndef RUDEPROXY_RELAY_SESSION_H
#define RUDEPROXY_RELAY_SESSION_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "proxy/relay/state.h"

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
void session_on_timer(struct session *session);

/* Ends both sides with a RST. Safe at any time, also from inside host->emit; idempotent, the first
 * cause wins. */
void session_stop(struct session *session, enum cause cause);

/* The same, but both sockets are just closed: FIN, or RST where bytes are unread. */
void session_hang_up(struct session *session, enum cause cause);

/* Both sockets are gone: it only waits to be freed. */
bool session_is_gone(const struct session *session);

/* For adoption.c: runs the session until nothing changes any more. Not from inside, and not after the session
 * was gone. */
void session_run(struct session *session);

#endif
