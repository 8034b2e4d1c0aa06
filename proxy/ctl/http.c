/* SPDX-License-Identifier: MIT */
/*
 * The usual case: the request is sent, the head is read line by line, then the body by its framing:
 * chunks, a length, or up to the end of the connection.
 *
 * If the server answers before it has read the whole request (413), the rest is not sent and the
 * answer is read. If the connection ends early or the deadline passes, the error says so. An answer
 * that is not HTTP, or exceeds the limits of http.h, is an error.
 */
#include "proxy/ctl/http.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "proxy/ctl/socket.h"

/* How the end of a body is found (RFC 9112 6.3). */
enum framing { FRAMING_CLOSE, FRAMING_LENGTH, FRAMING_CHUNKED };

struct exchange {
    int fd;
    int64_t deadline_ms;
    unsigned pause_s; /* as of the request, once the head is read */
    struct http_answer *answer;
    struct err *err;
    enum framing framing;
    uint64_t length;   /* FRAMING_LENGTH: of the body */
    size_t head_size;  /* size of the header lines read so far */
    size_t start, end; /* the part of `bytes` that was read and not yet used */
    char bytes[HTTP_LINE_MAX];
};

/* --- Sending --- */

static int too_late(struct exchange *exchange)
{
    return err_set(exchange->err, "the server does not answer in time");
}

/* Returns 0 when all is sent, or when the server has answered early. */
static int send_all(struct exchange *exchange, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t n = send(exchange->fd, bytes, size, MSG_NOSIGNAL);
        if (n < 0 && (errno == EPIPE || errno == ECONNRESET))
            return 0; /* an answer may already be there: reading finds it, or the error */
        if (n < 0 && errno != EAGAIN && errno != EINTR)
            return err_set(exchange->err, "cannot send: %s", strerror(errno));
        if (n >= 0) {
            bytes += n;
            size -= (size_t)n;
            continue;
        }
        short seen = socket_wait(exchange->fd, POLLIN | POLLOUT, exchange->deadline_ms);
        if (seen == 0)
            return too_late(exchange);
        if (seen & POLLIN)
            return 0;
    }
    return 0;
}

static int send_request(struct exchange *exchange, const struct http_request *request)
{
    char *head = NULL, length[64] = "";
    if (request->body != NULL)
        snprintf(length, sizeof length, "Content-Length: %zu\r\n", request->body_size);
    int size = asprintf(&head, "%s %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n%s%s\r\n",
        request->method, request->target, request->host, length,
        request->headers != NULL ? request->headers : "");
    if (size < 0)
        return err_set(exchange->err, "out of memory");
    int result = send_all(exchange, head, (size_t)size);
    free(head);
    if (result == 0 && request->body != NULL)
        result = send_all(exchange, request->body, request->body_size);
    return result;
}

/* --- Reading --- */

static int64_t next_deadline(const struct exchange *exchange)
{
    if (exchange->pause_s == 0)
        return exchange->deadline_ms;
    return exchange->pause_s == HTTP_ANY_PAUSE ? SOCKET_NO_DEADLINE
                                               : socket_deadline(exchange->pause_s);
}

/* Reads more bytes behind those in the buffer. Returns their number, 0 at the end of the
 * connection, or -1. */
static int read_more(struct exchange *exchange)
{
    if (exchange->start > 0) {
        memmove(
            exchange->bytes, exchange->bytes + exchange->start, exchange->end - exchange->start);
        exchange->end -= exchange->start;
        exchange->start = 0;
    }
    assert(exchange->end < sizeof exchange->bytes);
    for (;;) {
        ssize_t n = recv(exchange->fd, exchange->bytes + exchange->end,
            sizeof exchange->bytes - exchange->end, 0);
        if (n >= 0) {
            exchange->end += (size_t)n;
            return (int)n;
        }
        if (errno != EAGAIN && errno != EINTR)
            return err_set(exchange->err, "cannot read the answer: %s", strerror(errno));
        if (socket_wait(exchange->fd, POLLIN, next_deadline(exchange)) == 0)
            return too_late(exchange);
    }
}

static int ended_early(struct exchange *exchange)
{
    return err_set(exchange->err, "%s",
        exchange->answer->status == 0 ? "the server closed the connection without an answer"
                                      : "the connection ended in the middle of the answer");
}

/* Returns the next line without its end, valid until the next read; NULL after an error. */
static char *http_read_line(struct exchange *exchange)
{
    char *newline;
    while ((newline = memchr(exchange->bytes + exchange->start, '\n',
                exchange->end - exchange->start)) == NULL) {
        if (exchange->end - exchange->start == sizeof exchange->bytes) {
            err_set(exchange->err, "the answer has a line of more than %u bytes", HTTP_LINE_MAX);
            return NULL;
        }
        int n = read_more(exchange);
        if (n == 0)
            ended_early(exchange);
        if (n <= 0)
            return NULL;
    }
    char *line = exchange->bytes + exchange->start;
    size_t size = (size_t)(newline - line);
    exchange->start += size + 1;
    exchange->head_size += size + 1;
    if (exchange->head_size > HTTP_HEAD_MAX) {
        err_set(exchange->err, "the answer has a head of more than %u bytes", HTTP_HEAD_MAX);
        return NULL;
    }
    if (size > 0 && line[size - 1] == '\r')
        size--;
    line[size] = '\0';
    return line;
}

