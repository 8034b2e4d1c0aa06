/* SPDX-License-Identifier: MIT */
/*
 * Faults at messages over real sockets: each form of the trigger, in both directions, from a writer
 * that sends all at once and from one that sends byte by byte. The reader gets the bytes up to the
 * message's edge and then the end; the log names the same offset and message.
 */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/lib/bench.h"

#define LINES "one\ntwo\nthree\nfour\n"
#define FRAMES "\3ab\5cdef\2g"
#define HEAD "HTTP/1.1 200 OK\r\n"
#define CHUNKS HEAD "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n"
#define SIZED HEAD "Content-Length: 6\r\n\r\nabcdef"
#define RECORDS                                                                                    \
    "\x16\x03\x03\0\3abc\x16\x03\x03\0\1a\x17\x03\x03\0\2xy\x17\x03\x03\0\1z\x17\x03\x03\0\4wxyz"  \
    "\x15\x03\x03\0\2\1\0"

#define TEXT(text) text, sizeof(text) - 1

static const struct row {
    const char *protocol, *when;
    const char *words;
    size_t length;
    size_t want; /* bytes that come out before the reset */
    unsigned message;
    const char *kind;
} rows[] = {
    {"line", "message:2", TEXT(LINES), 8, 2, NULL},
    {"line", "message:3\nedge = before", TEXT(LINES), 8, 3, NULL},
    {"line", "message:3+2", TEXT(LINES), 10, 3, NULL},
    {"length:size=1,add=0", "message:2-2", TEXT(FRAMES), 6, 2, NULL},
    {"length:size=1,add=0", "message:2", TEXT(FRAMES), 8, 2, NULL},
    {"tls", "message:5", TEXT(RECORDS), 36, 5, "application_data"},
    {"tls", "message:5+3", TEXT(RECORDS), 30, 5, "application_data"},
    {"tls", "message:2/application_data\nedge = before", TEXT(RECORDS), 21, 4, "application_data"},
    {"tls", "message:1/alert\nedge = before", TEXT(RECORDS), 36, 6, "alert"},
};

static const struct row answers[] = {
    {"http", "message:1/body", TEXT(SIZED), 38, 1, "200"},
    {"http", "message:1/2xx", TEXT(SIZED "HTTP"), 44, 1, "200"},
    {"http", "message:1-3", TEXT(SIZED), 41, 1, "200"},
    {"http", "message:1/chunk:2", TEXT(CHUNKS), 55, 1, "200"},
    {"http", "message:1/trailer", TEXT(CHUNKS), 67, 1, "200"},
    {"http", "message:1\nedge = before", TEXT(CHUNKS), 0, 1, "200"},
    {"redis", "message:1/integer\nedge = before", TEXT("+OK\r\n:1\r\n"), 5, 2, "integer"},
    {"redis", "message:2", TEXT("*2\r\n:1\r\n$1\r\na\r\n+OK\r\n:2\r\n"), 20, 2, "simple_string"},
    {"postgres", "message:1/ReadyForQuery\nedge = before", TEXT("R\0\0\0\x08\0\0\0\0Z\0\0\0\5I"), 9,
        2, "ReadyForQuery"},
    {"postgres", "message:1/readyforquery-1", TEXT("R\0\0\0\x08\0\0\0\0Z\0\0\0\5I"), 14, 2,
        "ReadyForQuery"},
    {"mysql", "message:1/ERR\nedge = before",
        TEXT("\2\0\0\0\x0a"
             "8\1\0\0\1\xff"),
        6, 2, "ERR"},
    {"mqtt", "message:1/PUBACK\nedge = before", TEXT("\x20\2\0\0\x40\2\0\1"), 4, 2, "PUBACK"},
    {"amqp", "message:1/body+3", TEXT("\1\0\0\0\0\0\0\xce\3\0\1\0\0\0\1x\xce"), 11, 2, "body"},
    {"http2", "message:1/GOAWAY\nedge = before",
        TEXT("\0\0\0\4\0\0\0\0\0\0\0\x08\7\0\0\0\0\0\0\0\0\1\0\0\0\0"), 9, 2, "GOAWAY"},
    {"kafka", "message:2", TEXT("\0\0\0\5\0\0\0\1a\0\0\0\4\0\0\0\2\0\0\0\4\0\0\0\3"), 17, 2, NULL},
    {"mongodb", "message:1/OP_MSG", TEXT("\x10\0\0\0\1\0\0\0\0\0\0\0\xdd\7\0\0\x10\0"), 16, 1,
        "OP_MSG"},
    {"smtp", "message:1/250\nedge = before", TEXT("220-a\r\n220 b\r\n250 c\r\n"), 14, 2, "250"},
    {"turns", "message:1+2", TEXT("hello"), 2, 1, NULL},
};

