/* SPDX-License-Identifier: MIT */
/*
 * Faults at the end of a turn. It is found when the other side speaks: they fire before the first
 * of those bytes is forwarded, however these are cut.
 */
#include "tests/lib/random_fault.h"
#include "tests/unit/memory_fixture.h"

#define PROXY "[proxy a]\nlisten = 127.0.0.1:0\nupstream = 127.0.0.1:1\nprotocol = turns\n"
#define M "[fault m]\ntype = mark\n"
#define REPLY "0123456789abcdefghij"

/* The server greets, the client asks, the server replies, the client goes on. What each side gets
 * of it. */
static const struct row {
    const char *faults, *client, *server, *event;
} rows[] = {
    {F "type = reset\ndirection = upstream\nwhen = message:1\n", "hi", "ask",
        "fault f reset upstream 3 message 1 \n"},
    {F "type = reset\nwhen = message:1\n", "hi", "", "fault f reset downstream 2 message 1 \n"},
    {F "type = reset\nwhen = message:2\n", "hi" REPLY, "ask",
        "fault f reset downstream 22 message 2 \n"},
    {F "type = reset\nafter = m\nwhen = message:1\nedge = before\n" M
       "direction = upstream\nwhen = message:1\n",
        "hi", "ask", "fault f reset downstream 2"},
    {F "type = inject\ndata = \"*\"\nwhen_direction = upstream\nwhen = message:1\n", "hi*" REPLY,
        "asknext", "fault f inject downstream 2 message 1 \n"},
    {F "type = inject\ndata = \"*\"\ndirection = upstream\nwhen_direction = downstream\n"
       "when = message:2\n",
        "hi" REPLY, "ask*next", "fault f inject upstream 3 message 1 \n"},
    {F "type = corrupt\nrate = 100%\nbits = 8\nuntil = message:1\n", "\x97\x96" REPLY, "asknext",
        "fault_over f corrupt downstream 2 message 1 \n"},
    {F "type = corrupt\nrate = 100%\nbits = 8\nwhen_direction = upstream\nwhen = message:1\n",
        "hi\xcf\xce\xcd\xcc\xcb\xca\xc9\xc8\xc7\xc6\x9e\x9d\x9c\x9b\x9a\x99\x98\x97\x96\x95",
        "asknext", "fault f corrupt downstream 2 message"},
};

static void expect_row(void **state, const struct row *row, size_t cut)
{
    char text[512];
    snprintf(text, sizeof text, PROXY "%s", row->faults);
    struct memory_session *it = open_with(state, text);
    say(it, "hi");
    memory_session_feed(it, SIDE_CLIENT, "ask", 3);
    if (it->ended == 0)
        say_cut(it, REPLY, cut);
    if (it->ended == 0)
        memory_session_feed(it, SIDE_CLIENT, "next", 4);
    expect_logged(it, row->event, 1);
    expect(it, row->client);
    memory_session_expect(it, SIDE_SERVER, row->server, strlen(row->server));
    close_it(state);
}

static void a_fault_at_the_end_of_a_turn_fires_before_the_next(void **state)
{
    for (size_t i = 0; i < COUNT(rows); i++)
        for (size_t cut = 0; cut <= strlen(REPLY); cut++)
            expect_row(state, &rows[i], cut);
}

/* The client still gets what the server said before, and nothing of the next turn. */
static void expect_earlier_turn(void **state, const char *other_fault, const char *delivered)
{
    char text[512];
    snprintf(text, sizeof text,
        PROXY "%s" F "type = reset\ndirection = upstream\nwhen = message:1\n", other_fault);
    struct memory_session *it = open_with(state, text);
    memory_session_open_window(it, SIDE_CLIENT, 1);
    say(it, "one");
    memory_session_feed(it, SIDE_CLIENT, "ask", 3);
    say(it, "two");
    expect(it, "o");
    expect_logged(it, "fault f reset upstream 3 message 1 \n", 1);
    memory_session_open_window(it, SIDE_CLIENT, SIZE_MAX);
    expect(it, delivered);
    close_it(state);
}

static void bytes_of_an_earlier_turn_are_delivered(void **state)
{
    expect_earlier_turn(state, "", "one");
}

static void bytes_of_an_earlier_turn_behind_an_insertion_are_delivered(void **state)
{
    expect_earlier_turn(state, "[fault i]\ntype = inject\ndata = \"*\"\nwhen = bytes:1\n", "o*ne");
}

/* The held "n" lies before the end of the client's turn. The next byte would decide about it, but
 * it belongs to the next turn: the fault fires first. */
