/* SPDX-License-Identifier: MIT */
/*
 * Readiness of sockets: one edge-triggered epoll instance for each worker, in which the worker
 * blocks. libuv's own epoll instance is one descriptor of it. libuv runs when that descriptor is
 * readable or one of its timers is due (uv_backend_fd(), the documented way to embed a loop). So an
 * event of a connection costs one epoll_wait, and an event of libuv (signals, the command of exec)
 * costs two.
 *
 * Why not one uv_poll_t for each socket: a socket is registered once with one epoll_ctl, for
 * everything. A uv_poll_t costs four calls, a change of blocking mode, and another call for each
 * change of interest. Errors and hang-ups of a socket whose reading is paused still arrive.
 * EPOLLHUP, which the kernel reports as long as both directions are shut (tcp_poll in
 * net/ipv4/tcp.c), arrives once; a level-triggered loop would spin on it. docs/ARCHITECTURE.md has
 * the figures.
 *
 * Life: poller_init, poller_turn again and again, poller_close, then uv_run until libuv has closed
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
    /* `events` is a set of EPOLL* bits. May close descriptors, its own included. */
    void (*on_event)(struct poller_item *item, unsigned events);
};

/* A function to call once, after the current batch of events. */
struct poller_task {
    struct list link; /* list_init before the first use */
    void (*run)(struct poller_task *task);
};

struct poller {
    int epoll_fd; /* -1: closed */
    uv_loop_t *loop;
    struct poller_item libuv; /* libuv's epoll instance */
    bool libuv_due;           /* libuv's epoll instance has events */
    int batch;                /* events in the current batch */
    struct list tasks;
};

/* The poller runs `loop` from now on. Returns 0 or negative errno; after a failure there is nothing
 * to close. */
MUST_CHECK int poller_init(struct poller *poller, uv_loop_t *loop);

/* Runs the queued tasks and closes. Idempotent. Not from inside an item's on_event. */
void poller_close(struct poller *poller);
bool poller_is_closed(const struct poller *poller);

/* Waits for events, at most `most_ms` milliseconds (-1: no limit; less if a task is queued or libuv
 * is due). Handles one batch of them, libuv and the tasks. Returns the number of events, 0 after
 * the time-out. */
int poller_turn(struct poller *poller, int most_ms);

/* Watches a descriptor until it is closed. Returns 0 or negative errno. */
MUST_CHECK int poller_add(struct poller *poller, int fd, struct poller_item *item);

/* Reports again, in the next turn, for what the descriptor is ready. Returns 0 or negative
 * errno. */
MUST_CHECK int poller_rearm(struct poller *poller, int fd, struct poller_item *item);

/* Watches a descriptor for reading, level-triggered: it is reported in every turn while there is
 * something to read. The second call stops that. */
MUST_CHECK int poller_add_level(struct poller *poller, int fd, struct poller_item *item);
void poller_remove(struct poller *poller, int fd);

/* Queues a task for the end of this turn, or of the next one if called from a task. Does nothing if
 * the task is already queued. */
void poller_soon(struct poller *poller, struct poller_task *task);

#endif
