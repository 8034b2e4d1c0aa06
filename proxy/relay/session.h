/* SPDX-License-Identifier: MIT */
/*
 * One proxied connection: two endpoints, two flows, the faults armed for it, and the record of how
 * it ended. Pure: system calls are the host's (net/ or a test).
 *
 * Life:
 *   session_init         the host has accepted a client and made its endpoint
 *   session_start        selects faults, and asks the host to dial unless a fault delays that
 *   session_on_connected, session_on_connect_failed   the host's answer
 *   session_wake         an endpoint got new readiness hints
 *   session_on_timer     the timer expired
 *   session_stop         ends both sides with a RST, at any time
 *   session_hang_up      closes both sockets as an exiting program does
 *   host->ended          both endpoints are closed and the last event was emitted; called once, as
 *                        the last thing in a call above. Then session_deinit.
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

/* Takes its own reference to the plan. `client` is connected; its address text stays valid as long
 * as the session. */
void session_init(struct session *session, const struct session_host *host, struct plan *plan,
    uint64_t number, struct endpoint *client, const char *client_address,
    const struct session_pools *pools);
void session_deinit(struct session *session);

/* `client` is the client's address, for faults that select by it; used only during the call. */
void session_start(struct session *session, const struct sockaddr_storage *client);
void session_on_connected(
    struct session *session, struct endpoint *server, const char *server_address);
/* errnum: positive errno or 0; reason: a text in words. */
void session_on_connect_failed(
    struct session *session, const char *address, int errnum, const char *reason);
void session_wake(struct session *session);
void session_on_timer(struct session *session);

/* Ends both sides with a RST. Safe at any time, also from inside host->emit; idempotent, the first
 * cause wins. */
void session_stop(struct session *session, enum cause cause);

/* Like session_stop(), but both sockets are closed by close(): FIN, or RST if bytes are unread. */
void session_hang_up(struct session *session, enum cause cause);

/* Whether both sockets are closed, so that the session can be freed. */
bool session_is_gone(const struct session *session);

/* For adoption.c: runs the session until nothing changes any more. Not from inside a run, and not
 * on a session that is gone. */
void session_run(struct session *session);

#endif
