/* SPDX-License-Identifier: MIT */
/*
 * Operations that write and read.
 *
 * Each runs until it has all its bytes, or the socket reports EOF or an error; EAGAIN means wait.
 * The number of bytes that fit into the kernel's buffers varies, even without a proxy. So
 * operations whose count depends on it (fill, send to error, read the rest) print the number beside
 * the compared text.
 */
#include "proxy/peers/task.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "proxy/base/err.h"

/* How long full buffers must accept nothing. Without a proxy only two kernel queues are involved;
 * through a proxy bytes continue to trickle while it forwards. A false "full" on a stalled machine
 * costs only some bytes of the fill, once the proxy has forwarded any. */
#define FILL_QUIET_DIRECT_MS 25
#define FILL_QUIET_PROXIED_MS 120

static void put_aside(struct task *task, uint64_t moved, uint64_t of)
{
    snprintf(
        task->line.aside, sizeof(task->line.aside), "%" PRIu64 " of %" PRIu64 " bytes", moved, of);
}

/* Returns how a stream ended, or that it has not. `last` is the result of recv(). */
static const char *ending_name(ssize_t last)
{
    if (last == 0)
        return "EOF";
    return last < 0 ? err_name((int)-last) : "more to come";
}

static enum progress report_content(struct task *task, const char *what)
{
    if (task->self->spoiled)
        return task_say(task, "%s, but WRONG from offset %" PRIu64, what, task->self->spoiled_at);
    return task_say(task, "%s", what);
}

enum progress op_send(struct task *task)
{
    if (task->done == 0)
        task->self->sent_ms = peers_now_ms();

    size_t total = task->step->arg;
    size_t size = task->step->size != 0 ? task->step->size : total;

    while (task->done < total) {
        size_t left = total - (size_t)task->done;
        ssize_t taken = peer_send(task->self, left < size ? left : size);
        if (taken == -EAGAIN)
            return task_wait(task, POLLOUT);
        if (taken < 0)
            return task_say(task, "%s after %" PRIu64 " of %zu bytes", err_name((int)-taken),
                task->done, total);
        task->done += (uint64_t)taken;
    }
    return task_say(task, "%zu bytes", total);
}

/* Whether a byte of ours has come to the other end, or that end is closed. Before the proxy has
 * forwarded any, the other end would close an empty connection: a FIN instead of a RST. */
static bool has_reached_other(const struct task *task)
{
    int queued = 0;
    return task->other->received > 0 || task->other->fd < 0 ||
           ioctl(task->other->fd, FIONREAD, &queued) != 0 || queued > 0;
}

enum progress op_fill(struct task *task)
{
    ssize_t taken;
    while ((taken = peer_send(task->self, SIZE_MAX)) > 0) {
        task->done += (uint64_t)taken;
        task->since_ms = peers_now_ms();
    }
    if (taken != -EAGAIN)
        return task_say_result(task, (int)taken);
    bool direct = task->route->dial.length == 0;
    if (peers_now_ms() - task->since_ms < (direct ? FILL_QUIET_DIRECT_MS : FILL_QUIET_PROXIED_MS))
        return task_tick(task);
    if (!direct && !has_reached_other(task))
        return task_tick(task);
    snprintf(task->line.aside, sizeof(task->line.aside), "%" PRIu64 " bytes", task->done);
    return task_say(task, "ok");
}

enum progress op_send_to_error(struct task *task)
{
    ssize_t taken;
    while ((taken = peer_send(task->self, SIZE_MAX)) > 0)
        task->done += (uint64_t)taken;
    if (taken == -EAGAIN)
        return task_wait(task, POLLOUT);
    snprintf(task->line.aside, sizeof(task->line.aside), "after %" PRIu64 " bytes", task->done);
    return task_say_result(task, (int)taken);
}

/* Sends the next slice if it is due. */
static enum progress send_slices(struct task *task, int64_t gap_ms)
{
    while (task->done < task->step->arg) {
        size_t left = task->step->arg - (size_t)task->done;
        if (task->done > 0 && peers_now_ms() - task->since_ms < gap_ms)
            return task_tick(task);
        ssize_t taken =
            peer_send_segment(task->self, left < task->step->size ? left : task->step->size);
        if (taken == -EAGAIN)
            return task_wait(task, POLLOUT);
        if (taken < 0)
            return task_say_result(task, (int)taken);
        task->done += (uint64_t)taken;
        task->since_ms = peers_now_ms();
    }
    return task_say(task, "%zu bytes, %zu at a time", task->step->arg, task->step->size);
}

