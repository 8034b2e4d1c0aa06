/* SPDX-License-Identifier: MIT */
#include "tests/soak/loads.h"

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "proxy/peers/pattern.h"
#include "tests/lib/random_fault.h"
#include "tests/lib/stream.h"

/* Both ends of a connection, and what goes each way. */
struct pair {
    int client, server;
    struct stream up, down;
};

static size_t below(struct load *load, size_t bound)
{
    return (size_t)random_below(&load->random, bound);
}

static void must(bool fine, struct load *load, const char *what)
{
    if (fine)
        return;
    fprintf(stderr, "soak: %s: %s\n", load->kind->name, what);
    exit(EXIT_FAILURE);
}

/* --- Connections through which everything passes as on a direct one --- */

static struct pair open_pair(struct load *load)
{
    struct pair pair;
    pair.client = wire_connect_text(load->proxies[0]);
    must(pair.client >= 0, load, "a client is not connected");
    pair.server = wire_accept(&load->listener);
    must(pair.server >= 0, load, "a client does not arrive at its server");
    pair.up = (struct stream){.from = pair.client, .to = pair.server};
    pair.down = (struct stream){.from = pair.server, .to = pair.client};
    return pair;
}

static void count(struct load *load, const struct pair *pair)
{
    load->shared->bytes += pair->up.got + pair->down.got;
}

/* `n` more bytes go this way, and arrive. */
static void carry(struct stream *stream, size_t n)
{
    stream->most += n;
    streams_run(stream, 1, -1);
}

/* A FIN each way, and nothing is missing. */
static void finish(struct load *load, struct pair *pair)
{
    if (!pair->up.ended)
        streams_finish(&pair->up, 1);
    if (!pair->down.ended)
        streams_finish(&pair->down, 1);
    count(load, pair);
    close(pair->client);
    close(pair->server);
}

static void bulk(struct load *load)
{
    struct pair pair = open_pair(load);
    pair.up.most = below(load, 4u << 20);
    pair.down.most = below(load, 8u << 20);
    struct stream both[2] = {pair.up, pair.down};
    streams_run(both, 2, -1);
    pair.up = both[0];
    pair.down = both[1];
    finish(load, &pair);
}

static void requests(struct load *load)
{
    struct pair pair = open_pair(load);
    for (size_t i = below(load, 300); i > 0; i--) {
        carry(&pair.up, 1 + below(load, 2000));
        carry(&pair.down, 1 + below(load, 20000));
    }
    finish(load, &pair);
}

static void churn(struct load *load)
{
    struct pair pair = open_pair(load);
    carry(&pair.up, 1 + below(load, 100));
    carry(&pair.down, 1 + below(load, 100));
    finish(load, &pair);
}

static void half_closed(struct load *load)
{
    struct pair pair = open_pair(load);
    carry(&pair.up, 1 + below(load, 5000));
    streams_finish(&pair.up, 1);
    carry(&pair.down, 1 + below(load, 1u << 20));
    finish(load, &pair);
}

/* A receiver that reads nothing for a while, behind buffers that fill up. */
static void stalled(struct load *load)
{
    struct pair pair = open_pair(load);
    struct stream *stream = below(load, 2) == 0 ? &pair.up : &pair.down;
    int to = stream->to;
    stream->most = 1 + below(load, 16u << 20);
    stream->to = -1;
    streams_run(stream, 1, 100 + (int)below(load, 300));
    stream->to = to;
    streams_run(stream, 1, -1);
    finish(load, &pair);
}

/* A RST behind the last byte: it arrives behind the last byte. */
static void resets(struct load *load)
{
    struct pair pair = open_pair(load);
    bool by_client = below(load, 2) == 0;
    char byte;
    carry(&pair.up, 1 + below(load, 100000));
    carry(&pair.down, 1 + below(load, 100000));
    count(load, &pair);
    wire_reset(by_client ? pair.client : pair.server);
    int other = by_client ? pair.server : pair.client;
    must(wire_poll(other, POLLIN, WIRE_DEADLINE_MS) >= 0, load, "a RST does not arrive");
    must(recv(other, &byte, 1, 0) < 0 && errno == ECONNRESET, load, "no RST where one was sent");
    close(other);
}

/* --- Connections that faults break --- */

/* One end of such a connection: it sends and reads as long as it can. */
struct broken_end {
    int fd;
    unsigned sender;
    uint64_t sent, got;
};

static void work(struct load *load, struct broken_end *this, unsigned sender, bool checked)
{
    unsigned char bytes[4096];
    size_t n = 1 + below(load, sizeof bytes);
    if (this->fd < 0)
        return;
    peer_pattern_fill(sender, this->sent, bytes, n);
    ssize_t sent = send(this->fd, bytes, n, MSG_NOSIGNAL | MSG_DONTWAIT);
    this->sent += sent > 0 ? (uint64_t)sent : 0;
    ssize_t got = recv(this->fd, bytes, sizeof bytes, MSG_DONTWAIT);
    if (got <= 0)
        return;
    must(!checked || peer_pattern_match(!sender, this->got, bytes, (size_t)got) == (size_t)got,
        load, "a byte is not what was sent");
    this->got += (uint64_t)got;
    load->shared->bytes += (uint64_t)got;
}

static void leave(struct load *load, int fd)
{
    if (load->leaves && below(load, 4) == 0)
        close(fd);
    else
        wire_reset(fd); /* -1 is allowed */
}

/* Both ends work for a moment, whatever happens to them. A server's end may be that of an earlier
 * client, whose bytes were the same. */
static void broken(struct load *load)
{
    unsigned proxy = load->next++ % load->proxy_count;
    struct pollfd accepts = {.fd = load->listener.fd, .events = POLLIN};
    struct broken_end client = {.fd = wire_connect_text(load->proxies[proxy])};
    struct broken_end server = {.fd = -1};
    for (size_t turn = 20 + below(load, 60); turn > 0; turn--) {
        if (server.fd < 0 && poll(&accepts, 1, 0) > 0)
            server.fd = wire_accept(&load->listener);
        work(load, &client, 0, !load->changes[proxy]);
        work(load, &server, 1, !load->changes[proxy]);
        poll(NULL, 0, (int)below(load, 3));
    }
    if (client.fd >= 0)
        leave(load, client.fd);
    if (server.fd >= 0)
        leave(load, server.fd);
}

const struct load_kind load_kinds[] = {
    {"bulk", true, bulk},
    {"requests", true, requests},
    {"churn", true, churn},
    {"half_closed", true, half_closed},
    {"stalled", true, stalled},
    {"resets", true, resets},
    {"live_exact", true, requests}, /* faults that lose nothing come and go */
    {"live_any", false, broken},    /* faults of every type do */
    {"recipes", false, broken},
    {NULL, false, NULL},
};

void load_run(struct load *load)
{
    for (;;) {
        load->shared->idle = load->shared->pause;
        if (load->shared->pause) {
            wire_tick();
            continue;
        }
        load->kind->round(load);
        load->shared->rounds++;
    }
}