/* --- The head --- */

static int bad_answer(struct exchange *exchange)
{
    return err_set(exchange->err, "the answer is not HTTP: is this the address of an API?");
}

static int read_status(struct exchange *exchange)
{
    const char *line = http_read_line(exchange);
    unsigned minor, status;
    char next;
    if (line == NULL)
        return -1;
    if (sscanf(line, "HTTP/1.%1u %3u%c", &minor, &status, &next) < 2 || status < 100)
        return bad_answer(exchange);
    exchange->answer->status = status;
    return 0;
}

/* Parses a number that must be followed by one of `ends`. */
static int parse_number(
    struct exchange *exchange, const char *text, int base, const char *ends, uint64_t *number)
{
    static const char digits[] = "0123456789abcdefABCDEF";
    size_t count = strspn(text, base == 16 ? digits : "0123456789");
    size_t longest = base == 16 ? 15 : 18; /* cannot overflow */
    if (count == 0 || count > longest || strchr(ends, text[count]) == NULL)
        return err_set(exchange->err, "the answer has the invalid length '%.32s'", text);
    *number = strtoull(text, NULL, base);
    return 0;
}

static int take_header(struct exchange *exchange, char *line)
{
    char *value = strchr(line, ':');
    if (value == NULL)
        return bad_answer(exchange);
    *value++ = '\0';
    value += strspn(value, " \t");
    if (strcasecmp(line, "Content-Type") == 0) {
        snprintf(exchange->answer->type, sizeof exchange->answer->type, "%s", value);
    } else if (strcasecmp(line, "Transfer-Encoding") == 0) {
        if (strcasecmp(value, "chunked") != 0)
            return err_set(exchange->err, "the answer has the unknown encoding '%.32s'", value);
        exchange->framing = FRAMING_CHUNKED;
    } else if (strcasecmp(line, "Content-Length") == 0 && exchange->framing != FRAMING_CHUNKED) {
        exchange->framing = FRAMING_LENGTH;
        return parse_number(exchange, value, 10, " \t", &exchange->length);
    }
    return 0;
}

/* Reads lines up to an empty one. */
static int read_headers(
    struct exchange *exchange, int (*take)(struct exchange *exchange, char *line))
{
    for (;;) {
        char *line = http_read_line(exchange);
        if (line == NULL)
            return -1;
        if (line[0] == '\0')
            return 0;
        if (take != NULL && take(exchange, line) != 0)
            return -1;
    }
}

static int read_head(struct exchange *exchange)
{
    do {
        exchange->framing = FRAMING_CLOSE;
        exchange->answer->type[0] = '\0';
        if (read_status(exchange) != 0 || read_headers(exchange, take_header) != 0)
            return -1;
    } while (exchange->answer->status < 200);
    return 0;
}

/* --- The body --- */

/* Passes `size` bytes to the caller. */
static int read_bytes(struct exchange *exchange, uint64_t size)
{
    while (size > 0) {
        size_t there = exchange->end - exchange->start;
        if (there == 0) {
            int n = read_more(exchange);
            if (n <= 0)
                return n == 0 ? ended_early(exchange) : -1;
            continue;
        }
        size_t piece = there < size ? there : (size_t)size;
        const char *bytes = exchange->bytes + exchange->start;
        exchange->start += piece;
        size -= piece;
        if (!exchange->answer->take(exchange->answer, bytes, piece, exchange->err))
            return -1;
    }
    return 0;
}

static int read_chunks(struct exchange *exchange)
{
    for (;;) {
        uint64_t size;
        const char *line = http_read_line(exchange);
        if (line == NULL || parse_number(exchange, line, 16, " \t;", &size) != 0)
            return -1;
        exchange->head_size = 0;
        if (size == 0)
            return read_headers(exchange, NULL);
        if (read_bytes(exchange, size) != 0)
            return -1;
        line = http_read_line(exchange);
        if (line == NULL)
            return -1;
        if (line[0] != '\0')
            return bad_answer(exchange);
    }
}

static int read_to_the_end(struct exchange *exchange)
{
    for (;;) {
        if (read_bytes(exchange, exchange->end - exchange->start) != 0)
            return -1;
        int n = read_more(exchange);
        if (n <= 0)
            return n;
    }
}

static int read_body(struct exchange *exchange, const char *method)
{
    unsigned status = exchange->answer->status;
    if (strcmp(method, "HEAD") == 0 || status == 204 || status == 304)
        return 0;
    switch (exchange->framing) {
    case FRAMING_CHUNKED:
        return read_chunks(exchange);
    case FRAMING_LENGTH:
        return read_bytes(exchange, exchange->length);
    case FRAMING_CLOSE:
        break;
    }
    return read_to_the_end(exchange);
}

int http_exchange(int fd, const struct http_request *request, int64_t deadline_ms,
    struct http_answer *answer, struct err *err)
{
    struct exchange exchange = {.fd = fd, .deadline_ms = deadline_ms, .answer = answer, .err = err};
    answer->status = 0;
    if (send_request(&exchange, request) != 0 || read_head(&exchange) != 0)
        return -1;
    exchange.pause_s = answer->status < 300 ? request->pause_s : 0;
    return read_body(&exchange, request->method);
}
