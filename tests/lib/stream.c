/* SPDX-License-Identifier: MIT */
/* Streams of known bytes: see stream.h. */
#include "tests/lib/stream.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "tests/lib/bench.h"

/* A prime, so that what moves by the size of a buffer shows. */
#define PERIOD 65521
#define CHUNK (64 * 1024)
#define STREAMS_MAX 64

/* Two periods: a chunk from any offset is one piece. */
static const unsigned char *pattern_at(uint64_t offset)
{
    static unsigned char pattern[PERIOD + CHUNK];
    if (pattern[0] == pattern[1]) {
        bench_pattern(pattern, PERIOD);
        for (size_t i = PERIOD; i < sizeof pattern; i++)
            pattern[i] = pattern[i - PERIOD];
    }
    return pattern + offset % PERIOD;
}

static void send_some(struct stream *stream)
{
    uint64_t left = stream->most - stream->sent;
    size_t n = left < CHUNK ? (size_t)left : CHUNK;
    if (n == 0)
        return;
    ssize_t taken = send(stream->from, pattern_at(stream->sent), n, MSG_NOSIGNAL);
    if (taken < 0 && errno != EAGAIN)
        fail_msg("a sender after %" PRIu64 " bytes: %s", stream->sent, strerror(errno));
    stream->sent += taken > 0 ? (uint64_t)taken : 0;
}

static void check(const struct stream *stream, const unsigned char *bytes, size_t n)
{
    const unsigned char *want = pattern_at(stream->got);
    if (memcmp(bytes, want, n) == 0)
        return;
    size_t at = 0;
    while (bytes[at] == want[at])
        at++;
    fail_msg("byte %" PRIu64 " is %02x, not %02x (%" PRIu64 " were sent)", stream->got + at,
        bytes[at], want[at], stream->sent);
}

static void read_some(struct stream *stream)
{
    unsigned char bytes[CHUNK];
    ssize_t n = recv(stream->to, bytes, sizeof bytes, 0);
    if (n < 0 && errno != EAGAIN)
        fail_msg("a receiver after %" PRIu64 " bytes: %s", stream->got, strerror(errno));
    if (n > 0)
        check(stream, bytes, (size_t)n);
    stream->got += n > 0 ? (uint64_t)n : 0;
    stream->ended |= n == 0;
}

static bool is_done(const struct stream *streams, size_t count, bool to_the_end)
{
    for (size_t i = 0; i < count; i++)
        if (to_the_end ? !streams[i].ended : streams[i].got < streams[i].most)
            return false;
    return true;
}

/* One look at all of them. */
static void turn(struct stream *streams, size_t count, int ms)
{
    struct pollfd entries[2 * STREAMS_MAX];
    assert_true(count <= STREAMS_MAX);
    for (size_t i = 0; i < count; i++) {
        bool sends = streams[i].sent < streams[i].most;
        entries[2 * i] = (struct pollfd){.fd = sends ? streams[i].from : -1, .events = POLLOUT};
        entries[2 * i + 1] =
            (struct pollfd){.fd = streams[i].ended ? -1 : streams[i].to, .events = POLLIN};
    }
    (void)poll(entries, 2 * count, ms);
    for (size_t i = 0; i < count; i++) {
        if (entries[2 * i].revents != 0)
            send_some(&streams[i]);
        if (entries[2 * i + 1].revents != 0)
            read_some(&streams[i]);
    }
}

static uint64_t moved(const struct stream *streams, size_t count)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < count; i++)
        bytes += streams[i].sent + streams[i].got + streams[i].ended;
    return bytes;
}

/* For so long; `ms` -1: until they are done, which may take as long as something moves. */
static void run(struct stream *streams, size_t count, int ms, bool to_the_end)
{
    int64_t most = (ms < 0 ? BENCH_DEADLINE_MS : ms) * INT64_C(1000);
    int64_t end = bench_now_us() + most;
    while (!is_done(streams, count, to_the_end)) {
        int64_t left = end - bench_now_us();
        uint64_t before = moved(streams, count);
        if (left <= 0 && ms >= 0)
            return;
        if (left <= 0)
            fail_msg("the streams do not come to an end: %" PRIu64 " of %" PRIu64
                     " bytes of the first",
                streams[0].got, streams[0].sent);
        turn(streams, count, (int)(left / 1000) + 1);
        if (ms < 0 && moved(streams, count) != before)
            end = bench_now_us() + most;
    }
}

void streams_run(struct stream *streams, size_t count, int ms)
{
    run(streams, count, ms, false);
}

void streams_finish(struct stream *streams, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        streams[i].most = streams[i].sent;
        assert_int_equal(shutdown(streams[i].from, SHUT_WR), 0);
    }
    run(streams, count, -1, true);
    for (size_t i = 0; i < count; i++)
        if (streams[i].got != streams[i].sent)
            fail_msg("%" PRIu64 " bytes were sent and %" PRIu64 " came", streams[i].sent,
                streams[i].got);
}
