/* SPDX-License-Identifier: MIT */
/*
 * Faults at messages: each at the very byte, however the stream is cut. `*` is inserted where the
 * fault fires.
 */
#include "tests/lib/random_fault.h"
#include "tests/unit/memory_fixture.h"

#define PROXY(protocol)                                                                            \
    "[proxy a]\nlisten = 127.0.0.1:0\nupstream = 127.0.0.1:1\nprotocol = " protocol "\n"
#define STAR F "type = inject\ndata = \"*\"\n"
#define M "[fault m]\ntype = mark\n"

/* The faults, what the client says first, what the server says, and what the client gets of it. */
struct row {
    const char *faults, *request, *words, *want;
};

static void run(void **state, const struct row *row, size_t cut, bool by_bytes)
{
    struct memory_session *it = open_with(state, row->faults);
    size_t length = strlen(row->words);
    memory_session_feed(it, SIDE_CLIENT, row->request, strlen(row->request));
    memory_session_feed(it, SIDE_SERVER, row->words, cut);
    for (size_t at = cut; by_bytes && at < length; at++)
        memory_session_feed(it, SIDE_SERVER, row->words + at, 1);
    if (!by_bytes)
        memory_session_feed(it, SIDE_SERVER, row->words + cut, length - cut);
    expect(it, row->want); /* no further byte or FIN has to come */
    memory_session_feed_fin(it, SIDE_SERVER);
    expect(it, row->want);
    close_it(state);
}

static void expect_rows(void **state, const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t cut = 0; cut <= strlen(rows[i].words); cut++)
            run(state, &rows[i], cut, false);
        run(state, &rows[i], 0, true);
    }
}

static void the_edges_of_lines(void **state)
{
#define LINES(when) PROXY("line") STAR "when = message:" when "\n"
    static const struct row rows[] = {
        {LINES("1"), "", "ab\ncd\ne\n", "ab\n*cd\ne\n"},
        {LINES("2"), "", "ab\ncd\ne\n", "ab\ncd\n*e\n"},
        {LINES("3"), "", "ab\ncd\ne\n", "ab\ncd\ne\n*"},
        {LINES("4"), "", "ab\ncd\ne\n", "ab\ncd\ne\n"},
        {LINES("1\nedge = before"), "", "ab\ncd\ne\n", "*ab\ncd\ne\n"},
        {LINES("3\nedge = before"), "", "ab\ncd\ne\n", "ab\ncd\n*e\n"},
        {LINES("4\nedge = before"), "", "ab\ncd\ne\n", "ab\ncd\ne\n"},
        {LINES("2+1"), "", "ab\ncd\ne\n", "ab\nc*d\ne\n"},
        {LINES("2+3"), "", "ab\ncd\ne\n", "ab\ncd\n*e\n"},
        {LINES("2+4"), "", "ab\ncd\ne\n", "ab\ncd\ne\n"},
        {LINES("1+1k"), "", "ab\ncd\ne\n", "ab\ncd\ne\n"},
    };
    expect_rows(state, rows, COUNT(rows));
}

static void the_edges_of_messages_with_a_length(void **state)
{
#define SIZED(when) PROXY("length:size=1,add=0") STAR "when = message:" when "\n"
    static const struct row rows[] = {
        {SIZED("1"), "", "\3ab\4cde\2f", "\3ab*\4cde\2f"},
        {SIZED("2"), "", "\3ab\4cde\2f", "\3ab\4cde*\2f"},
        {SIZED("2\nedge = before"), "", "\3ab\4cde\2f", "\3ab*\4cde\2f"},
        {SIZED("2+1"), "", "\3ab\4cde\2f", "\3ab\4*cde\2f"},
        {SIZED("2-1"), "", "\3ab\4cde\2f", "\3ab\4cd*e\2f"},
        {SIZED("2-3"), "", "\3ab\4cde\2f", "\3ab\4*cde\2f"},
        {SIZED("2-4"), "", "\3ab\4cde\2f", "\3ab*\4cde\2f"},
        {SIZED("2-5"), "", "\3ab\4cde\2f", "\3ab\4cde\2f"},
        {SIZED("2+5"), "", "\3ab\4cde\2f", "\3ab\4cde\2f"},
    };
    expect_rows(state, rows, COUNT(rows));
}

/* The kind of a command is known with the byte behind it. It stays in the socket, which is no FIN.
 */
/* The code of a reply is known at its fourth byte: those before it are held, and the edge lies
 * among them. */
