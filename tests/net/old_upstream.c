/* SPDX-License-Identifier: MIT */
/* A file names another upstream while a connection waits to be dialled: the connection keeps the
 * upstream that it was accepted for, and what comes of that dial says nothing about the new one. */
#include <errno.h>
#include <netdb.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/lib/rig.h"

#define TO(upstream) "[proxy a]\nlisten = 127.0.0.1:0\nupstream = " upstream "\n"
#define NOWHERE "unix:/dev/null/s" /* ENOTDIR */
#define WAITS "[fault wait]\ntype = connect_delay\nfor = 100ms\n"
#define NEVER "type=noop when=time:1h"

static char failed_at[ADDRESS_TEXT_MAX];

/* Counts as the rig does, and keeps the address of the last failed dial. */
static void on_event(void *user, const struct event *event)
{
    struct rig *rig = user;
    rig->events[event->kind]++;
    if (event->kind == EVENT_CONNECT_FAILED)
        snprintf(failed_at, sizeof failed_at, "%s", event->u.connect_failed.address);
}

static int look_up_nothing(
    const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **list)
{
    (void)host, (void)service, (void)hints, (void)list;
    return EAI_NONAME;
}

/* Returns a client whose connection waits, and was accepted before the second file. */
static int wait_between(struct rig *rig, const char *first, const char *second)
{
    rig->worker.on_event = on_event;
    assert_int_equal(rig_load(rig, first, CONTROL_KEEP_API), CONTROL_OK);
    int fd = rig_connect(rig, "a");
    RIG_WAIT(rig, rig->events[EVENT_FAULT] == 1);
    assert_int_equal(rig_load(rig, second, CONTROL_KEEP_API), CONTROL_OK);
    return fd;
}

/* A changed fault gives the open connection the plan of the second file. */
static void a_builtin_service_is_dialled_when_the_plan_has_an_address(void **state)
{
    struct rig *rig = *state;
    int fd = wait_between(rig, TO("builtin:echo") WAITS, TO(NOWHERE) WAITS);
    assert_int_equal(rig_add(rig, "a", "f", NEVER), CONTROL_OK);
    rig_echo(rig, fd, 1000);
    assert_int_equal(rig->events[EVENT_CONNECT_FAILED], 0);
    close(fd);
}

static void an_address_is_dialled_and_named_when_the_plan_has_another(void **state)
{
    struct rig *rig = *state;
    rig->worker.resolver.lookup = look_up_nothing;
    int fd = wait_between(rig, TO("old.test:1") WAITS, TO("builtin:echo") WAITS);
    assert_int_equal(rig_add(rig, "a", "f", NEVER), CONTROL_OK);
    assert_int_equal(rig_end(rig, fd), ECONNRESET);
    assert_int_equal(rig->events[EVENT_CONNECT_FAILED], 1);
    assert_string_equal(failed_at, "old.test:1");
}

static void its_failed_dial_does_not_close_the_listener(void **state)
{
    struct rig *rig = *state;
    int fd = wait_between(rig, TO(NOWHERE) "unreachable = refuse\n" WAITS,
        TO("builtin:echo") "unreachable = refuse\n");
    assert_int_equal(rig_end(rig, fd), ECONNRESET);
    assert_int_equal(rig->events[EVENT_CONNECT_FAILED], 1);
    assert_int_equal(rig->events[EVENT_NOT_LISTENING], 0);
    fd = rig_connect(rig, "a");
    rig_echo(rig, fd, 1000);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            a_builtin_service_is_dialled_when_the_plan_has_an_address, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(
            an_address_is_dialled_and_named_when_the_plan_has_another, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(
            its_failed_dial_does_not_close_the_listener, rig_setup, rig_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
