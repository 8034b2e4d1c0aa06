/* SPDX-License-Identifier: MIT */
/*
 * Requests and responses of --bytes each, on connections that stay (requests) or for one exchange
 * (connects).
 *
 * The server answers each complete request with as many bytes, and a FIN with its own. The client
 * of `requests` sends the next request on a connection when the response to the last is complete;
 * at the end of its time it sends no more, and waits for what is under way, so that nothing moves
 * at a step. The client of `connects` has --connections under way at a time, and counts one when
 * the server's FIN has arrived: its whole life, from connect() on, is the sample.
 */
#include "tests/bench/load.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static size_t pending[LOAD_FDS_MAX];   /* bytes of an incomplete message, by descriptor */
static int64_t began_ns[LOAD_FDS_MAX]; /* the client's request or connection */
static char bytes[64 * 1024];
static char message[LOAD_MESSAGE_MAX];

/* A message is one unit of the content, or as many bytes as it has. */
static void fill_message(void)
{
    size_t units_from;
    load_content_fill(load_options.content, message, load_options.bytes, &units_from);
}

static void send_message(int fd)
{
    ssize_t sent = send(fd, message, load_options.bytes, MSG_NOSIGNAL);
    load_must(sent == (ssize_t)load_options.bytes, "send");
}

/* --- The server --- */

static void answer(int fd)
{
    ssize_t got = recv(fd, bytes, sizeof bytes, 0);
    if (got < 0 && errno == EAGAIN)
        return;
    if (got <= 0) {
        pending[fd] = 0;
        close(fd);
        return;
    }
    pending[fd] += (size_t)got;
    for (; pending[fd] >= load_options.bytes; pending[fd] -= load_options.bytes)
        send_message(fd);
}

void load_message_serve(int listener)
{
    struct epoll_event events[LOAD_EVENTS_MAX];
    int epoll = load_epoll();
    fill_message();
    load_watch(epoll, listener, EPOLLIN);
    for (;;) {
        int n = epoll_wait(epoll, events, LOAD_EVENTS_MAX, -1);
        for (int i = 0; i < n; i++) {
            if (events[i].data.fd == listener)
                load_accept(listener, epoll, EPOLLIN);
            else
                answer(events[i].data.fd);
        }
    }
}

/* --- requests --- */

/* True when the response is complete. */
static bool receive_response(int fd)
{
    ssize_t got = recv(fd, bytes, sizeof bytes, 0);
    if (got < 0 && errno == EAGAIN)
        return false;
    if (got == 0)
        errno = ECONNRESET;
    load_must(got > 0, "recv");
    pending[fd] += (size_t)got;
    if (pending[fd] < load_options.bytes)
        return false;
    pending[fd] = 0;
    return true;
}

static void request(int fd, int64_t now_ns)
{
    began_ns[fd] = now_ns;
    send_message(fd);
}

/* Returns how long it took, to the last response. */
static int64_t requests_for(int epoll, const int *fds, double seconds)
{
    struct epoll_event events[LOAD_EVENTS_MAX];
    int64_t from = load_now_ns(), until = from + (int64_t)(seconds * 1e9), now = from;
    int under_way = load_options.connections;
    load_samples_clear();
    for (int i = 0; i < load_options.connections; i++)
        request(fds[i], load_now_ns());
    while (under_way > 0) {
        int n = epoll_wait(epoll, events, LOAD_EVENTS_MAX, -1);
        for (int i = 0; i < n; i++) {
            int fd = events[i].data.fd;
            if (!receive_response(fd))
                continue;
            now = load_now_ns();
            load_samples_add(now - began_ns[fd]);
            if (now < until)
                request(fd, now);
            else
                under_way--;
        }
    }
    return now - from;
}

void load_requests_run(void)
{
    int epoll = load_epoll();
    int *fds = calloc((size_t)load_options.connections, sizeof *fds);
    load_must(fds != NULL, "calloc");
    fill_message();
    load_connect_through(fds, load_options.connections);
    for (int i = 0; i < load_options.connections; i++)
        load_watch(epoll, fds[i], EPOLLIN);
    requests_for(epoll, fds, load_options.warm_up);
    load_step("{\"step\": \"ready\"}");
    load_samples_step("done", requests_for(epoll, fds, load_options.seconds));
    if (load_options.idle > 0) {
        load_connect_through(NULL, load_options.idle);
        load_step("{\"step\": \"idle\"}");
        load_samples_step("done_idle", requests_for(epoll, fds, load_options.seconds));
    }
    free(fds);
}

/* --- connects --- */

static void connect_one(int epoll)
{
    int64_t now = load_now_ns();
    int fd = load_connect();
    load_watch(epoll, fd, EPOLLIN);
    request(fd, now);
}

/* True when the connection is over. */
static bool converse(int fd)
{
    ssize_t got = recv(fd, bytes, sizeof bytes, 0);
    if (got < 0 && errno == EAGAIN)
        return false;
    load_must(got >= 0, "recv");
    if (got > 0) {
        pending[fd] += (size_t)got;
        if (pending[fd] == load_options.bytes)
            load_must(shutdown(fd, SHUT_WR) == 0, "shutdown");
        return false;
    }
    errno = ECONNRESET;
    load_must(pending[fd] == load_options.bytes, "the response ended early");
    pending[fd] = 0;
    close(fd);
    return true;
}

static int64_t connects_for(int epoll, double seconds, long count)
{
    struct epoll_event events[LOAD_EVENTS_MAX];
    int64_t from = load_now_ns(), until = from + (int64_t)(seconds * 1e9), now = from;
    int under_way = load_options.connections;
    long left = count - under_way;
    load_samples_clear();
    for (int i = 0; i < under_way; i++)
        connect_one(epoll);
    while (under_way > 0) {
        int n = epoll_wait(epoll, events, LOAD_EVENTS_MAX, -1);
        for (int i = 0; i < n; i++) {
            int fd = events[i].data.fd;
            if (!converse(fd))
                continue;
            now = load_now_ns();
            load_samples_add(now - began_ns[fd]);
            if (count > 0 ? left-- > 0 : now < until)
                connect_one(epoll);
            else
                under_way--;
        }
    }
    return now - from;
}

void load_connects_run(void)
{
    int epoll = load_epoll();
    fill_message();
    connects_for(
        epoll, load_options.warm_up, load_options.count > 0 ? load_options.connections : 0);
    load_step("{\"step\": \"ready\"}");
    load_samples_step("done", connects_for(epoll, load_options.seconds, load_options.count));
}