/* Waits for the line of the log about the fault. */
static void check_log(const struct bench *bench, const char *direction, const struct row *row)
{
    char want[256];
    int n = snprintf(want, sizeof want, "\"direction\":\"%s\",\"offset\":%zu,\"message\":%u",
        direction, row->want, row->message);
    if (row->kind != NULL)
        snprintf(want + n, sizeof want - (size_t)n, ",\"kind\":\"%s\"", row->kind);
    int64_t deadline = bench_now_us() + BENCH_DEADLINE_MS * 1000;
    for (bool found = false; !found; poll(NULL, 0, 1)) {
        char *log = proxy_process_read_log(&bench->process);
        found = log != NULL && strstr(log, want) != NULL;
        if (!found && bench_now_us() > deadline)
            fail_msg("%s: no %s in\n%s", row->when, want, log);
        free(log);
    }
}

/* How the bytes are written. */
enum way { AT_ONCE, BYTE_BY_BYTE, REST_LATER, WAYS };
static const char *const ways[WAYS] = {
    [AT_ONCE] = "at once",
    [BYTE_BY_BYTE] = "byte by byte",
    [REST_LATER] = "the rest when the bytes before the edge have come",
};

/* One row, in one direction, written in one way: a test with a name. */
struct run {
    const struct row *row;
    const char *direction;
    enum way way;
    char name[160];
};

static bool is_before(const struct row *row)
{
    return strstr(row->when, "before") != NULL;
}

/* Writes the row's bytes to `from`. Returns how many of them it has read at `to`, into `got`. */
static size_t write_bytes(const struct run *run, int from, int to, char *got)
{
    const struct row *row = run->row;
    size_t size = run->way == BYTE_BY_BYTE ? 1 : row->length;
    size_t before = run->way == REST_LATER ? row->want : 0;
    bench_send(from, row->words, before);
    bench_read(to, got, before);
    for (size_t at = before; at < row->length; at += size)
        if (send(from, row->words + at, size < row->length - at ? size : row->length - at,
                MSG_NOSIGNAL) < 0)
            break; /* the reset was faster */
    return before;
}

/* `to` gets the bytes before the edge, and then a reset. */
static void a_reset_stands_at_the_edge_of_the_message(void **state)
{
    const struct run *run = *state;
    const struct row *row = run->row;
    struct bench bench;
    char faults[256], got[256];
    int error;
    /* A machine that is late must not let the beginning of a message go. */
    snprintf(faults, sizeof faults,
        "protocol = %s\n[fault f]\ntype = reset\nwhen = %s\ndirection = %s\n%s", row->protocol,
        row->when, run->direction, is_before(row) ? "match_hold = 10s\n" : "");
    bench_start(&bench, NULL, "", faults);
    bench_open(&bench);
    bool up = strcmp(run->direction, "upstream") == 0;
    int from = up ? bench.client : bench.server, to = up ? bench.server : bench.client;
    size_t n = write_bytes(run, from, to, got);
    n += bench_read_end(to, got + n, sizeof got - n, &error);
    if (n != row->want || error != ECONNRESET || memcmp(got, row->words, n) != 0)
        fail_msg("%s: %zu bytes and error %d instead of %zu and %d", run->name, n, error, row->want,
            ECONNRESET);
    check_log(&bench, run->direction, row);
    bench_stop(&bench);
}

#define RUNS_MAX 128

