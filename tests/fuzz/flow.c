/* SPDX-License-Identifier: MIT */
/*
 * Flow equivalence: bytes come in random pieces, windows open bit by bit, time passes, faults that
 * shape or hold come and go on the open connection, ends come early or late. The bytes and the ends
 * that come out are those of the one-shot model: all that was sent, in order, then the FIN.
 *
 * An input: two bytes of settings, then steps of two bytes: what and on which side, and how much.
 */
#include "tests/fuzz/target.h"

#include "tests/lib/memory_session.h"

/* Bytes that each side sends at most. More, slower rates or smaller slices below would take more
 * timers, and make runs slow. */
#define CAP (768u << 10)

static const char *const buffers[] = {"4k", "64k", "256k", "512k"};

/* Faults that lose nothing and end nothing. */
static const char *const faults[] = {
    "",
    "[fault f]\ntype = latency\ndelay = 5ms\n",
    "[fault f]\ntype = latency\ndelay = 3ms\njitter = 3ms\ndirection = both\n",
    "[fault f]\ntype = bandwidth\nrate = 16M/s\n",
    "[fault f]\ntype = bandwidth\nrate = 64M/s\ndirection = both\nuntil = time:20ms\n",
    "[fault f]\ntype = slice\nsize = 70\n",
    "[fault f]\ntype = slice\nsize = 1000\ngap = 1ms\ndirection = upstream\n",
    "[fault f]\ntype = lossy\nrate = 20%\n",
    "[fault f]\ntype = stall\nuntil = time:30ms\n",
    "[fault f]\ntype = stall\nwhen = bytes:1000\nuntil = time:30ms\ndirection = both\n",
    "[fault f]\ntype = hold_fin\nfor = 10ms\n",
    "[fault f]\ntype = noop\nwhen = match:\"ab\"\nedge = before\n",
    "[fault f]\ntype = slice\nsize = 500\n[fault g]\ntype = latency\ndelay = 2ms\n",
    "[fault f]\ntype = bandwidth\nrate = 32M/s\n[fault g]\ntype = slice\nsize = 1k\n",
    "[fault f]\ntype = noop\nwhen = bytes:5000\n[fault g]\ntype = noop\nwhen = eof\n",
    "[fault f]\ntype = latency\ndelay = 1ms\nwhen = match:\"bc\"\nuntil = match:\"cd\"\n",
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static unsigned char pattern[CAP];
static char head[256];

static void read_config(struct config *config, const char *text)
{
    char whole[1024];
    snprintf(whole, sizeof whole, "%s%s", head, text);
    fuzz_require(memory_config_read(config, whole) == 0, whole);
}

static void adopt(struct memory_session *it, struct memory_proxy *proxy, const char *text)
{
    struct config config;
    read_config(&config, text);
    fuzz_require(memory_session_adopt(it, proxy, &config) == 0, "out of memory");
    config_free(&config);
}

static void feed(struct memory_session *it, enum side side, size_t n)
{
    struct memory_endpoint *end = &it->end[side];
    size_t room = CAP - end->in_len;
    if (!end->fin_in)
        memory_session_feed(it, side, pattern + end->in_len, n < room ? n : room);
}

static void end_side(struct memory_session *it, enum side side)
{
    if (!it->end[side].fin_in)
        memory_session_feed_fin(it, side);
}

static void step(struct memory_session *it, struct memory_proxy *proxy, uint8_t what, uint8_t value)
{
    enum side side = (what & 1) != 0 ? SIDE_SERVER : SIDE_CLIENT;
    switch (what >> 1 & 7) {
    case 0:
    case 1:
        feed(it, side, 1u + value);
        break;
    case 2:
        feed(it, side, (1u + value) * 1024u);
        break;
    case 3:
        memory_session_open_window(it, side, it->end[side].out_len + 1u + value);
        break;
    case 4:
        memory_session_open_window(it, side, it->end[side].out_len + (1u + value) * 4096u);
        break;
    case 5:
        memory_session_advance(it, (1u + value) * 100u);
        break;
    case 6:
        adopt(it, proxy, faults[value % COUNT(faults)]);
        break;
    default:
        if (value > 200) /* else connections would be short */
            end_side(it, side);
        break;
    }
}

static void end_all(struct memory_session *it)
{
    for (int i = 0; i < 2; i++)
        memory_session_open_window(it, (enum side)i, SIZE_MAX);
    for (int i = 0; i < 2; i++)
        end_side(it, (enum side)i);
    memory_session_advance(it, 1000 * US_PER_S);
}

static int has_mark(const struct side_record *record, enum end_mark mark)
{
    int count = 0;
    for (unsigned i = 0; i < record->mark_count; i++)
        count += record->marks[i] == mark;
    return count == 1;
}

static void expect_all(const struct memory_session *it)
{
    for (int i = 0; i < 2; i++) {
        memory_session_expect(it, (enum side)i, pattern, it->end[!i].in_len);
        fuzz_require(has_mark(&it->closed[i], END_FIN_SENT), "no FIN came out");
    }
    fuzz_require(it->ended == 1, "the connection has not ended");
    fuzz_require(it->cause == CAUSE_CLIENT_FIN || it->cause == CAUSE_SERVER_FIN, it->log);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct memory_session it;
    struct memory_proxy proxy;
    if (size < 2)
        return 0;
    if (it.end[0].in == NULL) {
        for (size_t i = 0; i < CAP; i++)
            pattern[i] = (unsigned char)((unsigned char)"abcd\n"[i % 5] + (i >> 12) % 3);
        memory_session_init(&it, CAP);
    }
    snprintf(head, sizeof head,
        "[rudeproxy]\nseed = 42\n[proxy a]\nlisten = 127.0.0.1:1\nupstream = 127.0.0.1:2\n"
        "buffer = %s\nsplice = %s\n",
        buffers[data[0] % COUNT(buffers)], (data[0] & 0x80) != 0 ? "off" : "auto");
    char text[1024];
    snprintf(text, sizeof text, "%s%s", head, faults[data[1] % COUNT(faults)]);
    memory_proxy_init(&proxy, text);
    it.splices = (data[0] & 0x80) == 0;
    memory_session_open(&it, &proxy, 1);
    for (size_t at = 2; at + 1 < size && at < 400 && it.ended == 0; at += 2)
        step(&it, &proxy, data[at], data[at + 1]);
    if (it.ended == 0)
        end_all(&it);
    expect_all(&it);
    memory_session_close(&it);
    memory_proxy_deinit(&proxy);
    ring_pool_deinit(&it.pool);
    return 0;
}
