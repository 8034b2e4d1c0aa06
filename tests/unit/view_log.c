/* SPDX-License-Identifier: MIT */
/* Which connection of a log an event belongs to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "proxy/app/view/log.h"

#define EVENT(event, keys)                                                                         \
    "{\"time\":\"2024-05-06T07:08:09.000000Z\",\"event\":\"" event "\",\"proxy\":\"web\"" keys "}" \
    "\n"
#define FIRST ",\"connection\":1"
#define SERIAL(serial) FIRST ",\"serial\":" serial

/* Reads a log with this text. */
static void read_text(struct view_log *log, const char *text)
{
    char path[] = "/tmp/rudeproxy.log.XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    FILE *out = fdopen(fd, "w");
    fputs(text, out);
    fclose(out);
    assert_int_equal(view_log_read(log, path, NULL), 0);
    unlink(path);
}

static void expect_events(const struct view_log *log, size_t connection, size_t count)
{
    const json_t *events = json_array_get(log->connections, connection);
    assert_int_equal(json_array_size(events), count);
}

/* A proxy that is deleted and added again counts from 1. */
static void a_number_that_was_closed_is_another_connection(void **state)
{
    struct view_log log;
    (void)state;
    read_text(&log, EVENT("open", FIRST) EVENT("closed", FIRST) EVENT("open", FIRST)
                        EVENT("eof", FIRST) EVENT("closed", FIRST));
    assert_int_equal(json_array_size(log.connections), 2);
    expect_events(&log, 0, 2);
    expect_events(&log, 1, 3);
    view_log_free(&log);
}

static void two_open_connections_with_one_number_are_two(void **state)
{
    struct view_log log;
    (void)state;
    read_text(&log,
        EVENT("open", SERIAL("7")) EVENT("counts_reset", "") EVENT("open", SERIAL("8"))
            EVENT("eof", SERIAL("7")) EVENT("closed", SERIAL("8")) EVENT("closed", SERIAL("7")));
    assert_int_equal(json_array_size(log.connections), 2);
    expect_events(&log, 0, 3);
    expect_events(&log, 1, 2);
    view_log_free(&log);
}

/* Two runs in one file, the first of which was killed. */
static void a_run_begins_with_new_connections(void **state)
{
    struct view_log log;
    (void)state;
    read_text(&log, EVENT("open", SERIAL("1")) EVENT("run", ",\"config\":\"\"")
                        EVENT("open", SERIAL("1")) EVENT("closed", SERIAL("1")));
    assert_int_equal(json_array_size(log.connections), 2);
    expect_events(&log, 0, 1);
    expect_events(&log, 1, 2);
    view_log_free(&log);
}

static void expect_address(const struct view_log *log, size_t connection, const char *address)
{
    assert_string_equal(json_string_value(json_array_get(log->addresses, connection)), address);
}

/* With `listen = ...:0` each run has another port, and a reload may move a proxy. */
static void a_connection_has_the_address_that_was_listened_on_when_it_began(void **state)
{
    struct view_log log;
    (void)state;
    read_text(&log, EVENT("run", ",\"config\":\"\"") EVENT("listening", ",\"address\":\"[::1]:1\"")
                        EVENT("open", SERIAL("1")) EVENT("listening", ",\"address\":\"[::1]:2\"")
                            EVENT("open", SERIAL("2")) EVENT("closed", SERIAL("1"))
                                EVENT("run", ",\"config\":\"\"") EVENT("open", SERIAL("1")));
    assert_int_equal(json_array_size(log.connections), 3);
    expect_address(&log, 0, "[::1]:1");
    expect_address(&log, 1, "[::1]:2");
    expect_address(&log, 2, "");
    view_log_free(&log);
}

/* A command that `exec` runs may write JSON to the same stderr. */
static void lines_of_other_programs_are_no_events(void **state)
{
    struct view_log log;
    (void)state;
    read_text(&log, EVENT("open", FIRST) "{\"event\":\"closed\",\"connection\":7}\n"
                                         "{\"event\":\"closed\",\"proxy\":\"\",\"connection\":1}\n"
                                         "{\"event\":\"listening\",\"port\":80}\n"
                                         "{\"event\":\"counts_reset\"}\n"
                                         "{\"event\":\"run\",\"name\":\"tests\"}\n"
                                         "{\"message\":\"hello\"}\n" EVENT("done", FIRST)
                                             EVENT("listening", "") EVENT("closed", FIRST));
    assert_int_equal(json_array_size(log.connections), 1);
    expect_events(&log, 0, 2);
    view_log_free(&log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_number_that_was_closed_is_another_connection),
        cmocka_unit_test(two_open_connections_with_one_number_are_two),
        cmocka_unit_test(a_run_begins_with_new_connections),
        cmocka_unit_test(a_connection_has_the_address_that_was_listened_on_when_it_began),
        cmocka_unit_test(lines_of_other_programs_are_no_events),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
