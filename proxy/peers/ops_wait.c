/* SPDX-License-Identifier: MIT */
/*
 * Operations that wait for a condition of a socket, or look at it, without reading.
 *
 * Conditions that poll() reports are waited for with poll(). Queue lengths and TCP states have no
 * event and are checked every millisecond. None of these operations takes anything from the socket,
 * except SO_ERROR: reading it takes the error from the next call.
 */
#include "proxy/peers/task.h"

#include <errno.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "proxy/base/err.h"

static short poll_now(int fd, short events)
{
    struct pollfd entry = {.fd = fd, .events = events};
    return poll(&entry, 1, 0) > 0 ? entry.revents : 0;
}

enum progress op_inline(struct task *task)
{
    const int on = 1;
    int result = setsockopt(task->self->fd, SOL_SOCKET, SO_OOBINLINE, &on, sizeof(on));
    return task_say_result(task, result == 0 ? 0 : -errno);
}

enum progress op_wait_queued(struct task *task)
{
    int queued = 0;
    if (ioctl(task->self->fd, FIONREAD, &queued) != 0)
        return task_say_result(task, -errno);
    if ((size_t)queued < task->step->arg)
        return task_tick(task);
    return task_say(task, "%zu", task->step->arg);
}

enum progress op_wait_acked(struct task *task)
{
    int queued = 0;
    if (ioctl(task->self->fd, SIOCOUTQ, &queued) != 0)
        return task_say_result(task, -errno);
    return queued != 0 ? task_tick(task) : task_say_result(task, 0);
}

enum progress op_wait_urgent(struct task *task)
{
    if ((poll_now(task->self->fd, POLLPRI) & POLLPRI) == 0)
        return task_wait(task, POLLPRI);
    return task_say_result(task, 0);
}

enum progress op_wait_eof(struct task *task)
{
    if ((poll_now(task->self->fd, POLLRDHUP) & POLLRDHUP) == 0)
        return task_wait(task, POLLRDHUP);
    return task_say_result(task, 0);
}

enum progress op_wait_hup(struct task *task)
{
    /* The kernel sets the error before the state that gives HUP: so if HUP is reported, ERR is too
     * if there is an error. */
    short seen = poll_now(task->self->fd, 0);
    if ((seen & POLLHUP) == 0)
        return task_wait(task, 0);
    return task_say(task, "%s", (seen & POLLERR) != 0 ? "ERR HUP" : "HUP");
}

static enum progress wait_for_state(struct task *task, unsigned char wanted)
{
    struct tcp_info info = {0};
    socklen_t size = sizeof(info);
    if (getsockopt(task->self->fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0)
        return task_say_result(task, -errno);
    return info.tcpi_state != wanted ? task_tick(task) : task_say_result(task, 0);
}

enum progress op_wait_fin_wait2(struct task *task)
{
    return wait_for_state(task, TCP_FIN_WAIT2);
}

enum progress op_wait_close_wait(struct task *task)
{
    return wait_for_state(task, TCP_CLOSE_WAIT);
}

enum progress op_at_mark(struct task *task)
{
    int at_mark = sockatmark(task->self->fd);
    if (at_mark < 0)
        return task_say_result(task, -errno);
    return task_say(task, "%s", at_mark != 0 ? "yes" : "no");
}

enum progress op_so_error(struct task *task)
{
    int error = 0;
    socklen_t size = sizeof(error);
    if (getsockopt(task->self->fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0)
        return task_say_result(task, -errno);
    return task_say(task, "%s", error == 0 ? "none" : err_name(error));
}

enum progress op_look(struct task *task)
{
    if (peers_now_ms() - task->since_ms < (int64_t)task->step->arg)
        return task_tick(task);
    short seen = poll_now(task->self->fd, POLLIN | POLLPRI | POLLRDHUP);
    if (seen == 0)
        return task_say(task, "nothing");
    return task_say(task, "%s%s%s%s%s", (seen & POLLIN) != 0 ? "IN " : "",
        (seen & POLLPRI) != 0 ? "PRI " : "", (seen & POLLRDHUP) != 0 ? "RDHUP " : "",
        (seen & POLLERR) != 0 ? "ERR " : "", (seen & POLLHUP) != 0 ? "HUP " : "");
}
