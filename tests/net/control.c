/* SPDX-License-Identifier: MIT */
/* Proxies and faults that are added, changed and removed while connections run. */
#include <errno.h>
#include <netdb.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/lib/rig.h"
#include "tests/lib/wire.h"

#define TO_ECHO "listen=127.0.0.1:0 upstream=builtin:echo"
#define FILE_ECHO(name) "[proxy " name "]\nlisten = 127.0.0.1:0\nupstream = builtin:echo\n"

static enum control_result change_proxy(struct rig *rig, const char *name, const char *words)
{
    struct proxy_config config = rig_proxy("", words);
    return control_change_proxy(&rig->control, name, &config, &rig->err);
}

static void expect_refused(struct rig *rig, const char *name)
{
    assert_int_equal(rig_connect(rig, name), -ECONNREFUSED);
}

/* --- proxies --- */

static void a_proxy_comes_and_goes_with_its_connections(void **state)
{
    struct rig *rig = *state;
    assert_int_equal(rig_add_proxy(rig, "second / \xc3\xa4", TO_ECHO), CONTROL_OK);
    assert_int_equal(rig_add_proxy(rig, "first", TO_ECHO), CONTROL_OK);
    struct proxy *proxy = control_next_proxy(&rig->control, NULL);
    assert_string_equal(proxy_name(proxy), "second / \xc3\xa4");
    assert_int_equal(control_proxy_origin(proxy), RULE_FROM_API);
    proxy = control_next_proxy(&rig->control, proxy);
    assert_string_equal(proxy_name(proxy), "first");
    assert_null(control_next_proxy(&rig->control, proxy));
    assert_int_not_equal(rig_port(rig, "first"), 0);
    int gone = rig_connect(rig, "second / \xc3\xa4");
    int stays = rig_connect(rig, "first");
    rig_echo(rig, gone, 1000);
    rig_echo(rig, stays, 1000);
    assert_int_equal(
        control_remove_proxy(&rig->control, "second / \xc3\xa4", &rig->err), CONTROL_OK);
    assert_null(control_proxy(&rig->control, "second / \xc3\xa4"));
    assert_int_equal(rig_end(rig, gone), 0);
    rig_echo(rig, stays, 1000);
    close(stays);
    assert_int_equal(
        control_remove_proxy(&rig->control, "second / \xc3\xa4", &rig->err), CONTROL_NOT_FOUND);
    assert_string_equal(rig->err.text, "there is no proxy 'second / \xc3\xa4'");
}

static void what_cannot_be_added_is_not_there(void **state)
{
    struct rig *rig = *state;
    struct wire_listener taken;
    char words[256];
    assert_int_equal(wire_listen(&taken, "127.0.0.1:0", 1, 0), 0);
    snprintf(words, sizeof words, "listen=%s upstream=builtin:echo", taken.text);
    assert_int_equal(rig_add_proxy(rig, "a", words), CONTROL_FAILED);
    assert_int_equal(rig->control.errnum, EADDRINUSE);
    assert_null(control_proxy(&rig->control, "a"));
    assert_int_equal(rig_add_proxy(rig, "", TO_ECHO), CONTROL_INVALID);
    assert_int_equal(rig_add_proxy(rig, "two\nlines", TO_ECHO), CONTROL_INVALID);
    assert_int_equal(rig_add_proxy(rig, "a", TO_ECHO), CONTROL_OK);
    assert_int_equal(rig_add_proxy(rig, "a", TO_ECHO), CONTROL_EXISTS);
    assert_int_equal(rig_add(rig, "b", "f", "type=stall"), CONTROL_NOT_FOUND);
    assert_int_equal(rig_change(rig, "a", "f", "type=stall"), CONTROL_NOT_FOUND);
    assert_int_equal(rig_remove(rig, "a", "f"), CONTROL_NOT_FOUND);
    assert_int_equal(rig_add(rig, "a", "f", "type=stall"), CONTROL_OK);
    assert_int_equal(rig_add(rig, "a", "f", "type=stall"), CONTROL_EXISTS);
    assert_int_equal(control_proxy(&rig->control, "a")->plan->rule_count, 1);
    wire_unlisten(&taken);
}

