/* SPDX-License-Identifier: MIT */
/*
 * Looks up host names without blocking the loop. Each name has at most one pending lookup, with a
 * thread of its own, shared by all waiters for the name. So a slow or dead name server for one name
 * does not delay other names.
 *
 * `localhost` is never looked up: it is 127.0.0.1 and ::1.
 *
 * getaddrinfo(3) cannot be cancelled: resolver_close abandons its threads, and nothing waits for
 * them.
 *
 * Life: resolver_init, resolver_start and resolver_ask from the loop, resolver_close.
 */
#ifndef RUDEPROXY_NET_RESOLVER_H
#define RUDEPROXY_NET_RESOLVER_H

#include <netdb.h>
#include <stdbool.h>
#include <sys/socket.h>

#include "proxy/base/clock.h"
#include "proxy/base/hash.h"
#include "proxy/base/list.h"
#include "proxy/base/must_check.h"
#include "proxy/net/poller.h"

/* Pending lookups at one time; further names are queued. */
#define RESOLVER_THREADS_MAX 64
/* Addresses of one name; further addresses are ignored. */
#define RESOLVER_ADDRESSES_MAX 32
/* How long resolver_ask() returns the same answers, after the last lookup it began. */
#define RESOLVER_KEEP_US (5 * US_PER_S)

/* An answer: immutable and reference-counted. */
struct resolved {
    unsigned refs;
    const char *problem; /* NULL: there are addresses; else why not, a static text */
    int errnum;          /* the errno behind the problem; 0: none */
    size_t count;
    struct sockaddr_storage addresses[]; /* in the resolver's order; port 0 */
};

/* Waits for the addresses of one name. */
struct resolver_waiter {
    struct list link; /* list_init before the first use */
    /* The answer is valid during the call; take a reference to keep it. May free the waiter. */
    void (*on_resolved)(struct resolver_waiter *waiter, struct resolved *resolved);
};

/* Called for each answer to a resolver_ask(). */
struct resolver_watcher {
    struct list link;
    void (*on_answer)(struct resolver_watcher *watcher);
};

struct resolver_mailbox; /* where threads leave their answers */

struct resolver {
    struct poller *poller;
    struct poller_item item; /* of the mailbox's eventfd */
    struct resolver_mailbox *mailbox;
    struct hash names;   /* of struct lookup */
    struct list lookups; /* all of them */
    struct list queue;   /* lookups that wait for a thread */
    size_t running;
    size_t asked;        /* lookups under way that resolver_ask() wants */
    time_us answered_at; /* when the last of these had its answer */
    struct list watchers;
    /* getaddrinfo(3), which tests replace. */
    int (*lookup)(const char *host, const char *service, const struct addrinfo *hints,
        struct addrinfo **list);
};

/* 0 or -errno. */
MUST_CHECK int resolver_init(struct resolver *resolver, struct poller *poller);

/* Forgets all pending lookups and calls nobody. Idempotent. */
void resolver_close(struct resolver *resolver);

/* Looks the name up, or joins its pending lookup. Calls on_resolved later, from the loop. Returns 0
 * or -ENOMEM. resolver_cancel() removes the waiter; idempotent. */
MUST_CHECK int resolver_start(
    struct resolver *resolver, const char *host, struct resolver_waiter *waiter);
void resolver_cancel(struct resolver_waiter *waiter);

/* Returns an answer, with a reference for the caller. NULL: none yet. Then the name is being looked
 * up, and the watchers are called when the answer has come. Answers are kept while any asked lookup
 * is under way, and RESOLVER_KEEP_US longer: all that one change asks for are there together. */
struct resolved *resolver_ask(struct resolver *resolver, const char *host);

void resolver_watch(struct resolver *resolver, struct resolver_watcher *watcher);

struct resolved *resolved_ref(struct resolved *resolved);
void resolved_unref(struct resolved *resolved); /* NULL is allowed */

#endif
