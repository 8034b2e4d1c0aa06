/* SPDX-License-Identifier: MIT */
/*
 * Faults that wait for other faults and for the N-th match, over real sockets: to the byte,
 * whatever the sizes of the writes, also in bulk; and faults that several connections have to do
 * with.
 */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/lib/bench.h"

#define BULK (1u << 20)

/* Writes a text in pieces. */
static void send_cut(int fd, const char *text, size_t piece)
{
    for (size_t at = 0; at < strlen(text);) {
        size_t left = strlen(text) - at;
        size_t n = piece < left ? piece : left;
        bench_send(fd, text + at, n);
        at += n;
    }
}

static void expect_read(int fd, const char *want)
{
    char got[256];
    assert_in_range(strlen(want), 1, sizeof got - 1);
    bench_read(fd, got, strlen(want));
    got[strlen(want)] = '\0';
    assert_string_equal(got, want);
}

/* Just these bytes, then a RST. */
static void expect_cut(int fd, const char *want)
{
    char got[256];
    int error;
    size_t n = bench_read_end(fd, got, sizeof got - 1, &error);
    got[n] = '\0';
    assert_string_equal(got, want);
    assert_int_equal(error, ECONNRESET);
}

/* The server answers each statement; what is lost is the end of the answer to the second COMMIT. */
static void the_answer_to_the_second_commit_is_lost(void **state)
{
    struct bench bench;
    (void)state;
    bench_start(&bench, NULL, "",
        "[fault lost]\ntype = reset\nside = client\nwhen = match:\"Z\"\nedge = before\nafter = "
        "saw\n"
        "[fault saw]\ntype = mark\ndirection = upstream\nwhen = match:\"COMMIT\"#2\n");
    for (size_t piece = 1; piece <= 8; piece++) {
        bench_open(&bench);
        send_cut(bench.client, "COMMIT;", piece);
        expect_read(bench.server, "COMMIT;");
        send_cut(bench.server, "done Z", piece);
        expect_read(bench.client, "done Z");
        send_cut(bench.client, "SELECT; COMMIT;", piece);
        expect_read(bench.server, "SELECT; COMMIT;");
        send_cut(bench.server, "row done Z", piece);
        expect_cut(bench.client, "row done ");
        bench_close(&bench);
    }
    bench_stop(&bench);
}

static void what_the_server_says_is_dropped_once_the_client_has_spoken(void **state)
{
    struct bench bench;
    (void)state;
    bench_start(&bench, NULL, "",
        "[fault f]\ntype = blackhole\nwhen_direction = upstream\nwhen = match:\"QUIT\"\n");
    for (size_t piece = 1; piece <= 4; piece++) {
        bench_open(&bench);
        send_cut(bench.server, "hello", piece);
        expect_read(bench.client, "hello");
        send_cut(bench.client, "QUIT", piece);
        expect_read(bench.server, "QUIT");
        send_cut(bench.server, "bye", piece);
        bench_expect_silence(bench.client, BENCH_SILENCE_MS);
        bench_close(&bench);
    }
    bench_stop(&bench);
}

/* A process of its own writes them in pieces, until all are taken or the connection is gone. */
static pid_t send_apart(int fd, const unsigned char *bytes, size_t n, size_t chunk)
{
    pid_t child = fork();
    if (child != 0)
        return child;
    for (size_t at = 0; at < n;) {
        struct pollfd entry = {.fd = fd, .events = POLLOUT};
        ssize_t taken = send(fd, bytes + at, chunk < n - at ? chunk : n - at, MSG_NOSIGNAL);
        if (taken < 0 && (errno != EAGAIN || poll(&entry, 1, BENCH_DEADLINE_MS) <= 0))
            break;
        at += taken > 0 ? (size_t)taken : 0;
    }
    _exit(0);
}

/* Bulk bytes with a word at each of these offsets, and what a client gets of them before a RST. */
static void expect_bulk_cut(const char *faults, const size_t *words, size_t count, size_t want)
{
    struct bench bench;
    unsigned char *sent = malloc(BULK), *got = malloc(BULK);
    assert_true(sent != NULL && got != NULL);
    bench_start(&bench, NULL, "", faults);
    bench_pattern(sent, BULK);
    for (size_t i = 0; i < count; i++)
        memcpy(sent + words[i], "\xff\xfeword\xfe\xff", 8);
    for (size_t chunk = 1447; chunk <= BULK; chunk = chunk * 7 + 1) {
        int error;
        bench_open(&bench);
        pid_t child = send_apart(bench.server, sent, BULK, chunk);
        assert_true(child > 0);
        size_t n = bench_read_end(bench.client, got, BULK, &error);
        if (n != want || error != ECONNRESET || memcmp(got, sent, n) != 0)
            fail_msg("%s\npieces of %zu: got %zu bytes and errno %d, want %zu", faults, chunk, n,
                error, want);
        bench_close(&bench);
        assert_int_equal(waitpid(child, NULL, 0), child);
    }
    bench_stop(&bench);
    free(sent);
    free(got);
}

