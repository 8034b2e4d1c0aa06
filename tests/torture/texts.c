/* SPDX-License-Identifier: MIT */
/*
 * Reads and writes texts while memory runs out: a text is complete or absent, and the only problem
 * that is reported is memory.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "config/config.h"
#include "proxy/app/view/segments.h"
#include "proxy/app/view/story.h"
#include "proxy/base/memory_file.h"
#include "proxy/record/log.h"
#include "tests/lib/torture.h"

static const char file_text[] = "[rudeproxy]\n"
                                "seed = 7\n"
                                "log_format = json\n"
                                "[proxy a]\n"
                                "listen = 127.0.0.1:0\n"
                                "upstream = builtin:echo\n"
                                "[fault f]\n"
                                "type = reset\n"
                                "when = bytes:1k\n"
                                "connections = 2, 5-7\n";

#define OUT_SIZE 65536

/* Calls `work` with a file for its output, and lets each of its allocations fail in turn. `check`
 * gets what was written, and whether an allocation failed. */
static void fail_each(
    int (*work)(FILE *out), void (*check)(const char *out, bool failed, int result))
{
    static char text[OUT_SIZE];
    bool failed = true;
    for (long n = 0; failed; n++) {
        memset(text, 0, sizeof text);
        FILE *out = fmemopen(text, sizeof text - 1, "w");
        assert_non_null(out);
        torture_begin(TORTURE_MEMORY, n, ENOMEM, false);
        torture_enter();
        int result = work(out);
        torture_leave();
        failed = torture_end() > n;
        fclose(out);
        check(text, failed, result);
        assert_in_range(n, 0, 10000);
    }
}

/* --- reading a file --- */

static int read_config(FILE *out)
{
    struct config config;
    struct config_source *source = config_source_new();
    if (source == NULL)
        return -1;
    config_source_add_text(source, "text", file_text);
    size_t found = config_build(source, &config, out);
    config_source_free(source);
    if (found == 0)
        config_free(&config);
    return found == 0 ? 0 : -1;
}

static void expect_memory_only(const char *out, bool failed, int result)
{
    assert_int_equal(result, failed ? -1 : 0);
    if (out[0] != '\0')
        assert_string_equal(out, "out of memory\n");
}

static void a_file_that_memory_cuts_has_no_other_problem(void **state)
{
    (void)state;
    fail_each(read_config, expect_memory_only);
}

/* --- writing into memory --- */

static int write_text(FILE *out)
{
    struct memory_file file;
    if (memory_file_open(&file) != 0)
        return -1;
    for (int i = 0; i < 500; i++)
        fprintf(file.out, "line %d\n", i);
    char *text = memory_file_close(&file, NULL);
    if (text != NULL)
        fputs(text, out);
    free(text);
    return text != NULL ? 0 : -1;
}

static void expect_whole_or_none(const char *out, bool failed, int result)
{
    assert_int_equal(result, failed ? -1 : 0);
    assert_true(failed ? out[0] == '\0' : strstr(out, "line 499\n") != NULL);
}

static void a_text_in_memory_is_whole_or_there_is_none(void **state)
{
    struct memory_file file;
    size_t size = 1;
    (void)state;
    fail_each(write_text, expect_whole_or_none);
    assert_int_equal(memory_file_open(&file), 0);
    char *text = memory_file_close(&file, &size);
    assert_string_equal(text, "");
    assert_int_equal(size, 0);
    free(text);
}

/* --- the log --- */

static struct config config;
static struct line_queue *queue; /* of log_fd */
static int log_fd;

static int write_log(FILE *out)
{
    char block[4096];
    ssize_t n;
    struct log log = {.out = line_queue_stream(queue), .queue = queue, .format = LOG_JSON};
    log_config(&log, "run", &config);
    assert_true(line_queue_drain(queue, 10000));
    for (off_t at = 0; (n = pread(log_fd, block, sizeof block, at)) > 0; at += n)
        fwrite(block, 1, (size_t)n, out);
    assert_int_equal(ftruncate(log_fd, 0), 0);
    assert_int_equal(lseek(log_fd, 0, SEEK_SET), 0);
    return 0;
}

