/* SPDX-License-Identifier: MIT */
/*
 * Every form of trigger that counts messages or matches, in a chain, with a delay, or for some
 * connections: whatever the sizes of the reads, the same bytes and events come of it.
 */
#include "tests/lib/random_fault.h"
#include "tests/unit/memory_fixture.h"

#define PIECES 40 /* random ways to cut a conversation */
#define OUT_MAX 1024

/* The bytes of one side before the other one sends. Each step ends with a wait, longer than what a
 * fault holds or delays. */
struct step {
    enum side side;
    const char *bytes;
    size_t n;
};

#define STEP_WAIT (50 * US_PER_MS)
#define C(words)                                                                                   \
    {                                                                                              \
        SIDE_CLIENT, words, sizeof(words) - 1                                                      \
    }
#define S(words)                                                                                   \
    {                                                                                              \
        SIDE_SERVER, words, sizeof(words) - 1                                                      \
    }

static const struct step line_talk[] = {C("a\nCOMMIT\nb\n"), S("one\ntwo\nthree\nfour\n"),
    C("c\nCOMMIT\nd\n"), S("five\nCOMMIT\nsix\n"), {0}};

/* The client speaks single bytes. Its next byte ends a turn of the server, and where the connection
 * then ends, it depends on the read which bytes behind that one got through. */
static const struct step turns_talk[] = {
    C("a"), S("one\ntwo\n"), C("b"), S("three\n"), C("c"), S("four\n"), C("d"), {0}};

static const struct step length_talk[] = {
    C("\2ab\4cdef"), S("\3abc\1d\4efgh"), C("\2gh"), S("\4ijkl\2mn"), {0}};

#define GET "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
#define REPLY "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabcd"
#define CHUNKED                                                                                    \
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n3\r\nbcd\r\n0\r\nX: y\r\n\r\n"
#define MISSING "HTTP/1.1 404 No\r\nContent-Length: 1\r\n\r\nx"
static const struct step http_talk[] = {
    C(GET GET), S(REPLY CHUNKED), C("HEAD / HTTP/1.1\r\n\r\n" GET), S(MISSING REPLY), {0}};

#define READY "Z\0\0\0\5I"
#define ROW "D\0\0\0\x08\0\1\xff\xff"
static const struct step postgres_talk[] = {C("\0\0\0\x0e\0\3\0\0user\0a"),
    S("R\0\0\0\x08\0\0\0\0" READY), C("Q\0\0\0\6;\0"), S(ROW ROW ROW "C\0\0\0\4" READY),
    C("X\0\0\0\4"), {0}};

/* A ClientHello for a.b, and records of data. */
#define RANDOM "0123456789abcdef0123456789abcdef"
#define HELLO "\x16\3\1\0\x3b\1\0\0\x37\3\3" RANDOM "\0\0\2\x13\1\1\0\0\x0c\0\0\0\x08\0\6\0\0\3a.b"
#define DATA "\x17\3\3\0\3abc"
static const struct step tls_talk[] = {
    C(HELLO), S("\x16\3\3\0\2\2\0" DATA DATA), C(DATA DATA), S(DATA), {0}};

static const struct step redis_talk[] = {C("*1\r\n$4\r\nINCR\r\n*1\r\n$3\r\nGET\r\n"),
    S(":1\r\n$2\r\nab\r\n"), C("*1\r\n$4\r\nINCR\r\n"), S(":2\r\n"), {0}};

static const struct step mqtt_talk[] = {
    C("\x10\0"), S("\x20\2\0\0"), C("\x32\3abc\x32\1d"), S("\x40\2\0\1\x40\2\0\2"), {0}};

static const struct step amqp_talk[] = {C("AMQP\0\0\x09\1"), S("\1\0\0\0\0\0\0\xce"),
    C("\1\0\1\0\0\0\2xy\xce"), S("\2\0\1\0\0\0\0\xce\3\0\1\0\0\0\1z\xce\3\0\1\0\0\0\1z\xce"), {0}};