static void an_edge_among_held_bytes_lets_those_before_it_go(void **state)
{
#define REPLIES(when) PROXY("smtp") STAR "when = message:" when "\n"
    static const struct row rows[] = {
        {REPLIES("2+1"), "", "250 b\r\n220 c\r\n", "250 b\r\n2*20 c\r\n"},
        {REPLIES("2+2"), "", "250 b\r\n220 c\r\n", "250 b\r\n22*0 c\r\n"},
        {REPLIES("2+1") G "type = mark\nwhen = bytes:8\n", "", "250 b\r\n220 c\r\n",
            "250 b\r\n2*20 c\r\n"},
    };
    expect_rows(state, rows, COUNT(rows));
}

static void a_withheld_command_of_smtp_loses_no_byte(void **state)
{
    static const char words[] = "EHLO a\r\nRCPT b\r\nQUIT\r\n";
    for (size_t cut = 0; cut <= strlen(words); cut++) {
        struct memory_session *it = open_with(
            state, PROXY("smtp") M "direction = upstream\nwhen = message:2\nedge = before\n");
        memory_session_feed(it, SIDE_CLIENT, words, cut);
        memory_session_feed(it, SIDE_CLIENT, words + cut, strlen(words) - cut);
        memory_session_feed_fin(it, SIDE_CLIENT);
        memory_session_expect(it, SIDE_SERVER, words, strlen(words));
        close_it(state);
    }
}

#define GET "GET / HTTP/1.1\r\n\r\n"
#define CONTINUE "HTTP/1.1 100 C\r\n\r\n"
#define HEAD "HTTP/1.1 200 K\r\nContent-Length: 4\r\n\r\n"
#define CHUNKED "HTTP/1.1 200 K\r\nTransfer-Encoding: chunked\r\n\r\n"

static void the_kinds_and_parts_of_http(void **state)
{
#define HTTP(when) PROXY("http") STAR "when = message:" when "\n"
    static const struct row rows[] = {
        {HTTP("1/2xx"), GET, CONTINUE HEAD "abcd", CONTINUE HEAD "abcd*"},
        {HTTP("1/200\nedge = before"), GET, CONTINUE HEAD "abcd", CONTINUE "*" HEAD "abcd"},
        {HTTP("1/404"), GET, HEAD "abcd", HEAD "abcd"},
        {HTTP("2/body"), GET, CONTINUE HEAD "abcd", CONTINUE HEAD "*abcd"},
        {HTTP("1/body"), GET, CONTINUE HEAD "abcd", CONTINUE HEAD "abcd"},
        {HTTP("1+3"), GET, HEAD "abcd", "HTT*P/1.1 200 K\r\nContent-Length: 4\r\n\r\nabcd"},
        {HTTP("1-2"), GET, HEAD "abcd", HEAD "ab*cd"},
        {HTTP("1-6"), GET, HEAD "abcd", "HTTP/1.1 200 K\r\nContent-Length: 4\r\n*\r\nabcd"},
        {HTTP("1/body"), GET, CHUNKED "1\r\na\r\n2\r\nbc\r\n0\r\n\r\n",
            CHUNKED "*1\r\na\r\n2\r\nbc\r\n0\r\n\r\n"},
        {HTTP("1/chunk:1"), GET, CHUNKED "1\r\na\r\n2\r\nbc\r\n0\r\n\r\n",
            CHUNKED "*1\r\na\r\n2\r\nbc\r\n0\r\n\r\n"},
        {HTTP("1/chunk:2"), GET, CHUNKED "1\r\na\r\n2\r\nbc\r\n0\r\n\r\n",
            CHUNKED "1\r\na\r\n*2\r\nbc\r\n0\r\n\r\n"},
        {HTTP("1/CHUNK:2"), GET, CHUNKED "1\r\na\r\n2\r\nbc\r\n0\r\n\r\n",
            CHUNKED "1\r\na\r\n*2\r\nbc\r\n0\r\n\r\n"},
        {HTTP("1/chunk:3"), GET, CHUNKED "1\r\na\r\n2\r\nbc\r\n0\r\n\r\n",
            CHUNKED "1\r\na\r\n2\r\nbc\r\n0\r\n\r\n"},
        {HTTP("1/trailer"), GET, CHUNKED "1\r\na\r\n0\r\n\r\n", CHUNKED "1\r\na\r\n0\r\n*\r\n"},
        {HTTP("1"), GET, CHUNKED "1\r\na\r\n0\r\n\r\n", CHUNKED "1\r\na\r\n0\r\n\r\n*"},
        {HTTP("1-1"), GET, CHUNKED "1\r\na\r\n0\r\n\r\n", CHUNKED "1\r\na\r\n0\r\n\r\n"},
    };
    expect_rows(state, rows, COUNT(rows));
}

