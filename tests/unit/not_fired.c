/* SPDX-License-Identifier: MIT */
/* A closed connection says of each fault that was armed on it why it did not fire. */
#include <errno.h>

#include "tests/unit/adoption_fixture.h"

#define M "[fault m]\ntype = mark\n"

/* Hundred bytes each way, two of "ab" among those of the server, and a FIN of the client, in one
 * second. */
static void play(struct memory_session *it)
{
    char bytes[100];
    memset(bytes, 'x', sizeof bytes);
    memory_session_feed(it, SIDE_CLIENT, bytes, sizeof bytes);
    memcpy(bytes + 10, "ab", 2);
    memcpy(bytes + 90, "ab", 2);
    memory_session_feed(it, SIDE_SERVER, bytes, sizeof bytes);
    memory_session_advance(it, US_PER_S);
    memory_session_feed_fin(it, SIDE_CLIENT);
}

static void expect_reason(
    const struct memory_session *it, const char *fault, const char *keys, const char *want)
{
    for (unsigned i = 0; i < it->not_fired_count; i++) {
        if (strcmp(it->not_fired[i].fault, fault) != 0)
            continue;
        if (strcmp(it->not_fired[i].reason, want) != 0)
            fail_msg("%s\ngot  %s\nwant %s", keys, it->not_fired[i].reason, want);
        return;
    }
    fail_msg("%s\nno reason, want %s", keys, want);
}

static void every_trigger_has_its_reason(void **state)
{
    static const struct {
        const char *keys, *want;
    } rows[] = {
        {"type = reset\nwhen = bytes:51200\n", "after 100 of 51200 bytes"},
        {"type = reset\nwhen = bytes:1k\nafter = m\n" M "when = bytes:40\n",
            "after 60 of 1024 bytes"},
        {"type = reset\nwhen = match:\"no\"\n", "match not seen"},
        {"type = reset\nwhen = match:\"ab\"#3\n", "match seen 2 of 3 times"},
        {"type = reset\nwhen = match:\"ab\"#2+10\n", "match seen, and 8 of 10 bytes after it"},
        {"type = reset\nwhen = match:\"ab\"\nwhen_direction = upstream\n", "match not seen"},
        {"type = reset\nwhen = time:5s\n", "after 1s of 5s"},
        {"type = reset\nwhen = idle:5s\n", "never idle for 5s"},
        {"type = reset\nwhen = eof\n", "no FIN seen"},
        {"type = reset\nwhen = eof\ndirection = upstream\n" G
         "type = latency\ndelay = 1h\ndirection = upstream\n",
            "FIN seen, but not forwarded"},
        {"type = reset\nwhen = run:10s\n", "closed before 10s of the run"},
        {"type = reset\nafter = m\n" M "when = match:\"no\"\n", "m has not fired"},
        {"type = reset\nafter = m/any\n" M "when = match:\"no\"\n",
            "m has not fired on any connection"},
        {"type = reset\nafter = m\n[fault m]\ntype = close\nwhen = bytes:50\n",
            "closed when m fired"},
        {"type = reset\nafter = m\n[fault m]\ntype = limit_data\nbytes = 50\n",
            "closed when m fired"},
        {"type = reset\nactive = 10s-20s\n", "not in its window"},
        {"type = corrupt\nat = 100\n", "it changed no byte"},
        {"type = corrupt\nat = 100\nuntil = bytes:101\n", "it changed no byte"},
        {"type = corrupt\nrate = 0.0001%\n", "it changed no byte"},
        {"type = limit_data\nbytes = 101\n", "its limit was not reached"},
        {"type = stall\nactive = 10s-20s\n", "not in its window"},
        {"type = stall\nactive = 10s-20s\nuntil = time:500ms\n", "not in its window"},
        {"type = latency\ndelay = 1ms\nactive = 10s-\nuntil = bytes:50\n", "not in its window"},
        {"type = reset\nwhen = bytes:5\ntrigger_delay = 3s\n", "closed within its trigger_delay"},
        {"type = inject\nwhen = time:1s\ndata = \"x\"\nafter = m\n" M "when = bytes:50\n", NULL},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char text[512];
        snprintf(text, sizeof text, F "%s", rows[i].keys);
        struct memory_session *it = open_with(state, text);
        play(it);
        memory_session_close(it);
        if (rows[i].want != NULL)
            expect_reason(it, "f", text, rows[i].want);
        else
            assert_int_equal(it->not_fired_count, 0);
        memory_proxy_deinit(&((struct fixture *)*state)->proxy);
    }
}