static void disabled_and_enabled_again_it_has_its_port_and_its_faults(void **state)
{
    struct rig *rig = *state;
    assert_int_equal(rig_add_proxy(rig, "a", TO_ECHO), CONTROL_OK);
    assert_int_equal(rig_add(rig, "a", "f", "type=latency delay=1ms"), CONTROL_OK);
    unsigned port = rig_port(rig, "a");
    int fd = rig_connect(rig, "a");
    rig_echo(rig, fd, 1000);
    assert_int_equal(rig_set_enabled(rig, "a", false), CONTROL_OK);
    assert_int_equal(rig_end(rig, fd), 0);
    expect_refused(rig, "a");
    assert_int_equal(rig_port(rig, "a"), port);
    assert_int_equal(rig_set_enabled(rig, "a", true), CONTROL_OK);
    assert_int_equal(rig_port(rig, "a"), port);
    fd = rig_connect(rig, "a");
    rig_echo(rig, fd, 1000);
    assert_non_null(control_fault(control_proxy(&rig->control, "a"), "f"));
    assert_int_equal(rig->events[EVENT_FAULT], 2);
    close(fd);
}

static void another_upstream_starts_it_again_and_other_values_do_not(void **state)
{
    struct rig *rig = *state;
    struct proxy_config config;
    assert_int_equal(rig_add_proxy(rig, "a", TO_ECHO), CONTROL_OK);
    unsigned port = rig_port(rig, "a");
    int fd = rig_connect(rig, "a");
    rig_echo(rig, fd, 1000);
    control_proxy_config(control_proxy(&rig->control, "a"), &config);
    config.buffer = 8192;
    config.listen = (struct address){.kind = ADDRESS_NAME, .host = "localhost"};
    config.listen.port = (uint16_t)port;
    assert_int_equal(control_change_proxy(&rig->control, "a", &config, &rig->err), CONTROL_OK);
    rig_echo(rig, fd, 1000);
    control_proxy_config(control_proxy(&rig->control, "a"), &config);
    assert_int_equal(config.buffer, 8192);
    assert_string_equal(config.listen.host, "127.0.0.1");
    config = rig_proxy("", "listen=127.0.0.1:0 upstream=builtin:discard");
    config.listen.port = (uint16_t)port;
    assert_int_equal(control_change_proxy(&rig->control, "a", &config, &rig->err), CONTROL_OK);
    assert_int_equal(rig_end(rig, fd), 0);
    assert_int_equal(rig_port(rig, "a"), port);
    fd = rig_connect(rig, "a");
    assert_true(fd >= 0);
    close(fd);
}

static void a_change_that_is_tried_first_leaves_the_proxy_as_it_is(void **state)
{
    struct rig *rig = *state;
    struct wire_listener taken;
    struct proxy_config config;
    char words[256];
    assert_int_equal(wire_listen(&taken, "127.0.0.1:0", 1, 0), 0);
    assert_int_equal(rig_add_proxy(rig, "a", TO_ECHO), CONTROL_OK);
    unsigned port = rig_port(rig, "a");
    int fd = rig_connect(rig, "a");
    rig_echo(rig, fd, 1000);
    snprintf(words, sizeof words, "listen=%s upstream=builtin:echo", taken.text);
    config = rig_proxy("", words);
    assert_int_equal(control_try_change(&rig->control, "a", &config, &rig->err), CONTROL_FAILED);
    assert_int_equal(rig->control.errnum, EADDRINUSE);
    rig_echo(rig, fd, 1000);
    assert_int_equal(rig_port(rig, "a"), port);
    config = rig_proxy("", "listen=127.0.0.1:0 upstream=builtin:echo");
    assert_int_equal(control_try_change(&rig->control, "a", &config, &rig->err), CONTROL_OK);
    assert_int_equal(control_change_proxy(&rig->control, "a", &config, &rig->err), CONTROL_OK);
    assert_int_equal(rig_end(rig, fd), 0);
    wire_unlisten(&taken);
}

