/* SPDX-License-Identifier: MIT */
/* The statistics of a run, its report, and its log on stderr. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "proxy/record/log.h"
#include "proxy/record/report.h"
#include "proxy/record/summary.h"
#include "proxy/record/xml.h"
#include "tests/lib/memory_session.h"

/* A connection of proxy "a" on which this fault did not fire has ended. */
static void note_not_fired(struct ledger *ledger, const char *fault)
{
    static const struct side_record sides[2];
    struct not_fired not_fired = {.fault = fault, .type = "reset", .reason = "after 1 of 2 bytes"};
    struct event event = {.kind = EVENT_CLOSED,
        .proxy = "a",
        .connection = 1,
        .u.closed = {.sides = sides, .not_fired = &not_fired, .not_fired_count = 1}};
    ledger_note_event(ledger, &event);
}

static void faults_without_a_place_are_left_out_of_a_whole_report(void **state)
{
    (void)state;
    struct ledger ledger;
    char name[32];
    ledger_init(&ledger);
    for (int i = 0; i <= LEDGER_NAMES_MAX; i++) {
        snprintf(name, sizeof name, "f%d", i);
        note_not_fired(&ledger, name);
    }
    FILE *out = fopen("/dev/null", "w");
    assert_true(ledger.left_out);
    assert_false(ledger.incomplete);
    assert_int_equal(report_print(&ledger, out), 0);
    fclose(out);
    ledger_deinit(&ledger);
}

/* The only proxy gets these faults instead of those. NULL: the proxy is not there. */
static void change_plan(struct ledger *ledger, const char *before, const char *now)
{
    struct memory_proxy old, new;
    memory_proxy_init(&old, before != NULL ? before : "");
    memory_proxy_init(&new, now != NULL ? now : "");
    ledger_note_plan(ledger, before != NULL ? old.plan : NULL, now != NULL ? new.plan : NULL);
    memory_proxy_deinit(&old);
    memory_proxy_deinit(&new);
}

#define FAULT "[fault f]\ntype = reset\nwhen = bytes:1k\nmust_fire = yes\n"
#define DISABLED FAULT "enabled = no\n"
#define OPTIONAL "[fault f]\ntype = reset\n"
#define OTHER "[fault h]\ntype = stall\n"

static void the_last_plan_with_a_fault_says_whether_it_must_fire(void **state)
{
    (void)state;
    struct ledger ledger;
    ledger_init(&ledger);
    change_plan(&ledger, NULL, FAULT);
    assert_int_equal(ledger_count_failed(&ledger), 1);
    change_plan(&ledger, FAULT, DISABLED);
    assert_int_equal(ledger_count_failed(&ledger), 0);
    change_plan(&ledger, DISABLED, "");
    assert_int_equal(ledger_count_failed(&ledger), 0);
    change_plan(&ledger, "", FAULT);
    change_plan(&ledger, FAULT, ""); /* deleted */
    assert_int_equal(ledger_count_failed(&ledger), 1);
    change_plan(&ledger, "", NULL);
    assert_int_equal(ledger_count_failed(&ledger), 1);
    ledger_deinit(&ledger);
}

/* Faults of 10,000 other names are gone. */
static void a_late_fault_in_force_must_fire(void **state)
{
    (void)state;
    struct ledger ledger;
    char name[32];
    ledger_init(&ledger);
    for (int i = 0; i < LEDGER_NAMES_MAX; i++) {
        snprintf(name, sizeof name, "f%d", i);
        note_not_fired(&ledger, name);
    }
    change_plan(&ledger, NULL, OTHER OPTIONAL);
    assert_int_equal(ledger.fault_count, LEDGER_NAMES_MAX + 2);
    change_plan(&ledger, OTHER OPTIONAL, OTHER FAULT);
    assert_int_equal(ledger_count_failed(&ledger), 1);
    assert_int_equal(ledger.fault_count, LEDGER_NAMES_MAX + 2);
    change_plan(&ledger, OTHER FAULT, ""); /* deleted */
    assert_int_equal(ledger_count_failed(&ledger), 1);
    assert_int_equal(ledger.fault_count, LEDGER_NAMES_MAX + 1);
    change_plan(&ledger, "", OPTIONAL);
    assert_int_equal(ledger_count_failed(&ledger), 0);
    change_plan(&ledger, OPTIONAL, NULL);
    assert_int_equal(ledger.fault_count, LEDGER_NAMES_MAX);
    assert_true(ledger.left_out);
    ledger_deinit(&ledger);
}

/* A fault is armed and fires on one connection, and is deleted. */
static void fire_and_delete(struct ledger *ledger, struct fault_counters *book, const char *name)
{
    struct event event = {
        .kind = EVENT_FAULT, .proxy = "a", .u.fault = {.name = name, .type = "x"}};
    struct fault_counter *counter = fault_counter_new(book, "a", name);
    assert_non_null(counter);
    counter->armed++;
    fault_counter_fired(counter, 0);
    ledger_note_event(ledger, &event);
    fault_counter_unref(counter);
}

