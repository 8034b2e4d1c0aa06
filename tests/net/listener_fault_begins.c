/* SPDX-License-Identifier: MIT */
/* When a fault of the listening socket begins, and is counted: not on a disabled proxy, and not
 * when its time is over. And which socket keeps the port for as long as nobody listens. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
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

static void expect_over(struct rig *rig, enum control_result result)
{
    assert_int_equal(result, CONTROL_INVALID);
    assert_non_null(strstr(rig->err.text, "active: the time of this fault ended 10s after"));
}

/* As if the run had begun so much earlier, for what is changed from now on. */
static void grow_older(struct rig *rig, uint64_t us)
{
    assert_true(rig->worker.started_at > us);
    rig->worker.started_at -= us;
}

static void a_time_that_is_over_is_an_error(void **state)
{
    struct rig *rig = *state;
    assert_int_equal(rig_load(rig, PROXY, CONTROL_KEEP_API), CONTROL_OK);
    grow_older(rig, 20 * US_PER_S);
    expect_over(rig, rig_add(rig, "a", "f", "type=refuse for=10s"));
    expect_over(rig, rig_add(rig, "a", "f", "type=refuse active=0s-10s"));
    expect_over(rig, rig_add(rig, "a", "f", "type=no_accept active=7s- for=3s"));
    assert_int_equal(rig_add(rig, "a", "f", "type=refuse for=10s enabled=no"), CONTROL_OK);
    expect_over(rig, rig_change(rig, "a", "f", "type=refuse for=10s"));
    expect_events(rig, 0, 0);
    assert_int_equal(rig_change(rig, "a", "f", "type=refuse for=1h"), CONTROL_OK);
    expect_events(rig, 1, 0);
    assert_int_equal(rig_connect(rig, "a"), -ECONNREFUSED);
    expect_over(rig, rig_add(rig, "a", "g", "type=refuse active=0s-10s after=f/any"));
    assert_int_equal(rig_add(rig, "a", "g", "type=refuse for=10s after=f/any"), CONTROL_OK);
}

/* It was active before, so it is no mistake. */
static void a_time_that_has_become_over_may_stay(void **state)
{
    struct rig *rig = *state;
    assert_int_equal(
        rig_load(rig, PROXY "[fault f]\ntype = refuse\nfor = 10s\n", CONTROL_KEEP_API), CONTROL_OK);
    grow_older(rig, 20 * US_PER_S);
    assert_int_equal(rig_change(rig, "a", "f", "type=refuse for=10s must_fire=yes"), CONTROL_OK);
    assert_int_equal(rig_change(rig, "a", "f", "type=refuse for=9s enabled=no"), CONTROL_OK);
    expect_over(rig, rig_change(rig, "a", "f", "type=refuse for=10s"));
}

static unsigned long inode_of(int fd)
{
    struct stat status;
    assert_return_code(fstat(fd, &status), errno);
    return (unsigned long)status.st_ino;
}

/* A port that the kernel chose is lost with its socket, and taken again by number: once. */
static void a_chosen_port_is_given_up_only_once(void **state)
{
    struct rig *rig = *state;
    assert_int_equal(rig_load(rig, PROXY, CONTROL_KEEP_API), CONTROL_OK);
    const struct listener *listener = &control_proxy(&rig->control, "a")->listener;
    unsigned port = rig_port(rig, "a");
    assert_int_equal(rig_add(rig, "a", "f", "type=refuse"), CONTROL_OK);
    unsigned long inode = inode_of(listener->port_fd);
    for (int times = 0; times < 3; times++) {
        assert_int_equal(rig_remove(rig, "a", "f"), CONTROL_OK);
        assert_int_equal(inode_of(listener->fd), inode);
        assert_int_equal(rig_add(rig, "a", "f", "type=refuse"), CONTROL_OK);
        assert_int_equal(inode_of(listener->port_fd), inode);
        assert_int_equal(rig_connect(rig, "a"), -ECONNREFUSED);
        assert_int_equal(rig_port(rig, "a"), port);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_disabled_proxy_has_none, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(a_time_that_is_over_is_an_error, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(
            a_time_that_has_become_over_may_stay, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(
            a_chosen_port_is_given_up_only_once, rig_setup, rig_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
