/* SPDX-License-Identifier: MIT */
/* System calls of the data path that fail although the peer did nothing: no byte is lost, and no
 * RST made up. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/lib/rig.h"
#include "tests/lib/torture.h"
#include "tests/lib/wire.h"

#define TO_ECHO "listen=127.0.0.1:0 upstream=builtin:echo buffer=1M"
#define BULK (4u << 20)
#define CALLS_MAX 12 /* of each kind, that fail one after the other */

/* Sends BULK bytes to an echo and takes them back at the same time. */
static void exchange_bulk(struct rig *rig, int fd)
{
    static unsigned char out[64 * 1024], in[64 * 1024];
    size_t sent = 0, got = 0;
    int64_t until = rig_deadline();
    while (got < BULK) {
        for (size_t i = 0; i < sizeof out; i++)
            out[i] = (unsigned char)((sent + i) * 7 + (sent + i) / 251);
        size_t left = BULK - sent < sizeof out ? BULK - sent : sizeof out;
        ssize_t n = left > 0 ? send(fd, out, left, MSG_DONTWAIT | MSG_NOSIGNAL) : 0;
        assert_true(n >= 0 || errno == EAGAIN);
        sent += n > 0 ? (size_t)n : 0;
        rig_turn(rig);
        n = recv(fd, in, sizeof in, MSG_DONTWAIT);
        assert_true(n > 0 || (n < 0 && errno == EAGAIN));
        for (ssize_t i = 0; i < n; i++, got++)
            assert_int_equal(in[i], (unsigned char)(got * 7 + got / 251));
        rig_check_deadline(until, "the bytes come back");
    }
}

static void bulk_with(enum torture_call call, int errnum, bool lasting)
{
    bool reached = true;
    for (long n = 0; reached && n < CALLS_MAX; n++) {
        struct rig rig;
        rig_start(&rig);
        assert_int_equal(rig_add_proxy(&rig, "a", TO_ECHO), CONTROL_OK);
        int fd = rig_connect(&rig, "a");
        assert_true(fd >= 0);
        torture_begin(call, n, errnum, lasting);
        exchange_bulk(&rig, fd);
        reached = torture_end() > n;
        assert_true(reached || n > 0);
        close(fd);
        RIG_WAIT(&rig, rig.events[EVENT_CLOSED] == 1);
        assert_int_equal(rig.events[EVENT_RESET_SEEN], 0);
        rig_stop(&rig);
    }
}

static void a_stream_is_whole_where_splice_is_refused(void **state)
{
    const int errnums[] = {EINVAL, ENOSYS, EPERM};
    (void)state;
    for (size_t i = 0; i < sizeof errnums / sizeof errnums[0]; i++) {
        bulk_with(TORTURE_SPLICE, errnums[i], false);
        bulk_with(TORTURE_SPLICE, errnums[i], true);
    }
}

static void a_stream_is_whole_where_a_call_finds_no_memory(void **state)
{
    const enum torture_call calls[] = {TORTURE_RECV, TORTURE_SEND, TORTURE_SPLICE};
    (void)state;
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        bulk_with(calls[i], ENOMEM, false);
        bulk_with(calls[i], ENOBUFS, false);
    }
}

static void a_builtin_that_could_not_start_starts_the_next_time(void **state)
{
    struct rig rig;
    (void)state;
    rig_start(&rig);
    struct proxy_config proxy = rig_proxy("a", TO_ECHO);
    /* libuv's calls are out of the seam's reach: no descriptor may be had. */
    struct rlimit limit, none;
    getrlimit(RLIMIT_NOFILE, &limit);
    none = (struct rlimit){.rlim_cur = 3, .rlim_max = limit.rlim_max};
    setrlimit(RLIMIT_NOFILE, &none);
    int first = builtins_start(&rig.worker.builtins, "echo", &rig.err);
    setrlimit(RLIMIT_NOFILE, &limit);
    assert_int_equal(first, -1);
    assert_int_equal(control_add_proxy(&rig.control, &proxy, &rig.err), CONTROL_OK);
    int fd = rig_connect(&rig, "a");
    rig_echo(&rig, fd, 1000);
    close(fd);
    rig_stop(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stream_is_whole_where_splice_is_refused),
        cmocka_unit_test(a_stream_is_whole_where_a_call_finds_no_memory),
        cmocka_unit_test(a_builtin_that_could_not_start_starts_the_next_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
