/* SPDX-License-Identifier: MIT */
/*
 * Looks host names up without stopping the loop. Each name has at most one lookup under way, with a
 * thread of its own, which all who wait for the name share. So a name that is answered late or never
 * takes nothing from other names.
 *
 * `localhost` is never asked of the system's resolver: it is 127.0.0.1 and ::1.
 *
 * getaddrinfo(3) cannot be cancelled: resolver_close leaves its threads to themselves, and nothing waits
 * for them.
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

/* Lookups under way at one time; further names wait. */
#define RESOLVER_THREADS_MAX 64
/* Of one name; further addresses are ignored. */
#define RESOLVER_ADDRESSES_MAX 32
/* How long resolver_ask() returns the same answer. */
#define RESOLVER_KEEP_US (5 * US_PER_S)

/* An answer; immutable, and reference-counted. */
struct resolved {
    unsigned refs;
    const char *problem; /* NULL: there are addresses; else a text for people, in static storage */
    size_t count;
    struct sockaddr_storage addresses[]; /* in the resolver's order; port 0 */
};

/* One who waits for a name. */
struct resolver_waiter {
    struct list link; /* list_init before the first use */
    /* The answer lives during the call; take a reference to keep it. May free the waiter. */
    void (*on_resolved)(struct resolver_waiter *waiter, struct resolved *resolved);
};

/* One who wants to know whenever an answer for resolver_ask() has come. */
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
    struct list queue;   /* those that wait for a thread */
    size_t running;
    struct list watchers;
    /* getaddrinfo(3); tests put another one here. */
    int (*lookup)(const char *host, const char *service, const struct addrinfo *hints,
        struct addrinfo **list);
};

/* 0 or -errno. */
MUST_CHECK int resolver_init(struct resolver *resolver, struct poller *poller);

/* Forgets all that is under way and calls nobody. Idempotent. */
void resolver_close(struct resolver *resolver);

/* Looks the name up anew, or joins the lookup that is under way. Calls on_resolved later, from the loop.
 * 0 or -ENOMEM. resolver_cancel() lets the waiter go; idempotent. */
MUST_CHECK int resolver_start(
    struct resolver *resolver, const char *host, struct resolver_waiter *waiter);
void resolver_cancel(struct resolver_waiter *waiter);

/* An answer of the last RESOLVER_KEEP_US, with a reference for the caller. NULL: none yet; the name is
 * being looked up, and the watchers are called when the answer is there. */
struct resolved *resolver_ask(struct resolver *resolver, const char *host);

void resolver_watch(struct resolver *resolver, struct resolver_watcher *watcher);

struct resolved *resolved_ref(struct resolved *resolved);
void resolved_unref(struct resolved *resolved); /* NULL is allowed */

#endif
