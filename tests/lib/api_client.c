/* SPDX-License-Identifier: MIT */
/* A client of the HTTP API: see api_client.h. */
#include "tests/lib/api_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cmocka.h>

#define DEADLINE_S 30
#define REQUEST_MAX 4096

void api_open(struct api *api, const char *address)
{
    const int on = 1;
    const struct timeval limit = {.tv_sec = DEADLINE_S};
    struct sockaddr_in peer = {.sin_family = AF_INET};
    const char *colon = strrchr(address, ':');
    assert_non_null(colon);
    peer.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    peer.sin_port = htons((uint16_t)strtoul(colon + 1, NULL, 10));
    *api = (struct api){.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    assert_true(api->fd >= 0);
    setsockopt(api->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(api->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    assert_int_equal(connect(api->fd, (struct sockaddr *)&peer, sizeof peer), 0);
}

void api_close(struct api *api)
{
    close(api->fd);
    free(api->answer);
    *api = (struct api){.fd = -1};
}

static void send_request(struct api *api, const char *method, const char *path, const char *body)
{
    char request[REQUEST_MAX];
    size_t size = body == NULL ? 0 : strlen(body);
    int n = snprintf(request, sizeof request,
        "%s %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: %zu\r\n\r\n%s", method, path, size,
        body == NULL ? "" : body);
    assert_true(n > 0 && (size_t)n < sizeof request);
    assert_int_equal(send(api->fd, request, (size_t)n, MSG_NOSIGNAL), n);
}

/* Reads what comes next behind the `used` bytes of the answer. How many there are then. */
static size_t read_more(struct api *api, size_t used)
{
    if (used + 4096 > api->capacity) {
        api->capacity = (used + 4096) * 2;
        api->answer = realloc(api->answer, api->capacity);
        assert_non_null(api->answer);
    }
    ssize_t n = recv(api->fd, api->answer + used, api->capacity - used - 1, 0);
    if (n <= 0)
        fail_msg("the API %s", n == 0 ? "has closed the connection" : "does not answer");
    api->answer[used + (size_t)n] = '\0';
    return used + (size_t)n;
}

static size_t length_in(const char *head)
{
    static const char name[] = "content-length:";
    const char *found = strcasestr(head, name);
    return found == NULL ? 0 : strtoul(found + sizeof name - 1, NULL, 10);
}

/* Reads a body in chunks up to its end (RFC 9112, section 7.1), and leaves only what is in them. */
static void read_chunks(struct api *api, size_t head, size_t used)
{
    static const char last[] = "0\r\n\r\n";
    while (used < head + strlen(last) || strcmp(api->answer + used - strlen(last), last) != 0)
        used = read_more(api, used);
    char *to = api->answer, *from = api->answer + head;
    for (size_t n; (n = strtoul(from, &from, 16)) > 0; from += n + 2) {
        from += 2; /* CR LF behind the number, as behind the bytes */
        memmove(to, from, n);
        to += n;
    }
    api->size = (size_t)(to - api->answer);
}

static void read_body(struct api *api, size_t head, size_t used)
{
    api->size = length_in(api->answer);
    while (used < head + api->size)
        used = read_more(api, used);
    assert_int_equal(used, head + api->size);
    memmove(api->answer, api->answer + head, api->size);
}

int api_call(struct api *api, const char *method, const char *path, const char *body)
{
    size_t used = 0;
    char *end;
    send_request(api, method, path, body);
    do
        used = read_more(api, used);
    while ((end = strstr(api->answer, "\r\n\r\n")) == NULL);
    *end = '\0';
    size_t head = (size_t)(end - api->answer) + 4;
    int status = (int)strtol(api->answer + strlen("HTTP/1.1 "), NULL, 10);
    if (strcasestr(api->answer, "\r\nTransfer-Encoding: chunked") != NULL)
        read_chunks(api, head, used);
    else
        read_body(api, head, used);
    api->answer[api->size] = '\0';
    return status;
}

void api_must(struct api *api, int status, const char *method, const char *path, const char *body)
{
    int got = api_call(api, method, path, body);
    if (got != status)
        fail_msg("%s %s %s: %d, not %d: %s", method, path, body == NULL ? "" : body, got, status,
            api->answer);
}