/* `body` is a part of a message of http, and a kind of amqp's. */
static void a_message_is_named_as_its_protocol_does(void **state)
{
#define PROXY(protocol)                                                                            \
    "[proxy a]\nlisten = 127.0.0.1:0\nupstream = 127.0.0.1:1\nprotocol = " protocol "\n" F         \
    "type = reset\nwhen = message:3/body\n"
    static const char http[] = "HTTP/1.1 204 N\r\n\r\n";
    static const struct {
        const char *text, *bytes, *want;
        size_t size;
    } rows[] = {
        {PROXY("amqp"), "", "after 0 of 3 body", 0},
        {PROXY("http"), http, "after 1 of 3 messages", sizeof http - 1},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct memory_session *it = open_with(state, rows[i].text);
        memory_session_feed(it, SIDE_SERVER, rows[i].bytes, rows[i].size);
        memory_session_close(it);
        expect_reason(it, "f", rows[i].text, rows[i].want);
        memory_proxy_deinit(&((struct fixture *)*state)->proxy);
    }
}

static void a_fault_that_fired_needs_no_reason(void **state)
{
    static const char *const texts[] = {F "type = reset\nwhen = bytes:50\n",
        F "type = latency\ndelay = 1ms\ndirection = both\nwhen = bytes:5\n",
        F "type = slice\nsize = 1\ndirection = both\nwhen = match:\"ab\"\n",
        F "type = corrupt\nat = 99\nwhen = bytes:50\n"};
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct memory_session *it = open_with(state, texts[i]);
        play(it);
        memory_session_close(it);
        assert_int_equal(it->not_fired_count, 0);
        memory_proxy_deinit(&((struct fixture *)*state)->proxy);
    }
}

/* A fault that was armed in both directions, and fired in none, is reported once. */
static void a_fault_in_both_directions_is_told_once(void **state)
{
    struct memory_session *it =
        open_with(state, F "type = latency\ndelay = 1ms\ndirection = both\nwhen = bytes:200\n" G
                           "type = reset\nconnections = 2\n");
    play(it);
    memory_session_close(it);
    assert_int_equal(it->not_fired_count, 1);
    assert_string_equal(it->not_fired[0].reason, "after 100 of 200 bytes");
    memory_proxy_deinit(&((struct fixture *)*state)->proxy);
}

static void times_that_are_used_up_are_a_reason(void **state)
{
    struct fixture *fixture = *state;
    struct memory_session *other = calloc(1, sizeof *other);
    assert_non_null(other);
    struct memory_session *it =
        open_with(state, F "type = inject\ndata = \"x\"\nwhen = bytes:50\ntimes = 1\n");
    memory_session_init(other, CAP);
    memory_session_open(other, &fixture->proxy, 2);
    play(other);
    memory_session_close(other);
    play(it);
    memory_session_close(it);
    assert_int_equal(other->not_fired_count, 0);
    expect_reason(it, "f", fixture->proxy.text, "its times are used up");
    memory_session_deinit(other);
    memory_proxy_deinit(&fixture->proxy);
    free(other);
}

/* The byte of `corrupt` with `at` is changed on as many connections as `times` says, although the
 * fault waits for it on more. */
static void times_are_counted_where_a_byte_is_changed(void **state)
{
    struct fixture *fixture = *state;
    struct memory_session *other = calloc(1, sizeof *other);
    assert_non_null(other);
    struct memory_session *it = open_with(state, F "type = corrupt\nat = 0\ntimes = 1\n");
    memory_session_init(other, CAP);
    memory_session_open(other, &fixture->proxy, 2);
    play(other);
    play(it);
    memory_session_close(other);
    memory_session_close(it);
    assert_int_equal(other->not_fired_count, 0);
    assert_int_not_equal(other->end[SIDE_CLIENT].out[0], 'x');
    assert_int_equal(it->end[SIDE_CLIENT].out[0], 'x');
    expect_reason(it, "f", fixture->proxy.text, "its times are used up");
    memory_session_deinit(other);
    memory_proxy_deinit(&fixture->proxy);
    free(other);
}

/* A chained fault stays unarmed too, and a second fault of the same socket begins when the kernel
 * lets it. */