#define MARK "[fault g]\ntype = mark\n"
#define UP "direction = upstream\n"
#define BEFORE "edge = before\n"

struct form {
    const char *protocol;
    const struct step *talk;
    const char *lines; /* of the fault behind its type, and other faults */
};

static const struct form fires[] = {
    {"line", line_talk, "when = message:1\n"},
    {"line", line_talk, "when = message:5\n"},
    {"line", line_talk, "when = message:2\n" BEFORE},
    {"line", line_talk, "when = message:3+2\n"},
    {"line", line_talk, "when = message:every:2\n"},
    {"line", line_talk, "when = message:every:2\n" BEFORE},
    {"line", line_talk, "when = message:2\nuntil = message:4\n"},
    {"turns", turns_talk, "when = message:1\n"},
    {"turns", turns_talk, "when = message:2\n" BEFORE},
    {"turns", turns_talk, "when = message:2+3\n"},
    {"length:size=1", length_talk, "when = message:2\n"},
    {"length:size=1", length_talk, "when = message:3-2\n"},
    {"length:size=1", length_talk, "when = message:4+1\n"},
    {"length:size=1", length_talk, "when = message:every:3-1\n"},
    {"http", http_talk, "when = message:1/200\n"},
    {"http", http_talk, "when = message:1/4xx\n" BEFORE},
    {"http", http_talk, "when = message:1/HEAD\n" UP},
    {"http", http_talk, "when = message:3/GET\n" UP},
    {"http", http_talk, "when = message:1/body\n"},
    {"http", http_talk, "when = message:2/body\n"},
    {"http", http_talk, "when = message:2/chunk:2\n"},
    {"http", http_talk, "when = message:2/trailer\n"},
    {"http", http_talk, "when = message:1-3\n"},
    {"http", http_talk, "when = message:every:2/200\n"},
    {"postgres", postgres_talk, "when = message:2/ReadyForQuery\n" BEFORE},
    {"postgres", postgres_talk, "when = message:every:2/DataRow\n"},
    {"postgres", postgres_talk, "when = message:3/DataRow-4\n"},
    {"tls", tls_talk, "when = message:2/application_data\n"},
    {"tls", tls_talk, "when = message:2/application_data+5\n"},
    {"redis", redis_talk, "when = message:2/integer\n" BEFORE},
    {"redis", redis_talk, "when = message:2/INCR\n" UP},
    {"mqtt", mqtt_talk, "when = message:1/PUBACK\n" BEFORE},
    {"amqp", amqp_talk, "when = message:2/body\n" BEFORE},
    {"raw", line_talk, "when = match:\"o\"#3\n"},
    {"raw", line_talk, "when = match:\"o\"#2+4\n"},
    {"raw", line_talk, "when = match:\"t\"#2\n" BEFORE},
    {"raw", line_talk, "when = match:\"COMMIT\"#2\n" UP "trigger_delay = 5ms\n"},
    {"line", line_talk, "when = match:\"r\\n\"\nuntil = message:6\n"},
    {"line", line_talk, "when = message:4\nwhen_direction = upstream\n"},
    {"line", line_talk, "when = message:5\n" BEFORE "when_direction = upstream\n"},
    {"line", line_talk, "when = match:\"COMMIT\"#2\nwhen_direction = upstream\n"},
    {"line", line_talk, "when = message:1\nafter = g\n" MARK UP "when = match:\"COMMIT\"\n"},
    {"line", line_talk, "when = message:2\nafter = g\n" MARK "when = message:2\n"},
    {"line", line_talk, "when = message:2\n" BEFORE "after = g\n" MARK "when = match:\"t\"\n"},
    {"line", line_talk, "when = message:1\nafter = g/any\n" MARK UP "when = message:2\n"},
    {"line", line_talk, "when = match:\"o\"#2\nafter = g\n" MARK "when = message:2\n" BEFORE},
    {"line", line_talk,
        "when = message:1\nafter = h\n" MARK "when = message:1\n[fault h]\ntype = mark\nafter = "
        "g\nwhen = message:1+1\n"},
    {"http", http_talk, "when = message:1/body\nafter = g\n" MARK "when = message:1/200\n"},
    {"http", http_talk, "when = message:1/chunk:2\nafter = g\n" MARK "when = message:1\n"},
    {"postgres", postgres_talk,
        "when = message:1/DataRow\nafter = g\n" MARK UP "when = message:1/Query\n"},
    {"line", line_talk, "when = message:2\ntrigger_delay = 5ms\n"},
    {"line", line_talk, "when = message:2\n" BEFORE "trigger_delay = 5ms\n"},
    {"length:size=1", length_talk, "when = message:3-2\ntrigger_delay = 5ms\n"},
    {"line", line_talk, "when = run:120ms\n"},
    {"line", line_talk, "when = message:1\nafter = g\n" MARK "when = run:120ms\n"},
    {"tls", tls_talk, "when = message:2\nsni = *.b\n"},
    {"tls", tls_talk, "when = message:1\nsni = a.b\n" UP},
    {"raw", tls_talk, "when = match:\"bc\"\nsni = a.b\n"},
    {"raw", tls_talk, "when = match:\"a.\"\nsni = a.b\n" UP},
    {"raw", tls_talk, "when = bytes:3\nsni = a.b\n" UP},
    {"tls", tls_talk, "when = message:1\n" BEFORE "sni = a.b\n" UP},
    {"tls", tls_talk, "when = message:2\nsni = a.b\nafter = g\n" MARK},
    {"tls", tls_talk, "when = message:1\nsni = a.b\nafter = g\n" UP MARK},
    {"raw", tls_talk, "when = bytes:9\nsni = a.b\nafter = g\n" MARK UP "when = bytes:1\n"},
    {"line", line_talk, "when = message:2\nconcurrent = 1\n"},
};