#define WORD "match:\"\\xff\\xfeword\\xfe\\xff\""

static void bulk_is_cut_at_the_nth_match_and_behind_it(void **state)
{
    static const size_t words[] = {1000, 200000, 300000};
    (void)state;
    expect_bulk_cut(
        "[fault f]\ntype = reset\nside = client\nwhen = " WORD "#2\n", words, 3, 200008);
    expect_bulk_cut("[fault f]\ntype = reset\nside = client\nwhen = " WORD
                    "#2\nedge = before\nmatch_hold = 10s\n",
        words, 3, 200000);
    expect_bulk_cut(
        "[fault f]\ntype = reset\nside = client\nwhen = " WORD "#2+1\n", words, 3, 200009);
    expect_bulk_cut(
        "[fault f]\ntype = reset\nside = client\nwhen = " WORD "+131072\n", words, 3, 132080);
}

static void bulk_is_cut_behind_a_chain(void **state)
{
    static const size_t words[] = {1000, 200000, 300000};
    (void)state;
    expect_bulk_cut("[fault f]\ntype = reset\nside = client\nwhen = bytes:123456\nafter = m\n"
                    "[fault m]\ntype = mark\nwhen = bytes:100000\n",
        words, 3, 223456);
    expect_bulk_cut("[fault f]\ntype = reset\nside = client\nwhen = " WORD "\nafter = m\n"
                    "[fault m]\ntype = mark\nwhen = bytes:1001\n",
        words, 3, 200008);
    expect_bulk_cut("[fault f]\ntype = reset\nside = client\nwhen = " WORD
                    "\nedge = before\nmatch_hold = 10s\nafter = m\n"
                    "[fault m]\ntype = mark\nwhen = " WORD "\nafter = n\n"
                    "[fault n]\ntype = mark\nwhen = " WORD "\n",
        words, 3, 300000);
}

static void bytes_go_on_while_a_delay_runs(void **state)
{
    struct bench bench;
    (void)state;
    bench_start(&bench, NULL, "",
        "[fault f]\ntype = reset\nside = client\nwhen = match:\"go\"\ntrigger_delay = 300ms\n");
    bench_open(&bench);
    int64_t before = bench_now_us();
    bench_send(bench.server, "go on", 5);
    expect_read(bench.client, "go on");
    expect_cut(bench.client, "");
    assert_true(bench_now_us() - before >= 300000);
    bench_stop(&bench);
}

static void a_delay_behind_an_edge_before_withholds_the_match(void **state)
{
    struct bench bench;
    (void)state;
    bench_start(&bench, NULL, "",
        "[fault f]\ntype = half_close\nside = client\nwhen = match:\"go\"\nedge = "
        "before\nmatch_hold = 10s\n"
        "trigger_delay = 100ms\n");
    for (size_t piece = 1; piece <= 7; piece++) {
        char got[16];
        int error;
        bench_open(&bench);
        int64_t before = bench_now_us();
        send_cut(bench.server, "let go!", piece);
        assert_int_equal(bench_read_end(bench.client, got, sizeof got, &error), 4);
        assert_int_equal(error, 0);
        assert_true(bench_now_us() - before >= 100000);
        bench_close(&bench);
    }
    bench_stop(&bench);
}

/* --- several connections --- */

/* The moment has to come after the connections are open, and a machine may be slow: tried with a
 * later one then. */
static bool try_moment(unsigned seconds)
{
    struct bench bench;
    char faults[128];
    snprintf(
        faults, sizeof faults, "[fault f]\ntype = reset\nside = client\nwhen = run:%us\n", seconds);
    bench_start(&bench, NULL, "", faults);
    int clients[2], servers[2];
    bool in_time = true;
    for (int i = 0; i < 2; i++) {
        in_time = bench_try_open(&bench) && in_time;
        clients[i] = bench.client;
        servers[i] = bench.server;
        bench.client = bench.server = -1;
    }
    in_time = in_time && bench_now_us() - bench.started_us < (int64_t)seconds * 1000000;
    for (int i = 0; i < 2 && in_time; i++)
        bench_expect_error(clients[i], ECONNRESET);
    if (in_time) {
        bench_open(&bench);
        bench_exchange(&bench);
        bench_expect_silence(bench.client, BENCH_SILENCE_MS);
    }
    for (int i = 0; i < 2; i++) {
        close(clients[i]);
        close(servers[i]);
    }
    bench_stop(&bench);
    return in_time;
}

