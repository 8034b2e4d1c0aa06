/* SPDX-License-Identifier: MIT */
/* The builtin upstreams as their clients see them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/lib/bench.h"

static void ask(int fd, const char *path)
{
    char request[128];
    int n = snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", path);
    bench_send(fd, request, (size_t)n);
}

/* Reads up to the blank line, byte by byte: what follows is left. */
static void read_head(int fd, char *head, size_t size)
{
    for (size_t used = 0; used + 1 < size; used++) {
        bench_read(fd, head + used, 1);
        head[used + 1] = '\0';
        if (strstr(head, "\r\n\r\n") != NULL)
            return;
    }
    fail_msg("no end of the head: %s", head);
}

static void the_largest_length_and_a_second_request_behind_it(void **state)
{
    static unsigned char body[1u << 20];
    char head[512];
    struct bench bench;
    (void)state;
    bench_start(&bench, "builtin:http", "", "");
    for (int round = 0; round < 3; round++) {
        int fd = bench_connect(&bench, NULL);
        ask(fd, "/bytes/18446744073709551615");
        read_head(fd, head, sizeof head);
        assert_non_null(strstr(head, "Content-Length: 18446744073709551615\r\n"));
        ask(fd, "/");
        bench_read(fd, body, sizeof body);
        assert_memory_equal(body, " !\"#$%&", 7);
        close(fd);
    }
    int fd = bench_connect(&bench, NULL);
    for (int round = 0; round < 3; round++) {
        ask(fd, "/bytes/1000");
        read_head(fd, head, sizeof head);
        assert_non_null(strstr(head, "Content-Length: 1000\r\n"));
        bench_read(fd, body, 1000);
    }
    close(fd);
    bench_stop(&bench);
}

#define CHUNKED                                                                                    \
    "POST /bytes/10 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"                     \
    "5\r\nhello\r\n0\r\nTrailer: x\r\n\r\n"
#define SIZED "POST /bytes/20 HTTP/1.1\r\nHost: x\r\nContent-Length: 8\r\n\r\nGET / HT"
#define HEAD "HEAD /bytes/30 HTTP/1.1\r\nHost: x\r\n\r\n"
#define LAST "GET /bytes/40 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"

static void expect_answer(int fd, const char *length, size_t body)
{
    char head[512], bytes[64];
    read_head(fd, head, sizeof head);
    assert_non_null(strstr(head, "HTTP/1.1 200 OK\r\n"));
    assert_non_null(strstr(head, length));
    bench_read(fd, bytes, body);
}

/* Each request has one answer, in their order, however the bytes come. */
static void requests_behind_each_other_have_their_answers(void **state)
{
    static const char requests[] = CHUNKED SIZED HEAD CHUNKED LAST;
    const size_t pieces[] = {sizeof requests - 1, 1, 7, sizeof CHUNKED - 3};
    struct bench bench;
    char rest[64];
    int error;
    (void)state;
    bench_start(&bench, "builtin:http", "", "");
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        int fd = bench_connect(&bench, NULL);
        for (size_t at = 0; at < sizeof requests - 1; at += pieces[i]) {
            size_t left = sizeof requests - 1 - at;
            bench_send(fd, requests + at, left < pieces[i] ? left : pieces[i]);
        }
        expect_answer(fd, "Content-Length: 10\r\n", 10);
        expect_answer(fd, "Content-Length: 20\r\n", 20);
        expect_answer(fd, "Content-Length: 30\r\n", 0);
        expect_answer(fd, "Content-Length: 10\r\n", 10);
        expect_answer(fd, "Content-Length: 40\r\n", 40);
        assert_int_equal(bench_read_end(fd, rest, sizeof rest, &error), 0);
        assert_int_equal(error, 0);
        close(fd);
    }
    bench_stop(&bench);
}

/* The body of a chunked request comes when its head was read long ago. */
static void a_chunked_request_is_answered_when_its_body_is_there(void **state)
{
    static const char request[] = CHUNKED;
    const char *body = strstr(request, "5\r\n");
    struct bench bench;
    (void)state;
    bench_start(&bench, "builtin:http", "", "");
    int fd = bench_connect(&bench, NULL);
    bench_send(fd, request, (size_t)(body - request));
    bench_expect_silence(fd, BENCH_SILENCE_MS);
    bench_send(fd, body, strlen(body));
    expect_answer(fd, "Content-Length: 10\r\n", 10);
    bench_expect_silence(fd, BENCH_SILENCE_MS);
    close(fd);
    bench_stop(&bench);
}

static void what_is_no_request_is_refused(void **state)
{
    static char large[8500];
    static const struct {
        const char *bytes, *status;
    } rows[] = {
        {"GET /\r\n\r\n", "HTTP/1.1 400 Bad Request\r\n"},
        {"POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n", "HTTP/1.1 400 Bad Request\r\n"},
        {large, "HTTP/1.1 431 Request Header Fields Too Large\r\n"},
    };
    struct bench bench;
    char head[512];
    (void)state;
    memset(large, 'x', sizeof large - 1);
    memcpy(large, "GET / HTTP/1.1\r\nX: ", strlen("GET / HTTP/1.1\r\nX: "));
    bench_start(&bench, "builtin:http", "", "");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int fd = bench_connect(&bench, NULL);
        bench_send(fd, rows[i].bytes, strlen(rows[i].bytes));
        read_head(fd, head, sizeof head);
        assert_memory_equal(head, rows[i].status, strlen(rows[i].status));
        close(fd);
    }
    bench_stop(&bench);
}

