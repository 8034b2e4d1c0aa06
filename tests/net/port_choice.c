/* SPDX-License-Identifier: MIT */
/* A port that the kernel chooses is ours alone: in a network with two ports, one of which another
 * socket has, the other one is chosen, and then none. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "proxy/base/address.h"
#include "proxy/base/listen.h"
#include "tests/lib/namespace.h"

#define PORT_FIRST 40000
#define PORTS "40000 40001"

static bool set_ports(void)
{
    int fd = open("/proc/sys/net/ipv4/ip_local_port_range", O_WRONLY | O_CLOEXEC);
    bool set = fd >= 0 && write(fd, PORTS, sizeof PORTS - 1) == (ssize_t)sizeof PORTS - 1;
    if (fd >= 0)
        close(fd);
    return set;
}

/* A socket that may share a port, as servers set it. */
static int make_socket(bool shares)
{
    const int on = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    if (shares)
        assert_return_code(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on), errno);
    return fd;
}

static struct sockaddr_storage loopback(unsigned port)
{
    struct sockaddr_storage address = {0};
    struct sockaddr_in *in = (struct sockaddr_in *)&address;
    in->sin_family = AF_INET;
    in->sin_port = htons((uint16_t)port);
    in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

static unsigned port_of(int fd)
{
    struct sockaddr_storage address;
    socklen_t size = sizeof address;
    assert_return_code(getsockname(fd, (struct sockaddr *)&address, &size), errno);
    return sockaddr_port(&address);
}

static int listen_on(int fd, unsigned port)
{
    struct sockaddr_storage address = loopback(port);
    return bind_and_listen(fd, &address, sizeof(struct sockaddr_in), 8);
}

static void a_chosen_port_is_nobody_elses(void **state)
{
    struct sockaddr_storage first = loopback(PORT_FIRST);
    int other = make_socket(true), fd = make_socket(false), none = make_socket(false);
    (void)state;
    assert_return_code(bind(other, (struct sockaddr *)&first, sizeof(struct sockaddr_in)), errno);
    assert_int_equal(listen_on(fd, 0), 0);
    assert_int_equal(port_of(fd), PORT_FIRST + 1);
    assert_int_equal(listen_on(none, 0), -EADDRINUSE);
    close(none);
    close(fd);
    close(other);
}

/* Its connection in TIME_WAIT is no obstacle. */
static void a_chosen_port_can_be_named_later(void **state)
{
    int fd = make_socket(false), client = make_socket(false);
    char byte;
    (void)state;
    assert_int_equal(listen_on(fd, 0), 0);
    unsigned port = port_of(fd);
    struct sockaddr_storage address = loopback(port);
    assert_return_code(
        connect(client, (struct sockaddr *)&address, sizeof(struct sockaddr_in)), errno);
    int accepted = accept(fd, NULL, NULL);
    assert_true(accepted >= 0);
    close(accepted);
    assert_int_equal(read(client, &byte, 1), 0);
    close(client);
    close(fd);
    fd = make_socket(false);
    assert_int_equal(listen_on(fd, port), 0);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_chosen_port_is_nobody_elses),
        cmocka_unit_test(a_chosen_port_can_be_named_later),
    };
    int result = namespace_enter(CLONE_NEWNET);
    if (result == 0)
        result = namespace_loopback_up();
    if (result != 0 || !set_ports()) {
        printf("skipped: no network namespace of its own is permitted: %s\n", strerror(-result));
        return 77;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