/* Nobody counts messages, but the event of the fault has the number and the kind of one. */
static const struct form names_messages[] = {
    {"length:size=1", length_talk, "when = bytes:9\n"},
    {"length:size=1", length_talk, "when = bytes:10\n"},
    {"postgres", postgres_talk, "when = bytes:40\n"},
    {"postgres", postgres_talk, "when = match:\"C\\x00\"\n"},
    {"postgres", postgres_talk, "when = match:\"Z\"#2\n" BEFORE},
    {"tls", tls_talk, "when = bytes:17\n"},
    {"amqp", amqp_talk, "when = bytes:20\n"},
    {"http", http_talk, "when = bytes:70\n"},
};

static const struct form never_fires[] = {
    {"line", line_talk, "when = message:3+9\n"},
    {"http", http_talk, "when = message:1/trailer\n"},
    {"http", http_talk, "when = message:2-3\n"}, /* chunked */
    {"tls", tls_talk, "when = message:2\nsni = c.b\n"},
    {"line", line_talk, "when = message:2\nconcurrent = 2-\n"},
};

static const char *const types[] = {"mark", "inject\ndata = \"*\"", "close\nside = client", "reset",
    "blackhole", "stall\nfor = 1ms", "stall", "slice\nsize = 1"};

struct result {
    char log[MEMORY_LOG_MAX];
    size_t size[2];
    char bytes[2][OUT_MAX]; /* that each side got */
};

/* Plays the conversation in pieces of at most `piece` bytes. */
static void play_pieces(void **state, const char *text, const struct step *talk, size_t piece,
    uint64_t *random, struct result *result)
{
    struct memory_session *it = open_with(state, text);
    for (; talk->n > 0; talk++) {
        for (size_t at = 0, n; at < talk->n; at += n) {
            size_t left = talk->n - at, most = left < piece ? left : piece;
            n = random == NULL ? most : 1 + random_below(random, most);
            memory_session_feed(it, talk->side, talk->bytes + at, n);
        }
        memory_session_advance(it, STEP_WAIT);
    }
    memory_session_feed_fin(it, SIDE_CLIENT);
    memory_session_feed_fin(it, SIDE_SERVER);
    memory_session_advance(it, STEP_WAIT);
    memcpy(result->log, it->log, sizeof result->log);
    for (int side = 0; side < 2; side++) {
        result->size[side] = it->end[side].out_len;
        assert_in_range(result->size[side], 0, OUT_MAX);
        memcpy(result->bytes[side], it->end[side].out, result->size[side]);
    }
    close_it(state);
}

