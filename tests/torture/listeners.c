/* SPDX-License-Identifier: MIT */
/* accept4() that fails: a pause, one event for all of it, and one when it works again. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/lib/rig.h"
#include "tests/lib/torture.h"

#define TO_ECHO "listen=127.0.0.1:0 upstream=builtin:echo"

static void fail_for_a_while(int errnum)
{
    struct rig rig;
    rig_start(&rig);
    assert_int_equal(rig_add_proxy(&rig, "a", TO_ECHO), CONTROL_OK);
    torture_begin(TORTURE_ACCEPT4, 0, errnum, true);
    int fd = rig_connect(&rig, "a");
    assert_true(fd >= 0);
    time_us start = timers_now();
    RIG_WAIT(&rig, timers_now() - start > 350 * US_PER_MS);
    assert_in_range(torture_end(), 1, 8); /* every 100 ms, and not in each turn */
    assert_int_equal(rig.events[EVENT_ACCEPT_FAILED], 1);
    rig_echo(&rig, fd, 1000);
    RIG_WAIT(&rig, rig.events[EVENT_ACCEPT_RECOVERED] == 1);
    assert_int_equal(rig.events[EVENT_ACCEPT_FAILED], 1);
    close(fd);
    rig_stop(&rig);
}

static void an_error_that_lasts_pauses_and_is_said_once(void **state)
{
    const int errnums[] = {EMFILE, ENFILE, ENOBUFS, ENOMEM, EPERM, EINVAL, ENOSYS};
    (void)state;
    for (size_t i = 0; i < sizeof errnums / sizeof errnums[0]; i++)
        fail_for_a_while(errnums[i]);
}

static void a_client_that_failed_by_itself_is_skipped(void **state)
{
    struct rig rig;
    (void)state;
    rig_start(&rig);
    assert_int_equal(rig_add_proxy(&rig, "a", TO_ECHO), CONTROL_OK);
    torture_begin(TORTURE_ACCEPT4, 0, ECONNABORTED, false);
    int fd = rig_connect(&rig, "a");
    rig_echo(&rig, fd, 1000);
    torture_end();
    assert_int_equal(rig.events[EVENT_ACCEPT_FAILED], 0);
    close(fd);
    rig_stop(&rig);
}

/* The listener goes on: there is nothing to try again. */
static void a_client_that_cannot_be_watched_is_dropped(void **state)
{
    struct rig rig;
    (void)state;
    rig_start(&rig);
    assert_int_equal(rig_add_proxy(&rig, "a", TO_ECHO), CONTROL_OK);
    torture_begin(TORTURE_EPOLL_CTL, 0, ENOSPC, false);
    assert_int_equal(rig_end(&rig, rig_connect(&rig, "a")), ECONNRESET);
    torture_end();
    assert_int_equal(rig.events[EVENT_CLIENT_DROPPED], 1);
    assert_int_equal(rig.events[EVENT_ACCEPT_FAILED], 0);
    int fd = rig_connect(&rig, "a");
    rig_echo(&rig, fd, 1000);
    close(fd);
    rig_stop(&rig);
}

/* SYNs are answered until the kernel attaches the filter, and the fault begins then. */
static void a_filter_that_the_kernel_refuses_is_said_once(void **state)
{
    struct rig rig;
    (void)state;
    rig_start(&rig);
    assert_int_equal(rig_add_proxy(&rig, "a", TO_ECHO), CONTROL_OK);
    torture_begin(TORTURE_SETSOCKOPT, 1, ENOMEM, true); /* the first one looks for the right */
    torture_enter();
    assert_int_equal(rig_add(&rig, "a", "hole", "type=syn_blackhole"), CONTROL_OK);
    torture_leave();
    time_us start = timers_now();
    RIG_WAIT(&rig, timers_now() - start > 250 * US_PER_MS);
    assert_int_equal(rig.events[EVENT_FAULT_FAILED], 1);
    assert_int_equal(rig.events[EVENT_FAULT], 0);
    int fd = rig_connect(&rig, "a");
    assert_true(fd >= 0);
    torture_end();
    RIG_WAIT(&rig, rig.events[EVENT_FAULT] == 1);
    assert_int_equal(rig.events[EVENT_FAULT_FAILED], 1);
    close(fd);
    rig_stop(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_error_that_lasts_pauses_and_is_said_once),
        cmocka_unit_test(a_client_that_failed_by_itself_is_skipped),
        cmocka_unit_test(a_client_that_cannot_be_watched_is_dropped),
        cmocka_unit_test(a_filter_that_the_kernel_refuses_is_said_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