static void a_body_until_close_ends_at_the_fin(void **state)
{
    static const char words[] = "HTTP/1.1 200 K\r\n\r\nabc";
    for (size_t cut = 0; cut < sizeof words; cut++) {
        struct memory_session *it = open_with(state, HTTP("1"));
        memory_session_feed(it, SIDE_CLIENT, GET, strlen(GET));
        memory_session_feed(it, SIDE_SERVER, words, cut);
        memory_session_feed(it, SIDE_SERVER, words + cut, strlen(words) - cut);
        expect(it, words);
        memory_session_feed_fin(it, SIDE_SERVER);
        expect(it, "HTTP/1.1 200 K\r\n\r\nabc*");
        close_it(state);
    }
}

static void a_chain_counts_from_the_next_message(void **state)
{
    static const struct row rows[] = {
        {PROXY("line") STAR "when = message:1\nafter = m\n" M "when = message:1\n", "", "a\nb\nc\n",
            "a\nb\n*c\n"},
        {PROXY("line") STAR "when = message:1\nafter = m\n" M "when = message:1\nedge = before\n",
            "", "a\nb\nc\n", "a\n*b\nc\n"},
        {PROXY("line") STAR "when = message:1\nedge = before\nafter = m\n" M "when = message:2\n",
            "", "a\nb\nc\n", "a\nb\n*c\n"},
        {PROXY("line") STAR "when = message:1\nafter = m\n" M "when = match:\"bc\"\n", "",
            "abcd\ne\nf\n", "abcd\ne\n*f\n"},
        {PROXY("line") STAR "when = match:\"b\"\nafter = m\n" M "when = message:2\n", "",
            "ab\nab\nab\n", "ab\nab\nab*\n"},
    };
    expect_rows(state, rows, COUNT(rows));
}

static void an_ending_leaves_what_is_behind_the_edge(void **state)
{
    static const struct row rows[] = {
        {PROXY("line") F "type = close\nside = client\nwhen = message:2\n", "", "a\nb\nc\n",
            "a\nb\n"},
        {PROXY("line") F "type = reset\nwhen = message:2\nedge = before\n", "", "a\nb\nc\n", "a\n"},
        {PROXY("line") F "type = half_close\nside = client\nwhen = message:2+1\n", "", "a\nb\nc\n",
            "a\nb"},
        {PROXY("line") F "type = blackhole\nwhen = message:2\nedge = before\n", "", "a\nb\nc\n",
            "a\n"},
        {PROXY("line") F "type = stall\nwhen = message:2\n", "", "a\nb\nc\n", "a\nb\n"},
    };
    expect_rows(state, rows, COUNT(rows));
}

static void a_lasting_fault_ends_at_a_message(void **state)
{
    static const struct row rows[] = {
        {PROXY("line") F
            "type = corrupt\nrate = 100%\nbits = 8\nwhen = message:1\nuntil = message:2\n",
            "", "a\nb\nc\n",
            "a\n\x9d\xf5"
            "c\n"},
        {PROXY("line") F
            "type = corrupt\nrate = 100%\nbits = 8\nuntil = message:2\nedge = before\n",
            "", "a\nb\n",
            "\x9e\xf5"
            "b\n"},
    };
    expect_rows(state, rows, COUNT(rows));
}

static void every_kth_message_is_stalled_for_a_while(void **state)
{
    struct memory_session *it =
        open_with(state, PROXY("line") F "type = stall\nfor = 10ms\nwhen = message:every:2\n");
    memory_session_feed(it, SIDE_SERVER, "a\nb\nc\nd\ne\n", 10);
    expect(it, "a\nb\n");
    memory_session_advance(it, 9 * US_PER_MS);
    expect(it, "a\nb\n");
    memory_session_advance(it, 1 * US_PER_MS);
    expect(it, "a\nb\nc\nd\n");
    memory_session_advance(it, 10 * US_PER_MS);
    expect(it, "a\nb\nc\nd\ne\n");
    expect_logged(it, "fault f stall", 2);
    close_it(state);
}

static void the_other_direction_triggers(void **state)
{
    struct memory_session *it = open_with(
        state, PROXY("line") F "type = blackhole\nwhen_direction = upstream\nwhen = message:2\n");
    memory_session_feed(it, SIDE_SERVER, "hi\n", 3);
    memory_session_feed(it, SIDE_CLIENT, "a\nb", 3);
    memory_session_feed(it, SIDE_SERVER, "ho\n", 3);
    memory_session_feed(it, SIDE_CLIENT, "\n", 1);
    memory_session_feed(it, SIDE_SERVER, "no\n", 3);
    expect(it, "hi\nho\n");
    close_it(state);
}

