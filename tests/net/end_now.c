/* SPDX-License-Identifier: MIT */
/*
 * A connection that the operator ends is over when the call returns, whatever it waits for. Three
 * calls end connections: a DELETE (control_inject() of an abrupt reset), a proxy that is removed or
 * disabled, and the stop of the program. The client reads nothing, so most of its bytes are never
 * acknowledged.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "proxy/net/connection.h"
#include "proxy/net/proxies.h"
#include "tests/lib/rig.h"

#define PROXY "a"

/* --- what the connection waits for --- */

struct wait {
    const char *name;
    const char *fault; /* injected into the connection; "": none */
};

static const struct wait waits[] = {
    {"a reader that stopped", ""},
    {"a reset behind the last byte", "type=reset"},
    {"a reset behind the last byte, of bytes that were read",
        "type=reset side=client other=reset mode=after_fin"},
    {"a close that lingers", "type=close linger=1h"},
    {"a side that is held", "type=close side=server other=hold"},
    {"unread bytes that do not come", "type=unread side=client bytes=1000"},
    {"a reset that waits for a byte", "type=shut_rd side=client mode=reset"},
};

static struct session *only_session(struct rig *rig)
{
    const struct proxy *proxy = control_proxy(&rig->control, PROXY);
    assert_false(list_empty(&proxy->connections));
    return &container_of(proxy->connections.next, struct connection, link)->session;
}

static enum control_result inject(struct rig *rig, const char *words)
{
    const struct fault fault = rig_fault("f", words);
    return control_inject(&rig->control, PROXY, 1, &fault, &rig->err);
}

/* The server writes until nothing fits any more: neither socket has room, nor has the proxy. */
static int connect_and_stop_reading(struct rig *rig)
{
    static const char file[] = "[proxy " PROXY "]\nlisten = 127.0.0.1:0\nbuffer = 64k\n"
                               "sndbuf = 64k\nupstream = builtin:chargen\n";
    assert_int_equal(rig_load(rig, file, CONTROL_DROP_API), CONTROL_OK);
    int fd = rig_connect(rig, PROXY);
    assert_true(fd >= 0);
    RIG_WAIT(rig, rig->events[EVENT_OPEN] == 1);
    struct session *session = only_session(rig);
    uint64_t before = 0;
    for (int quiet = 0; quiet < 20; rig_turn(rig)) {
        uint64_t forwarded = flow_forwarded(&session->flow[DIRECTION_DOWNSTREAM]);
        quiet = forwarded > 0 && forwarded == before ? quiet + 1 : 0;
        before = forwarded;
    }
    return fd;
}

/* --- how the operator ends it --- */

struct way {
    const char *name;
    enum control_result (*end)(struct rig *rig);
};

static enum control_result delete_connection(struct rig *rig)
{
    return inject(rig, "type=reset mode=abrupt");
}

static enum control_result remove_proxy(struct rig *rig)
{
    return control_remove_proxy(&rig->control, PROXY, &rig->err);
}

static enum control_result disable_proxy(struct rig *rig)
{
    return rig_set_enabled(rig, PROXY, false);
}

static enum control_result stop_connections(struct rig *rig)
{
    proxies_stop_connections(&rig->worker);
    return CONTROL_OK;
}

static const struct way ways[] = {
    {"DELETE", delete_connection},
    {"the proxy is removed", remove_proxy},
    {"the proxy is disabled", disable_proxy},
    {"the program stops", stop_connections},
};

static void end_one(struct rig *rig, const struct wait *wait, const struct way *way)
{
    int fd = connect_and_stop_reading(rig);
    print_message("%s: %s\n", wait->name, way->name);
    if (wait->fault[0] != '\0')
        assert_int_equal(inject(rig, wait->fault), CONTROL_OK);
    for (int i = 0; i < 5; i++)
        rig_turn(rig);
    assert_int_equal(only_session(rig)->over, wait->fault[0] != '\0');
    assert_int_equal(rig->events[EVENT_CLOSED], 0);
    assert_int_equal(way->end(rig), CONTROL_OK);
    assert_int_equal(rig->events[EVENT_CLOSED], 1);
    rig_end(rig, fd);
}

static void every_wait_ends_when_the_operator_ends_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof waits / sizeof waits[0]; i++) {
        for (size_t k = 0; k < sizeof ways / sizeof ways[0]; k++) {
            struct rig rig;
            rig_start(&rig);
            end_one(&rig, &waits[i], &ways[k]);
            rig_stop(&rig);
        }
    }
}

static void only_an_abrupt_reset_of_both_sides_ends_what_is_ending(void **state)
{
    static const char *const others[] = {"type=close", "type=reset mode=drain",
        "type=reset side=client mode=abrupt", "type=reset mode=abrupt when=time:1s"};
    struct rig *rig = *state;
    int fd = connect_and_stop_reading(rig);
    assert_int_equal(inject(rig, "type=close linger=1h"), CONTROL_OK);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        assert_int_equal(inject(rig, others[i]), CONTROL_INVALID);
        assert_string_equal(rig->err.text,
            "connection 1 is ending already; only an abrupt reset of both sides ends it now");
    }
    assert_int_equal(rig->events[EVENT_CLOSED], 0);
    assert_int_equal(delete_connection(rig), CONTROL_OK);
    assert_int_equal(rig->events[EVENT_CLOSED], 1);
    rig_end(rig, fd);
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_wait_ends_when_the_operator_ends_it),
        cmocka_unit_test_setup_teardown(
            only_an_abrupt_reset_of_both_sides_ends_what_is_ending, rig_setup, rig_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
