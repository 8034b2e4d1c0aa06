/* SPDX-License-Identifier: MIT */
/* `unreachable = refuse` and an upstream that is a name: what this machine lacks says nothing about
 * the upstream, so the listener stays open. */
#include <errno.h>
#include <netdb.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/lib/rig.h"

static int lookup_status, lookup_errnum;

static int look_up(
    const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **list)
{
    (void)host, (void)service, (void)hints, (void)list;
    errno = lookup_errnum;
    return lookup_status;
}

static void expect_closed_listeners(struct rig *rig, int status, int errnum, unsigned count)
{
    lookup_status = status;
    lookup_errnum = errnum;
    rig->worker.resolver.lookup = look_up;
    assert_int_equal(
        rig_add_proxy(rig, "a", "listen=127.0.0.1:0 upstream=name:1 unreachable=refuse"),
        CONTROL_OK);
    assert_int_equal(rig_end(rig, rig_connect(rig, "a")), ECONNRESET);
    assert_int_equal(rig->events[EVENT_CONNECT_FAILED], 1);
    assert_int_equal(rig->events[EVENT_NOT_LISTENING], count);
}

static void a_name_that_is_not_known_closes_the_listener(void **state)
{
    expect_closed_listeners(*state, EAI_NONAME, 0, 1);
}

static void a_lookup_without_memory_does_not(void **state)
{
    expect_closed_listeners(*state, EAI_MEMORY, 0, 0);
}

static void a_lookup_without_descriptors_does_not(void **state)
{
    expect_closed_listeners(*state, EAI_SYSTEM, EMFILE, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            a_name_that_is_not_known_closes_the_listener, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(a_lookup_without_memory_does_not, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(
            a_lookup_without_descriptors_does_not, rig_setup, rig_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