static void a_turn_ends_when_the_other_side_speaks(void **state)
{
    struct memory_session *it = open_with(state, PROXY("turns") STAR
        "when = message:1\n" G "type = inject\ndata = \"-\"\nwhen = message:2\nedge = before\n");
    memory_session_feed(it, SIDE_CLIENT, "a", 1);
    memory_session_feed(it, SIDE_SERVER, "one", 3);
    memory_session_feed(it, SIDE_SERVER, "two", 3);
    expect(it, "onetwo");
    memory_session_feed(it, SIDE_CLIENT, "b", 1);
    expect(it, "onetwo*");
    memory_session_feed(it, SIDE_SERVER, "three", 5);
    expect(it, "onetwo*-three");
    close_it(state);
}

static void a_header_that_is_not_complete_waits_for_match_hold(void **state)
{
    static const struct {
        const char *keys;
        time_us hold;
    } rows[] = {
        {"when = message:2\nedge = before\n", 20 * US_PER_MS},
        {"when = message:2\nedge = before\nmatch_hold = 50ms\n", 50 * US_PER_MS},
        {"when = message:2+1\n", 20 * US_PER_MS},
        {"when = message:2+1\nmatch_hold = 50ms\n", 50 * US_PER_MS},
        {"when = message:2-1\nmatch_hold = 5ms\n", 5 * US_PER_MS},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char text[256];
        snprintf(text, sizeof text, PROXY("length:size=2") STAR "%s", rows[i].keys);
        struct memory_session *it = open_with(state, text);
        memory_session_feed(it, SIDE_SERVER, "\0\1x\0", 4);
        memory_session_advance(it, rows[i].hold - 1);
        memory_session_expect(it, SIDE_CLIENT, "\0\1x", 3);
        memory_session_advance(it, 1);
        memory_session_expect(it, SIDE_CLIENT, "\0\1x\0", 4);
        expect_logged(it, "match_let_go f downstream 4\n", 1);
        close_it(state);
    }
}

/* No fault waits for the message, so nothing of it waits. */
static void a_header_that_nobody_waits_for_goes_on(void **state)
{
    static const char *const faults[] = {"when = message:3\nedge = before\n", "when = message:2\n",
        "when = message:2\nedge = before\nactive = 1h-2h\n"};
    for (size_t i = 0; i < COUNT(faults); i++) {
        char text[256];
        snprintf(text, sizeof text, PROXY("length:size=2") STAR "%s", faults[i]);
        struct memory_session *it = open_with(state, text);
        memory_session_feed(it, SIDE_SERVER, "\0\1x\0", 4);
        memory_session_expect(it, SIDE_CLIENT, "\0\1x\0", 4);
        close_it(state);
    }
}

static void what_is_not_understood_is_said_once_and_goes_on_raw(void **state)
{
    struct memory_session *it = open_with(state, PROXY("http") STAR "when = message:1\n");
    memory_session_feed(it, SIDE_SERVER, "+OK\r\n+OK\r\n", 10);
    memory_session_feed(it, SIDE_SERVER, HEAD "abcd", strlen(HEAD) + 4);
    expect(it, "+OK\r\n+OK\r\n" HEAD "abcd");
    expect_logged(it, "framing_lost downstream 0\n", 1);
    expect_logged(it, "fault f", 0);
    close_it(state);
}

static void dropped_bytes_end_the_messages(void **state)
{
    struct memory_session *it =
        open_with(state, PROXY("line") F "type = blackhole\nfor = 5ms\nwhen = message:1\n" G
                                         "type = inject\ndata = \"*\"\nwhen = message:3\n");
    memory_session_feed(it, SIDE_SERVER, "a\nb\n", 4);
    memory_session_advance(it, 5 * US_PER_MS);
    memory_session_feed(it, SIDE_SERVER, "c\nd\n", 4);
    expect(it, "a\nc\nd\n");
    expect_logged(it, "framing_lost downstream 2\n", 1);
    close_it(state);
}

