/* SPDX-License-Identifier: MIT */
/*
 * Operations that check that something does not happen: no acknowledgement, no second byte in a
 * segment, no early byte; and the two timers of TCP that detect silence.
 *
 * They report only results that a delay of this machine cannot invert. A process that was not
 * scheduled for a while sees several segments in one read, but the kernel has counted them; and it
 * sees more time pass, never less.
 */
#include "proxy/peers/task.h"

#include <errno.h>
#include <linux/sockios.h>
#include <linux/tcp.h> /* tcpi_data_segs_in; glibc's netinet/tcp.h does not have it */
#include <netinet/in.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

/* A socket with a pending error has no queue any more; that is not an acknowledgement. */
static bool has_failed(int fd)
{
    struct pollfd entry = {.fd = fd};
    return poll(&entry, 1, 0) > 0 && (entry.revents & POLLERR) != 0;
}

enum progress op_unacked(struct task *task)
{
    int queued = 0;
    if (ioctl(task->self->fd, SIOCOUTQ, &queued) != 0)
        return task_say_result(task, -errno);
    if (queued == 0 && !has_failed(task->self->fd))
        return task_say(task, "it came");
    if (peers_now_ms() - task->since_ms < (int64_t)task->step->arg)
        return task_tick(task);
    return task_say(task, "none");
}

enum progress op_since_send(struct task *task)
{
    bool long_ago = peers_now_ms() - task->self->sent_ms >= (int64_t)task->step->arg;
    return task_say(task, "%s %zu ms", long_ago ? "at least" : "LESS than", task->step->arg);
}

enum progress op_keepalive(struct task *task)
{
    return task_say_result(task, peer_keepalive(task->self, (int)task->step->arg));
}

enum progress op_user_timeout(struct task *task)
{
    return task_say_result(task, peer_user_timeout(task->self, (int)task->step->arg));
}

/* Segments with data that the connection has received, 0 if the kernel does not say. */
static size_t segments_of(int fd)
{
    struct tcp_info info = {0};
    socklen_t size = sizeof(info);
    return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 ? info.tcpi_data_segs_in : 0;
}

enum progress op_read_sliced(struct task *task)
{
    size_t total = task->step->arg;
    size_t slice = task->step->size;

    while (task->done < total) {
        ssize_t got = peer_receive(task->self, total - (size_t)task->done);
        if (got == -EAGAIN)
            return task_wait(task, POLLIN);
        if (got <= 0)
            return task_say(task, "it ended early");
        task->done += (uint64_t)got;
    }
    if (task->self->spoiled)
        return task_say(task, "WRONG bytes");
    bool sliced = segments_of(task->self->fd) >= (total + slice - 1) / slice;
    return task_say(task, "%zu bytes, %s %zu in a segment", total,
        sliced ? "never more than" : "MORE than", slice);
}
