/* SPDX-License-Identifier: MIT */
/* A proxy that intercepts changes while it runs: what it intercepts, or that it does. */
#include <errno.h>
#include <netinet/tcp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#include "proxy/net/interception.h"
#include "tests/lib/rig.h"
#include "tests/lib/wire.h"

#define INTERCEPT(ports) "intercept=" ports " upstream=builtin:echo"
#define FILE_INTERCEPT(ports) "[proxy a]\nintercept = " ports "\nupstream = builtin:echo\n"

static enum control_result change(struct rig *rig, const char *words)
{
    struct proxy_config config = rig_proxy("", words);
    return control_change_proxy(&rig->control, "a", &config, &rig->err);
}

/* Makes sockets in our own network, where a client connects to the listener's own port. */
static int make_socket(struct interception *interception, int family, int type, int protocol)
{
    (void)interception;
    int fd = socket(family, type, protocol);
    return fd >= 0 ? fd : -errno;
}

static void add_intercepting(struct rig *rig)
{
    static struct interception interception = {.make_socket = make_socket};
    rig->worker.interception = &interception;
    assert_int_equal(rig_add_proxy(rig, "a", INTERCEPT("1-65535")), CONTROL_OK);
}

static int connect_intercepted(const struct proxy *proxy)
{
    char text[ADDRESS_TEXT_MAX];
    unsigned port = sockaddr_port(&proxy->listener.address);
    snprintf(text, sizeof text, "127.0.0.1:%u", port);
    return wire_connect_text(text);
}

/* Checks that the proxy is still this one, numbers its connections on, and never closed its
 * listener. */
static void expect_intercepts(struct rig *rig, const struct proxy *proxy, const char *what,
    uint64_t connections, unsigned listening)
{
    char text[ADDRESS_TEXT_MAX];
    assert_ptr_equal(control_proxy(&rig->control, "a"), proxy);
    proxy_format_listen(proxy, text, sizeof text);
    assert_string_equal(text, what);
    assert_int_equal(proxy->last_number, connections);
    assert_int_equal(rig->events[EVENT_LISTENING], listening);
    assert_int_equal(rig->events[EVENT_NOT_LISTENING], 0);
}

static void another_intercept_keeps_the_listener_and_the_connections(void **state)
{
    struct rig *rig = *state;
    add_intercepting(rig);
    struct proxy *proxy = control_proxy(&rig->control, "a");
    int before = connect_intercepted(proxy);
    rig_echo(rig, before, 1000);
    expect_intercepts(rig, proxy, "1-65535", 1, 1);
    assert_int_equal(change(rig, INTERCEPT("2-65535")), CONTROL_OK);
    int between = connect_intercepted(proxy);
    rig_echo(rig, between, 1000);
    expect_intercepts(rig, proxy, "2-65535", 2, 2);
    assert_int_equal(rig_load(rig, FILE_INTERCEPT("3-65535"), CONTROL_KEEP_API), CONTROL_OK);
    int after = connect_intercepted(proxy);
    rig_echo(rig, after, 1000);
    expect_intercepts(rig, proxy, "3-65535", 3, 3);
    rig_echo(rig, before, 1000);
    rig_echo(rig, between, 1000);
    close(before);
    close(between);
    close(after);
}

/* Returns the listener's backlog: tcpi_sacked of a listening socket (tcp_get_info()). */
static unsigned backlog_of(const struct proxy *proxy)
{
    struct tcp_info info;
    socklen_t size = sizeof info;
    assert_int_equal(getsockopt(proxy->listener.fd, IPPROTO_TCP, TCP_INFO, &info, &size), 0);
    return info.tcpi_sacked;
}

static void another_intercept_comes_with_its_backlog(void **state)
{
    struct rig *rig = *state;
    add_intercepting(rig);
    assert_int_equal(
        rig_load(rig, FILE_INTERCEPT("2-65535") "backlog = 7\n", CONTROL_KEEP_API), CONTROL_OK);
    const struct proxy *proxy = control_proxy(&rig->control, "a");
    expect_intercepts(rig, proxy, "2-65535", 0, 2);
    assert_int_equal(backlog_of(proxy), 7);
}

static void from_intercept_to_listen_and_back_starts_it_again(void **state)
{
    struct rig *rig = *state;
    add_intercepting(rig);
    int fd = connect_intercepted(control_proxy(&rig->control, "a"));
    rig_echo(rig, fd, 1000);
    assert_int_equal(change(rig, "listen=127.0.0.1:0 upstream=builtin:echo"), CONTROL_OK);
    assert_int_equal(rig_end(rig, fd), 0);
    fd = rig_connect(rig, "a");
    rig_echo(rig, fd, 1000);
    assert_int_equal(change(rig, INTERCEPT("1-65535")), CONTROL_OK);
    assert_int_equal(rig_end(rig, fd), 0);
    fd = connect_intercepted(control_proxy(&rig->control, "a"));
    rig_echo(rig, fd, 1000);
    close(fd);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(another_intercept_keeps_the_listener_and_the_connections),
        TEST(another_intercept_comes_with_its_backlog),
        TEST(from_intercept_to_listen_and_back_starts_it_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