static void port_0_is_another_port_and_a_taken_one_leaves_it_disabled(void **state)
{
    struct rig *rig = *state;
    struct wire_listener taken;
    char words[256];
    assert_int_equal(wire_listen(&taken, "127.0.0.1:0", 1, 0), 0);
    assert_int_equal(rig_add_proxy(rig, "a", TO_ECHO), CONTROL_OK);
    assert_int_equal(rig_add(rig, "a", "f", "type=latency delay=1ms"), CONTROL_OK);
    int fd = rig_connect(rig, "a");
    rig_echo(rig, fd, 10);
    assert_int_equal(change_proxy(rig, "a", TO_ECHO), CONTROL_OK);
    assert_int_equal(rig_end(rig, fd), 0);
    fd = rig_connect(rig, "a");
    rig_echo(rig, fd, 10);
    snprintf(words, sizeof words, "listen=%s upstream=builtin:echo", taken.text);
    assert_int_equal(change_proxy(rig, "a", words), CONTROL_FAILED);
    assert_int_equal(rig->control.errnum, EADDRINUSE);
    assert_int_equal(rig_end(rig, fd), 0);
    struct proxy *proxy = control_proxy(&rig->control, "a");
    assert_false(proxy->plan->config.enabled);
    assert_int_equal(proxy->plan->rule_count, 1);
    wire_unlisten(&taken);
    assert_int_equal(rig_set_enabled(rig, "a", true), CONTROL_OK);
    assert_int_equal(wire_listen(&taken, taken.text, 1, 0), -EADDRINUSE);
    fd = rig_connect(rig, "a");
    rig_echo(rig, fd, 10);
    close(fd);
}

static int look_up_nothing(
    const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **list)
{
    (void)host, (void)service, (void)hints, (void)list;
    return EAI_NONAME;
}

/* The new name has the port on which the proxy listens itself, so that nothing can be tried. */
static void a_name_without_an_address_leaves_it_as_it_is(void **state)
{
    struct rig *rig = *state;
    char words[64];
    rig->worker.resolver.lookup = look_up_nothing;
    assert_int_equal(rig_add_proxy(rig, "a", TO_ECHO), CONTROL_OK);
    int fd = rig_connect(rig, "a");
    rig_echo(rig, fd, 1000);
    snprintf(words, sizeof words, "listen=no.test:%u upstream=builtin:discard", rig_port(rig, "a"));
    RIG_WAIT(rig, change_proxy(rig, "a", words) != CONTROL_FAILED ||
                      !control_take_awaits_name(&rig->control));
    assert_non_null(strstr(rig->err.text, "cannot resolve no.test: "));
    assert_int_equal(rig->control.errnum, 0);
    rig_echo(rig, fd, 1000);
    assert_true(control_proxy(&rig->control, "a")->plan->config.enabled);
    assert_int_equal(rig->events[EVENT_NOT_LISTENING], 0);
    close(fd);
}

/* With `unreachable = refuse`: what leaves the upstream alone leaves the listener closed. */
static void a_proxy_that_refuses_goes_on_refusing(void **state)
{
    struct rig *rig = *state;
    struct wire_listener upstream;
    struct proxy_config config;
    char folder[] = "/tmp/rudeproxy-control.XXXXXX", path[64], file[512], broken[640];
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "unix:%s/s", folder);
    snprintf(file, sizeof file,
        "[proxy a]\nlisten = 127.0.0.1:0\nupstream = %s\nunreachable = refuse\n", path);
    snprintf(broken, sizeof broken,
        "[proxy a]\nlisten = 127.0.0.1:0\nupstream = builtin:echo\n"
        "[proxy b]\nlisten = unix:%s/none/s\nupstream = builtin:echo\n",
        folder);
    assert_int_equal(rig_load(rig, file, CONTROL_KEEP_API), CONTROL_OK);
    close(rig_connect(rig, "a"));
    RIG_WAIT(rig, rig->events[EVENT_NOT_LISTENING] == 1);
    struct proxy *proxy = control_proxy(&rig->control, "a");
    control_proxy_config(proxy, &config);
    config.buffer = 8192;
    assert_int_equal(control_change_proxy(&rig->control, "a", &config, &rig->err), CONTROL_OK);
    expect_refused(rig, "a");
    assert_int_equal(rig_load(rig, file, CONTROL_KEEP_API), CONTROL_OK);
    expect_refused(rig, "a");
    assert_int_equal(rig->events[EVENT_LISTENING], 1);
    assert_int_equal(rig_load(rig, broken, CONTROL_KEEP_API), CONTROL_FAILED);
    expect_refused(rig, "a");
    assert_true(proxy->listener.port_fd >= 0);
    assert_int_equal(wire_listen(&upstream, path, 1, 0), 0);
    RIG_WAIT(rig, rig->events[EVENT_LISTENING] == 2);
    close(rig_connect(rig, "a"));
    RIG_WAIT(rig, rig->events[EVENT_OPEN] == 1);
    wire_unlisten(&upstream);
    unlink(path + strlen("unix:"));
    assert_int_equal(rmdir(folder), 0);
}

/* --- faults --- */

