/* SPDX-License-Identifier: MIT */
/*
 * One turn: libuv finds the epoll instance readable, we collect up to a batch of events and hand
 * each to its item. A batch that was full leaves the rest for the next turn, which comes at once
 * because libuv watches the instance level-triggered. Tasks queued meanwhile run in the next turn.
 */
#include "proxy/net/poller.h"

#include <assert.h>
#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

#define POLLER_BATCH 256 /* events a turn: bounds the time until timers and signals get theirs */

static void on_readable(uv_poll_t *handle, int status, int events)
{
    (void)status;
    (void)events;
    struct poller *poller = container_of(handle, struct poller, handle);
    struct epoll_event batch[POLLER_BATCH];
    int count = epoll_wait(poller->epoll_fd, batch, POLLER_BATCH, 0);
    for (int i = 0; i < count; i++) {
        struct poller_item *item = batch[i].data.ptr;
        item->on_event(item, batch[i].events);
    }
}

/* Runs the tasks that wait now; those that they queue wait for the next turn. */
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

static void on_idle(uv_idle_t *idle)
{
    struct poller *poller = container_of(idle, struct poller, idle);
    run_tasks(poller);
    if (list_empty(&poller->tasks))
        uv_idle_stop(idle);
}

int poller_init(struct poller *poller, uv_loop_t *loop)
{
    list_init(&poller->tasks);
    poller->handles_open = 0;
    poller->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (poller->epoll_fd < 0)
        return -errno;
    int result = uv_poll_init(loop, &poller->handle, poller->epoll_fd);
    if (result != 0) {
        close(poller->epoll_fd);
        return result;
    }
    poller->handles_open++;
    uv_idle_init(loop, &poller->idle);
    poller->handles_open++;
    return uv_poll_start(&poller->handle, UV_READABLE, on_readable);
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct poller *poller = handle->data;
    if (--poller->handles_open == 0)
        close(poller->epoll_fd);
}

void poller_close(struct poller *poller)
{
    while (!list_empty(&poller->tasks))
        run_tasks(poller);
    if (uv_is_closing((uv_handle_t *)&poller->handle))
        return;
    poller->handle.data = poller->idle.data = poller;
    uv_close((uv_handle_t *)&poller->handle, on_handle_closed);
    uv_close((uv_handle_t *)&poller->idle, on_handle_closed);
}

int poller_add(struct poller *poller, int fd, struct poller_item *item)
{
    struct epoll_event event = {
        .events = EPOLLIN | EPOLLOUT | EPOLLPRI | EPOLLRDHUP | EPOLLET,
        .data.ptr = item,
    };
    return epoll_ctl(poller->epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0 ? 0 : -errno;
}

void poller_soon(struct poller *poller, struct poller_task *task)
{
    if (!list_empty(&task->link))
        return;
    list_append(&poller->tasks, &task->link);
    uv_idle_start(&poller->idle, on_idle);
}
