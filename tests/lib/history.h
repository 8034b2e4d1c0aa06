/* SPDX-License-Identifier: MIT */
/*
 * Histories: random legal calls of two peers on one connection, all drawn from a seed.
 *
 * A history runs on a direct connection first. After each call the record notes its result and how
 * both sockets look: bytes to read, poll()'s events, the state of TCP. Then it runs through a
 * proxy, and waits after each call until both sockets look as they did directly. So a history needs
 * no model of TCP: the kernel is the model. A state that does not come within the deadline is a
 * difference.
 *
 * Left out is what no proxy can copy (docs/ARCHITECTURE.md): a writer that does not look whether
 * the other end is gone, more bytes than one receive window, urgent data.
 */
#ifndef RUDEPROXY_TESTS_LIB_HISTORY_H
#define RUDEPROXY_TESTS_LIB_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "proxy/peers/peer.h"
#include "tests/lib/wire.h"

#define HISTORY_STEPS 24

enum history_op {
    HISTORY_SEND,     /* n bytes, or less where more would lie unread than a window holds */
    HISTORY_READ,     /* once, at most n bytes */
    HISTORY_READ_ALL, /* until nothing is left, or the end */
    HISTORY_BULK,     /* n bytes to the other end, which reads them at the same time */
    HISTORY_STUFF,    /* until the kernel takes no more; only then the other end reads it all */
    HISTORY_SHUT_WR,
    HISTORY_SHUT_RD,
    HISTORY_CLOSE, /* unread bytes stay unread */
    HISTORY_RESET, /* SO_LINGER {1,0} and close() */
    HISTORY_KILL,  /* the process dies by SIGKILL */
    HISTORY_ERROR, /* SO_ERROR */
    HISTORY_PAUSE, /* n milliseconds */
    HISTORY_OP_COUNT
};

struct history_step {
    enum peer_actor actor;
    enum history_op op;
    size_t n;
    bool hurried; /* the next call of this end follows at once, if nothing can answer this one */
};

struct history {
    uint64_t seed;
    struct history_step steps[HISTORY_STEPS];
    size_t count;
};

/* The result of one step. */
struct history_line {
    long result;             /* a count, or a negative errno */
    bool looked;             /* the fields below are set */
    int queued[PEER_ACTORS]; /* bytes that can be read; -1: closed */
    short events[PEER_ACTORS];
    unsigned char states[PEER_ACTORS]; /* TCP_ESTABLISHED... of netinet/tcp.h; 0: closed */
};

struct history_record {
    struct history_line lines[HISTORY_STEPS + 1]; /* the last one: how it looks in the end */
    size_t count;
    bool spoiled; /* a byte was not what the other end sent */
    bool late;    /* something did not come within the deadline */
};

struct history_route {
    struct wire_listener *server;
    struct peer_address dial; /* the proxy's, or the server's own */
    int client_network;       /* of the client; 0: ours */
    int deadline_ms;          /* of one step */
};

void history_draw(struct history *history, uint64_t seed);

/* On a direct connection to the server of the route. 0 or a negative errno. */
int history_run_direct(
    const struct history *history, const struct history_route *route, struct history_record *got);

/* Through the proxy, until it differs from `want`. 0 or a negative errno. */
int history_run_proxied(const struct history *history, const struct history_route *route,
    const struct history_record *want, struct history_record *got);

bool history_record_equal(const struct history_record *a, const struct history_record *b);

/* Leaves out steps, and makes sizes smaller, as long as `fails` says that it still fails. */
void history_shrink(
    struct history *history, bool (*fails)(void *user, const struct history *history), void *user);

/* Both runs, side by side. */
void history_print(FILE *out, const struct history *history, const struct history_record *direct,
    const struct history_record *proxied);

#endif
