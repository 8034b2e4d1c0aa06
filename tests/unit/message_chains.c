/* SPDX-License-Identifier: MIT */
/*
 * Faults at messages that another fault arms: they count from the first message of which no byte
 * was forwarded, whether it was read or not. See proxy/relay/message_backlog.h.
 */
#include "proxy/relay/message_backlog.h"
#include "tests/unit/memory_fixture.h"

#define STAR F "type = inject\ndata = \"*\"\n"
#define M "[fault m]\ntype = mark\n"

/* Faults that count messages of the server once the client has spoken. `n` is the message that
 * fires them, `into` how many bytes of it are forwarded by then. */
static const struct chained {
    const char *protocol, *when;
    const char *words;
    size_t starts[5]; /* of the messages, and their end */
    unsigned n;
    size_t into;
    bool whole; /* at its end */
} chained[] = {
    {"line", "message:1", "a\nbc\nd\nef\n", {0, 2, 5, 7, 10}, 1, 0, true},
    {"line", "message:2", "a\nbc\nd\nef\n", {0, 2, 5, 7, 10}, 2, 0, true},
    {"line", "message:2\nedge = before", "a\nbc\nd\nef\n", {0, 2, 5, 7, 10}, 2, 0, false},
    {"line", "message:2+1", "a\nbc\nd\nef\n", {0, 2, 5, 7, 10}, 2, 1, false},
    {"length:size=1,add=0", "message:1", "\2a\3bc\2d\3ef", {0, 2, 5, 7, 10}, 1, 0, true},
    {"length:size=1,add=0", "message:2-1", "\2a\3bc\2d\3ef", {0, 2, 5, 7, 10}, 2, 0, false},
    {"length:size=1,add=0", "message:1\nedge = before", "\2a\3bc\2d\3ef", {0, 2, 5, 7, 10}, 1, 0,
        false},
    {"redis", "message:2/integer", ":1\r\n:2\r\n:3\r\n:4\r\n", {0, 4, 8, 12, 16}, 2, 0, true},
};

/* The server's bytes have been read up to `fed`, and forwarded up to `window`, when the client
 * speaks. */
static void run_chained(void **state, const struct chained *row, size_t fed, size_t window)
{
    char faults[256], want[64];
    size_t length = strlen(row->words), first = 0;
    while (first < 4 && row->starts[first] < (window < fed ? window : fed))
        first++;
    size_t n = first + row->n - 1, star = length + 1;
    if (n < 4)
        star = row->whole                       ? row->starts[n + 1]
               : strchr(row->when, '-') == NULL ? row->starts[n] + row->into
                                                : row->starts[n + 1] - 1;
    snprintf(faults, sizeof faults,
        "[proxy a]\nlisten = 127.0.0.1:0\nupstream = 127.0.0.1:1\nprotocol = %s\n" STAR
        "when = %s\nafter = m\n" M "direction = upstream\nwhen = bytes:1\n",
        row->protocol, row->when);
    if (star > length)
        snprintf(want, sizeof want, "%s", row->words);
    else
        snprintf(want, sizeof want, "%.*s*%s", (int)star, row->words, row->words + star);
    struct memory_session *it = open_with(state, faults);
    memory_session_open_window(it, SIDE_CLIENT, window);
    memory_session_feed(it, SIDE_SERVER, row->words, fed);
    memory_session_feed(it, SIDE_CLIENT, "+", 1);
    memory_session_feed(it, SIDE_SERVER, row->words + fed, length - fed);
    memory_session_open_window(it, SIDE_CLIENT, CAP);
    expect(it, want);
    close_it(state);
}

static void a_chain_counts_what_waits_to_be_forwarded(void **state)
{
    for (size_t i = 0; i < COUNT(chained); i++)
        for (size_t fed = 0; fed <= strlen(chained[i].words); fed++)
            for (size_t window = 0; window <= fed; window++)
                run_chained(state, &chained[i], fed, window);
}

/* The client reads nothing at first. */
static void no_more_is_read_than_a_chain_can_count(void **state)
{
    static char replies[4 * 4 * MESSAGE_BACKLOG_MIN];
    for (size_t i = 0; i < sizeof replies; i++)
        replies[i] = ":1\r\n"[i % 4];
    struct memory_session *it = open_with(state,
        "[proxy a]\nlisten = 127.0.0.1:0\nupstream = 127.0.0.1:1\nprotocol = redis\n" STAR
        "when = message:1\nafter = m\n" M "direction = upstream\nwhen = bytes:1\n");
    memory_session_open_window(it, SIDE_CLIENT, 0);
    memory_session_feed(it, SIDE_SERVER, replies, sizeof replies);
    assert_in_range(it->end[SIDE_SERVER].in_read, 4, 4 * MESSAGE_BACKLOG_MIN);
    memory_session_open_window(it, SIDE_CLIENT, CAP);
    memory_session_expect(it, SIDE_CLIENT, replies, sizeof replies);
    close_it(state);
}

/* Small messages wait for a latency, more than are kept in any case. */
static void a_delay_keeps_many_messages_for_a_chain(void **state)
{
    static char rows[64 * 2 * MESSAGE_BACKLOG_MIN];
    for (size_t i = 0; i < sizeof rows; i++)
        rows[i] = i % 64 == 0 ? 63 : 'x';
    struct memory_session *it = open_with(state,
        "[proxy a]\nlisten = 127.0.0.1:0\nupstream = 127.0.0.1:1\nprotocol = length:size=1\n" STAR
        "when = message:20000\nafter = m\n" M "direction = upstream\nwhen = bytes:1\n"
        "[fault l]\ntype = latency\ndirection = downstream\ndelay = 1s\n");
    memory_session_feed(it, SIDE_SERVER, rows, sizeof rows);
    assert_int_equal(it->end[SIDE_SERVER].in_read, sizeof rows);
    close_it(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_chain_counts_what_waits_to_be_forwarded),
        TEST(no_more_is_read_than_a_chain_can_count),
        TEST(a_delay_keeps_many_messages_for_a_chain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