#define OLD "GET /bytes/5 HTTP/1.0"
#define NEW "GET /bytes/5 HTTP/1.1\r\nHost: x\r\n"

/* A client that reads up to the FIN waits for it as long as the server stays. */
static void the_server_ends_when_the_client_does_not_go_on(void **state)
{
    static const char *const requests[] = {OLD "\r\n\r\n", OLD "\n\n",
        "\r\n" OLD "\r\nX: HTTP/1.1\r\n\r\n", OLD "\r\nConnection: keep-alive, close\r\n\r\n",
        NEW "Connection: TE, close\r\n\r\n", NEW "connection:\r\nCONNECTION: ,Close\r\n\r\n",
        NEW "Connection: keep-alive\r\nConnection: close\r\n\r\n"};
    struct bench bench;
    char rest[64];
    int error;
    (void)state;
    bench_start(&bench, "builtin:http", "", "");
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
        int fd = bench_connect(&bench, NULL);
        bench_send(fd, requests[i], strlen(requests[i]));
        expect_answer(fd, "Connection: close\r\n", 5);
        assert_int_equal(bench_read_end(fd, rest, sizeof rest, &error), 0);
        assert_int_equal(error, 0);
        close(fd);
    }
    bench_stop(&bench);
}

static void the_server_goes_on_with_the_client(void **state)
{
    static const char *const requests[] = {OLD "\r\nConnection: Keep-Alive\r\n\r\n",
        OLD "\nConnection: TE, keep-alive\n\n", NEW "\r\n", NEW "Connection: closed\r\n\r\n",
        NEW "X: HTTP/1.0\r\nX-Connection: close\r\n\r\n"};
    struct bench bench;
    char head[512], bytes[5];
    (void)state;
    bench_start(&bench, "builtin:http", "", "");
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
        int fd = bench_connect(&bench, NULL);
        for (int round = 0; round < 2; round++) {
            bench_send(fd, requests[i], strlen(requests[i]));
            read_head(fd, head, sizeof head);
            assert_null(strstr(head, "Connection: close\r\n"));
            assert_int_equal(strstr(head, "Connection: keep-alive\r\n") != NULL,
                strncmp(requests[i], OLD, strlen(OLD)) == 0);
            bench_read(fd, bytes, sizeof bytes);
        }
        close(fd);
    }
    bench_stop(&bench);
}

#define EXPECT "Content-Length: 5\r\nExpect: 100-Continue\r\n\r\n"

static void a_client_that_waits_for_a_100_gets_it(void **state)
{
    static const char request[] = "PUT /bytes/5 HTTP/1.1\r\nHost: x\r\n" EXPECT;
    static const char old[] = "PUT /bytes/5 HTTP/1.0\r\n" EXPECT;
    struct bench bench;
    char head[512];
    (void)state;
    bench_start(&bench, "builtin:http", "", "");
    int fd = bench_connect(&bench, NULL);
    for (int round = 0; round < 2; round++) {
        bench_send(fd, request, strlen(request));
        read_head(fd, head, sizeof head);
        assert_string_equal(head, "HTTP/1.1 100 Continue\r\n\r\n");
        bench_send(fd, "hello", 5);
        expect_answer(fd, "Content-Length: 5\r\n", 5);
    }
    /* the body is there already */
    bench_send(
        fd, "PUT / HTTP/1.1\r\n" EXPECT "hello", strlen("PUT / HTTP/1.1\r\n" EXPECT "hello"));
    read_head(fd, head, sizeof head);
    assert_non_null(strstr(head, "200 OK"));
    close(fd);
    fd = bench_connect(&bench, NULL);
    bench_send(fd, old, strlen(old));
    bench_expect_silence(fd, BENCH_SILENCE_MS);
    bench_send(fd, "hello", 5);
    expect_answer(fd, "Content-Length: 5\r\n", 5);
    close(fd);
    bench_stop(&bench);
}

/* As a client sends it that takes us for its proxy. */
static void a_whole_url_is_a_path(void **state)
{
    static const struct {
        const char *url, *answer;
    } rows[] = {
        {"http://example.test:80/bytes/7?x", "Content-Length: 7\r\n"},
        {"HTTP://a-name.of-more-than.sixty-three-characters.in-all.example.test/bytes/8",
            "Content-Length: 8\r\n"},
        {"http://h", "200 OK"},
        {"http://h?/bytes/7", "200 OK"},
        {"http://h/none", "404 Not Found"},
        {"https://h/", "404 Not Found"},
    };
    struct bench bench;
    char head[512];
    (void)state;
    bench_start(&bench, "builtin:http", "", "");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int fd = bench_connect(&bench, NULL);
        ask(fd, rows[i].url);
        read_head(fd, head, sizeof head);
        if (strstr(head, rows[i].answer) == NULL)
            fail_msg("%s: %s", rows[i].url, head);
        close(fd);
    }
    bench_stop(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_largest_length_and_a_second_request_behind_it),
        cmocka_unit_test(requests_behind_each_other_have_their_answers),
        cmocka_unit_test(a_chunked_request_is_answered_when_its_body_is_there),
        cmocka_unit_test(what_is_no_request_is_refused),
        cmocka_unit_test(the_server_ends_when_the_client_does_not_go_on),
        cmocka_unit_test(the_server_goes_on_with_the_client),
        cmocka_unit_test(a_client_that_waits_for_a_100_gets_it),
        cmocka_unit_test(a_whole_url_is_a_path),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
