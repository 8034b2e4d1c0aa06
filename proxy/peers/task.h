/* SPDX-License-Identifier: MIT */
/*
 * One step of a script while it is being carried out. Internal to proxy/peers.
 *
 * A task lives from the start of its step until its line is recorded. Its function is called again
 * and again until it says TASK_DONE: each time it does what can be done without blocking, and
 * otherwise says through `events` what poll() should wait for, or through `tick` that poll() has no
 * event for it and it wants to look again in a millisecond.
 */
#ifndef RUDEPROXY_PEERS_TASK_H
#define RUDEPROXY_PEERS_TASK_H

#include "proxy/peers/script.h"

enum progress { TASK_WAITING, TASK_DONE };

struct task {
    const struct peer_step *step;
    const struct op_row *row; /* of the step's op */
    struct peer *self;
    const struct peer *other;
    const struct peers_route *route;
    uint64_t done;     /* bytes moved by this step */
    int64_t since_ms;  /* when it started, or last got on; monotonic */
    short events;      /* out: what to poll for */
    bool tick;         /* out: look again soon instead */
    bool use_listener; /* out: poll the listening socket, not the connection */
    bool finished;     /* the interpreter's */
    struct transcript_line line;
};

/* The definition of an operation. */
struct op_row {
    const char *name; /* in the transcript */
    enum progress (*run)(struct task *task);
    bool needs_connection;
    bool quiet; /* its line is, see transcript.h */
};

/* One row for each enum peer_op, in ops.c. */
extern const struct op_row peer_ops[PEER_OPS];

/* In task.c. Writes the line's text after the op's name and finishes the task. */
enum progress task_say(struct task *task, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Says "ok", or the name of the negative errno `result`. */
enum progress task_say_result(struct task *task, int result);

/* Asks to be called again when poll() reports one of `events`, ERR or HUP. */
enum progress task_wait(struct task *task, short events);

/* Asks to be called again in a millisecond. */
enum progress task_tick(struct task *task);

int64_t peers_now_ms(void);

enum progress op_listen(struct task *task);
enum progress op_connect(struct task *task);
enum progress op_wait_pending(struct task *task);
enum progress op_accept(struct task *task);
enum progress op_unlisten(struct task *task);
enum progress op_connect_for(struct task *task);
enum progress op_connect_up(struct task *task);
enum progress op_try_refused(struct task *task);
enum progress op_crowd(struct task *task);

enum progress op_send(struct task *task);
enum progress op_fill(struct task *task);
enum progress op_send_to_error(struct task *task);
enum progress op_send_urgent(struct task *task);
enum progress op_send_slices(struct task *task);
enum progress op_drip(struct task *task);

enum progress op_read(struct task *task);
enum progress op_read_sent(struct task *task);
enum progress op_read_once(struct task *task);
enum progress op_read_end(struct task *task);
enum progress op_read_rest(struct task *task);
enum progress op_read_lull(struct task *task);
enum progress op_read_sliced(struct task *task);
enum progress op_read_urgent(struct task *task);
enum progress op_read_marked(struct task *task);

enum progress op_shut_wr(struct task *task);
enum progress op_shut_rd(struct task *task);
enum progress op_shut_both(struct task *task);
enum progress op_linger(struct task *task);
enum progress op_close(struct task *task);
enum progress op_reset(struct task *task);
enum progress op_vanish(struct task *task);
enum progress op_deafen(struct task *task);
enum progress op_kill(struct task *task);
enum progress op_lend(struct task *task);
enum progress op_take_back(struct task *task);

enum progress op_inline(struct task *task);
enum progress op_wait_queued(struct task *task);
enum progress op_wait_acked(struct task *task);
enum progress op_wait_urgent(struct task *task);
enum progress op_wait_eof(struct task *task);
enum progress op_wait_hup(struct task *task);
enum progress op_wait_fin_wait2(struct task *task);
enum progress op_wait_close_wait(struct task *task);
enum progress op_at_mark(struct task *task);
enum progress op_so_error(struct task *task);
enum progress op_unacked(struct task *task);
enum progress op_since_send(struct task *task);
enum progress op_keepalive(struct task *task);
enum progress op_user_timeout(struct task *task);
enum progress op_look(struct task *task);

#endif