static void a_fault_reaches_open_connections_and_leaves_them(void **state)
{
    struct rig *rig = *state;
    assert_int_equal(rig_add_proxy(rig, "a", TO_ECHO), CONTROL_OK);
    int fd = rig_connect(rig, "a");
    rig_echo(rig, fd, 100000);
    assert_int_equal(rig_add(rig, "a", "f", "type=stall direction=downstream"), CONTROL_OK);
    RIG_WAIT(rig, rig->events[EVENT_FAULT] == 1);
    rig_send(fd, 1000);
    for (int i = 0; i < 50; i++)
        rig_turn(rig);
    assert_int_equal(rig_readable(fd), 0);
    assert_int_equal(rig_change(rig, "a", "f", "type=latency delay=20ms"), CONTROL_OK);
    RIG_WAIT(rig, rig_readable(fd) == 1000);
    assert_int_equal(rig_remove(rig, "a", "f"), CONTROL_OK);
    assert_int_equal(rig->events[EVENT_FAULT_OVER], 2);
    assert_int_equal(rig_add(rig, "a", "f", "type=reset side=client"), CONTROL_OK);
    assert_int_equal(rig_end(rig, fd), ECONNRESET);
}

static void new_connections_only(void **state)
{
    struct rig *rig = *state;
    struct fault reset = rig_fault("f", "type=reset side=client when=bytes:10");
    assert_int_equal(rig_add_proxy(rig, "a", TO_ECHO), CONTROL_OK);
    int before = rig_connect(rig, "a");
    rig_echo(rig, before, 100);
    assert_int_equal(
        control_add_fault(&rig->control, "a", &reset, NULL, CONTROL_NEW_CONNECTIONS, &rig->err),
        CONTROL_OK);
    int after = rig_connect(rig, "a");
    rig_send(after, 100);
    assert_int_equal(rig_end(rig, after), ECONNRESET);
    /* Another fault is no reason for the open one to get this one too. */
    assert_int_equal(rig_add(rig, "a", "g", "type=latency delay=1ms"), CONTROL_OK);
    rig_echo(rig, before, 100);
    assert_int_equal(
        control_remove_fault(&rig->control, "a", "g", CONTROL_NEW_CONNECTIONS, &rig->err),
        CONTROL_OK);
    assert_int_equal(rig->events[EVENT_FAULT_OVER], 0);
    rig_echo(rig, before, 100);
    close(before);
}

static void a_listener_fault_comes_and_goes(void **state)
{
    struct rig *rig = *state;
    assert_int_equal(rig_add_proxy(rig, "a", TO_ECHO), CONTROL_OK);
    int fd = rig_connect(rig, "a");
    assert_int_equal(rig_add(rig, "a", "f", "type=refuse"), CONTROL_OK);
    expect_refused(rig, "a");
    assert_int_equal(rig_remove(rig, "a", "f"), CONTROL_OK);
    int again = rig_connect(rig, "a");
    rig_echo(rig, again, 100);
    close(fd);
    close(again);
}

static void one_connection_is_ended_and_no_other(void **state)
{
    static const struct {
        const char *words;
        int errnum;
    } ways[] = {
        {"type=reset", ECONNRESET},
        {"type=close", 0},
        {"type=close mode=plain", 0},
        {"type=half_close side=client", 0},
    };
    struct rig *rig = *state;
    assert_int_equal(rig_add_proxy(rig, "a", TO_ECHO), CONTROL_OK);
    int other = rig_connect(rig, "a");
    rig_echo(rig, other, 10);
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        struct fault fault = rig_fault("by hand", ways[i].words);
        int fd = rig_connect(rig, "a");
        rig_echo(rig, fd, 10);
        assert_int_equal(control_inject(&rig->control, "a", i + 2, &fault, &rig->err), CONTROL_OK);
        assert_int_equal(rig_end(rig, fd), ways[i].errnum);
        rig_echo(rig, other, 10);
    }
    struct fault refuse = rig_fault("f", "type=refuse");
    assert_int_equal(control_inject(&rig->control, "a", 1, &refuse, &rig->err), CONTROL_INVALID);
    assert_int_equal(control_inject(&rig->control, "a", 99, &refuse, &rig->err), CONTROL_NOT_FOUND);
    struct fault late = rig_fault("f", "type=reset when=accept");
    assert_int_equal(control_inject(&rig->control, "a", 1, &late, &rig->err), CONTROL_INVALID);
    rig_echo(rig, other, 10);
    close(other);
}

