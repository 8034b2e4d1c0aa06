/* SPDX-License-Identifier: MIT */
/*
 * Readiness of sockets: one edge-triggered epoll instance for each worker, itself watched by the
 * libuv loop as one descriptor.
 *
 * Why not a uv_poll_t for each socket: a socket is registered once, for everything, with one
 * epoll_ctl, and never again (a uv_poll_t costs four calls and a change of blocking mode, and one
 * more for each change of interest); errors and hang-ups of a socket whose reading is paused still
 * arrive; and EPOLLHUP, which the kernel reports for as long as both directions are shut
 * (tcp_poll in net/ipv4/tcp.c), arrives once instead of keeping a level-triggered loop spinning.
 * docs/ARCHITECTURE.md has the figures.
 *
 * An item must stay in memory until the poller has finished the batch in which its descriptor was
 * closed: free it from a task.
 */
#ifndef RUDEPROXY_NET_POLLER_H
#define RUDEPROXY_NET_POLLER_H

#include <stdbool.h>
#include <uv.h>

#include "proxy/base/list.h"

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
    int epoll_fd;
    uv_poll_t handle; /* watches epoll_fd */
    uv_idle_t idle;   /* runs while tasks wait, so that the loop does not block */
    struct list tasks;
    unsigned handles_open; /* of the two above, for poller_close */
};

/* 0 or negative errno; after a failure there is nothing to close. */
int poller_init(struct poller *poller, uv_loop_t *loop);

/* Runs the tasks that wait and starts closing; the loop has to run once more. Idempotent. */
void poller_close(struct poller *poller);

/* Watches a descriptor until it is closed. 0 or negative errno. */
int poller_add(struct poller *poller, int fd, struct poller_item *item);

/* Queues a task for the next turn of the loop; harmless when it is queued already. */
void poller_soon(struct poller *poller, struct poller_task *task);

#endif
