/* SPDX-License-Identifier: MIT */
/* A proxy moves to another address while a fault of its listening socket is active: the fault ends
 * on the old socket and begins on the new one. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/lib/rig.h"
#include "tests/lib/wire.h"

#define PROXY(address) "[proxy a]\nlisten = " address ":0\nupstream = builtin:echo\n"
#define FAULT(type) "[fault f]\ntype = " type "\n"

static void expect_begun(struct rig *rig, unsigned times)
{
    const struct rule *rule = control_fault(control_proxy(&rig->control, "a"), "f");
    assert_non_null(rule);
    assert_int_equal(rig->events[EVENT_FAULT], times);
    assert_int_equal(rig->events[EVENT_FAULT_OVER], times - 1);
    assert_int_equal(rule->fault_counter->fired, times);
}

static void a_reload_moves(struct rig *rig, const char *first, const char *second)
{
    assert_int_equal(rig_load(rig, first, CONTROL_KEEP_API), CONTROL_OK);
    expect_begun(rig, 1);
    assert_int_equal(rig_load(rig, first, CONTROL_KEEP_API), CONTROL_OK);
    expect_begun(rig, 1);
    assert_int_equal(rig_load(rig, second, CONTROL_KEEP_API), CONTROL_OK);
    expect_begun(rig, 2);
}

static void no_accept_moves_with_a_reload(void **state)
{
    a_reload_moves(
        *state, PROXY("127.0.0.1") FAULT("no_accept"), PROXY("127.0.0.2") FAULT("no_accept"));
}

static void refuse_moves_with_a_reload(void **state)
{
    a_reload_moves(*state, PROXY("127.0.0.1") FAULT("refuse"), PROXY("127.0.0.2") FAULT("refuse"));
}

static void expect_over(struct rig *rig)
{
    assert_int_equal(rig->events[EVENT_FAULT], 1);
    assert_int_equal(rig->events[EVENT_FAULT_OVER], 1);
}

/* The proxy moves, and has the fault no more; or is there no more. */
static void a_fault_that_is_not_in_the_next_file_is_over(void **state)
{
    struct rig *rig = *state;
    assert_int_equal(
        rig_load(rig, PROXY("127.0.0.1") FAULT("no_accept"), CONTROL_KEEP_API), CONTROL_OK);
    expect_begun(rig, 1);
    assert_int_equal(rig_load(rig, PROXY("127.0.0.2"), CONTROL_KEEP_API), CONTROL_OK);
    expect_over(rig);
}

static void a_fault_of_a_deleted_proxy_is_over(void **state)
{
    struct rig *rig = *state;
    assert_int_equal(
        rig_load(rig, PROXY("127.0.0.1") FAULT("refuse"), CONTROL_KEEP_API), CONTROL_OK);
    expect_begun(rig, 1);
    assert_int_equal(control_remove_proxy(&rig->control, "a", &rig->err), CONTROL_OK);
    expect_over(rig);
}

static void a_change_moves_the_proxy(void **state)
{
    struct rig *rig = *state;
    struct proxy_config moved = rig_proxy("a", "listen=127.0.0.2:0 upstream=builtin:echo");
    struct proxy_config same;
    assert_int_equal(
        rig_load(rig, PROXY("127.0.0.1") FAULT("no_accept"), CONTROL_KEEP_API), CONTROL_OK);
    control_proxy_config(control_proxy(&rig->control, "a"), &same);
    assert_int_equal(control_change_proxy(&rig->control, "a", &same, &rig->err), CONTROL_OK);
    expect_begun(rig, 1);
    assert_int_equal(control_change_proxy(&rig->control, "a", &moved, &rig->err), CONTROL_OK);
    expect_begun(rig, 2);
}

/* The port is bound, so that the answer can tell it and no other program takes it, or it is taken,
 * which the answer tells. */
static void a_change_binds_what_refuse_then_closes(void **state)
{
    struct rig *rig = *state;
    struct proxy_config moved = rig_proxy("a", "listen=127.0.0.2:0 upstream=builtin:echo");
    struct wire_listener taken;
    char words[256];
    assert_int_equal(
        rig_load(rig, PROXY("127.0.0.1") FAULT("refuse"), CONTROL_KEEP_API), CONTROL_OK);
    expect_begun(rig, 1);
    assert_int_equal(control_change_proxy(&rig->control, "a", &moved, &rig->err), CONTROL_OK);
    expect_begun(rig, 2);
    assert_int_not_equal(rig_port(rig, "a"), 0);
    assert_int_equal(rig_connect(rig, "a"), -ECONNREFUSED);
    assert_true(control_proxy(&rig->control, "a")->listener.port_fd >= 0);
    assert_int_equal(rig->events[EVENT_LISTENING], 2);
    assert_int_equal(rig->events[EVENT_NOT_LISTENING], 2);
    assert_int_equal(wire_listen(&taken, "127.0.0.1:0", 1, 0), 0);
    snprintf(words, sizeof words, "listen=%s upstream=builtin:echo", taken.text);
    moved = rig_proxy("a", words);
    assert_int_equal(control_change_proxy(&rig->control, "a", &moved, &rig->err), CONTROL_FAILED);
    assert_int_equal(rig->control.errnum, EADDRINUSE);
    assert_false(control_proxy(&rig->control, "a")->plan->config.enabled);
    wire_unlisten(&taken);
}

/* A listener that cannot be opened again is reported once, and tried until it can. */
static void a_listener_that_stays_closed_is_reported(void **state)
{
    struct rig *rig = *state;
    char folder[] = "/tmp/rudeproxy-moved.XXXXXX", gone[64], file[512];
    assert_non_null(mkdtemp(folder));
    snprintf(gone, sizeof gone, "%s.gone", folder);
    snprintf(file, sizeof file, "[proxy a]\nlisten = unix:%s/s\nupstream = builtin:echo\n", folder);
    assert_int_equal(rig_load(rig, file, CONTROL_KEEP_API), CONTROL_OK);
    assert_int_equal(rig_add(rig, "a", "f", "type=refuse"), CONTROL_OK);
    assert_int_equal(rig->events[EVENT_NOT_LISTENING], 1);
    assert_int_equal(rename(folder, gone), 0);
    assert_int_equal(rig_remove(rig, "a", "f"), CONTROL_OK);
    struct proxy *proxy = control_proxy(&rig->control, "a");
    assert_int_equal(rig->events[EVENT_ACCEPT_FAILED], 1);
    assert_int_equal(proxy->listener.errnum, ENOENT);
    proxy->listener.errnum = 0;
    RIG_WAIT(rig, proxy->listener.errnum == ENOENT); /* tried once more */
    assert_int_equal(rig->events[EVENT_ACCEPT_FAILED], 1);
    assert_int_equal(rename(gone, folder), 0);
    RIG_WAIT(rig, rig->events[EVENT_LISTENING] == 2);
    assert_int_equal(control_remove_proxy(&rig->control, "a", &rig->err), CONTROL_OK);
    assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(no_accept_moves_with_a_reload, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(refuse_moves_with_a_reload, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(
            a_fault_that_is_not_in_the_next_file_is_over, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(
            a_fault_of_a_deleted_proxy_is_over, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(a_change_moves_the_proxy, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(
            a_change_binds_what_refuse_then_closes, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(
            a_listener_that_stays_closed_is_reported, rig_setup, rig_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
