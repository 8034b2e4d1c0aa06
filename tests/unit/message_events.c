/* SPDX-License-Identifier: MIT */
/* Messages in events: those of the messages themselves, and those that a fault names. */
#include "tests/unit/memory_fixture.h"

#define PROXY(protocol)                                                                            \
    "[proxy a]\nlisten = 127.0.0.1:0\nupstream = 127.0.0.1:1\nprotocol = " protocol "\n"
#define STAR F "type = inject\ndata = \"*\"\n"
#define M "[fault m]\ntype = mark\n"

#define GET "GET / HTTP/1.1\r\n\r\n"
#define CONTINUE "HTTP/1.1 100 C\r\n\r\n"
#define HEAD "HTTP/1.1 200 K\r\nContent-Length: 4\r\n\r\n"

static void each_message_is_logged(void **state)
{
    struct memory_session *it =
        open_with(state, PROXY("http") "log_messages = yes\n" STAR "when = message:1/2xx\n");
    memory_session_feed(it, SIDE_CLIENT, GET, strlen(GET));
    memory_session_feed(it, SIDE_SERVER, CONTINUE HEAD "abcd", strlen(CONTINUE HEAD) + 4);
    expect_logged(it, "message upstream 1 0 18 GET GET / HTTP/1.1\n", 1);
    expect_logged(it, "message downstream 1 0 18 100 HTTP/1.1 100 C\n", 1);
    expect_logged(it, "message downstream 2 18 41 200 HTTP/1.1 200 K\n", 1);
    expect_logged(it, "fault f inject downstream 59 message 2 200\n", 1);
    close_it(state);
}

/* The preface of http2 and empty lines before a request are no message, however they are cut. */
static void a_capture_has_bytes_of_messages_only(void **state)
{
    static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
    for (size_t cut = 0; cut < sizeof preface; cut++) {
        struct memory_session *it = open_with(state, PROXY("http2") "capture = 4\n");
        memory_session_feed(it, SIDE_CLIENT, preface, cut);
        memory_session_feed(it, SIDE_CLIENT, preface + cut, sizeof preface - 1 - cut);
        expect_logged(it, "message upstream 1 24 9 SETTINGS  00000004\n", 1);
        close_it(state);
    }
    static const char requests[] = "\r\n" GET "\r\n\r\n" GET;
    for (size_t cut = 0; cut < sizeof requests; cut++) {
        struct memory_session *it = open_with(state, PROXY("http") "capture = 3\n");
        memory_session_feed(it, SIDE_CLIENT, requests, cut);
        memory_session_feed(it, SIDE_CLIENT, requests + cut, sizeof requests - 1 - cut);
        expect_logged(it, "message upstream 1 2 18 GET GET / HTTP/1.1 474554\n", 1);
        expect_logged(it, "message upstream 2 24 18 GET GET / HTTP/1.1 474554\n", 1);
        close_it(state);
    }
}

#define BULK_HEAD "HTTP/1.1 200 K\r\nContent-Length: 100000\r\n\r\n"
#define BULK_HEX                                                                                   \
    "485454502f312e3120323030204b0d0a436f6e74656e742d4c656e6774683a203130303030300d0a0d0a"
#define BULK_SIZE 100000

/* A body of bulk data is spliced, but not before the message's first bytes are kept: here its head
 * is the end of a large read. What a capture has does not depend on the sizes of the reads. */
static void a_capture_is_whole_before_bytes_are_spliced(void **state)
{
    static char bytes[2 * (sizeof BULK_HEAD - 1) + BULK_SIZE], body[BULK_SIZE];
    const size_t head = sizeof BULK_HEAD - 1;
    memcpy(bytes, BULK_HEAD, head);
    memset(bytes + head, 'x', BULK_SIZE);
    memcpy(bytes + head + BULK_SIZE, BULK_HEAD, head);
    memset(body, 'y', sizeof body);
    struct memory_session *it = open_spliced(state, PROXY("http") "capture = 44\n");
    memory_session_feed(it, SIDE_CLIENT, GET GET, 2 * strlen(GET));
    memory_session_feed(it, SIDE_SERVER, bytes, sizeof bytes);
    memory_session_feed(it, SIDE_SERVER, body, 70000);
    memory_session_feed(it, SIDE_SERVER, body, sizeof body - 70000);
    expect_logged(it, "message downstream 1 0 100042 200 HTTP/1.1 200 K " BULK_HEX "7878\n", 1);
    expect_logged(
        it, "message downstream 2 100042 100042 200 HTTP/1.1 200 K " BULK_HEX "7979\n", 1);
    assert_true(it->splice_pipes.spliced > 0);
    close_it(state);
}

/* A delayed stream is read far ahead of the byte at which a fault fires. */
static void a_fault_names_the_message_at_its_offset(void **state)
{
    static const struct {
        const char *faults, *request, *words, *logged;
    } rows[] = {
        {PROXY("line") F "type = latency\ndelay = 1s\n" G "type = reset\nwhen = time:500ms\n", "",
            "a\nb\nc\n", "fault g reset downstream 0\n"},
        {PROXY("line") F "type = latency\ndelay = 1s\n" G "type = reset\nwhen = time:500ms\n", "",
            "a\nb\n", "fault g reset downstream 0 message 1 \n"},
        {PROXY("redis") G "type = mark\nwhen = bytes:14\ndirection = upstream\n",
            "*1\r\n$4\r\nPING\r\n*1\r\n$4\r\nEC", "", "fault g mark upstream 14 message 1 PING\n"},
        {PROXY("http") STAR "when = message:1/101\n", GET, "HTTP/1.1 101 S\r\n\r\nxy",
            "fault f inject downstream 18 message 1 101\n"},
        {PROXY("http") STAR "when = bytes:19\n", GET, "HTTP/1.1 101 S\r\n\r\nxy",
            "fault f inject downstream 19\n"},
        {PROXY("http") STAR "when = message:1/2xx\n", "CONNECT a:1 HTTP/1.1\r\n\r\n",
            "HTTP/1.1 200 K\r\n\r\nxy", "fault f inject downstream 18 message 1 200\n"},
        {PROXY("http") STAR "when = message:1\n", GET, "HTTP/1.0 200 K\r\n\r\nxy",
            "fault f inject downstream 20 message 1 200\n"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct memory_session *it = open_with(state, rows[i].faults);
        memory_session_feed(it, SIDE_CLIENT, rows[i].request, strlen(rows[i].request));
        memory_session_feed(it, SIDE_SERVER, rows[i].words, strlen(rows[i].words));
        memory_session_feed_fin(it, SIDE_SERVER);
        memory_session_advance(it, 500 * US_PER_MS);
        expect_logged(it, rows[i].logged, 1);
        close_it(state);
    }
}

/* A hyphen before a letter belongs to the kind, one before a digit is -K. */
static void a_kind_may_have_a_hyphen(void **state)
{
    struct memory_session *it =
        open_with(state, PROXY("http") M "direction = upstream\nwhen = message:1/m-search-2\n");
    memory_session_feed(it, SIDE_CLIENT, "M-SEARCH * HTTP/1.1\r\n\r\n", 23);
    expect_logged(it, "fault m mark upstream 21 message 1 M-SEARCH\n", 1);
    close_it(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_message_is_logged),
        TEST(a_capture_has_bytes_of_messages_only),
        TEST(a_capture_is_whole_before_bytes_are_spliced),
        TEST(a_fault_names_the_message_at_its_offset),
        TEST(a_kind_may_have_a_hyphen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
