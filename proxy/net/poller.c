/* SPDX-License-Identifier: MIT */
/*
 * One turn: wait, pass each event of a batch to its item, run libuv if it has something to do, then
 * run the tasks. If more events are pending than one batch holds, the next turn gets the rest.
 */
#include "proxy/net/poller.h"

#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

#define POLLER_BATCH 256 /* events a turn: bounds the delay of timers and signals */

static void on_libuv(struct poller_item *item, unsigned events)
{
    (void)events;
    container_of(item, struct poller, libuv)->libuv_due = true;
}

/* Runs the tasks that are queued now. Tasks that they queue wait for the next turn. */
static void run_tasks(struct poller *poller)
{
    struct list now;
    list_init(&now);
    for (struct list *link; (link = list_pop(&poller->tasks)) != NULL;)
        list_append(&now, link);
    for (struct list *link; (link = list_pop(&now)) != NULL;) {
        struct poller_task *task = container_of(link, struct poller_task, link);
        task->run(task);
    }
}

#define EDGES (EPOLLIN | EPOLLOUT | EPOLLPRI | EPOLLRDHUP | EPOLLET)

static int control(
    struct poller *poller, int operation, int fd, struct poller_item *item, unsigned events)
{
    struct epoll_event event = {.events = events, .data.ptr = item};
    return epoll_ctl(poller->epoll_fd, operation, fd, &event) == 0 ? 0 : -errno;
}

int poller_add(struct poller *poller, int fd, struct poller_item *item)
{
    return control(poller, EPOLL_CTL_ADD, fd, item, EDGES);
}

/* Works because EPOLL_CTL_MOD checks the descriptor again (ep_modify in fs/eventpoll.c). */
int poller_rearm(struct poller *poller, int fd, struct poller_item *item)
{
    return control(poller, EPOLL_CTL_MOD, fd, item, EDGES);
}

int poller_add_level(struct poller *poller, int fd, struct poller_item *item)
{
    return control(poller, EPOLL_CTL_ADD, fd, item, EPOLLIN);
}

void poller_remove(struct poller *poller, int fd)
{
    epoll_ctl(poller->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
}

int poller_init(struct poller *poller, uv_loop_t *loop)
{
    *poller = (struct poller){.epoll_fd = epoll_create1(EPOLL_CLOEXEC),
        .loop = loop,
        .libuv.on_event = on_libuv,
        .libuv_due = true};
    list_init(&poller->tasks);
    if (poller->epoll_fd < 0)
        return -errno;
    int result = poller_add_level(poller, uv_backend_fd(loop), &poller->libuv);
    if (result != 0) {
        close(poller->epoll_fd);
        poller->epoll_fd = -1;
    }
    return result;
}

void poller_close(struct poller *poller)
{
    while (!list_empty(&poller->tasks))
        run_tasks(poller);
    if (poller->epoll_fd >= 0)
        close(poller->epoll_fd);
    poller->epoll_fd = -1;
}

bool poller_is_closed(const struct poller *poller)
{
    return poller->epoll_fd < 0;
}

/* Returns in how many milliseconds libuv has to run even without events; -1: it has not. */
static int libuv_timeout(const struct poller *poller)
{
    uv_update_time(poller->loop);
    return uv_loop_alive(poller->loop) ? uv_backend_timeout(poller->loop) : -1;
}

static int time_to_wait(const struct poller *poller, int most_ms)
{
    int libuv_ms = libuv_timeout(poller);
    if (!list_empty(&poller->tasks) || poller->libuv_due)
        return 0;
    return most_ms < 0 || (libuv_ms >= 0 && libuv_ms < most_ms) ? libuv_ms : most_ms;
}

int poller_turn(struct poller *poller, int most_ms)
{
    struct epoll_event batch[POLLER_BATCH];
    int count = epoll_wait(poller->epoll_fd, batch, POLLER_BATCH, time_to_wait(poller, most_ms));
    poller->batch = count;
    for (int i = 0; i < count; i++) {
        struct poller_item *item = batch[i].data.ptr;
        item->on_event(item, batch[i].events);
    }
    if (poller->libuv_due || libuv_timeout(poller) == 0) {
        poller->libuv_due = false;
        uv_run(poller->loop, UV_RUN_NOWAIT);
    }
    run_tasks(poller);
    return count;
}

void poller_soon(struct poller *poller, struct poller_task *task)
{
    if (list_empty(&task->link))
        list_append(&poller->tasks, &task->link);
}