static void expect_configuration_or_nothing(const char *out, bool failed, int result)
{
    (void)result;
    if (failed)
        assert_string_equal(out, "");
    else
        assert_non_null(strstr(out, "\"config\":\"[rudeproxy]"));
}

static void the_log_has_a_whole_configuration_or_none(void **state)
{
    (void)state;
    struct config_source *source = config_source_new();
    config_source_add_text(source, "text", file_text);
    assert_int_equal(config_build(source, &config, stdout), 0);
    config_source_free(source);
    struct err err;
    log_fd = memfd_create("log", MFD_CLOEXEC);
    queue = line_queue_open_fd(log_fd, _IOFBF, &err);
    assert_non_null(queue);
    fail_each(write_log, expect_configuration_or_nothing);
    line_queue_close(queue);
    close(log_fd);
    config_free(&config);
}

/* --- the picture of a connection --- */

#define EVENT(name) "{\"event\":\"" name "\",\"proxy\":\"a\",\"connection\":1"

static json_t *long_connection(void)
{
    json_t *events = json_array();
    json_array_append_new(events, json_loads(EVENT("open") "}", 0, NULL));
    for (unsigned i = 0; i < 40; i++) {
        char message[256];
        snprintf(message, sizeof message,
            EVENT("message") ",\"direction\":\"upstream\",\"number\":%u,\"offset\":%u,\"size\":9}",
            i, 9 * i);
        json_array_append_new(events, json_loads(message, 0, NULL));
    }
    assert_int_equal(json_array_size(events), 41);
    return events;
}

/* From each allocation on all fail: a story goes on to its end, and says so then. */
static void a_picture_is_whole_or_fails(void **state)
{
    json_t *events = long_connection();
    bool failed = true;
    (void)state;
    for (long n = 0; failed; n++) {
        struct story story;
        torture_begin(TORTURE_MEMORY, n, ENOMEM, true);
        torture_enter();
        int result = view_story_build(&story, events);
        torture_leave();
        failed = torture_end() > n;
        assert_int_equal(result, failed ? -1 : 0);
        if (!failed)
            assert_int_equal(story.row_count, 42); /* and one that says that there is no end */
        view_story_free(&story);
    }
    json_decref(events);
}

/* --- the packets of a connection --- */

static const struct story *story_of_packets;

/* Writes the size of each block. */
static int write_packets(FILE *out)
{
    struct segments segments;
    segments_init(&segments);
    int result = segments_add(&segments, story_of_packets, "127.0.0.1:1");
    for (size_t i = 0; i < segments.count && result == 0; i++)
        fprintf(out, "%zu ", segments.blocks[i].size);
    segments_free(&segments);
    return result;
}

static char whole_packets[OUT_SIZE];

static void expect_all_packets_or_none(const char *out, bool failed, int result)
{
    assert_int_equal(result, failed ? -1 : 0);
    assert_string_equal(out, failed ? "" : whole_packets);
}

static void packets_are_whole_or_there_are_none(void **state)
{
    struct story story;
    json_t *events = long_connection();
    (void)state;
    assert_int_equal(view_story_build(&story, events), 0);
    story_of_packets = &story;
    FILE *out = fmemopen(whole_packets, sizeof whole_packets, "w");
    assert_int_equal(write_packets(out), 0);
    fclose(out);
    assert_true(strlen(whole_packets) > 100);
    fail_each(write_packets, expect_all_packets_or_none);
    view_story_free(&story);
    json_decref(events);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_that_memory_cuts_has_no_other_problem),
        cmocka_unit_test(a_text_in_memory_is_whole_or_there_is_none),
        cmocka_unit_test(the_log_has_a_whole_configuration_or_none),
        cmocka_unit_test(a_picture_is_whole_or_fails),
        cmocka_unit_test(packets_are_whole_or_there_are_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
