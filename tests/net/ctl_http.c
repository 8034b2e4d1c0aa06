/* SPDX-License-Identifier: MIT */
/* The HTTP client of ctl against answers of every shape, whole and in pieces of one byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "proxy/ctl/http.h"
#include "proxy/ctl/socket.h"

#define DEADLINE_S 30

struct reply {
    struct http_answer http;
    char body[256];
    size_t size;
};

static bool on_bytes(struct http_answer *http, const char *bytes, size_t size, struct err *err)
{
    struct reply *reply = (struct reply *)(void *)http;
    if (reply->size + size >= sizeof reply->body) {
        err_set(err, "stopped");
        return false;
    }
    memcpy(reply->body + reply->size, bytes, size);
    reply->size += size;
    return true;
}

/* In a process of its own: sends `answer` in pieces, `times` over, then ends the connection. */
static void serve(int fd, const char *answer, size_t piece, size_t times)
{
    size_t size = strlen(answer);
    for (size_t i = 0; i < times; i++) {
        for (size_t sent = 0; sent < size; sent += piece) {
            size_t left = size - sent;
            if (send(fd, answer + sent, left < piece ? left : piece, MSG_NOSIGNAL) < 0)
                _exit(0);
        }
    }
    /* The request is read, so that the end is a FIN. */
    shutdown(fd, SHUT_WR);
    char rest[4096];
    while (recv(fd, rest, sizeof rest, 0) > 0)
        ;
    _exit(0);
}

static int exchange(const char *method, const char *answer, size_t piece, size_t times,
    struct reply *reply, struct err *err)
{
    int ends[2];
    *reply = (struct reply){.http = {.take = on_bytes}};
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(ends[0]);
        serve(ends[1], answer, piece, times);
    }
    close(ends[1]);
    const struct http_request request = {.method = method, .target = "/x", .host = "h"};
    int result = http_exchange(ends[0], &request, socket_deadline(DEADLINE_S), &reply->http, err);
    close(ends[0]);
    assert_int_equal(waitpid(child, NULL, 0), child);
    return result;
}

static const struct {
    const char *method, *answer;
    unsigned status;
    const char *body; /* NULL: an error */
    const char *type; /* of the content; of an error its words */
} answers[] = {
    {"GET", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Type: a/b\r\n\r\nhello", 200, "hello",
        "a/b"},
    {"GET", "HTTP/1.1 200 OK\r\ncontent-length:5 \r\n\r\nhello, and more", 200, "hello", ""},
    {"GET", "HTTP/1.0 404 No\r\n\r\nto the end", 404, "to the end", ""},
    {"GET", "HTTP/1.1 200\r\n\r\n", 200, "", ""},
    {"GET", "HTTP/1.1 200 OK\nContent-Length: 2\n\nok", 200, "ok", ""},
    {"GET", "HTTP/1.1 204 No Content\r\nContent-Length: 7\r\n\r\n", 204, "", ""},
    {"HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n", 200, "", ""},
    {"GET",
        "HTTP/1.1 100 Continue\r\nContent-Type: no\r\n\r\nHTTP/1.1 201 Made\r\nContent-Length: "
        "1\r\n\r\nx",
        201, "x", ""},
    {"GET",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: "
        "chunked\r\n\r\n5\r\nhello\r\n1;a=b\r\n!\r\n0\r\n\r\n",
        200, "hello!", ""},
    {"GET",
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: "
        "chunked\r\n\r\nA\r\n0123456789\r\n0\r\nT: 1\r\n\r\n",
        200, "0123456789", ""},
    {"GET", "", 0, NULL, "closed the connection without an answer"},
    {"GET", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell", 200, NULL, "in the middle"},
    {"GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", 200, NULL,
        "in the middle"},
    {"GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello!\r\n0\r\n\r\n", 200,
        NULL, "not HTTP"},
    {"GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", 200, NULL,
        "invalid length 'x'"},
    {"GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10000000000000000\r\n", 200, NULL,
        "invalid length"},
    {"GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", 200, NULL,
        "unknown encoding 'gzip'"},
    {"GET", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", 200, NULL, "invalid length '-1'"},
    {"GET", "HTTP/1.1 200 OK\r\nno header\r\n\r\n", 200, NULL, "not HTTP"},
    {"GET", "SSH-2.0-OpenSSH_9.2\r\n", 0, NULL, "not HTTP"},
    {"GET", "HTTP/2 200\r\n\r\n", 0, NULL, "not HTTP"},
};

static void every_answer_is_read_or_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        for (size_t piece = 1; piece <= 4096; piece += 4095) {
            struct reply reply;
            struct err err = {.text = ""};
            int result = exchange(answers[i].method, answers[i].answer, piece, 1, &reply, &err);
            assert_int_equal(reply.http.status, answers[i].status);
            if (answers[i].body == NULL) {
                assert_int_equal(result, -1);
                if (strstr(err.text, answers[i].type) == NULL)
                    fail_msg(
                        "%s: '%s' is not in '%s'", answers[i].answer, answers[i].type, err.text);
                continue;
            }
            if (result != 0)
                fail_msg("%s: %s", answers[i].answer, err.text);
            assert_string_equal(reply.body, answers[i].body);
            assert_string_equal(reply.http.type, answers[i].type);
        }
    }
}