static void a_moment_of_the_run_hits_all_connections_that_are_open_then(void **state)
{
    (void)state;
    for (unsigned seconds = 1; seconds <= 16; seconds *= 2)
        if (try_moment(seconds))
            return;
    fail_msg("two connections were not open within 16 seconds");
}

/* The other connection is idle: nothing wakes it but the fault that fired. */
static void a_fault_of_one_connection_ends_another(void **state)
{
    struct bench bench;
    (void)state;
    bench_start(&bench, NULL, "",
        "[fault ends]\ntype = reset\nside = client\nafter = cut/any\nconnections = 1\n"
        "[fault cut]\ntype = mark\nwhen = match:\"cut\"\n");
    bench_open(&bench);
    int first = bench.client, first_server = bench.server;
    bench_exchange(&bench);
    bench.client = bench.server = -1;
    bench_open(&bench);
    bench_exchange(&bench);
    bench_expect_silence(first, BENCH_SILENCE_MS);
    bench_send(bench.server, "cut", 3);
    expect_read(bench.client, "cut");
    bench_expect_error(first, ECONNRESET);
    bench_exchange(&bench);
    close(first);
    close(first_server);
    bench_stop(&bench);
}

/* The third of three that are open at once is refused; when one has gone, the next is the third
 * again. */
static void only_the_third_at_once_is_closed(void **state)
{
    struct bench bench;
    char byte;
    int error;
    (void)state;
    bench_start(&bench, NULL, "", "[fault crowd]\ntype = reset\nwhen = accept\nconcurrent = 3-\n");
    bench_open(&bench);
    int first = bench.client, first_server = bench.server;
    bench_exchange(&bench);
    bench.client = bench.server = -1;
    bench_open(&bench);
    bench_exchange(&bench);
    for (int i = 0; i < 3; i++) {
        int third = bench_connect(&bench, NULL);
        bench_expect_error(third, ECONNRESET);
        close(third);
    }
    close(first);
    assert_int_equal(bench_read_end(first_server, &byte, 1, &error), 0);
    assert_int_equal(error, 0);
    close(first_server);
    bench_exchange(&bench);
    /* Until the proxy has seen the last FIN, the first one counts. */
    for (int64_t deadline = bench_now_us() + BENCH_DEADLINE_MS * 1000;;) {
        int next = bench_connect(&bench, NULL);
        struct pollfd accepted = {.fd = bench.listener, .events = POLLIN};
        bool is_open = poll(&accepted, 1, BENCH_SILENCE_MS) == 1;
        close(next);
        if (is_open)
            break;
        assert_true(bench_now_us() < deadline);
    }
    bench_stop(&bench);
}

/* Whether connect() comes to fail with this errno (0: to succeed), if it is tried for long enough.
 */
static void expect_connect(const struct bench *bench, int want)
{
    int64_t deadline = bench_now_us() + BENCH_DEADLINE_MS * 1000;
    for (int got = -1; got != want;) {
        int fd;
        got = bench_try_connect(bench, BENCH_DEADLINE_MS, &fd);
        if (fd >= 0)
            close(fd);
        if (bench_now_us() > deadline)
            fail_msg("connect() says %d, want %d", got, want);
    }
}

/* Failover: once the cut came, nobody answers, for ever or for some time. */
static void the_listener_is_gone_once_a_fault_has_fired(void **state)
{
    static const char *const rows[] = {"", "for = 300ms\n"};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct bench bench;
        char faults[256];
        snprintf(faults, sizeof faults,
            "[fault gone]\ntype = refuse\nafter = cut/any\n%s"
            "[fault cut]\ntype = reset\nside = client\nwhen = match:\"cut\"\n",
            rows[i]);
        bench_start(&bench, "builtin:echo", "", faults);
        int client = bench_connect(&bench, NULL);
        bench_send(client, "first", 5);
        expect_read(client, "first");
        bench_send(client, "cut", 3);
        expect_cut(client, "cut");
        close(client);
        expect_connect(&bench, i == 0 ? ECONNREFUSED : 0);
        bench_stop(&bench);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_answer_to_the_second_commit_is_lost),
        cmocka_unit_test(what_the_server_says_is_dropped_once_the_client_has_spoken),
        cmocka_unit_test(bulk_is_cut_at_the_nth_match_and_behind_it),
        cmocka_unit_test(bulk_is_cut_behind_a_chain),
        cmocka_unit_test(bytes_go_on_while_a_delay_runs),
        cmocka_unit_test(a_delay_behind_an_edge_before_withholds_the_match),
        cmocka_unit_test(a_moment_of_the_run_hits_all_connections_that_are_open_then),
        cmocka_unit_test(a_fault_of_one_connection_ends_another),
        cmocka_unit_test(the_listener_is_gone_once_a_fault_has_fired),
        cmocka_unit_test(only_the_third_at_once_is_closed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
