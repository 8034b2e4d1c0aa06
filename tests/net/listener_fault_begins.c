/* SPDX-License-Identifier: MIT */
/* When a fault of the listening socket begins, and is counted: not on a disabled proxy. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/lib/rig.h"

#define PROXY "[proxy a]\nlisten = 127.0.0.1:0\nupstream = builtin:echo\n"

static void expect_events(struct rig *rig, unsigned begun, unsigned over)
{
    assert_int_equal(rig->events[EVENT_FAULT], begun);
    assert_int_equal(rig->events[EVENT_FAULT_OVER], over);
}

static void a_disabled_proxy_has_none(void **state)
{
    struct rig *rig = *state;
    assert_int_equal(rig_load(rig,
                         PROXY "enabled = no\n[fault f]\ntype = refuse\n"
                               "[fault g]\ntype = no_accept\nafter = f/any\n",
                         CONTROL_KEEP_API),
        CONTROL_OK);
    const struct rule *rule = control_fault(control_proxy(&rig->control, "a"), "f");
    expect_events(rig, 0, 0);
    assert_int_equal(rule->fault_counter->fired, 0);
    assert_int_equal(rig_set_enabled(rig, "a", true), CONTROL_OK);
    assert_int_equal(rig_connect(rig, "a"), -ECONNREFUSED);
    RIG_WAIT(rig, rig->events[EVENT_FAULT] == 2);
    assert_int_equal(rule->fault_counter->fired, 1);
    assert_int_equal(rig_set_enabled(rig, "a", false), CONTROL_OK);
    expect_events(rig, 2, 2);
    assert_int_equal(rig_add(rig, "a", "h", "type=refuse"), CONTROL_OK);
    expect_events(rig, 2, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_disabled_proxy_has_none, rig_setup, rig_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