/* Adds the tests of one row in one direction. Returns how many there are then. */
static size_t add_runs(
    struct CMUnitTest *tests, size_t count, const struct row *row, const char *direction)
{
    static struct run runs[RUNS_MAX];
    for (int way = 0; way < (is_before(row) ? WAYS : REST_LATER); way++) {
        assert_true(count < RUNS_MAX);
        struct run *run = &runs[count];
        *run = (struct run){.row = row, .direction = direction, .way = (enum way)way};
        int n = snprintf(run->name, sizeof run->name, "a_reset_stands_at_the_edge: %s %s %s, %s",
            row->protocol, row->when, direction, ways[way]);
        assert_true(n < (int)sizeof run->name);
        for (char *newline = run->name; (newline = strchr(newline, '\n')) != NULL;)
            *newline = ',';
        tests[count++] = (struct CMUnitTest){.name = run->name,
            .test_func = a_reset_stands_at_the_edge_of_the_message,
            .initial_state = run};
    }
    return count;
}

/* Two requests that are the same: only their number tells them apart. */
static void the_second_of_two_equal_requests_is_cut(void **state)
{
    static const char request[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    struct bench bench;
    char got[256];
    int error;
    (void)state;
    bench_start(&bench, NULL, "",
        "protocol = http\n[fault f]\ntype = reset\nwhen = message:2/GET\ndirection = "
        "upstream\nedge = "
        "before\n");
    bench_open(&bench);
    bench_send(bench.client, request, sizeof request - 1);
    bench_read(bench.server, got, sizeof request - 1);
    bench_send(bench.server, answer, sizeof answer - 1);
    bench_read(bench.client, got, sizeof answer - 1);
    bench_send(bench.client, request, sizeof request - 1);
    assert_int_equal(bench_read_end(bench.client, got, sizeof got, &error), 0);
    assert_int_equal(error, ECONNRESET);
    assert_int_equal(bench_read_end(bench.server, got, sizeof got, &error), 0);
    assert_int_equal(error, ECONNRESET);
    bench_stop(&bench);
}

/* A long body goes through whole, and the edge behind it is found. */
static void an_edge_behind_a_long_body_is_exact(void **state)
{
    static unsigned char bytes[8u << 20], got[sizeof bytes + 100];
    static const char head[] = "HTTP/1.1 200 OK\r\nContent-Length: 8388608\r\n\r\n";
    struct bench bench;
    int error;
    (void)state;
    bench_pattern(bytes, sizeof bytes);
    bench_start(&bench, NULL, "",
        "protocol = http\n[fault f]\ntype = inject\ndata = \"behind\"\nwhen = message:1\n[fault "
        "g]\ntype = close\nwhen = message:1\nside = client\n");
    bench_open(&bench);
    bench_send(bench.server, head, sizeof head - 1);
    bench_read(bench.client, got, sizeof head - 1);
    bench_pump(bench.server, bench.client, bytes, sizeof bytes, 100000, got);
    assert_memory_equal(got, bytes, sizeof bytes);
    assert_int_equal(bench_read_end(bench.client, got, sizeof got, &error), 6);
    assert_memory_equal(got, "behind", 6);
    assert_int_equal(error, 0);
    bench_stop(&bench);
}

/* 250 behind the mail is lost; the client that waits for a dot is not held up. */
static void the_beginning_of_a_match_does_not_hold_up_smtp(void **state)
{
    struct bench bench;
    char got[64];
    (void)state;
    bench_start(&bench, NULL, "",
        "protocol = smtp\n[fault f]\ntype = reset\nwhen = match:\"\\r\\n.\\r\\n\"\nedge = "
        "before\ndirection = upstream\n");
    bench_open(&bench);
    bench_send(bench.server, "220 x\r\n", 7);
    bench_read(bench.client, got, 7);
    bench_send(bench.client, "EHLO x\r\n", 8);
    bench_read(bench.server, got, 8);
    assert_memory_equal(got, "EHLO x\r\n", 8);
    bench_stop(&bench);
}

int main(void)
{
    static struct CMUnitTest edges[RUNS_MAX];
    size_t count = 0;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_second_of_two_equal_requests_is_cut),
        cmocka_unit_test(an_edge_behind_a_long_body_is_exact),
        cmocka_unit_test(the_beginning_of_a_match_does_not_hold_up_smtp),
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        count = add_runs(edges, count, &rows[i], "upstream");
        count = add_runs(edges, count, &rows[i], "downstream");
    }
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++)
        count = add_runs(edges, count, &answers[i], "downstream");
    int failed = _cmocka_run_group_tests("edges", edges, count, NULL, NULL);
    return failed + cmocka_run_group_tests(tests, NULL, NULL);
}