static void a_deleted_fault_has_fired_however_many_are_deleted_after_it(void **state)
{
    (void)state;
    struct ledger ledger;
    struct fault_counters book;
    char name[32];
    ledger_init(&ledger);
    fault_counters_init(&book);
    change_plan(&ledger, NULL, FAULT);
    fire_and_delete(&ledger, &book, "f");
    fire_and_delete(&ledger, &book, "f");
    for (int i = 0; i < FAULT_HISTORY_MAX + 1; i++) {
        snprintf(name, sizeof name, "f%d", i);
        fire_and_delete(&ledger, &book, name);
    }
    assert_int_equal(book.past_names.count, FAULT_HISTORY_MAX);
    ledger_settle(&ledger, &book);
    assert_int_equal(ledger_count_failed(&ledger), 0);
    assert_int_equal(ledger_find_fault(&ledger, "f")->armed, 2);
    assert_int_equal(ledger_find_fault(&ledger, "f")->fired, 2);
    fault_counters_deinit(&book);
    ledger_deinit(&ledger);
}

static void a_fault_whose_counter_is_gone_has_fired(void **state)
{
    (void)state;
    struct ledger ledger;
    struct fault_counters book;
    ledger_init(&ledger);
    fault_counters_init(&book);
    change_plan(&ledger, NULL, FAULT);
    fire_and_delete(&ledger, &book, "f");
    fault_counters_deinit(&book);
    fault_counters_init(&book);
    ledger_settle(&ledger, &book);
    assert_int_equal(ledger_count_failed(&ledger), 0);
    fault_counters_deinit(&book);
    ledger_deinit(&ledger);
}

static void change_proxy(struct ledger *ledger, const char *name, bool runs)
{
    struct plan plan = {0};
    snprintf(plan.config.name, sizeof plan.config.name, "%s", name);
    ledger_note_plan(ledger, runs ? NULL : &plan, runs ? &plan : NULL);
}

static uint64_t close_connection(struct ledger *ledger, const char *proxy)
{
    static const struct side_record sides[2];
    struct not_fired not_fired = {.fault = "f", .type = "reset", .reason = "after 1 of 2 bytes"};
    struct event event = {.kind = EVENT_CLOSED,
        .proxy = proxy,
        .connection = 1,
        .u.closed = {.sides = sides, .not_fired = &not_fired, .not_fired_count = 1}};
    struct event fired = {
        .kind = EVENT_FAULT, .proxy = proxy, .u.fault = {.name = "g", .type = "reset"}};
    ledger_note_event(ledger, &fired);
    ledger_note_event(ledger, &event);
    return ledger_proxy_counts(ledger, proxy)->connections;
}

/* The report lists no more of them, but the API goes on counting. */
static void proxies_without_a_place_are_counted_while_they_run(void **state)
{
    (void)state;
    struct ledger ledger;
    char name[32];
    ledger_init(&ledger);
    for (int i = 0; i < LEDGER_NAMES_MAX; i++) {
        snprintf(name, sizeof name, "p%d", i);
        change_proxy(&ledger, name, true);
        change_proxy(&ledger, name, false);
    }
    assert_false(ledger.left_out);
    for (uint64_t round = 0; round < 3; round++) {
        change_proxy(&ledger, "late", true);
        change_proxy(&ledger, "later", true);
        assert_int_equal(close_connection(&ledger, "late"), 1);
        assert_int_equal(close_connection(&ledger, "late"), 2);
        assert_int_equal(close_connection(&ledger, "later"), 1);
        change_proxy(&ledger, "late", false);
        assert_int_equal(close_connection(&ledger, "late"), 0);
        assert_int_equal(close_connection(&ledger, "later"), 2);
        change_proxy(&ledger, "later", false);
        assert_int_equal(close_connection(&ledger, "p1"), round + 1);
    }
    assert_true(ledger.left_out);
    assert_int_equal(ledger.proxy_count, LEDGER_NAMES_MAX);
    assert_int_equal(ledger.proxy_entries, LEDGER_NAMES_MAX);
    assert_int_equal(ledger_find_fault(&ledger, "f")->missed, 5 * 3);
    assert_int_equal(ledger_find_fault(&ledger, "g")->injections, 5 * 3);
    assert_int_equal(ledger_find_fault(&ledger, "g")->place_count, 3);
    FILE *out = fopen("/dev/null", "w");
    assert_int_equal(report_print(&ledger, out), 0);
    fclose(out);
    ledger_deinit(&ledger);
}

/* The whole output of `print`, which the caller frees. */
static char *printed(void (*print)(const struct ledger *ledger, FILE *out), struct ledger *ledger)
{
    char *bytes = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&bytes, &size);
    assert_non_null(out);
    print(ledger, out);
    fclose(out);
    return bytes;
}