static void no_byte_of_the_next_turn_decides_about_a_held_one(void **state)
{
    struct memory_session *it = open_with(state,
        PROXY "[fault h]\ntype = mark\nwhen = match:\"nX\"\nedge = before\nmatch_hold = forever\n" F
              "type = reset\ndirection = upstream\nwhen = message:1\n");
    memory_session_open_window(it, SIDE_CLIENT, 0);
    say(it, "on");
    memory_session_feed(it, SIDE_CLIENT, "ask", 3);
    memory_endpoint_feed(&it->end[SIDE_SERVER], "two", 3);
    memory_session_open_window(it, SIDE_CLIENT, SIZE_MAX);
    expect_logged(it, "fault f reset upstream 3 message 1 \n", 1);
    expect(it, "on");
    close_it(state);
}

#define TURNS 6

/* Plays a conversation, each turn in pieces of at most `piece` bytes. */
static void play(struct memory_session *it, const size_t sizes[TURNS], size_t piece)
{
    static const char words[] = "abcdefghij";
    for (size_t i = 0; i < TURNS; i++)
        for (size_t at = 0, n; at < sizes[i] && it->ended == 0; at += n) {
            n = piece < sizes[i] - at ? piece : sizes[i] - at;
            memory_session_feed(it, i % 2 == 0 ? SIDE_SERVER : SIDE_CLIENT, words + at, n);
        }
    if (it->ended == 0)
        memory_session_feed_fin(it, SIDE_SERVER);
}

static void expect_same_end(const struct memory_session *it, enum side side, const char *got,
    size_t length, const char *text)
{
    if (it->end[side].out_len != length || memcmp(it->end[side].out, got, length) != 0)
        fail_msg("%s\n%s got %.*s byte by byte, but %.*s\n%s", text, side_name(side), (int)length,
            got, (int)it->end[side].out_len, it->end[side].out, it->log);
}

static const char *pick(uint64_t *random, const char *const *list, size_t count)
{
    return list[random_below(random, count)];
}

static void the_sizes_of_reads_change_nothing(void **state)
{
    static const char *const whens[] = {"1", "2", "3", "2\nedge = before", "3\nedge = before",
        "2+1", "every:2", "1\nuntil = message:3"};
    static const char *const types[] = {"stall\nfor = 1us", "corrupt\nrate = 50%", "mark",
        "close\nside = client", "reset", "half_close\nside = server", "blackhole",
        "inject\ndata = \"*\""};
    static const char *const ways[] = {"direction = upstream\n", "direction = downstream\n",
        "when_direction = upstream\ndirection = downstream\n",
        "when_direction = downstream\ndirection = upstream\n"};
    static const char *const after[] = {"", "after = g\n"};
    uint64_t random = 11;
    struct fixture *fixture = *state;
    for (int round = 0; round < 3000; round++) {
        char text[512], log[MEMORY_LOG_MAX], got[2][128];
        size_t sizes[TURNS], length[2];
        snprintf(text, sizeof text,
            PROXY F "type = %s\nwhen = message:%s\n%s%s" G "type = %s\nwhen = message:%s\n%s",
            pick(&random, types, COUNT(types)), pick(&random, whens, COUNT(whens)),
            pick(&random, ways, COUNT(ways)), pick(&random, after, COUNT(after)),
            pick(&random, types, COUNT(types)), pick(&random, whens, COUNT(whens)),
            pick(&random, ways, COUNT(ways)));
        if (memory_proxy_read(&fixture->proxy, text) != 0)
            continue; /* a key that does not fit the type */
        memory_proxy_deinit(&fixture->proxy);
        for (size_t i = 0; i < TURNS; i++)
            sizes[i] = 1 + random_below(&random, 5);
        struct memory_session *it = open_with(state, text);
        play(it, sizes, 1);
        for (int side = 0; side < 2; side++) {
            length[side] = it->end[side].out_len;
            assert_in_range(length[side], 0, sizeof got[side]);
            memcpy(got[side], it->end[side].out, length[side]);
        }
        memcpy(log, it->log, sizeof log);
        close_it(state);
        it = open_with(state, text);
        play(it, sizes, 10);
        expect_same_end(it, SIDE_CLIENT, got[SIDE_CLIENT], length[SIDE_CLIENT], text);
        expect_same_end(it, SIDE_SERVER, got[SIDE_SERVER], length[SIDE_SERVER], text);
        if (strcmp(it->log, log) != 0)
            fail_msg("round %d: %s\nbyte by byte: %s\nin pieces: %s", round, text, log, it->log);
        close_it(state);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_fault_at_the_end_of_a_turn_fires_before_the_next),
        TEST(bytes_of_an_earlier_turn_are_delivered),
        TEST(bytes_of_an_earlier_turn_behind_an_insertion_are_delivered),
        TEST(no_byte_of_the_next_turn_decides_about_a_held_one),
        TEST(the_sizes_of_reads_change_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
