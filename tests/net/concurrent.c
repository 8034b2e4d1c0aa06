/* SPDX-License-Identifier: MIT */
/* A connection that has ended is not open at the same time as the next one. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/lib/rig.h"

#define SECOND "type=reset concurrent=2-"

static int open_connection(struct rig *rig)
{
    int fd = rig_connect(rig, "a");
    rig_echo(rig, fd, 1);
    return fd;
}

static void start(struct rig *rig)
{
    assert_int_equal(
        rig_add_proxy(rig, "a", "listen=127.0.0.1:0 upstream=builtin:echo"), CONTROL_OK);
    assert_int_equal(rig_add(rig, "a", "f", SECOND), CONTROL_OK);
}

/* The RST and the next client come in one batch of events. */
static void a_client_that_resets_and_the_next_one(void **state)
{
    struct rig *rig = *state;
    const struct linger reset = {.l_onoff = 1};
    start(rig);
    int first = open_connection(rig);
    assert_int_equal(setsockopt(first, SOL_SOCKET, SO_LINGER, &reset, sizeof reset), 0);
    close(first);
    int second = open_connection(rig);
    assert_int_equal(rig->events[EVENT_CLOSED], 1);
    assert_int_equal(rig->events[EVENT_FAULT], 0);
    close(second);
}

static void a_client_that_stays_and_the_next_one(void **state)
{
    struct rig *rig = *state;
    start(rig);
    int first = open_connection(rig);
    assert_int_equal(rig_end(rig, rig_connect(rig, "a")), ECONNRESET);
    assert_int_equal(rig->events[EVENT_FAULT], 1);
    close(first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            a_client_that_resets_and_the_next_one, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(
            a_client_that_stays_and_the_next_one, rig_setup, rig_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