static void expect_same(
    const char *text, int round, const struct result *got, const struct result *want)
{
    for (int side = 0; side < 2; side++)
        if (strcmp(got->log, want->log) != 0 || got->size[side] != want->size[side] ||
            memcmp(got->bytes[side], want->bytes[side], want->size[side]) != 0)
            fail_msg("%s\npieces %d: the %s got %zu bytes\n%s\nall at once: %zu bytes\n%s", text,
                round, side_name((enum side)side), got->size[side], got->log, want->size[side],
                want->log);
}

/* Whether the configuration takes the form with this type. */
static bool is_accepted(void **state, const char *text)
{
    struct fixture *fixture = *state;
    if (memory_proxy_read(&fixture->proxy, text) != 0)
        return false;
    memory_proxy_deinit(&fixture->proxy);
    return true;
}

/* Takes the events of messages out of a log. */
static void drop_messages(char *log)
{
    char *to = log;
    for (const char *line = log; *line != '\0';) {
        size_t length = strcspn(line, "\n") + 1;
        if (strncmp(line, "message ", strlen("message ")) != 0) {
            memmove(to, line, length);
            to += length;
        }
        line += length;
    }
    *to = '\0';
}

/* With and without an event for each message, everything else is the same. */
static void check_logging(
    void **state, const char *text, const struct form *form, const struct result *want)
{
    char logging[1024];
    struct result got;
    uint64_t random = 2;
    const char *faults = strstr(text, F);
    if (strcmp(form->protocol, "raw") == 0)
        return;
    snprintf(
        logging, sizeof logging, "%.*slog_messages = yes\n%s", (int)(faults - text), text, faults);
    for (int round = 0; round < 3; round++) {
        play_pieces(state, logging, form->talk, 30, &random, &got);
        if (strstr(got.log, "\nmessage ") == NULL)
            fail_msg("no message was logged: %s\n%s", logging, got.log);
        drop_messages(got.log);
        expect_same(logging, round, &got, want);
    }
}

/* Returns how many types took the form. */
static unsigned check_form(void **state, const struct form *form, bool fired)
{
    uint64_t random = 1;
    unsigned accepted = 0;
    for (size_t i = 0; i < COUNT(types); i++) {
        char text[1024];
        struct result want, got;
        snprintf(text, sizeof text,
            "[proxy a]\nlisten = 127.0.0.1:0\nupstream = 127.0.0.1:1\nprotocol = %s\n" F
            "type = %s\n%s",
            form->protocol, types[i], form->lines);
        if (!is_accepted(state, text))
            continue;
        accepted++;
        play_pieces(state, text, form->talk, SIZE_MAX, NULL, &want);
        if ((strstr(want.log, "fault f ") != NULL) != fired)
            fail_msg("%s\n%s\n%s", text, fired ? "it did not fire" : "it fired", want.log);
        for (int round = 0; round <= PIECES; round++) {
            play_pieces(
                state, text, form->talk, round == 0 ? 1 : 30, round == 0 ? NULL : &random, &got);
            expect_same(text, round, &got, &want);
        }
        check_logging(state, text, form, &want);
    }
    return accepted;
}

static void check_forms(void **state, const struct form *forms, size_t count, bool fired)
{
    for (size_t i = 0; i < count; i++)
        if (check_form(state, &forms[i], fired) == 0)
            fail_msg("no type takes %s, protocol = %s", forms[i].lines, forms[i].protocol);
}

static void every_form_of_trigger_takes_any_pieces(void **state)
{
    check_forms(state, fires, COUNT(fires), true);
    check_forms(state, names_messages, COUNT(names_messages), true);
    check_forms(state, never_fires, COUNT(never_fires), false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_form_of_trigger_takes_any_pieces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
