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
    [PEER_LISTEN] = {"listen", op_listen, false, true},
    [PEER_CONNECT] = {"connect", op_connect, false, false},
    [PEER_WAIT_PENDING] = {"wait for a connection", op_wait_pending, false, true},
    [PEER_ACCEPT] = {"accept", op_accept, false, false},
    [PEER_UNLISTEN] = {"close the listener", op_unlisten, false, true},
    [PEER_CONNECT_FOR] = {"connect", op_connect_for, false, false},
    [PEER_CONNECT_UP] = {"connect, and again", op_connect_up, false, false},
    [PEER_TRY_REFUSED] = {"connect another", op_try_refused, false, false},
    [PEER_CROWD] = {"others connect", op_crowd, false, false},
    [PEER_SEND] = {"send", op_send, true, false},
    [PEER_FILL] = {"send until it blocks", op_fill, true, false},
    [PEER_SEND_TO_ERROR] = {"send until it fails", op_send_to_error, true, false},
    [PEER_SEND_URGENT] = {"send an urgent byte", op_send_urgent, true, false},
    [PEER_SEND_SLICES] = {"send in slices", op_send_slices, true, false},
    [PEER_DRIP] = {"drip", op_drip, true, false},
    [PEER_READ] = {"read", op_read, true, false},
    [PEER_READ_SENT] = {"read all that was sent", op_read_sent, true, false},
    [PEER_READ_ONCE] = {"read once", op_read_once, true, false},
    [PEER_READ_END] = {"read to the end", op_read_end, true, false},
    [PEER_READ_REST] = {"read the rest", op_read_rest, true, false},
    [PEER_READ_LULL] = {"read what comes", op_read_lull, true, false},
    [PEER_READ_SLICED] = {"read", op_read_sliced, true, false},
    [PEER_READ_URGENT] = {"read the urgent byte", op_read_urgent, true, false},
    [PEER_READ_MARKED] = {"read the marked byte", op_read_marked, true, false},
    [PEER_SHUT_WR] = {"shutdown(SHUT_WR)", op_shut_wr, true, false},
    [PEER_SHUT_RD] = {"shutdown(SHUT_RD)", op_shut_rd, true, false},
    [PEER_SHUT_BOTH] = {"shutdown(SHUT_RDWR)", op_shut_both, true, false},
    [PEER_LINGER] = {"SO_LINGER", op_linger, true, false},
    [PEER_CLOSE] = {"close", op_close, true, false},
    [PEER_RESET] = {"reset", op_reset, true, false},
    [PEER_VANISH] = {"vanish", op_vanish, true, false},
    [PEER_DEAFEN] = {"lose what arrives", op_deafen, true, false},
    [PEER_KILL] = {"killed", op_kill, true, false},
    [PEER_LEND] = {"a child holds a copy", op_lend, true, false},
    [PEER_TAKE_BACK] = {"the child is gone", op_take_back, false, false},
    [PEER_INLINE] = {"SO_OOBINLINE", op_inline, true, false},
    [PEER_WAIT_QUEUED] = {"wait for bytes", op_wait_queued, true, true},
    [PEER_WAIT_ACKED] = {"wait until acknowledged", op_wait_acked, true, false},
    [PEER_WAIT_URGENT] = {"wait for urgent data", op_wait_urgent, true, false},
    [PEER_WAIT_EOF] = {"wait for a FIN", op_wait_eof, true, false},
    [PEER_WAIT_HUP] = {"wait for a hang-up", op_wait_hup, true, false},
    [PEER_WAIT_FIN_WAIT2] = {"wait for FIN_WAIT2", op_wait_fin_wait2, true, false},
    [PEER_WAIT_CLOSE_WAIT] = {"wait for CLOSE_WAIT", op_wait_close_wait, true, false},
    [PEER_AT_MARK] = {"sockatmark", op_at_mark, true, false},
    [PEER_SO_ERROR] = {"SO_ERROR", op_so_error, true, false},
    [PEER_UNACKED] = {"look for an acknowledgement", op_unacked, true, false},
    [PEER_SINCE_SEND] = {"time since the send", op_since_send, true, false},
    [PEER_KEEPALIVE] = {"SO_KEEPALIVE", op_keepalive, true, false},
    [PEER_USER_TIMEOUT] = {"TCP_USER_TIMEOUT", op_user_timeout, true, false},
    [PEER_LOOK] = {"look", op_look, true, false},
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
