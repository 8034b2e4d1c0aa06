/* SPDX-License-Identifier: MIT */
/*
 * The first address of an upstream does not answer, the second one does. An error of the first
 * socket that stands in the same batch of events as the time-out says nothing about the second one.
 */
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <cmocka.h>

#include "proxy/net/connector.h"
#include "proxy/net/worker.h"
#include "tests/lib/memory_session.h"
#include "tests/lib/rig.h"

#define FILLERS 4 /* more than a backlog of 0 has room for */

static struct memory_proxy proxy;
static unsigned done_calls;
static int done_errnum;

static void on_done(struct connector *connector, int errnum, const char *reason)
{
    (void)connector, (void)reason;
    done_calls++;
    done_errnum = errnum;
}

/* Returns a listener on 127.0.0.1, whose address goes to `address`. */
static int listen_on_loopback(struct sockaddr_storage *address, int backlog)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof in;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_return_code(bind(fd, (struct sockaddr *)&in, sizeof in), errno);
    assert_return_code(listen(fd, backlog), errno);
    assert_return_code(getsockname(fd, (struct sockaddr *)&in, &size), errno);
    memset(address, 0, sizeof *address);
    memcpy(address, &in, sizeof in);
    return fd;
}

static void fill(const struct sockaddr_storage *address, int fds[FILLERS])
{
    for (int i = 0; i < FILLERS; i++) {
        fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        int result = connect(fds[i], (const struct sockaddr *)address, sizeof(struct sockaddr_in));
        assert_true(result == 0 || errno == EINPROGRESS);
    }
}

static void an_error_of_the_attempt_before_stays_with_it(void **state)
{
    struct rig *rig = *state;
    struct connector connector;
    struct socket_endpoint endpoint;
    struct sockaddr_storage full, good;
    int fillers[FILLERS];
    int full_fd = listen_on_loopback(&full, 0), good_fd = listen_on_loopback(&good, 1);
    fill(&full, fillers);
    socket_endpoint_init(&endpoint, NULL);
    assert_int_equal(connector_init(&connector, &rig->worker, proxy.plan, on_done), 0);

    struct address first;
    address_from_sockaddr(&full, &first);
    connector_start(&connector, &endpoint, &first);
    struct resolved *others = calloc(1, sizeof *others + sizeof good);
    assert_non_null(others);
    others->refs = 1;
    others->count = 1;
    others->addresses[0] = good;
    connector.resolved = others;
    connector.port = sockaddr_port(&good);

    connector.timer.on_due(&connector.timer); /* the next address connects at once */
    assert_int_equal(connector.attempts, 2);
    endpoint.item.on_event(&endpoint.item, EPOLLERR | EPOLLHUP | EPOLLRDHUP | EPOLLIN | EPOLLOUT);
    RIG_WAIT(rig, done_calls > 0);
    assert_int_equal(done_errnum, 0);
    assert_int_equal(endpoint.ep.ready & (ENDPOINT_ERROR | ENDPOINT_HANGUP), 0);

    connector_deinit(&connector);
    socket_endpoint_drop(&endpoint);
    for (int i = 0; i < FILLERS; i++)
        close(fillers[i]);
    close(full_fd);
    close(good_fd);
}

/* The compiler of plans opens a descriptor that lasts, before the rig counts its own. */
static int set_up(void **state)
{
    memory_proxy_init(&proxy, "");
    return rig_setup(state);
}

static int tear_down(void **state)
{
    memory_proxy_deinit(&proxy);
    return rig_teardown(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            an_error_of_the_attempt_before_stays_with_it, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
