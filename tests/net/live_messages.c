/* SPDX-License-Identifier: MIT */
/* Faults at messages that come, change and go while connections are open. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/lib/rig.h"

#define LINES "listen=127.0.0.1:0 upstream=builtin:echo protocol=line"

/* Sends a text and waits for what comes back. */
static void talk(struct rig *rig, int fd, const char *words, const char *want)
{
    char got[64] = "";
    assert_int_equal(send(fd, words, strlen(words), MSG_NOSIGNAL), (ssize_t)strlen(words));
    RIG_WAIT(rig, rig_readable(fd) >= strlen(want));
    assert_int_equal(recv(fd, got, sizeof got - 1, 0), (ssize_t)strlen(want));
    assert_string_equal(got, want);
}

static void a_fault_that_joins_counts_from_the_next_message(void **state)
{
    struct rig *rig = *state;
    assert_int_equal(rig_add_proxy(rig, "a", LINES), CONTROL_OK);
    int fd = rig_connect(rig, "a");
    talk(rig, fd, "one\ntw", "one\ntw");
    assert_int_equal(
        rig_add(rig, "a", "f", "type=inject data=\"*\" when=message:1 edge=before"), CONTROL_OK);
    assert_int_equal(rig_add(rig, "a", "g", "type=inject data=\"+\" when=message:2"), CONTROL_OK);
    talk(rig, fd, "o\nthree\nfour\nfive\n", "o\n*three\nfour\n+five\n");
    close(fd);
    RIG_WAIT(rig, rig->events[EVENT_CLOSED] == 1);
}

static void a_fault_that_goes_leaves_the_messages_alone(void **state)
{
    struct rig *rig = *state;
    assert_int_equal(rig_add_proxy(rig, "a", LINES), CONTROL_OK);
    assert_int_equal(rig_add(rig, "a", "f", "type=reset when=message:2 edge=before"), CONTROL_OK);
    int fd = rig_connect(rig, "a");
    talk(rig, fd, "one\n", "one\n");
    assert_int_equal(rig_remove(rig, "a", "f"), CONTROL_OK);
    talk(rig, fd, "two\n", "two\n");
    close(fd);
    RIG_WAIT(rig, rig->events[EVENT_CLOSED] == 1);
}

static void what_the_protocol_does_not_have_is_refused(void **state)
{
    static const char *const faults[] = {"type=reset when=message:1-1",
        "type=reset when=message:1/GET", "type=reset when=message:1/body"};
    struct rig *rig = *state;
    assert_int_equal(rig_add_proxy(rig, "a", LINES), CONTROL_OK);
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        assert_int_equal(rig_add(rig, "a", "f", faults[i]), CONTROL_INVALID);
        if (strncmp(rig->err.text, "when: ", 6) != 0)
            fail_msg("%s: %s", faults[i], rig->err.text);
    }
}

static void a_protocol_that_a_fault_needs_stays(void **state)
{
    struct rig *rig = *state;
    assert_int_equal(rig_add_proxy(rig, "a", LINES), CONTROL_OK);
    assert_int_equal(rig_add(rig, "a", "f", "type=reset when=message:2"), CONTROL_OK);
    struct proxy_config config;
    control_proxy_config(control_proxy(&rig->control, "a"), &config);
    config.protocol = (struct protocol){0};
    assert_int_equal(control_change_proxy(&rig->control, "a", &config, &rig->err), CONTROL_INVALID);
    assert_non_null(strstr(rig->err.text, "fault 'f' waits for a message"));
    assert_int_equal(rig_remove(rig, "a", "f"), CONTROL_OK);
    assert_int_equal(control_change_proxy(&rig->control, "a", &config, &rig->err), CONTROL_OK);
}

/* A fault of the file for every proxy, also for those of the API without messages. */
static void a_fault_that_waits_in_vain_is_in_nobodys_way(void **state)
{
    struct rig *rig = *state;
    struct proxy_config config;
    assert_int_equal(rig_load(rig,
                         "[proxy a]\nlisten = 127.0.0.1:0\nupstream = builtin:echo\nprotocol = "
                         "line\n[fault f]\ntype = reset\nwhen = message:2\n",
                         CONTROL_KEEP_API),
        CONTROL_OK);
    assert_int_equal(
        rig_add_proxy(rig, "raw", "listen=127.0.0.1:0 upstream=builtin:echo"), CONTROL_OK);
    assert_int_equal(control_proxy(&rig->control, "raw")->plan->rule_count, 1);
    assert_int_equal(rig_set_enabled(rig, "raw", false), CONTROL_OK);
    assert_int_equal(rig_change(rig, "raw", "f", "type=reset when=message:2 times=1"), CONTROL_OK);
    assert_int_equal(rig_add(rig, "raw", "g", "type=reset when=message:2"), CONTROL_INVALID);
    control_proxy_config(control_proxy(&rig->control, "a"), &config);
    config.protocol = (struct protocol){0};
    assert_int_equal(control_change_proxy(&rig->control, "a", &config, &rig->err), CONTROL_INVALID);
    assert_int_equal(control_reset(&rig->control, &rig->err), CONTROL_OK);
    int fd = rig_connect(rig, "raw");
    talk(rig, fd, "one\ntwo\n", "one\ntwo\n");
    close(fd);
    RIG_WAIT(rig, rig->events[EVENT_CLOSED] == 1);
}

/* A server that speaks before its client names it is not waited for. */
static void a_fault_with_sni_waits_for_the_name(void **state)
{
    struct rig *rig = *state;
    assert_int_equal(rig_load(rig,
                         "[proxy a]\nlisten = 127.0.0.1:0\nupstream = builtin:echo\n[fault "
                         "f]\ntype = reset\nsni "
                         "= a.b\n",
                         CONTROL_KEEP_API),
        CONTROL_OK);
    int fd = rig_connect(rig, "a");
    talk(rig, fd, "no hello", "no hello");
    assert_int_equal(rig->events[EVENT_FAULT], 0);
    close(fd);
    RIG_WAIT(rig, rig->events[EVENT_CLOSED] == 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_fault_that_joins_counts_from_the_next_message),
        TEST(a_fault_that_goes_leaves_the_messages_alone),
        TEST(what_the_protocol_does_not_have_is_refused),
        TEST(a_protocol_that_a_fault_needs_stays),
        TEST(a_fault_that_waits_in_vain_is_in_nobodys_way),
        TEST(a_fault_with_sni_waits_for_the_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