static void reset_enables_all_and_removes_every_fault(void **state)
{
    struct rig *rig = *state;
    assert_int_equal(
        rig_load(rig, FILE_ECHO("a") "[fault f]\ntype = stall\n", CONTROL_KEEP_API), CONTROL_OK);
    assert_int_equal(rig_add_proxy(rig, "b", TO_ECHO), CONTROL_OK);
    assert_int_equal(control_proxy(&rig->control, "b")->plan->rule_count, 1);
    assert_int_equal(rig_add(rig, "b", "g", "type=latency delay=1s"), CONTROL_OK);
    int fd = rig_connect(rig, "a");
    RIG_WAIT(rig, rig->events[EVENT_FAULT] == 1);
    assert_int_equal(rig_set_enabled(rig, "b", false), CONTROL_OK);
    assert_int_equal(control_reset(&rig->control, &rig->err), CONTROL_OK);
    rig_echo(rig, fd, 1000);
    int other = rig_connect(rig, "b");
    rig_echo(rig, other, 1000);
    assert_int_equal(rig_add_proxy(rig, "c", TO_ECHO), CONTROL_OK);
    assert_int_equal(control_proxy(&rig->control, "c")->plan->rule_count, 0);
    close(fd);
    close(other);
}

/* A reload leaves the faults of open connections there. */
static void reset_reaches_faults_that_only_open_connections_have(void **state)
{
    struct rig *rig = *state;
    struct fault own = rig_fault("own", "type=noop");
    assert_int_equal(
        rig_load(rig, FILE_ECHO("a") "[fault f]\ntype = stall\n", CONTROL_KEEP_API), CONTROL_OK);
    int fd = rig_connect(rig, "a");
    RIG_WAIT(rig, rig->events[EVENT_FAULT] == 1);
    assert_int_equal(control_inject(&rig->control, "a", 1, &own, &rig->err), CONTROL_OK);
    RIG_WAIT(rig, rig->events[EVENT_FAULT] == 2);
    assert_int_equal(rig_load(rig, FILE_ECHO("a"), CONTROL_KEEP_API), CONTROL_OK);
    assert_int_equal(rig->events[EVENT_FAULT_OVER], 0);
    assert_int_equal(control_reset(&rig->control, &rig->err), CONTROL_OK);
    assert_int_equal(rig->events[EVENT_FAULT_OVER], 1);
    rig_echo(rig, fd, 1000);
    close(fd);
}

static int look_up_anything(
    const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **list)
{
    (void)host;
    return getaddrinfo("127.0.0.1", service, hints, list);
}

static void reset_changes_nothing_before_all_names_are_known(void **state)
{
    struct rig *rig = *state;
    rig->worker.resolver.lookup = look_up_anything;
    assert_int_equal(rig_load(rig,
                         FILE_ECHO("a") "[proxy b]\nlisten = some.name:0\nupstream = "
                                        "builtin:echo\nenabled = no\n",
                         CONTROL_KEEP_API),
        CONTROL_OK);
    assert_int_equal(rig_add(rig, "a", "f", "type=latency delay=1ms"), CONTROL_OK);
    assert_int_equal(control_reset(&rig->control, &rig->err), CONTROL_FAILED);
    assert_true(control_take_awaits_name(&rig->control));
    assert_int_equal(control_proxy(&rig->control, "a")->plan->rule_count, 1);
    RIG_WAIT(rig, control_reset(&rig->control, &rig->err) == CONTROL_OK);
    assert_int_equal(control_proxy(&rig->control, "a")->plan->rule_count, 0);
    assert_true(listener_is_open(&control_proxy(&rig->control, "b")->listener));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_proxy_comes_and_goes_with_its_connections),
        TEST(what_cannot_be_added_is_not_there),
        TEST(disabled_and_enabled_again_it_has_its_port_and_its_faults),
        TEST(another_upstream_starts_it_again_and_other_values_do_not),
        TEST(a_change_that_is_tried_first_leaves_the_proxy_as_it_is),
        TEST(port_0_is_another_port_and_a_taken_one_leaves_it_disabled),
        TEST(a_name_without_an_address_leaves_it_as_it_is),
        TEST(a_proxy_that_refuses_goes_on_refusing),
        TEST(a_fault_reaches_open_connections_and_leaves_them),
        TEST(new_connections_only),
        TEST(a_listener_fault_comes_and_goes),
        TEST(one_connection_is_ended_and_no_other),
        TEST(reset_enables_all_and_removes_every_fault),
        TEST(reset_reaches_faults_that_only_open_connections_have),
        TEST(reset_changes_nothing_before_all_names_are_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
