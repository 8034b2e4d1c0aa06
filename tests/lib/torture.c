/* SPDX-License-Identifier: MIT */
/* Calls that fail on purpose: see torture.h. Threads of libuv's call too, and never fail. */
#include "tests/lib/torture.h"

#include <errno.h>
#include <stddef.h>

static _Thread_local struct {
    bool active;
    enum torture_call call;
    long fails_at;
    int errnum;
    bool lasting;
    long count; /* calls so far */
    int depth;  /* of torture_enter() */
} plan;

const char *torture_call_name(enum torture_call call)
{
    static const char *const names[TORTURE_CALL_COUNT] = {"memory", "accept4", "connect", "recv",
        "send", "splice", "pipe2", "setsockopt", "epoll_ctl", "write", "socket"};
    return names[call];
}

void torture_begin(enum torture_call call, long n, int errnum, bool lasting)
{
    plan.call = call;
    plan.fails_at = n;
    plan.errnum = errnum;
    plan.lasting = lasting;
    plan.count = 0;
    plan.active = true;
}

long torture_end(void)
{
    plan.active = false;
    return plan.count;
}

void torture_enter(void)
{
    plan.depth++;
}

void torture_leave(void)
{
    plan.depth--;
}

bool torture_fails(enum torture_call call)
{
    if (!plan.active || plan.depth == 0 || call != plan.call)
        return false;
    long at = plan.count++;
    if (at != plan.fails_at && !(plan.lasting && at > plan.fails_at))
        return false;
    errno = plan.errnum;
    return true;
}
