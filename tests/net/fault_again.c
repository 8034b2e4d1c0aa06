/* SPDX-License-Identifier: MIT */
/* A fault that is deleted and added again is a new one: it fires again, and counts from zero. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "proxy/net/connection.h"
#include "tests/lib/rig.h"

#define TO_ECHO "listen=127.0.0.1:0 upstream=builtin:echo"
#define FILE_ECHO "[proxy a]\nlisten = 127.0.0.1:0\nupstream = builtin:echo\n"
#define RESET_ONCE "type=reset when=bytes:10 times=1"

static int setup(void **state)
{
    struct rig *rig = malloc(sizeof *rig);
    *state = rig;
    assert_non_null(rig);
    rig_start(rig);
    assert_int_equal(rig_add_proxy(rig, "a", TO_ECHO), CONTROL_OK);
    return 0;
}

static int teardown(void **state)
{
    rig_stop(*state);
    free(*state);
    return 0;
}

static int open_connection(struct rig *rig)
{
    int fd = rig_connect(rig, "a");
    rig_echo(rig, fd, 1);
    return fd;
}

static void expect_reset(struct rig *rig, int fd)
{
    rig_send(fd, 100);
    assert_int_equal(rig_end(rig, fd), ECONNRESET);
}

static const struct fault_counter *counter_of(struct rig *rig, const char *name)
{
    return plan_find(control_proxy(&rig->control, "a")->plan, name)->fault_counter;
}

/* An open connection keeps the deleted fault; the new one of the name owes it nothing. */
static void its_times_begin_anew(void **state)
{
    struct rig *rig = *state;
    int open = open_connection(rig);
    for (unsigned round = 1; round <= 3; round++) {
        struct fault fault = rig_fault("f", RESET_ONCE);
        assert_int_equal(
            control_add_fault(&rig->control, "a", &fault, NULL, CONTROL_NEW_CONNECTIONS, &rig->err),
            CONTROL_OK);
        assert_int_equal(counter_of(rig, "f")->armed, 0);
        int holder = open_connection(rig);
        expect_reset(rig, open_connection(rig));
        assert_int_equal(counter_of(rig, "f")->fired, 1);
        rig_echo(rig, open, 100); /* once is enough */
        assert_int_equal(
            control_remove_fault(&rig->control, "a", "f", CONTROL_NEW_CONNECTIONS, &rig->err),
            CONTROL_OK);
        assert_int_equal(rig->events[EVENT_FAULT], round);
        close(holder);
    }
    close(open);
}

static void a_change_goes_on_with_what_was_counted(void **state)
{
    struct rig *rig = *state;
    assert_int_equal(rig_add(rig, "a", "f", RESET_ONCE), CONTROL_OK);
    expect_reset(rig, open_connection(rig));
    assert_int_equal(rig_change(rig, "a", "f", "type=reset when=bytes:20 times=1"), CONTROL_OK);
    int fd = open_connection(rig);
    rig_echo(rig, fd, 100);
    assert_int_equal(counter_of(rig, "f")->fired, 1);
    assert_int_equal(rig_change(rig, "a", "f", "type=reset when=bytes:20 times=2"), CONTROL_OK);
    expect_reset(rig, open_connection(rig));
    close(fd);
}

/* Several connections have a fault of one name, and a fault of the proxy has it too. */
static void each_injection_is_one_of_its_own(void **state)
{
    struct rig *rig = *state;
    int fds[3];
    for (size_t i = 0; i < 3; i++)
        fds[i] = open_connection(rig);
    assert_int_equal(rig_add(rig, "a", "f", "type=reset when=bytes:1G times=1"), CONTROL_OK);
    struct fault fault = rig_fault("f", RESET_ONCE);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(control_inject(&rig->control, "a", i + 1, &fault, &rig->err), CONTROL_OK);
    for (size_t i = 0; i < 3; i++)
        expect_reset(rig, fds[i]);
    assert_int_equal(counter_of(rig, "f")->fired, 0);
}

static void an_injection_leaves_the_faults_of_the_proxy_alone(void **state)
{
    struct rig *rig = *state;
    int fd = open_connection(rig);
    assert_int_equal(rig_add(rig, "a", "f", "type=stall direction=downstream"), CONTROL_OK);
    RIG_WAIT(rig, rig->events[EVENT_FAULT] == 1);
    struct fault fault = rig_fault("f", "type=noop");
    assert_int_equal(control_inject(&rig->control, "a", 1, &fault, &rig->err), CONTROL_OK);
    RIG_WAIT(rig, rig->events[EVENT_FAULT] == 2);
    assert_int_equal(rig->events[EVENT_FAULT_OVER], 0);
    assert_int_equal(rig_remove(rig, "a", "f"), CONTROL_OK);
    assert_int_equal(rig->events[EVENT_FAULT_OVER], 1);
    rig_echo(rig, fd, 100);
    close(fd);
}

static void expect_armed(struct rig *rig, size_t count)
{
    const struct list *link = control_proxy(&rig->control, "a")->connections.next;
    const struct connection *connection = container_of(link, struct connection, link);
    assert_int_equal(connection->session.armed.count, count);
}

