/* SPDX-License-Identifier: MIT */
/*
 * Operations that open a connection, and those that end it.
 *
 * Most are one call and its outcome. Some connect repeatedly, until that works or fails. accept()
 * waits for a connection, because through a proxy it arrives a moment after the client's connect()
 * returned. wait-pending waits without accepting, for scripts in which something first happens to
 * the connection.
 */
#include "proxy/peers/task.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

/* Rare enough that the attempts fill no backlog. */
#define TRY_AGAIN_MS 100

enum progress op_listen(struct task *task)
{
    return task_say_result(
        task, peer_listen(task->self, &task->route->listen, (int)task->step->arg));
}

/* Returns the address of the proxy, or of the server: where it listens or will listen. */
static const struct peer_address *where_to(const struct task *task)
{
    if (task->route->dial.length != 0)
        return &task->route->dial;
    return task->other->address.length != 0 ? &task->other->address : &task->route->listen;
}

enum progress op_connect(struct task *task)
{
    return task_say_result(
        task, peer_connect(task->self, where_to(task), task->route->deadline_ms));
}

enum progress op_connect_for(struct task *task)
{
    int result = peer_connect(task->self, where_to(task), (int)task->step->arg);
    if (result == -EINPROGRESS)
        return task_say(task, "no answer");
    return task_say_result(task, result);
}

enum progress op_connect_up(struct task *task)
{
    int result = peer_connect(task->self, where_to(task), task->route->deadline_ms);
    return result == -ECONNREFUSED ? task_tick(task) : task_say_result(task, result);
}

enum progress op_try_refused(struct task *task)
{
    struct peer another;
    if (task->done > 0 && peers_now_ms() - task->since_ms < TRY_AGAIN_MS)
        return task_tick(task);
    peer_init(&another, task->self->actor);
    another.network = task->self->network;
    int result = peer_connect(&another, where_to(task), task->route->deadline_ms);
    peer_deinit(&another);
    task->done++;
    task->since_ms = peers_now_ms();
    return result == 0 ? task_tick(task) : task_say_result(task, result);
}

enum progress op_crowd(struct task *task)
{
    return task_say_result(task, peer_crowd(task->self, where_to(task), (int)task->step->arg));
}

static enum progress wait_for_connection(struct task *task)
{
    task->use_listener = true;
    return task_wait(task, POLLIN);
}

enum progress op_wait_pending(struct task *task)
{
    struct pollfd pending = {.fd = task->self->listener, .events = POLLIN};
    if (poll(&pending, 1, 0) == 0)
        return wait_for_connection(task);
    return task_say_result(task, 0);
}

enum progress op_accept(struct task *task)
{
    int result = peer_accept(task->self);
    if (result == -EAGAIN)
        return wait_for_connection(task);
    return task_say_result(task, result);
}

enum progress op_unlisten(struct task *task)
{
    return task_say_result(task, peer_unlisten(task->self));
}

enum progress op_shut_wr(struct task *task)
{
    return task_say_result(task, peer_shutdown(task->self, SHUT_WR));
}

enum progress op_shut_rd(struct task *task)
{
    return task_say_result(task, peer_shutdown(task->self, SHUT_RD));
}

enum progress op_shut_both(struct task *task)
{
    return task_say_result(task, peer_shutdown(task->self, SHUT_RDWR));
}

enum progress op_linger(struct task *task)
{
    return task_say_result(task, peer_linger(task->self, (int)task->step->arg));
}

enum progress op_close(struct task *task)
{
    return task_say_result(task, peer_close(task->self));
}

enum progress op_reset(struct task *task)
{
    return task_say_result(task, peer_reset(task->self));
}

enum progress op_vanish(struct task *task)
{
    return task_say_result(task, peer_vanish(task->self));
}

enum progress op_deafen(struct task *task)
{
    return task_say_result(task, peer_deafen(task->self, task->step->arg));
}

enum progress op_kill(struct task *task)
{
    return task_say_result(task, peer_kill(task->self));
}

enum progress op_lend(struct task *task)
{
    return task_say_result(task, peer_lend(task->self));
}

enum progress op_take_back(struct task *task)
{
    return task_say_result(task, peer_take_back(task->self));
}
