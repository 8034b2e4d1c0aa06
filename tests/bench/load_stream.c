/* SPDX-License-Identifier: MIT */
/*
 * Bytes as fast as they go. Client and server do the same: send while there is room, receive while
 * there are bytes, as --direction says. Each counts what it received where the other can read it,
 * and the client, which knows the time, reads both counts at the beginning and the end of its
 * window.
 *
 * At a step the client neither sends nor receives, and the queues splice_in or empty; so a window
 * opens only after the stream has been in flow again for SETTLE_S.
 */
#include "tests/bench/load.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define SETTLE_S 0.05
#define TICK_MS 10 /* how late a stream that stands still sees that its time is over */

struct end {
    int epoll;
    bool sends;
    _Atomic uint64_t *received;
    char *block;
    char *content; /* what is sent, of so many bytes */
    size_t content_size;
    size_t units_from; /* behind its end the content goes on there */
};

static size_t content_at[LOAD_FDS_MAX]; /* what follows in the content, by descriptor */

static void end_init(struct end *end, unsigned sender, _Atomic uint64_t *received)
{
    end->epoll = load_epoll();
    end->sends = (load_options.senders & sender) != 0;
    end->received = received;
    end->block = calloc(1, load_options.block);
    end->content = calloc(1, load_options.block);
    load_must(end->block != NULL && end->content != NULL, "calloc");
    end->content_size =
        load_content_fill(load_options.content, end->content, load_options.block, &end->units_from);
}

static uint32_t interest(unsigned sender)
{
    uint32_t events = 0;
    if (load_options.senders & sender)
        events |= EPOLLOUT;
    if (load_options.senders & ~sender)
        events |= EPOLLIN;
    return events;
}

/* False: the connection failed. Without units every byte is like another, and each send is one of a
 * whole block. */
static bool send_content(const struct end *end, int fd)
{
    ssize_t sent =
        send(fd, end->content + content_at[fd], end->content_size - content_at[fd], MSG_NOSIGNAL);
    if (sent < 0)
        return errno == EAGAIN;
    content_at[fd] += (size_t)sent;
    if (load_options.content->unit == 0 && content_at[fd] > end->units_from)
        content_at[fd] = end->units_from;
    if (content_at[fd] == end->content_size)
        content_at[fd] = end->units_from;
    return true;
}

/* False: the connection ended, which only the client may make it do. */
static bool move(const struct end *end, const struct epoll_event *event)
{
    int fd = event->data.fd;
    if (event->events & EPOLLIN) {
        ssize_t got = recv(fd, end->block, load_options.block, 0);
        if (got > 0)
            atomic_fetch_add_explicit(end->received, (uint64_t)got, memory_order_relaxed);
        else if (got == 0 || errno != EAGAIN)
            return false;
    }
    if (event->events & EPOLLOUT) {
        return send_content(end, fd);
    }
    return (event->events & (EPOLLERR | EPOLLHUP)) == 0;
}

void load_stream_serve(int listener)
{
    struct epoll_event events[LOAD_EVENTS_MAX];
    struct end end;
    end_init(&end, LOAD_SERVER_SENDS, &load_shared->received_by_server);
    load_watch(end.epoll, listener, EPOLLIN);
    for (;;) {
        int n = epoll_wait(end.epoll, events, LOAD_EVENTS_MAX, -1);
        for (int i = 0; i < n; i++) {
            if (events[i].data.fd == listener)
                load_accept(listener, end.epoll, interest(LOAD_SERVER_SENDS));
            else if (!move(&end, &events[i]))
                close(events[i].data.fd);
        }
    }
}

static void stream_for(const struct end *end, double seconds)
{
    struct epoll_event events[LOAD_EVENTS_MAX];
    int64_t until = load_now_ns() + (int64_t)(seconds * 1e9);
    while (load_now_ns() < until) {
        int n = epoll_wait(end->epoll, events, LOAD_EVENTS_MAX, TICK_MS);
        for (int i = 0; i < n; i++)
            load_must(move(end, &events[i]), "stream");
    }
}

static uint64_t received(void)
{
    return load_shared->received_by_client + load_shared->received_by_server;
}

void load_stream_run(void)
{
    struct end end;
    end_init(&end, LOAD_CLIENT_SENDS, &load_shared->received_by_client);
    int *fds = calloc((size_t)load_options.connections, sizeof *fds);
    load_must(fds != NULL, "calloc");
    load_connect_through(fds, load_options.connections);
    for (int i = 0; i < load_options.connections; i++)
        load_watch(end.epoll, fds[i], interest(LOAD_CLIENT_SENDS));
    free(fds);
    stream_for(&end, load_options.warm_up);
    load_step("{\"step\": \"ready\"}");
    uint64_t before = received();
    stream_for(&end, SETTLE_S);
    uint64_t from = received();
    int64_t began = load_now_ns();
    stream_for(&end, load_options.seconds);
    uint64_t to = received();
    double seconds = (double)(load_now_ns() - began) / 1e9;
    load_step("{\"step\": \"done\", \"bytes\": %llu, \"rate\": %.0f}",
        (unsigned long long)(to - before), (double)(to - from) / seconds);
    free(end.block);
    free(end.content);
}