static void the_summary_counts_the_connections_it_does_not_list(void **state)
{
    static const struct side_record sides[2];
    (void)state;
    struct ledger ledger;
    char address[32];
    ledger_init(&ledger);
    for (int i = 0; i < 2 * (LEDGER_DESTINATIONS_MAX + 6); i++) {
        snprintf(address, sizeof address, "10.0.0.%d:80", i / 2);
        struct event event = {.kind = EVENT_CLOSED,
            .proxy = "a",
            .connection = 1,
            .u.closed = {.sides = sides, .destination = address}};
        ledger_note_event(&ledger, &event);
    }
    char *text = printed(summary_print, &ledger);
    assert_non_null(strstr(text, "\n  to 10.0.0.9:80: 2\n  to other addresses: 120\n"));
    free(text);
    ledger_deinit(&ledger);
}

static void a_name_makes_no_lines_of_its_own(void **state)
{
    (void)state;
    struct ledger ledger;
    struct fault fault = {.name = "x\nrudeproxy: all is well", .enabled = true, .must_fire = true};
    struct config config = {.faults = &fault, .fault_count = 1};
    fault.type = fault_catalogue[0];
    ledger_init(&ledger);
    ledger_note_config(&ledger, &config);
    char *text = printed(summary_print_failed, &ledger);
    assert_string_equal(strchr(text, '\n'), "\n");
    free(text);
    ledger_deinit(&ledger);
}

static void names_in_xml_are_characters(void **state)
{
    (void)state;
    char *bytes = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&bytes, &size);
    assert_non_null(out);
    xml_put_text("a<\xc3\xbc\xe2\x82\xac\xf0\x9f\x98\x80\xff\x01\xc2\x80\xef\xbf\xbf", out);
    fclose(out);
    assert_string_equal(bytes, "a&#60;&#252;&#8364;&#128512;&#255;???");
    free(bytes);
}

/* As with a C library whose stderr is a constant. */
static void a_log_on_stderr_needs_no_stream_that_replaces_it(void **state)
{
    (void)state;
    struct settings settings = {.log = "stderr", .log_format = LOG_JSON};
    struct event event = {.kind = EVENT_LISTENING, .proxy = "a", .u.listening.address = "b"};
    struct log log;
    struct err err;
    char text[512] = "";
    int ends[2], before = dup(STDERR_FILENO);
    assert_int_equal(pipe(ends), 0);
    dup2(ends[1], STDERR_FILENO);
    int result = log_open(&log, &settings, NULL, &err);
    if (result == 0) {
        log_event(&log, &event);
        log_finish(&log);
        log_close(&log);
    }
    dup2(before, STDERR_FILENO);
    assert_int_equal(result, 0);
    assert_true(read(ends[0], text, sizeof text - 1) > 0);
    assert_non_null(strstr(text, "listening"));
    close(ends[0]);
    close(ends[1]);
    close(before);
}

/* As if the clock had been set by decades since the log was opened. */
static void every_line_of_a_log_has_the_clock_of_its_start(void **state)
{
    (void)state;
    char path[] = "/tmp/rudeproxy-record.XXXXXX", text[8192] = "";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    struct settings settings = {.log_format = LOG_JSON};
    struct config config = {.settings = settings};
    struct event event = {.kind = EVENT_LISTENING, .proxy = "a", .u.listening.address = "b"};
    struct log log;
    struct err err;
    snprintf(settings.log, sizeof settings.log, "%s", path);
    assert_int_equal(log_open(&log, &settings, NULL, &err), 0);
    log.wall_offset_us = 0;
    log.lost_logged = 1; /* so it writes how many it has lost */
    log_event(&log, &event);
    log_flush(&log);
    log_config(&log, "reload", &config);
    log_finish(&log);
    log_close(&log);
    assert_true(read(fd, text, sizeof text - 1) > 0);
    close(fd);
    unlink(path);
    assert_non_null(strstr(text, "\"event\":\"lost\""));
    assert_non_null(strstr(text, "\"event\":\"reload\""));
    for (const char *at = text; (at = strstr(at, "{\"time\":\"")) != NULL; at++)
        assert_memory_equal(at, "{\"time\":\"1970-", 14);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(faults_without_a_place_are_left_out_of_a_whole_report),
        cmocka_unit_test(the_last_plan_with_a_fault_says_whether_it_must_fire),
        cmocka_unit_test(a_late_fault_in_force_must_fire),
        cmocka_unit_test(a_deleted_fault_has_fired_however_many_are_deleted_after_it),
        cmocka_unit_test(a_fault_whose_counter_is_gone_has_fired),
        cmocka_unit_test(proxies_without_a_place_are_counted_while_they_run),
        cmocka_unit_test(the_summary_counts_the_connections_it_does_not_list),
        cmocka_unit_test(a_name_makes_no_lines_of_its_own),
        cmocka_unit_test(names_in_xml_are_characters),
        cmocka_unit_test(a_log_on_stderr_needs_no_stream_that_replaces_it),
        cmocka_unit_test(every_line_of_a_log_has_the_clock_of_its_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
