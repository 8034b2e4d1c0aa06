/* SPDX-License-Identifier: MIT */
/*
 * Operations that open a connection, and those that end it.
 *
 * All but two are one call and its outcome. accept() waits for a connection, since through a proxy
 * it comes a moment after the client's connect() returned; wait-pending does the same without
 * taking it, for scripts in which something happens to the connection first.
 */
#include "proxy/peers/task.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

enum progress op_listen(struct task *task)
{
    return task_say_result(
        task, peer_listen(task->self, &task->route->listen, (int)task->step->arg));
}

enum progress op_connect(struct task *task)
{
    const struct peer_address *dial = &task->route->dial;
    if (dial->length == 0)
        dial = &task->other->address;
    return task_say_result(task, peer_connect(task->self, dial, task->route->deadline_ms));
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
