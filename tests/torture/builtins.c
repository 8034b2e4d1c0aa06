/* SPDX-License-Identifier: MIT */
/* The builtin upstreams without memory: a client is reset, the next one is served. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/lib/rig.h"
#include "tests/lib/torture.h"
#include "tests/lib/wire.h"

#define TO_ECHO "listen=127.0.0.1:0 upstream=builtin:echo"

/* Waits until the client has its byte back, or its end. True: the byte came. */
static bool is_served(struct rig *rig, int fd)
{
    char byte;
    ssize_t n;
    assert_true(fd >= 0);
    rig_send(fd, 1);
    RIG_WAIT(rig, (n = recv(fd, &byte, 1, 0)) >= 0 || errno != EAGAIN);
    assert_true(n == 1 || errno == ECONNRESET);
    close(fd);
    return n == 1;
}

static void a_listener_survives_each_failed_allocation(void **state)
{
    struct rig rig;
    bool reached = true;
    unsigned refused = 0;
    (void)state;
    rig_start(&rig);
    assert_int_equal(rig_add_proxy(&rig, "a", TO_ECHO), CONTROL_OK);
    for (long n = 0; reached; n++) {
        torture_begin(TORTURE_MEMORY, n, ENOMEM, false);
        refused += is_served(&rig, rig_connect(&rig, "a")) ? 0 : 1;
        reached = torture_end() > n;
        assert_true(is_served(&rig, rig_connect(&rig, "a")));
    }
    assert_true(refused > 0);
    rig_stop(&rig);
}

/* Clients of the builtin itself: several wait at once, and none of them gets memory. */
static void many_clients_are_refused_and_the_next_one_is_served(void **state)
{
    char where[ADDRESS_TEXT_MAX];
    struct rig rig;
    int fds[20];
    (void)state;
    rig_start(&rig);
    assert_int_equal(rig_add_proxy(&rig, "a", TO_ECHO), CONTROL_OK);
    address_format(builtins_address(&rig.worker.builtins, "echo"), where, sizeof where);
    for (size_t i = 0; i < sizeof fds / sizeof fds[0]; i++)
        fds[i] = wire_connect_text(where);
    torture_begin(TORTURE_MEMORY, 0, ENOMEM, true);
    for (size_t i = 0; i < sizeof fds / sizeof fds[0]; i++)
        assert_int_equal(rig_end(&rig, fds[i]), ECONNRESET);
    torture_end();
    assert_true(is_served(&rig, wire_connect_text(where)));
    rig_stop(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_listener_survives_each_failed_allocation),
        cmocka_unit_test(many_clients_are_refused_and_the_next_one_is_served),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
