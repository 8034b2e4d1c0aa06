/* SPDX-License-Identifier: MIT */
/*
 * Which congestion control the two sockets of a connection have, by the system's, the key
 * `congestion` and the address. Each network namespace has its own default
 * (net.ipv4.tcp_congestion_control), so this program moves into a new one, and asks the sockets of
 * its own proxies.
 *
 * Where a namespace or bbr is not to be had, there is nothing to prove: skipped.
 */
#include "tests/lib/namespace.h"
#include "tests/lib/rig.h"
#include "tests/lib/wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "proxy/net/connection.h"
#include "proxy/net/proxy.h"

#define HERE "127.0.0.1:0"
#define ELSEWHERE "10.11.12.13" /* an address of ours outside 127.0.0.0/8 */

static const char *const both_reno[2] = {"reno", "reno"}, *const both_bbr[2] = {"bbr", "bbr"};

static const struct row {
    const char *system; /* congestion control */
    const char *listen;
    const char *upstream; /* where the test listens */
    const char *keys;
    const char *algorithm[2]; /* expected, by enum side */
} rows[] = {
    {"bbr", HERE, HERE, "", {"reno", "reno"}},
    {"bbr", "127.1.2.3:0", "127.255.0.1:0", "", {"reno", "reno"}},
    {"bbr", "[::1]:0", "[::1]:0", "", {"reno", "reno"}},
    {"bbr", "[::ffff:127.0.0.1]:0", HERE, "", {"reno", "reno"}},
    {"bbr", ELSEWHERE ":0", ELSEWHERE ":0", "", {"bbr", "bbr"}},
    {"bbr", "0.0.0.0:0", HERE, "", {"bbr", "reno"}},
    {"bbr", "[::]:0", ELSEWHERE ":0", "", {"bbr", "bbr"}},
    {"bbr", HERE, HERE, "congestion = system\n", {"bbr", "bbr"}},
    {"reno", HERE, HERE, "", {"reno", "reno"}},
    {"reno", HERE, HERE, "congestion = system\n", {"reno", "reno"}},
};

static int set_system(const char *algorithm)
{
    int fd = open("/proc/sys/net/ipv4/tcp_congestion_control", O_WRONLY | O_CLOEXEC);
    int result = fd >= 0 && write(fd, algorithm, strlen(algorithm)) > 0 ? 0 : -errno;
    if (fd >= 0)
        close(fd);
    return result;
}

static int add_address(const char *text)
{
    struct ifreq request = {.ifr_name = "lo:1"};
    struct sockaddr_in *address = (struct sockaddr_in *)&request.ifr_addr;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    address->sin_family = AF_INET;
    inet_pton(AF_INET, text, &address->sin_addr);
    int result = ioctl(fd, SIOCSIFADDR, &request) == 0 ? 0 : -errno;
    close(fd);
    return result;
}

/* Loads a file with one proxy, `p`. */
static void load(
    struct rig *rig, const char *listen, const struct wire_listener *upstream, const char *keys)
{
    char file[300];
    snprintf(file, sizeof file, "[proxy p]\nlisten = %s\nupstream = %s\n%s", listen, upstream->text,
        keys);
    assert_int_equal(rig_load(rig, file, CONTROL_KEEP_API), CONTROL_OK);
}

static bool newest_is_open(struct list *connections)
{
    return !list_empty(connections) &&
           container_of(connections->prev, struct connection, link)->session.opened_at !=
               TIME_NEVER;
}

/* Of a new connection. */
static void expect_algorithms(struct rig *rig, const char *const expected[2])
{
    struct list *connections = &proxies_find(&rig->worker, "p")->connections;
    const struct list *newest = connections->prev;
    int client = rig_connect(rig, "p");
    assert_true(client >= 0);
    RIG_WAIT(rig, connections->prev != newest && newest_is_open(connections));
    struct connection *connection = container_of(connections->prev, struct connection, link);
    for (int side = 0; side < 2; side++) {
        char got[CONGESTION_NAME_SIZE] = "";
        socklen_t size = sizeof got - 1;
        assert_int_equal(
            getsockopt(connection->endpoint[side].fd, IPPROTO_TCP, TCP_CONGESTION, got, &size), 0);
        assert_string_equal(got, expected[side]);
    }
    close(client);
}

static void start(struct rig *rig, struct wire_listener *upstream, const char *address)
{
    assert_int_equal(wire_listen(upstream, address, 16, 0), 0);
    rig_start(rig);
}

static void stop_all(struct rig *rig, struct wire_listener *upstream)
{
    rig_stop(rig);
    wire_unlisten(upstream);
}

static void bbr_gives_way_to_reno_on_loopback_unless_told_otherwise(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct row *row = &rows[i];
        struct wire_listener upstream;
        struct rig rig;
        print_message(
            "%s: from %s to %s, %s\n", row->system, row->listen, row->upstream, row->keys);
        assert_int_equal(set_system(row->system), 0);
        start(&rig, &upstream, row->upstream);
        load(&rig, row->listen, &upstream, row->keys);
        expect_algorithms(&rig, row->algorithm);
        stop_all(&rig, &upstream);
    }
}

static void a_reload_chooses_again_for_new_connections(void **state)
{
    struct wire_listener upstream;
    struct rig rig;
    (void)state;
    assert_int_equal(set_system("bbr"), 0);
    start(&rig, &upstream, HERE);
    for (int i = 0; i < 2; i++) {
        load(&rig, HERE, &upstream, "congestion = auto\n");
        expect_algorithms(&rig, both_reno);
        load(&rig, HERE, &upstream, "congestion = system\n");
        expect_algorithms(&rig, both_bbr);
    }
    stop_all(&rig, &upstream);
}

static void a_changed_system_is_seen_at_the_next_reload(void **state)
{
    struct wire_listener upstream;
    struct rig rig;
    (void)state;
    assert_int_equal(set_system("reno"), 0);
    start(&rig, &upstream, HERE);
    load(&rig, HERE, &upstream, "");
    assert_int_equal(set_system("bbr"), 0);
    expect_algorithms(&rig, both_bbr);
    load(&rig, HERE, &upstream, "");
    expect_algorithms(&rig, both_reno);
    stop_all(&rig, &upstream);
}

static void where_it_is_not_ours_to_choose_a_changed_system_is_seen_at_once(void **state)
{
    struct wire_listener upstream;
    struct rig rig;
    (void)state;
    assert_int_equal(set_system("bbr"), 0);
    start(&rig, &upstream, HERE);
    load(&rig, HERE, &upstream, "congestion = system\n");
    expect_algorithms(&rig, both_bbr);
    assert_int_equal(set_system("reno"), 0);
    expect_algorithms(&rig, both_reno);
    stop_all(&rig, &upstream);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bbr_gives_way_to_reno_on_loopback_unless_told_otherwise),
        cmocka_unit_test(a_reload_chooses_again_for_new_connections),
        cmocka_unit_test(a_changed_system_is_seen_at_the_next_reload),
        cmocka_unit_test(where_it_is_not_ours_to_choose_a_changed_system_is_seen_at_once),
    };
    int result = namespace_enter(CLONE_NEWNET);
    if (result == 0)
        result = namespace_loopback_up();
    if (result == 0)
        result = add_address(ELSEWHERE);
    if (result == 0)
        result = set_system("bbr");
    if (result != 0) {
        printf(
            "skipped: no network namespace of its own, or no bbr in it: %s\n", strerror(-result));
        return 77;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