/* Answers that never end, each with the bound that ends it. */
static const struct {
    const char *answer, *error;
} endless[] = {
    {"x", "line of more than"},
    {"HTTP/1.1 100 Continue\r\n\r\n", "head of more than"},
    {"HTTP/1.1 200 OK\r\n\r\nbody", "stopped"},
};

static void an_answer_without_end_is_given_up(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof endless / sizeof endless[0]; i++) {
        struct reply reply;
        struct err err = {.text = ""};
        assert_int_equal(exchange("GET", endless[i].answer, 4096, SIZE_MAX, &reply, &err), -1);
        if (strstr(err.text, endless[i].error) == NULL)
            fail_msg("'%s' is not in '%s'", endless[i].error, err.text);
    }
}

/* In a process of its own: sends `answer`, and "late" once the deadline is over. The connection
 * stays open until the client has closed it. */
static void serve_late(int fd, const char *answer, int64_t deadline_ms)
{
    send(fd, answer, strlen(answer), MSG_NOSIGNAL);
    if (socket_wait(fd, 0, deadline_ms) == 0)
        send(fd, "late", strlen("late"), MSG_NOSIGNAL);
    socket_wait(fd, 0, SOCKET_NO_DEADLINE);
    _exit(0);
}

/* Servers that begin to answer and then pause for `pause_s`. */
static const struct {
    const char *answer;
    unsigned head_s;       /* the deadline */
    unsigned body_pause_s; /* of the request */
    unsigned pause_s;      /* of the server */
    const char *body;      /* NULL: it is given up */
} pauses[] = {
    {"", 0, HTTP_ANY_PAUSE, DEADLINE_S, NULL},
    {"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n", 5, HTTP_ANY_PAUSE, 6, "late"},
    {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nx", DEADLINE_S, 1, DEADLINE_S, NULL},
    {"HTTP/1.1 404 No\r\nContent-Length: 5\r\n\r\nx", 1, HTTP_ANY_PAUSE, DEADLINE_S, NULL},
};

static void a_server_that_pauses_is_waited_for_as_long_as_asked(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof pauses / sizeof pauses[0]; i++) {
        struct reply reply = {.http = {.take = on_bytes}};
        struct err err = {.text = ""};
        int ends[2];
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            close(ends[0]);
            serve_late(ends[1], pauses[i].answer, socket_deadline(pauses[i].pause_s));
        }
        close(ends[1]);
        const struct http_request request = {
            .method = "GET", .target = "/x", .host = "h", .pause_s = pauses[i].body_pause_s};
        int result =
            http_exchange(ends[0], &request, socket_deadline(pauses[i].head_s), &reply.http, &err);
        close(ends[0]);
        assert_int_equal(waitpid(child, NULL, 0), child);
        if (pauses[i].body == NULL)
            assert_string_equal(err.text, "the server does not answer in time");
        assert_int_equal(result, pauses[i].body != NULL ? 0 : -1);
        if (pauses[i].body != NULL)
            assert_string_equal(reply.body, pauses[i].body);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_answer_is_read_or_refused),
        cmocka_unit_test(an_answer_without_end_is_given_up),
        cmocka_unit_test(a_server_that_pauses_is_waited_for_as_long_as_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
