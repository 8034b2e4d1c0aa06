/* SPDX-License-Identifier: MIT */
/*
 * A listening socket that delivers accepted, non-blocking, close-on-exec sockets.
 *
 * Life: listener_init; listener_open and listener_close any number of times (always on the same
 * port, even one that the kernel chose); listener_deinit.
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
    /* A client was accepted. The callee owns the descriptor. May close the listener. */
    void (*on_accept)(
        struct listener *listener, int fd, const struct sockaddr_storage *peer, socklen_t peer_len);
    /* accept() failed, usually because descriptors or memory ran out. It is retried every 100 ms.
     * Called once until on_accept_recovered. */
    void (*on_accept_failed)(struct listener *listener, int errnum);
    /* accept() has not failed for a while. Called once after each on_accept_failed. */
    void (*on_accept_recovered)(struct listener *listener);
};

struct listener {
    const struct listener_calls *calls;
    struct poller *poller;
    struct timers *timers;
    const struct system_congestion *congestion; /* NULL: always the system's */
    struct interception *interception;          /* of its worker; NULL: none */
    struct resolver *resolver; /* of host names to listen on, its owner's. NULL: they are none */
    bool unpaced;              /* congestion_unpace() selected reno */
    struct poller_item item;
    struct timer retry_timer; /* until accept() is retried; then until it counts as recovered */
    bool retrying;            /* accept() waits for retry_timer */
    bool failing;             /* on_accept_failed was called, on_accept_recovered not yet */
    bool has_reserve;         /* listener_keep_reserve() was called */
    int reserve_fd; /* closed to accept a client when no other descriptor is free; -1: none */
    struct listener *keeper; /* has the reserve: itself, or the owner of a twin */
    /* Bound like fd but not listening: keeps the port while the listener refuses. -1: none. */
    int port_fd;
    bool port_is_chosen;             /* the kernel chose the port of fd */
    bool paused;                     /* by listener_set_paused(): nothing is accepted */
    bool drop_syns;                  /* by listener_set_drop_syns(): arriving segments are lost */
    bool intercepts;                 /* it listens in the network of a command: interception.h */
    bool watched;                    /* by the poller */
    int fd;                          /* -1: closed */
    struct sockaddr_storage address; /* as bound */
    socklen_t address_len;           /* 0: never bound */
    /* The socket on ::1 of a listener on `localhost`; owned. NULL: none. */
    struct listener_twin *twin;
    int errnum; /* why the last open failed: a positive errno; 0: the name did not resolve */
};

/* `congestion` is NULL or outlives the listener. Returns 0 or -ENOMEM. */
MUST_CHECK int listener_init(struct listener *listener, struct poller *poller,
    struct timers *timers, const struct system_congestion *congestion,
    const struct listener_calls *calls);
void listener_deinit(struct listener *listener);

/* Binds and listens. Takes the first address of a host name; fails while the name is looked up.
 * `localhost` is never resolved (RFC 6761 6.3): it is 127.0.0.1, and also ::1 if its port is
 * free. Returns 0, or -1 with err filled. */
MUST_CHECK int listener_open(
    struct listener *listener, const struct proxy_config *proxy, struct err *err);

/* Gives a closed listener a socket that listens, which it owns from now on. */
void listener_take(struct listener *listener, int fd);

/* Makes a closed listener forget its address and its port, so it can be opened elsewhere. */
void listener_forget_address(struct listener *listener);

/* Releases the port that listener_refuse() kept. Idempotent. */
void listener_release_port(struct listener *listener);

/* Closes the socket: the kernel resets waiting connections and refuses new ones. Idempotent. */
void listener_close(struct listener *listener);

/* Like listener_close(), but keeps the port for listener_open(), which then needs no right to bind
 * it. */
void listener_refuse(struct listener *listener);

/* Reserves a descriptor to accept one client when no other is free, for an API that can end the
 * connections which use them all. */
void listener_keep_reserve(struct listener *listener);

/* Gives an open listener the backlog and socket options of a new configuration. It stays at its
 * address; ::1 is opened or closed if `listen` became `localhost` or no longer is. */
void listener_update(struct listener *listener, const struct proxy_config *proxy);

/* Paused: connections stay in the backlog and are not accepted. Drop SYNs: arriving segments are
 * lost (needs CAP_NET_ADMIN). Both last until unset or closed. Harmless on a closed listener. The
 * second one returns 0, or -errno of the kernel, with nothing changed. */
void listener_set_paused(struct listener *listener, bool paused);
MUST_CHECK int listener_set_drop_syns(struct listener *listener, bool drop_syns);

static inline bool listener_is_open(const struct listener *listener)
{
    return listener->fd >= 0;
}

#endif
