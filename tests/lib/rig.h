/* SPDX-License-Identifier: MIT */
/*
 * Proxies in this very process, that a test changes while they run: a worker, its loop, its
 * control, and clients beside them in one thread. What goes wrong fails the running test; every
 * wait ends after RIG_DEADLINE_MS.
 *
 * Life: rig_start, work, rig_stop, which checks that nothing is left.
 */
#ifndef RUDEPROXY_TESTS_LIB_RIG_H
#define RUDEPROXY_TESTS_LIB_RIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proxy/control/control.h"

#define RIG_DEADLINE_MS 30000

struct rig {
    uv_loop_t loop;
    struct worker worker;
    struct control control;
    struct err err; /* of the last change */
    unsigned events[EVENT_COUNT];
    int descriptors; /* before it was started */
};

void rig_start(struct rig *rig);
void rig_stop(struct rig *rig);

/* One turn of the loop, that waits no longer than a millisecond. */
void rig_turn(struct rig *rig);

/* Turns until it is so; fails the test when it takes too long. */
#define RIG_WAIT(rig, condition)                                                                   \
    for (int64_t until_ = rig_deadline(); !(condition); rig_turn(rig))                             \
    rig_check_deadline(until_, #condition)

int64_t rig_deadline(void);
void rig_check_deadline(int64_t until, const char *waited_for);

/* A file is loaded. */
enum control_result rig_load(struct rig *rig, const char *text, enum reload_policy keep);

/* Values from words: "listen=127.0.0.1:0 upstream=builtin:echo". They are right. */
struct proxy_config rig_proxy(const char *name, const char *words);
struct fault rig_fault(const char *name, const char *words);

/* The changes of control.h; on all connections. */
enum control_result rig_add_proxy(struct rig *rig, const char *name, const char *words);
enum control_result rig_add(
    struct rig *rig, const char *proxy, const char *name, const char *words);
enum control_result rig_change(
    struct rig *rig, const char *proxy, const char *name, const char *words);
enum control_result rig_remove(struct rig *rig, const char *proxy, const char *name);
enum control_result rig_set_enabled(struct rig *rig, const char *proxy, bool enabled);

/* Returns the port at which the proxy listens. */
unsigned rig_port(struct rig *rig, const char *proxy);

/* A client's socket, not blocking; or the negative errno of connect(). */
int rig_connect(struct rig *rig, const char *proxy);

/* `n` bytes go out and come back, which all differ from their neighbours. */
void rig_echo(struct rig *rig, int fd, size_t n);

/* Sends; what comes back is waited for by nobody. */
void rig_send(int fd, size_t n);

/* Bytes that can be read now, without taking them. */
size_t rig_readable(int fd);

/* Waits for the end: 0 for EOF, or the errno. Closes the socket. */
int rig_end(struct rig *rig, int fd);

/* For cmocka's tests with a rig: *state is a started one, which is stopped and freed behind the
 * test. */
int rig_setup(void **state);
int rig_teardown(void **state);

#endif
