/* SPDX-License-Identifier: MIT */
/*
 * The table of operations, and what all of them use to wait and to write their line.
 *
 * An op that needs a connection is not called without one: the interpreter writes "no connection"
 * instead, so that a script whose connect() failed still runs to its end.
 */
#include "proxy/peers/task.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

const struct op_row peer_ops[PEER_OPS] = {
    [PEER_LISTEN] = {"listen", false, op_listen},
    [PEER_CONNECT] = {"connect", false, op_connect},
    [PEER_WAIT_PENDING] = {"wait for a connection", false, op_wait_pending},
    [PEER_ACCEPT] = {"accept", false, op_accept},
    [PEER_UNLISTEN] = {"close the listener", false, op_unlisten},
    [PEER_SEND] = {"send", true, op_send},
    [PEER_FILL] = {"send until it blocks", true, op_fill},
    [PEER_SEND_TO_ERROR] = {"send until it fails", true, op_send_to_error},
    [PEER_SEND_URGENT] = {"send an urgent byte", true, op_send_urgent},
    [PEER_READ] = {"read", true, op_read},
    [PEER_READ_SENT] = {"read all that was sent", true, op_read_sent},
    [PEER_READ_ONCE] = {"read once", true, op_read_once},
    [PEER_READ_END] = {"read to the end", true, op_read_end},
    [PEER_READ_REST] = {"read the rest", true, op_read_rest},
    [PEER_READ_URGENT] = {"read the urgent byte", true, op_read_urgent},
    [PEER_READ_MARKED] = {"read the marked byte", true, op_read_marked},
    [PEER_SHUT_WR] = {"shutdown(SHUT_WR)", true, op_shut_wr},
    [PEER_SHUT_RD] = {"shutdown(SHUT_RD)", true, op_shut_rd},
    [PEER_SHUT_BOTH] = {"shutdown(SHUT_RDWR)", true, op_shut_both},
    [PEER_LINGER] = {"SO_LINGER", true, op_linger},
    [PEER_CLOSE] = {"close", true, op_close},
    [PEER_RESET] = {"reset", true, op_reset},
    [PEER_KILL] = {"killed", true, op_kill},
    [PEER_LEND] = {"a child holds a copy", true, op_lend},
    [PEER_TAKE_BACK] = {"the child is gone", false, op_take_back},
    [PEER_INLINE] = {"SO_OOBINLINE", true, op_inline},
    [PEER_WAIT_QUEUED] = {"wait for bytes", true, op_wait_queued},
    [PEER_WAIT_ACKED] = {"wait until acknowledged", true, op_wait_acked},
    [PEER_WAIT_URGENT] = {"wait for urgent data", true, op_wait_urgent},
    [PEER_WAIT_EOF] = {"wait for a FIN", true, op_wait_eof},
    [PEER_WAIT_HUP] = {"wait for a hang-up", true, op_wait_hup},
    [PEER_WAIT_FIN_WAIT2] = {"wait for FIN_WAIT2", true, op_wait_fin_wait2},
    [PEER_WAIT_CLOSE_WAIT] = {"wait for CLOSE_WAIT", true, op_wait_close_wait},
    [PEER_AT_MARK] = {"sockatmark", true, op_at_mark},
    [PEER_SO_ERROR] = {"SO_ERROR", true, op_so_error},
    [PEER_LOOK] = {"look", true, op_look},
};

enum progress task_say(struct task *task, const char *format, ...)
{
    char *text = task->line.text;
    size_t size = sizeof(task->line.text);
    va_list arguments;

    snprintf(text, size, "%s: ", peer_ops[task->step->op].name);
    size_t used = strlen(text);
    va_start(arguments, format);
    vsnprintf(text + used, size - used, format, arguments);
    va_end(arguments);
    return TASK_DONE;
}

enum progress task_say_result(struct task *task, int result)
{
    return task_say(task, "%s", result == 0 ? "ok" : peer_errno_name(-result));
}

enum progress task_wait(struct task *task, short events)
{
    task->events = events;
    task->tick = false;
    return TASK_WAITING;
}

enum progress task_tick(struct task *task)
{
    task->tick = true;
    return TASK_WAITING;
}

int64_t peers_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}
