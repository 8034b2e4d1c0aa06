/* SPDX-License-Identifier: MIT */
/*
 * One end of a TCP or UNIX connection, driven one call at a time.
 *
 * Life: peer_init(), then any of the calls below, then peer_deinit(), which closes everything still
 * open, ends a child that still holds the socket, and may be called twice. A peer belongs to one
 * thread. Sockets are close-on-exec, non-blocking once connected, and without Nagle's delay, so
 * that bytes written before a reset are sent before it. SIGPIPE is never raised.
 *
 * Calls return 0 or a negative errno, unless said otherwise, and record nothing: the interpreter
 * (script.h) writes the transcript.
 */
#ifndef RUDEPROXY_PEERS_PEER_H
#define RUDEPROXY_PEERS_PEER_H

#include "proxy/base/must_check.h"
#include "proxy/peers/address.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum peer_actor {
    PEER_CLIENT, /* the end that connects */
    PEER_SERVER, /* the end that listens and accepts */
    PEER_ACTORS
};

/* Number of other connections in a crowd: more than any backlog that a script fills. */
#define PEER_SPARES 8

struct peer {
    enum peer_actor actor;
    int fd;       /* the connection, -1: none */
    int listener; /* the server's listening socket, -1: none */
    int network;  /* a descriptor of the network namespace in which it connects; 0: ours */
    struct peer_address address; /* where `listener` is bound */
    pid_t holder;                /* a child that holds a copy of `fd`, 0: none */
    uint64_t sent;               /* pattern bytes handed to the kernel, of this connection */
    uint64_t received;           /* pattern bytes read, of this connection */
    bool spoiled;                /* a byte read was not what the other end sends ... */
    uint64_t spoiled_at;         /* ... the first one at this offset */
    int64_t sent_ms;             /* when it last began to send; monotonic */
    int spares[PEER_SPARES];     /* the crowd, see peer_crowd() */
    size_t spare_count;
};

void peer_init(struct peer *peer, enum peer_actor actor);
void peer_deinit(struct peer *peer);

/* Binds with SO_REUSEADDR (a UNIX path is unlinked first) and listens. */
int peer_listen(struct peer *peer, const struct peer_address *address, int backlog);

/* Closes the listening socket: the kernel resets connections that were not accepted. */
int peer_unlisten(struct peer *peer);

/* Takes a pending connection; -EAGAIN if there is none. */
int peer_accept(struct peer *peer);

/* Connects, for at most `deadline_ms`; -EINPROGRESS if there was no answer until then. */
int peer_connect(struct peer *peer, const struct peer_address *address, int deadline_ms);

/* Writes at most `n` further pattern bytes in one call. Returns the bytes written or -errno. After
 * peer_send_segment(), later bytes do not share a segment with these (MSG_EOR). */
MUST_CHECK ssize_t peer_send(struct peer *peer, size_t n);
MUST_CHECK ssize_t peer_send_segment(struct peer *peer, size_t n);

/* Reads at most `n` bytes in one call and compares them with the pattern. Returns their number, 0
 * at EOF, or -errno. */
MUST_CHECK ssize_t peer_receive(struct peer *peer, size_t n);

/* One urgent byte, out and in. `flags` of the reader: MSG_OOB, or 0 when it is read in line. */
int peer_send_urgent(struct peer *peer);
int peer_receive_urgent(struct peer *peer, int flags);

/* Sets SO_LINGER {on, seconds} for the next close(); seconds < 0 turns it off. */
int peer_linger(struct peer *peer, int seconds);

int peer_shutdown(struct peer *peer, int how);
int peer_close(struct peer *peer);

/* SO_LINGER {1,0} and close(): a RST on TCP. */
int peer_reset(struct peer *peer);

/* Forks a child that holds a copy of the socket and of no other descriptor. */
int peer_lend(struct peer *peer);

/* Kills that child (SIGKILL) and waits for it: its copy is closed by the kernel. */
int peer_take_back(struct peer *peer);

/* The whole process dies by SIGKILL, as far as the connection can tell. */
int peer_kill(struct peer *peer);

/* Removes the connection without sending anything. Needs CAP_NET_ADMIN. */
int peer_vanish(struct peer *peer);

/* Drops all arriving segments with more than `larger_than` bytes of data; 0: all segments. Needs
 * CAP_NET_ADMIN. */
int peer_deafen(struct peer *peer, size_t larger_than);

/* Opens further unused connections until one gets no answer within `patience_ms`. -EUSERS if all
 * get one. */
int peer_crowd(struct peer *peer, const struct peer_address *address, int patience_ms);

/* Sets SO_KEEPALIVE with a probe after `seconds` of silence; and TCP_USER_TIMEOUT. */
int peer_keepalive(struct peer *peer, int seconds);
int peer_user_timeout(struct peer *peer, int ms);

#endif
