/* SPDX-License-Identifier: MIT */
/*
 * Calls that fail on purpose: the n-th allocation, the n-th accept4(). tests/torture/seam.c asks
 * here before each call; only programs that are linked with it (tests/CMakeLists.txt) see failures.
 *
 * Only what happens between torture_enter() and torture_leave() counts, so that a test's own calls
 * do not fail. A rig enters for each turn of its loop.
 */
#ifndef RUDEPROXY_TESTS_LIB_TORTURE_H
#define RUDEPROXY_TESTS_LIB_TORTURE_H

#include <stdbool.h>

enum torture_call {
    TORTURE_MEMORY, /* malloc, calloc, realloc, reallocarray, strdup */
    TORTURE_ACCEPT4,
    TORTURE_CONNECT,
    TORTURE_RECV,
    TORTURE_SEND,
    TORTURE_SPLICE,
    TORTURE_PIPE2,
    TORTURE_SETSOCKOPT,
    TORTURE_EPOLL_CTL,
    TORTURE_WRITE,
    TORTURE_SOCKET,
    TORTURE_CALL_COUNT,
};

const char *torture_call_name(enum torture_call call);

/* From now on, call number `n` of this kind fails with `errnum`; the first one is 0. With
 * `lasting`, all that follow fail too. Counts anew. */
void torture_begin(enum torture_call call, long n, int errnum, bool lasting);

/* Nothing fails any more. Returns how many calls of that kind there were since torture_begin(). */
long torture_end(void);

void torture_enter(void);
void torture_leave(void);

/* For the seam: whether this call fails, with errno set. */
bool torture_fails(enum torture_call call);

#endif
