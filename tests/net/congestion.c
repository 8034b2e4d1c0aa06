/* SPDX-License-Identifier: MIT */
/*
 * Which congestion control the two sockets of a connection have, by the kernel's default, the key `congestion`
 * and the address. Each network namespace has its own default (net.ipv4.tcp_congestion_control), so this
 * program moves into a new one, and asks the sockets of its own proxies.
 *
 * Where a namespace or bbr is not to be had, there is nothing to prove: skipped.
 */
#include "tests/lib/namespace.h"
#include "tests/lib/rig.h"

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

#define ALGORITHM_SIZE 16
#define ELSEWHERE "10.11.12.13" /* an address of ours outside 127.0.0.0/8 */

static const struct row {
    const char *kernel; /* its default */
    const char *listen;
    const char *words;
    const char *algorithm[2]; /* expected, by enum side */
} rows[] = {
    {"bbr", "127.0.0.1:0", "", {"reno", "reno"}},
    {"bbr", "[::1]:0", "", {"reno", "reno"}},
    {"bbr", ELSEWHERE ":0", "", {"bbr", "reno"}},
    {"bbr", "0.0.0.0:0", "", {"bbr", "reno"}},
    {"bbr", "127.0.0.1:0", "congestion=system ", {"bbr", "bbr"}},
    {"reno", "127.0.0.1:0", "", {"reno", "reno"}},
    {"reno", "127.0.0.1:0", "congestion=system ", {"reno", "reno"}},
};

static int set_default(const char *algorithm)
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

static void expect_algorithms(struct rig *rig, const char *proxy, const char *const expected[2])
{
    struct list *connections = &worker_find_proxy(&rig->worker, proxy)->connections;
    int client = rig_connect(rig, proxy);
    assert_true(client >= 0);
    rig_echo(rig, client, 100); /* both sockets are connected then */
    struct connection *connection = container_of(connections->next, struct connection, link);
    for (int side = 0; side < 2; side++) {
        char got[ALGORITHM_SIZE] = "";
        socklen_t size = sizeof got - 1;
        assert_int_equal(
            getsockopt(connection->endpoint[side].fd, IPPROTO_TCP, TCP_CONGESTION, got, &size), 0);
        assert_string_equal(got, expected[side]);
    }
    close(client);
    RIG_WAIT(rig, list_empty(connections));
}

static void bbr_gives_way_to_reno_on_loopback_unless_told_otherwise(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char words[200];
        struct rig rig;
        print_message("kernel %s, listen %s, %s\n", rows[i].kernel, rows[i].listen, rows[i].words);
        assert_int_equal(set_default(rows[i].kernel), 0);
        rig_start(&rig);
        snprintf(words, sizeof words, "%slisten=%s upstream=builtin:echo", rows[i].words,
            rows[i].listen);
        assert_int_equal(rig_add_proxy(&rig, "p", words), CONTROL_OK);
        expect_algorithms(&rig, "p", rows[i].algorithm);
        rig_stop(&rig);
    }
}

static void a_reload_chooses_again_for_new_connections(void **state)
{
    static const char *const algorithms[][2] = {{"reno", "reno"}, {"bbr", "bbr"}};
    static const char *const words[] = {"auto", "system"};
    struct rig rig;
    (void)state;
    assert_int_equal(set_default("bbr"), 0);
    rig_start(&rig);
    for (size_t i = 0; i < 4; i++) {
        char file[200];
        snprintf(file, sizeof file,
            "[proxy p]\nlisten = 127.0.0.1:0\nupstream = builtin:echo\ncongestion = %s\n",
            words[i % 2]);
        assert_int_equal(rig_load(&rig, file, CONTROL_KEEP_API), CONTROL_OK);
        expect_algorithms(&rig, "p", algorithms[i % 2]);
    }
    rig_stop(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bbr_gives_way_to_reno_on_loopback_unless_told_otherwise),
        cmocka_unit_test(a_reload_chooses_again_for_new_connections),
    };
    int result = namespace_enter(CLONE_NEWNET);
    if (result == 0)
        result = namespace_loopback_up();
    if (result == 0)
        result = add_address(ELSEWHERE);
    if (result == 0)
        result = set_default("bbr");
    if (result != 0) {
        printf(
            "skipped: no network namespace of its own, or no bbr in it: %s\n", strerror(-result));
        return 77;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