/* A long body is spliced, up to the edge in it. */
static void bodies_are_spliced(void **state)
{
    static const char head[] = "HTTP/1.1 200 K\r\nContent-Length: 3000000\r\n\r\n";
    size_t body = 3000000;
    char *bytes = calloc(1, body);
    struct memory_session *it =
        open_spliced(state, PROXY("http") "log_messages = yes\n" F
                                          "type = close\nside = client\nwhen = message:1-1000\n");
    assert_non_null(bytes);
    memory_session_feed(it, SIDE_CLIENT, GET, strlen(GET));
    memory_session_feed(it, SIDE_SERVER, head, strlen(head));
    memory_session_feed(it, SIDE_SERVER, bytes, body);
    assert_int_equal(it->end[SIDE_CLIENT].out_len, strlen(head) + body - 1000);
    assert_true(it->splice_pipes.spliced > 1000000);
    close_it(state);
    free(bytes);
}

/* Plays the words in pieces of at most `piece` bytes. */
static void play(struct memory_session *it, const char *words, size_t piece, uint64_t *random)
{
    for (size_t at = 0; words[at] != '\0';) {
        size_t left = strlen(words + at), most = left < piece ? left : piece;
        size_t n = 1 + random_below(random, most);
        memory_session_feed(it, SIDE_SERVER, words + at, n);
        at += n;
    }
    memory_session_feed_fin(it, SIDE_SERVER);
}

static void the_sizes_of_reads_change_nothing(void **state)
{
    static const char *const whens[] = {"1", "3", "2\nedge = before", "5\nedge = before", "2+1",
        "3+2", "2+3", "4+1", "every:2", "every:3\nedge = before", "2\nuntil = message:4"};
    static const char *const types[] = {"stall\nfor = 1us\n", "corrupt\nrate = 50%\n", "mark\n",
        "close\nside = client\n", "reset\n", "half_close\nside = client\n", "blackhole\n",
        "inject\ndata = \"*\"\n", "latency\ndelay = 1us\n", "slice\nsize = 1\n"};
    uint64_t random = 5;
    for (int round = 0; round < 3000; round++) {
        char text[1024], words[40], log[MEMORY_LOG_MAX], got[64];
        snprintf(text, sizeof text,
            PROXY("line") F "type = %swhen = message:%s\n" G "type = %swhen = message:%s\n",
            types[random_below(&random, COUNT(types))], whens[random_below(&random, COUNT(whens))],
            types[random_below(&random, COUNT(types))], whens[random_below(&random, COUNT(whens))]);
        struct fixture *fixture = *state;
        if (memory_proxy_read(&fixture->proxy, text) != 0)
            continue; /* an end for what does not last */
        memory_proxy_deinit(&fixture->proxy);
        for (size_t i = 0; i < sizeof words; i++)
            words[i] = i == sizeof words - 1 ? '\0' : "abc\n"[random_below(&random, 4)];
        struct memory_session *it = open_with(state, text);
        play(it, words, 1, &random);
        size_t length = it->end[SIDE_CLIENT].out_len;
        assert_in_range(length, 0, sizeof got);
        memcpy(got, it->end[SIDE_CLIENT].out, length);
        memcpy(log, it->log, sizeof log);
        close_it(state);
        it = open_with(state, text);
        play(it, words, 40, &random);
        if (it->end[SIDE_CLIENT].out_len != length ||
            memcmp(it->end[SIDE_CLIENT].out, got, length) != 0 || strcmp(it->log, log) != 0)
            fail_msg("round %d: %s\n%s\nbyte by byte: %.*s\n%s\nin pieces: %.*s\n%s", round, text,
                words, (int)length, got, log, (int)it->end[SIDE_CLIENT].out_len,
                it->end[SIDE_CLIENT].out, it->log);
        close_it(state);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_edges_of_lines),
        TEST(the_edges_of_messages_with_a_length),
        TEST(an_edge_among_held_bytes_lets_those_before_it_go),
        TEST(a_withheld_command_of_smtp_loses_no_byte),
        TEST(the_kinds_and_parts_of_http),
        TEST(a_body_until_close_ends_at_the_fin),
        TEST(a_chain_counts_from_the_next_message),
        TEST(an_ending_leaves_what_is_behind_the_edge),
        TEST(a_lasting_fault_ends_at_a_message),
        TEST(every_kth_message_is_stalled_for_a_while),
        TEST(the_other_direction_triggers),
        TEST(a_turn_ends_when_the_other_side_speaks),
        TEST(a_header_that_is_not_complete_waits_for_match_hold),
        TEST(a_header_that_nobody_waits_for_goes_on),
        TEST(what_is_not_understood_is_said_once_and_goes_on_raw),
        TEST(dropped_bytes_end_the_messages),
        TEST(bodies_are_spliced),
        TEST(the_sizes_of_reads_change_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
