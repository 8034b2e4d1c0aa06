/* SPDX-License-Identifier: MIT */
/*
 * Readiness of sockets: one edge-triggered epoll instance for each worker. It is what the worker
 * blocks in; libuv's own epoll instance is one descriptor of it, and libuv runs when that is
 * readable or one of its timers is due (uv_backend_fd(), the documented way to embed a loop). So
 * what concerns a connection costs one epoll_wait, and what concerns libuv (signals, names, the
 * command of exec) costs two.
 *
 * Why not a uv_poll_t for each socket: a socket is registered once, for everything, with one
 * epoll_ctl, and never again (a uv_poll_t costs four calls and a change of blocking mode, and one
 * more for each change of interest); errors and hang-ups of a socket whose reading is paused still
 * arrive; and EPOLLHUP, which the kernel reports for as long as both directions are shut
 * (tcp_poll in net/ipv4/tcp.c), arrives once instead of keeping a level-triggered loop spinning.
 * docs/ARCHITECTURE.md has the figures.
 *
 * Life: poller_init, poller_turn again and again, poller_close; then uv_run until libuv has closed
 * its handles.
 *
 * An item must stay in memory until the poller has finished the batch in which its descriptor was
 * closed: free it from a task.
 */
#ifndef RUDEPROXY_NET_POLLER_H
#define RUDEPROXY_NET_POLLER_H

#include <stdbool.h>
#include <uv.h>

#include "proxy/base/list.h"
#include "proxy/base/must_check.h"

struct poller_item {
    /* `events` is a set of EPOLL* bits. May close descriptors, also its own. */
    void (*on_event)(struct poller_item *item, unsigned events);
};

/* Something to be done once, after the events at hand. */
struct poller_task {
    struct list link; /* list_init before the first use */
    void (*run)(struct poller_task *task);
};

struct poller {
    int epoll_fd; /* -1: closed */
    uv_loop_t *loop;
    struct poller_item libuv; /* of its epoll instance */
    bool libuv_due;           /* its epoll instance has events */
    int batch;                /* events in the batch at hand */
    struct list tasks;
};

/* `loop` is run by the poller from now on. 0 or negative errno; after a failure there is nothing to
 * close. */
MUST_CHECK int poller_init(struct poller *poller, uv_loop_t *loop);

/* Runs the tasks that wait and closes. Idempotent; not from inside an item's on_event. */
void poller_close(struct poller *poller);
bool poller_is_closed(const struct poller *poller);

/* Waits for events, at most so many milliseconds (-1: for as long as it takes; less when a task
 * waits or libuv has something to do), and deals with a batch of them, with libuv and with the
 * tasks. Returns how many events there were: 0 when the time ran out. */
int poller_turn(struct poller *poller, int most_ms);

/* Watches a descriptor until it is closed. 0 or negative errno. */
MUST_CHECK int poller_add(struct poller *poller, int fd, struct poller_item *item);

/* Reports anew, in the next turn, what the descriptor is ready for. 0 or negative errno. */
MUST_CHECK int poller_rearm(struct poller *poller, int fd, struct poller_item *item);

/* The same level-triggered and for reading only: told in each turn, for as long as there is something
 * to read; and an end to it. */
int poller_add_level(struct poller *poller, int fd, struct poller_item *item);
void poller_remove(struct poller *poller, int fd);

/* Queues a task for the end of this turn, or of the next one when it is queued by a task; harmless
 * when it is queued already. */
void poller_soon(struct poller *poller, struct poller_task *task);

#endif