static void a_filter_that_the_kernel_refuses_has_not_fired(void **state)
{
    struct memory_session *it =
        open_with(state, F "type = packet_loss\nside = client\nwhen = bytes:10\n" G
                           "type = packet_loss\nside = client\nwhen = bytes:20\n" M "after = f\n");
    it->end[SIDE_CLIENT].filter_error = ENOMEM;
    memory_session_feed(it, SIDE_SERVER, "0123456789", 10);
    if (strstr(it->log, "fault_failed f 12\n") == NULL)
        fail_msg("no fault_failed in:\n%s", it->log);
    it->end[SIDE_CLIENT].filter_error = 0;
    play(it);
    assert_int_equal(it->end[SIDE_CLIENT].filter_count, 1);
    assert_int_equal(it->session.plan->rules[0]->fault_counter->fired, 0);
    assert_int_equal(it->session.plan->rules[1]->fault_counter->fired, 1);
    memory_session_close(it);
    expect_reason(it, "f", it->proxy->text, "refused by the kernel");
    expect_reason(it, "m", it->proxy->text, "f has not fired");
    memory_proxy_deinit(&((struct fixture *)*state)->proxy);
}

static void a_fault_that_is_disabled_keeps_its_reason(void **state)
{
    static const struct {
        const char *keys, *want;
    } rows[] = {
        {"type = reset\nwhen = bytes:50\nactive = 10s-20s\n", "not in its window"},
        {"type = stall\nwhen = bytes:50\nactive = 10s-20s\n", "taken away"},
        {"type = reset\nwhen = bytes:200\n", "taken away"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char text[256];
        snprintf(text, sizeof text, F "%s", rows[i].keys);
        struct memory_session *it = open_with(state, text);
        play(it);
        snprintf(text, sizeof text, F "%senabled = no\n", rows[i].keys);
        adopt(state, text);
        adopt(state, text);
        memory_session_close(it);
        expect_reason(it, "f", text, rows[i].want);
        memory_proxy_deinit(&((struct fixture *)*state)->proxy);
    }
}

/* One run comes after both. */
static void an_until_just_before_the_window_comes_first_in_a_late_run(void **state)
{
    struct memory_session *it =
        open_with(state, F "type = stall\nactive = 2s-10s\nuntil = time:1999ms\n");
    it->now += 3 * US_PER_S;
    memory_session_settle(it);
    assert_int_equal(it->injected_count, 0);
    memory_session_close(it);
    expect_reason(it, "f", it->proxy->text, "not in its window");
    memory_proxy_deinit(&((struct fixture *)*state)->proxy);
}

static void an_unreachable_upstream_is_a_reason(void **state)
{
    struct fixture *fixture = *state;
    fixture->it.refuses = true;
    struct memory_session *it = open_with(state, F "type = reset\nwhen = bytes:50\n");
    memory_session_close(it);
    expect_reason(it, "f", fixture->proxy.text, "the connection never opened");
    memory_proxy_deinit(&fixture->proxy);
}

static void a_long_list_is_cut(void **state)
{
    char text[4096] = "";
    size_t used = 0;
    for (int i = 0; i < 40; i++)
        used += (size_t)snprintf(text + used, sizeof text - used,
            "[fault f%d]\ntype = reset\nwhen = bytes:%d\n", i, 1000 + i);
    struct memory_session *it = open_with(state, text);
    play(it);
    memory_session_close(it);
    assert_int_equal(it->not_fired_count, EVENT_NOT_FIRED_MAX);
    assert_string_equal(it->not_fired[15].reason, "after 100 of 1015 bytes");
    memory_proxy_deinit(&((struct fixture *)*state)->proxy);
}

/* The direction that fired keeps the data of before. */
static void a_fault_that_fired_in_one_direction_and_was_changed_is_not_told(void **state)
{
    struct memory_session *it =
        open_with(state, F "type = inject\ndata = \"a\"\ndirection = both\nwhen = bytes:10\n");
    memory_session_feed(it, SIDE_CLIENT, "0123456789", 10);
    expect_logged(it, "fault f", 1);
    adopt(state, F "type = inject\ndata = \"b\"\ndirection = both\nwhen = bytes:10\n");
    memory_session_close(it);
    assert_int_equal(it->not_fired_count, 0);
    memory_proxy_deinit(&((struct fixture *)*state)->proxy);
}

/* The client's FIN has passed, and its direction with it. What works on the other direction too
 * fires there, and what closes the connection does so. */
static void a_fault_whose_direction_has_ended_has_not_fired(void **state)
{
    static const struct {
        const char *keys;
        bool fires;
    } rows[] = {
        {"type = half_close\nside = server\n", false},
        {"type = half_close\nside = client\n", true},
        {"type = hold_fin\ndirection = upstream\n", false},
        {"type = hold_fin\n", true},
        {"type = slow_close\ndelay = 1s\ndirection = upstream\n", false},
        {"type = stall\ndirection = upstream\n", false},
        {"type = stall\n", true},
        {"type = blackhole\ndirection = upstream\n", false},
        {"type = shut_rd\nside = client\n", false},
        {"type = latency\ndelay = 1s\ndirection = upstream\n", false},
        {"type = latency\ndelay = 1s\ndirection = both\n", true},
        {"type = inject\ndata = \"x\"\ndirection = upstream\n", false},
        {"type = timeout\ntimeout = 1s\ndirection = upstream\n", true},
        {"type = mark\n", true},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char text[256];
        snprintf(text, sizeof text, F "when = time:2s\n%s", rows[i].keys);
        struct memory_session *it = open_with(state, text);
        play(it);
        memory_session_advance(it, 5 * US_PER_S);
        if ((it->session.plan->rules[0]->fault_counter->fired == 1) != rows[i].fires)
            fail_msg("%s\n%s", text, it->log);
        expect_logged(it, "fault f", rows[i].fires);
        memory_session_close(it);
        if (!rows[i].fires)
            expect_reason(it, "f", text, "its direction had ended");
        memory_proxy_deinit(&((struct fixture *)*state)->proxy);
    }
}

/* The FIN of half_close follows the byte at which both fire. */
static void a_fault_at_the_byte_of_an_early_fin_has_not_fired(void **state)
{
    static const char *const types[] = {"type = stall\ndirection = downstream\n",
        "type = blackhole\ndirection = downstream\n",
        "type = latency\ndelay = 1s\ndirection = downstream\n", "type = shut_rd\nside = server\n",
        "type = hold_fin\ndirection = downstream\n", "type = half_close\nside = client\n"};
    for (size_t i = 0; i < COUNT(types); i++) {
        char text[256];
        snprintf(text, sizeof text,
            G "type = half_close\nside = client\nwhen = bytes:3\n" F "when = bytes:3\n%s",
            types[i]);
        struct memory_session *it = open_with(state, text);
        say(it, "abc");
        expect_logged(it, "fault g", 1);
        expect_logged(it, "fault f", 0);
        memory_session_close(it);
        expect_reason(it, "f", text, "its direction had ended");
        memory_proxy_deinit(&((struct fixture *)*state)->proxy);
    }
}

/* Each kind that may not come has its words. `open` and `accept` come at once, `never` is only of
 * `until`. */
static void no_kind_of_trigger_is_without_a_reason(void **state)
{
    static const char *const whens[TRIGGER_KIND_COUNT] = {
        [TRIGGER_BYTES] = "bytes:1k",
        [TRIGGER_TIME] = "time:1h",
        [TRIGGER_EOF] = "eof",
        [TRIGGER_MATCH] = "match:\"no\"",
        [TRIGGER_MESSAGE] = "message:3",
        [TRIGGER_IDLE] = "idle:1h",
        [TRIGGER_RUN] = "run:1h",
    };
    for (int kind = 0; kind < TRIGGER_KIND_COUNT; kind++) {
        char text[256];
        if (kind == TRIGGER_OPEN || kind == TRIGGER_ACCEPT || kind == TRIGGER_NEVER)
            continue;
        assert_non_null(whens[kind]);
        snprintf(text, sizeof text,
            "[proxy a]\nlisten = 127.0.0.1:0\nupstream = 127.0.0.1:1\nprotocol = line\n" F
            "type = mark\nwhen = %s\n",
            whens[kind]);
        struct memory_session *it = open_with(state, text);
        memory_session_close(it);
        assert_int_equal(it->not_fired_count, 1);
        assert_string_not_equal(it->not_fired[0].reason, "");
        memory_proxy_deinit(&((struct fixture *)*state)->proxy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_trigger_has_its_reason),
        TEST(no_kind_of_trigger_is_without_a_reason),
        TEST(a_message_is_named_as_its_protocol_does),
        TEST(a_fault_that_fired_needs_no_reason),
        TEST(a_fault_in_both_directions_is_told_once),
        TEST(a_fault_that_fired_in_one_direction_and_was_changed_is_not_told),
        TEST(times_that_are_used_up_are_a_reason),
        TEST(times_are_counted_where_a_byte_is_changed),
        TEST(a_filter_that_the_kernel_refuses_has_not_fired),
        TEST(a_fault_that_is_disabled_keeps_its_reason),
        TEST(an_until_just_before_the_window_comes_first_in_a_late_run),
        TEST(an_unreachable_upstream_is_a_reason),
        TEST(a_long_list_is_cut),
        TEST(a_fault_whose_direction_has_ended_has_not_fired),
        TEST(a_fault_at_the_byte_of_an_early_fin_has_not_fired),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
