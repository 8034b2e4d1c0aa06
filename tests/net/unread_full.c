/* SPDX-License-Identifier: MIT */
/* `unread` with more bytes than the receive buffer ever holds: it closes when the window is full.
 */
#include "tests/lib/bench.h"

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

/* Writes whatever the socket takes until it fails. Returns the errno. */
static int write_until_error(int fd)
{
    static const char bytes[65536];
    int64_t until = bench_now_us() + BENCH_DEADLINE_MS * INT64_C(1000);
    while (bench_now_us() < until) {
        struct pollfd poll_fd = {.fd = fd, .events = POLLOUT};
        poll(&poll_fd, 1, 1000);
        if (send(fd, bytes, sizeof bytes, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 && errno != EAGAIN)
            return errno;
    }
    return 0;
}

static void it_closes_when_the_window_is_full(void **state)
{
    static const char *const keys[] = {"", "rcvbuf = 64k\n"};
    (void)state;
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        struct bench bench;
        char faults[256];
        snprintf(faults, sizeof faults,
            "%s[fault f]\ntype = unread\nside = client\nother = hold\nbytes = %s\n", keys[i],
            i == 0 ? "1G" : "64k");
        bench_start(&bench, "builtin:discard", "", faults);
        int client = bench_connect(&bench, NULL);
        assert_int_equal(write_until_error(client), ECONNRESET);
        close(client);
        bench_stop(&bench);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(it_closes_when_the_window_is_full)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