/* A fault of the API and one of a reloaded file with the same name are one fault. */
static void a_fault_that_a_file_takes_over_is_changed_and_removed(void **state)
{
    struct rig *rig = *state;
    int fd = open_connection(rig);
    assert_int_equal(rig_add(rig, "a", "f", "type=latency delay=1ms"), CONTROL_OK);
    assert_int_equal(
        rig_load(rig, FILE_ECHO "[fault f]\ntype = latency\ndelay = 2ms\n", CONTROL_KEEP_API),
        CONTROL_OK);
    assert_int_equal(rig_change(rig, "a", "f", "type=stall direction=downstream"), CONTROL_OK);
    expect_armed(rig, 1);
    assert_int_equal(rig->events[EVENT_FAULT], 2);
    assert_int_equal(rig->events[EVENT_FAULT_OVER], 1);
    assert_int_equal(rig_remove(rig, "a", "f"), CONTROL_OK);
    expect_armed(rig, 0);
    rig_echo(rig, fd, 100);
    close(fd);
}

/* It continues, and the connection is one of the file's fault from then on. */
static void a_fault_that_a_file_takes_over_is_counted_there(void **state)
{
    static const char *const words[] = {
        "type=latency delay=3ms", "type=latency delay=3ms direction=both"};
    struct rig *rig = *state;
    for (size_t i = 0; i < 2; i++) {
        const char *both = i == 0 ? "" : "direction = both\n";
        char file[256];
        int fd = open_connection(rig);
        snprintf(file, sizeof file, FILE_ECHO "[fault f]\ntype = latency\ndelay = 2ms\n%s", both);
        assert_int_equal(rig_add(rig, "a", "f", words[i]), CONTROL_OK);
        assert_int_equal(rig_load(rig, file, CONTROL_KEEP_API), CONTROL_OK);
        const struct fault_counter *counter = counter_of(rig, "f");
        uint64_t armed = counter->armed, fired = counter->fired;
        unsigned over = rig->events[EVENT_FAULT_OVER];
        assert_int_equal(rig_change(rig, "a", "f", words[i]), CONTROL_OK);
        assert_int_equal(rig->events[EVENT_FAULT_OVER], over);
        assert_ptr_equal(counter_of(rig, "f"), counter);
        assert_int_equal(counter->armed, armed + 1);
        assert_int_equal(counter->fired, fired + 1);
        close(fd);
        RIG_WAIT(rig, rig->events[EVENT_CLOSED] == i + 1);
        assert_int_equal(rig_load(rig, FILE_ECHO, CONTROL_KEEP_API), CONTROL_OK);
    }
}

static void a_fault_of_the_file_is_replaced_by_one_of_the_api(void **state)
{
    struct rig *rig = *state;
    assert_int_equal(rig_load(rig, FILE_ECHO "[fault f]\ntype = stall\ndirection = downstream\n",
                         CONTROL_KEEP_API),
        CONTROL_OK);
    int fd = rig_connect(rig, "a");
    RIG_WAIT(rig, rig->events[EVENT_FAULT] == 1);
    assert_int_equal(
        control_remove_fault(&rig->control, "a", "f", CONTROL_NEW_CONNECTIONS, &rig->err),
        CONTROL_OK);
    expect_armed(rig, 1);
    assert_int_equal(rig_add(rig, "a", "f", "type=latency delay=1ms"), CONTROL_OK);
    expect_armed(rig, 1);
    rig_echo(rig, fd, 100);
    close(fd);
}

#define DELETED 100

/* Only the sum for its name stays. */
static void what_is_deleted_is_forgotten_sooner_or_later(void **state)
{
    struct rig *rig = *state;
    struct fault_counters *book = &rig->worker.counters;
    char name[32];
    for (unsigned i = 0; i < DELETED; i++) {
        snprintf(name, sizeof name, "fault %u", i);
        assert_int_equal(rig_add(rig, "a", name, "type=latency delay=1us"), CONTROL_OK);
        if (i % 10 == 0)
            close(open_connection(rig));
        else
            plan_find(control_proxy(&rig->control, "a")->plan, name)->fault_counter->armed++;
        assert_int_equal(rig_remove(rig, "a", name), CONTROL_OK);
    }
    RIG_WAIT(rig, rig->events[EVENT_CLOSED] == rig->events[EVENT_OPEN]);
    assert_int_equal(book->past_names.count, DELETED);
    assert_true(list_empty(&book->named));
    RIG_WAIT(rig, list_empty(&book->others));
    assert_int_equal(book->by_name.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(its_times_begin_anew, setup, teardown),
        cmocka_unit_test_setup_teardown(a_change_goes_on_with_what_was_counted, setup, teardown),
        cmocka_unit_test_setup_teardown(each_injection_is_one_of_its_own, setup, teardown),
        cmocka_unit_test_setup_teardown(
            an_injection_leaves_the_faults_of_the_proxy_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(
            a_fault_that_a_file_takes_over_is_changed_and_removed, setup, teardown),
        cmocka_unit_test_setup_teardown(
            a_fault_that_a_file_takes_over_is_counted_there, setup, teardown),
        cmocka_unit_test_setup_teardown(
            a_fault_of_the_file_is_replaced_by_one_of_the_api, setup, teardown),
        cmocka_unit_test_setup_teardown(
            what_is_deleted_is_forgotten_sooner_or_later, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