enum progress op_send_slices(struct task *task)
{
    return send_slices(task, 0);
}

enum progress op_drip(struct task *task)
{
    return send_slices(task, PEERS_DRIP_MS);
}

enum progress op_send_urgent(struct task *task)
{
    return task_say_result(task, peer_send_urgent(task->self));
}

/* Reads until `total` bytes have arrived; `text` is the text of the line then. */
static enum progress read_up_to(struct task *task, uint64_t total, const char *text)
{
    while (task->done < total) {
        ssize_t got = peer_receive(task->self, (size_t)(total - task->done));
        if (got == -EAGAIN)
            return task_wait(task, POLLIN);
        if (got <= 0)
            return task_say(task, "%s after %" PRIu64 " of %" PRIu64 " bytes", ending_name(got),
                task->done, total);
        task->done += (uint64_t)got;
    }
    return report_content(task, text);
}

enum progress op_read(struct task *task)
{
    char text[32];
    snprintf(text, sizeof(text), "%zu bytes", task->step->arg);
    return read_up_to(task, task->step->arg, text);
}

enum progress op_read_sent(struct task *task)
{
    /* The bytes read before this step plus the bytes it still has to read are all that the other
     * end has sent. */
    uint64_t before = task->self->received - task->done;
    put_aside(task, task->other->sent - before, task->other->sent);
    return read_up_to(task, task->other->sent - before, "all");
}

enum progress op_read_once(struct task *task)
{
    ssize_t got = peer_receive(task->self, task->step->arg);
    if (got == -EAGAIN)
        return task_wait(task, POLLIN);
    if (got <= 0)
        return task_say(task, "%s", ending_name(got));
    char text[32];
    snprintf(text, sizeof(text), "%zd bytes", got);
    return report_content(task, text);
}

/* Reads more. Returns false if nothing more is available now; true at the end, with *last 0 for EOF
 * or a negative errno. */
static bool read_to_end(struct task *task, ssize_t *last)
{
    while ((*last = peer_receive(task->self, SIZE_MAX)) > 0)
        task->done += (uint64_t)*last;
    return *last != -EAGAIN;
}

enum progress op_read_end(struct task *task)
{
    char text[64];
    ssize_t last;

    if (!read_to_end(task, &last))
        return task_wait(task, POLLIN);
    snprintf(text, sizeof(text), "%" PRIu64 " bytes, then %s", task->done, ending_name(last));
    return report_content(task, text);
}

enum progress op_read_rest(struct task *task)
{
    char text[64];
    ssize_t last;

    if (!read_to_end(task, &last))
        return task_wait(task, POLLIN);
    const struct peer *self = task->self;
    const char *share = self->received == task->other->sent ? "all of what was sent"
                        : self->received > 0                ? "part of what was sent"
                                                            : "nothing of what was sent";
    put_aside(task, self->received, task->other->sent);
    snprintf(text, sizeof(text), "%s, then %s", share, ending_name(last));
    return report_content(task, text);
}

enum progress op_read_lull(struct task *task)
{
    ssize_t last;
    uint64_t before = task->done;
    char text[64];

    bool over = read_to_end(task, &last);
    if (task->done > before)
        task->since_ms = peers_now_ms();
    if (!over && peers_now_ms() - task->since_ms < (int64_t)task->step->arg)
        return task_tick(task);
    snprintf(text, sizeof(text), "%" PRIu64 " bytes, then %s", task->done,
        over ? ending_name(last) : "silence");
    return report_content(task, text);
}

enum progress op_read_urgent(struct task *task)
{
    return task_say_result(task, peer_receive_urgent(task->self, MSG_OOB));
}

enum progress op_read_marked(struct task *task)
{
    int result = peer_receive_urgent(task->self, 0);
    if (result == -EAGAIN)
        return task_wait(task, POLLIN);
    return task_say_result(task, result);
}
