/* SPDX-License-Identifier: MIT */
/*
 * A listening socket that hands out accepted, non-blocking, close-on-exec sockets.
 *
 * Life: listener_init, listener_open, then listener_close and listener_open again as often as
 * wanted (on the same port, also when the kernel chose it), listener_deinit.
 */
#ifndef RUDEPROXY_NET_LISTENER_H
#define RUDEPROXY_NET_LISTENER_H

#include <sys/socket.h>

#include "config/config.h"
#include "proxy/base/err.h"
#include "proxy/base/must_check.h"
#include "proxy/net/congestion.h"
#include "proxy/net/poller.h"
#include "proxy/net/timers.h"

struct interception;
struct listener;

struct listener_calls {
    /* A connection: the callee owns the descriptor. May close the listener. */
    void (*on_accept)(
        struct listener *listener, int fd, const struct sockaddr_storage *peer, socklen_t peer_len);
    /* accept() failed, mostly for want of descriptors or memory. It is tried again every 100 ms. Called
     * once, until on_accept_recovered. */
    void (*on_accept_failed)(struct listener *listener, int errnum);
    /* accept() has not failed for a while. Once behind each on_accept_failed. */
    void (*on_accept_recovered)(struct listener *listener);
};

struct listener {
    const struct listener_calls *calls;
    struct poller *poller;
    struct timers *timers;
    const struct system_congestion *congestion; /* NULL: the system's is as good as any */
    struct interception *interception;          /* of its worker; NULL: none */
    bool unpaced;                               /* congestion_unpace() had an effect */
    struct poller_item item;
    struct timer pause; /* until accepting is tried again; then until it counts as recovered */
    bool paused;
    bool failing;     /* on_accept_failed was called, and on_accept_recovered not yet */
    bool has_reserve; /* listener_keep_reserve() was called */
    int reserve_fd;   /* closed to accept a client when there is no other descriptor; -1: none */
    int port_fd; /* bound as fd was, but not listening: while the listener refuses, nobody else is given
                    its port; -1: none */
    bool idle;
    bool drop_syns;
    bool watched;                    /* by the poller */
    int fd;                          /* -1: closed */
    struct sockaddr_storage address; /* as bound */
    socklen_t address_len;           /* 0: never bound */
    struct listener_twin
        *twin;  /* the socket on ::1 of a listener on `localhost`; owned; NULL: none */
    int errnum; /* why it could not be opened last: a positive errno; 0: the name did not resolve */
};

/* `congestion`: NULL, or it outlives the listener. 0 or -ENOMEM. */
MUST_CHECK int listener_init(struct listener *listener, struct poller *poller,
    struct timers *timers, const struct system_congestion *congestion,
    const struct listener_calls *calls);
void listener_deinit(struct listener *listener);

/* Binds and listens; a host name is resolved here, blocking, and its first address taken. `localhost` is
 * never resolved (RFC 6761 6.3): it is 127.0.0.1, and ::1 with the same port where that is free. 0, or -1 with err filled. */
MUST_CHECK int listener_open(
    struct listener *listener, const struct proxy_config *proxy, struct err *err);

/* A closed listener forgets where it listened: it can be opened elsewhere. */
void listener_forget_address(struct listener *listener);

/* Lets go of the port that a closed listener still keeps. Idempotent. */
void listener_release_port(struct listener *listener);

/* Closes the socket: waiting connections are reset, new ones refused. Idempotent. */
void listener_close(struct listener *listener);

/* The same, and keeps the port for listener_open(). */
void listener_refuse(struct listener *listener);

/* Keeps a descriptor back, so that a client is accepted where no other is left: for an API that ends what
 * took them. */
void listener_keep_reserve(struct listener *listener);

/* Gives an open listener the backlog and socket options of a new configuration. */
void listener_update(struct listener *listener, const struct proxy_config *proxy);

/* Idle: connections pile up in the backlog and are not accepted. Deaf: arriving segments are lost
 * (needs CAP_NET_ADMIN). Both last until unset or closed; harmless on a closed listener. */
void listener_set_idle(struct listener *listener, bool idle);
void listener_set_deaf(struct listener *listener, bool drop_syns);

static inline bool listener_is_open(const struct listener *listener)
{
    return listener->fd >= 0;
}

#endif
