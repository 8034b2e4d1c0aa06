/* SPDX-License-Identifier: MIT */
/* The server's name in a TLS ClientHello, and the faults that wait for it. */
#include "proxy/fault/server_names.h"
#include "proxy/framing/client_hello.h"
#include "tests/lib/random_fault.h"
#include "tests/unit/adoption_fixture.h"

#define RAW_PROXY "[proxy a]\nlisten = 127.0.0.1:0\nupstream = 127.0.0.1:1\n"
#define STAR F "type = inject\ndata = \"*\"\n"

/* A ClientHello with this name (NULL: none) between other extensions, in records of at most
 * `record` bytes. Returns its size. */
static size_t make_hello(const char *name, size_t record, unsigned char *out)
{
    static const unsigned char ciphers[] = {0, 4, 0x13, 1, 0x13, 2, 1, 0};
    unsigned char body[1024] = {1, 0, 0, 0, 3, 3};
    size_t n = 6 + 32, out_len = 0;
    body[n++] = 32; /* a session id */
    n += 32;
    memcpy(body + n, ciphers, sizeof ciphers);
    n += sizeof ciphers;
    size_t name_len = name == NULL ? 0 : strlen(name), extensions = n;
    n += 2;
    memcpy(body + n, "\0\x2b\0\3\2\3\4", 7);
    n += 7;
    if (name != NULL) {
        const unsigned char head[] = {0, 0, 0, (unsigned char)(name_len + 5), 0,
            (unsigned char)(name_len + 3), 0, 0, (unsigned char)name_len};
        memcpy(body + n, head, sizeof head);
        memcpy(body + n + sizeof head, name, name_len);
        n += sizeof head + name_len;
    }
    memcpy(body + n, "\0\x17\0\0", 4);
    n += 4;
    body[extensions] = (unsigned char)((n - extensions - 2) >> 8);
    body[extensions + 1] = (unsigned char)(n - extensions - 2);
    body[2] = (unsigned char)((n - 4) >> 8);
    body[3] = (unsigned char)(n - 4);
    for (size_t at = 0; at < n; at += record) {
        size_t size = record < n - at ? record : n - at;
        const unsigned char head[] = {22, 3, 1, (unsigned char)(size >> 8), (unsigned char)size};
        memcpy(out + out_len, head, sizeof head);
        memcpy(out + out_len + sizeof head, body + at, size);
        out_len += sizeof head + size;
    }
    return out_len;
}

static void scan_in_pieces(
    struct client_hello *hello, const unsigned char *bytes, size_t n, uint64_t *random)
{
    memset(hello, 0, sizeof *hello);
    for (size_t at = 0; at < n;) {
        size_t size = 1 + random_below(random, n - at);
        client_hello_scan(hello, bytes + at, size);
        at += size;
    }
}

static void the_name_is_found_however_the_bytes_are_cut(void **state)
{
    static const char *const names[] = {"a", "db.example.com", NULL};
    static const size_t records[] = {1, 50, 16384};
    uint64_t random = 3;
    (void)state;
    for (size_t i = 0; i < COUNT(names); i++) {
        for (int round = 0; round < 300; round++) {
            unsigned char bytes[4096];
            struct client_hello hello;
            size_t n = make_hello(names[i], records[round % 3], bytes);
            scan_in_pieces(&hello, bytes, n, &random);
            assert_int_equal(
                hello.state, names[i] == NULL ? CLIENT_HELLO_NONE : CLIENT_HELLO_NAMED);
            assert_string_equal(hello.name, names[i] == NULL ? "" : names[i]);
        }
    }
}

/* Whatever a byte is changed to, nothing is read out of bounds, and pieces change nothing. */
static void spoiled_hellos_are_survived(void **state)
{
    uint64_t random = 9;
    (void)state;
    for (int round = 0; round < 20000; round++) {
        unsigned char bytes[4096];
        struct client_hello whole = {0}, pieces;
        size_t n = make_hello("db.example.com", 16384, bytes);
        for (int i = 0; i < 3; i++)
            bytes[random_below(&random, n)] = (unsigned char)random_below(&random, 256);
        n = 1 + random_below(&random, n);
        client_hello_scan(&whole, bytes, n);
        scan_in_pieces(&pieces, bytes, n, &random);
        assert_int_equal(whole.state, pieces.state);
        assert_string_equal(whole.name, pieces.name);
    }
}

static void names_match_with_a_star_for_their_beginning(void **state)
{
    static const struct server_names names = {.text = "db.example.com,*.example.org"};
    static const struct server_names dotted = {.text = "db.example.com.,*.example.org."};
    (void)state;
    assert_true(server_names_have(&names, "db.example.com"));
    assert_true(server_names_have(&names, "DB.Example.COM"));
    assert_true(server_names_have(&names, "a.b.example.org"));
    assert_false(server_names_have(&names, "example.org"));
    assert_false(server_names_have(&names, "xdb.example.com"));
    assert_false(server_names_have(&names, "db.example.co"));
    assert_true(server_names_have(&dotted, "db.example.com"));
    assert_true(server_names_have(&dotted, "db.example.com."));
    assert_true(server_names_have(&dotted, "a.example.org"));
    assert_true(server_names_have(&names, "db.example.com."));
    assert_false(server_names_have(&dotted, "db.example.comx"));
}

/* Checks that the server gets the ClientHello and three bytes behind it, cut at each byte. */
static void expect_upstream(
    void **state, const char *text, const char *name, size_t want, const char *log)
{
    unsigned char bytes[4096];
    size_t n = make_hello(name, 16384, bytes);
    memcpy(bytes + n, "xyz", 3);
    for (size_t cut = 0; cut <= n + 3; cut += 7) {
        struct memory_session *it = open_with(state, text);
        memory_session_feed(it, SIDE_CLIENT, bytes, cut);
        memory_session_feed(it, SIDE_CLIENT, bytes + cut, n + 3 - cut);
        assert_int_equal(it->end[SIDE_SERVER].out_len, want == SIZE_MAX ? n + 3 : want);
        if ((strstr(it->log, "fault f") != NULL) != (log != NULL))
            fail_msg("cut at %zu of %zu:\n%s", cut, n, it->log);
        close_it(state);
    }
}

static void a_fault_is_armed_when_its_server_is_named(void **state)
{
    expect_upstream(state, RAW_PROXY F "type = reset\nsni = *.b\n", "a.b", 0, "fault");
    expect_upstream(state, RAW_PROXY F "type = reset\nsni = *.b\n", "a.c", SIZE_MAX, NULL);
    expect_upstream(state, RAW_PROXY F "type = reset\nsni = *.b\n", NULL, SIZE_MAX, NULL);
    expect_upstream(state,
        RAW_PROXY F "type = reset\nsni = a.b\nwhen = match:\"xyz\"\ndirection = upstream\nedge = "
                    "before\n",
        "a.b", 109, "fault");
    /* a byte that is past does not fire */
    expect_upstream(
        state, RAW_PROXY F "type = reset\nsni = a.b\nwhen = time:0s\n", "a.c", SIZE_MAX, NULL);
}

/* It was added before its server is named. */
static void a_fault_that_is_added_late_counts_once(void **state)
{
    static const char one[] = RAW_PROXY "[fault g]\ntype = mark\nsni = a.b\n";
    static const char two[] =
        RAW_PROXY "[fault g]\ntype = mark\nsni = a.b\n" F "type = mark\nsni = a.b\n";
    struct fixture *fixture = *state;
    struct config config;
    unsigned char bytes[4096];
    struct memory_session *it = open_with(state, one);
    assert_int_equal(memory_config_read(&config, two), 0);
    assert_int_equal(memory_session_adopt(it, &fixture->proxy, &config), 0);
    config_free(&config);
    memory_session_feed(it, SIDE_CLIENT, bytes, make_hello("a.b", 16384, bytes));
    expect_logged(it, "fault f", 1);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(fixture->proxy.plan->rules[i]->fault_counter->armed, 1);
    close_it(state);
}

/* It is disabled before its server is named, or behind it, and enabled again: `armed` and `fired`
 * agree. */
static void a_fault_that_is_given_back_counts_once(void **state)
{
    static const char fault[] = RAW_PROXY F "type = stall\nsni = a.b\n";
    static const char disabled[] = RAW_PROXY F "type = stall\nsni = a.b\nenabled = no\n";
    struct fixture *fixture = *state;
    unsigned char bytes[4096];
    size_t n = make_hello("a.b", 16384, bytes);
    for (size_t i = 0; i < 3; i++) {
        size_t cut = n * i / 2;
        struct memory_session *it = open_with(state, fault);
        memory_session_feed(it, SIDE_CLIENT, bytes, cut);
        adopt(state, disabled);
        memory_session_feed(it, SIDE_CLIENT, bytes + cut, n - cut);
        adopt(state, fault);
        const struct fault_counter *counter = fixture->proxy.plan->rules[0]->fault_counter;
        assert_int_equal(counter->armed, 1);
        assert_int_equal(counter->fired, 1);
        close_it(state);
    }
    /* it has no name to wait for at first */
    struct memory_session *it = open_with(state, RAW_PROXY F "type = stall\nwhen = bytes:1G\n");
    adopt(state, fault);
    memory_session_feed(it, SIDE_CLIENT, bytes, n);
    assert_int_equal(fixture->proxy.plan->rules[0]->fault_counter->armed, 1);
    close_it(state);
}

static void it_works_under_every_protocol(void **state)
{
    expect_upstream(state,
        RAW_PROXY "protocol = tls\n" F "type = reset\nsni = a.b\nwhen = message:1\ndirection = "
                  "upstream\n",
        "a.b", 109, "fault");
    expect_upstream(
        state, RAW_PROXY "protocol = http\n" F "type = reset\nsni = a.b\n", "a.b", 0, "fault");
    /* the framing is lost behind the ClientHello, in the same read */
    expect_upstream(state,
        RAW_PROXY "protocol = tls\n" F "type = reset\nsni = a.b\n[fault g]\ntype = mark\n"
                  "when = message:9\ndirection = upstream\n",
        "a.b", 0, "fault");
    unsigned char bytes[4096];
    struct memory_session *it =
        open_with(state, RAW_PROXY "protocol = postgres\n" F "type = reset\nsni = a.b\n");
    memory_session_feed(it, SIDE_CLIENT, "\0\0\0\x08\x04\xd2\x16\x2f", 8);
    memory_session_feed(it, SIDE_SERVER, "S", 1);
    memory_session_feed(it, SIDE_CLIENT, bytes, make_hello("a.b", 16384, bytes));
    assert_non_null(strstr(it->log, "fault f"));
    memory_session_expect(it, SIDE_SERVER, "\0\0\0\x08\x04\xd2\x16\x2f", 8);
    close_it(state);
}

/* The ClientHello behind a CONNECT, sent ahead of its answer or behind it. */
static void it_works_in_a_tunnel(void **state)
{
    static const char request[] = "CONNECT a.b:443 HTTP/1.1\r\n\r\n";
    static const char answer[] = "HTTP/1.1 200 OK\r\n\r\n";
    unsigned char bytes[4096];
    size_t n = sizeof request - 1;
    memcpy(bytes, request, n);
    n += make_hello("a.b", 16384, bytes + n);
    for (size_t cut = sizeof request - 1; cut < n; cut++)
        for (int ahead = 0; ahead < 2; ahead++) {
            struct memory_session *it =
                open_with(state, RAW_PROXY "protocol = http\n" F "type = reset\nsni = a.b\n");
            memory_session_feed(it, SIDE_CLIENT, bytes, ahead == 0 ? sizeof request - 1 : cut);
            memory_session_feed(it, SIDE_SERVER, answer, sizeof answer - 1);
            if (ahead == 0) {
                memory_session_advance(it, 20 * US_PER_MS);
                memory_session_feed(
                    it, SIDE_CLIENT, bytes + sizeof request - 1, cut - (sizeof request - 1));
            }
            memory_session_feed(it, SIDE_CLIENT, bytes + cut, n - cut);
            if (strstr(it->log, "fault f") == NULL || strstr(it->log, "match_let_go") != NULL)
                fail_msg("cut at %zu of %zu, %d:\n%s", cut, n, ahead, it->log);
            close_it(state);
        }
}

/* The fault that it waits for has fired before the name is known: it counts from the name on. */
static void in_a_chain_it_counts_from_the_name_on(void **state)
{
    unsigned char bytes[4096];
    struct memory_session *it = open_with(state,
        RAW_PROXY F "type = reset\nsni = a.b\nwhen = bytes:5\nafter = g\n" G "type = mark\n");
    say(it, "0123456789");
    memory_session_feed(it, SIDE_CLIENT, bytes, make_hello("a.b", 16384, bytes));
    say(it, "abcd");
    expect_logged(it, "fault f", 0);
    say(it, "efgh");
    expect_logged(it, "fault f reset downstream 15\n", 1);
    expect(it, "0123456789abcde");
    close_it(state);
}

/* The beginning of a ClientHello waits as that of a match does. */
static void half_a_hello_waits_for(void **state, const char *text, time_us hold)
{
    unsigned char bytes[4096];
    size_t n = make_hello("a.b", 16384, bytes);
    struct memory_session *it = open_with(state, text);
    memory_session_feed(it, SIDE_CLIENT, bytes, 50);
    memory_session_advance(it, hold - 1);
    memory_session_expect(it, SIDE_SERVER, bytes, 0);
    memory_session_advance(it, 1);
    memory_session_expect(it, SIDE_SERVER, bytes, 50);
    expect_logged(it, "match_let_go f upstream 50\n", 1);
    memory_session_feed(it, SIDE_CLIENT, bytes + 50, n - 50);
    expect_logged(it, "fault f reset", 1);
    close_it(state);
}

static void half_a_hello_waits_for_match_hold_then_goes_on(void **state)
{
    static const char fault[] = RAW_PROXY F "type = reset\nsni = a.b\n";
    static const char longer[] = RAW_PROXY F "type = reset\nsni = a.b\nmatch_hold = 1s\n";
    half_a_hello_waits_for(state, fault, 20 * US_PER_MS);
    half_a_hello_waits_for(state, longer, 1000 * US_PER_MS);
}

/* Once the buffer is full no byte can come that ends it. */
static void a_hello_that_fills_the_buffer_goes_on(void **state)
{
    static const unsigned char begin[] = {22, 3, 1, 0x20, 0, 1, 0, 0x1f, 0xfc, 3, 3};
    static unsigned char bytes[6000];
    memcpy(bytes, begin, sizeof begin);
    bytes[sizeof begin + 32 + 1] = 0x1f; /* 0x1f00 bytes of cipher suites */
    struct memory_session *it = open_with(
        state, RAW_PROXY "buffer = 4k\n" F "type = reset\nsni = a.b\nmatch_hold = forever\n");
    memory_session_feed(it, SIDE_CLIENT, bytes, 4095);
    memory_session_expect(it, SIDE_SERVER, bytes, 0);
    memory_session_feed(it, SIDE_CLIENT, bytes + 4095, sizeof bytes - 4095);
    memory_session_expect(it, SIDE_SERVER, bytes, sizeof bytes);
    expect_logged(it, "match_let_go f upstream 6000\n", 1);
    close_it(state);
}

/* A ClientHello without extensions is whole at its end. */
static void a_hello_without_extensions_is_forwarded_at_once(void **state)
{
    unsigned char bytes[4 + 5 + 2 + 32 + 1 + 4 + 2] = {22, 3, 1, 0, 45, 1, 0, 0, 41, 3, 3};
    memcpy(bytes + 9 + 34, "\0\0\2\0\57\1\0", 7);
    struct memory_session *it = open_with(state, RAW_PROXY F "type = reset\nsni = a.b\n");
    memory_session_feed(it, SIDE_CLIENT, bytes, sizeof bytes - 1);
    memory_session_expect(it, SIDE_SERVER, bytes, 0);
    memory_session_feed(it, SIDE_CLIENT, bytes + sizeof bytes - 1, 1);
    memory_session_expect(it, SIDE_SERVER, bytes, sizeof bytes);
    close_it(state);
}

/* The bytes are no ClientHello, or the times of the only fault are used up. */
static void nothing_is_held_that_no_name_can_come_of(void **state)
{
    struct fixture *fixture = *state;
    struct memory_session *it = &fixture->it;
    unsigned char bytes[4096];
    size_t n = make_hello("a.b", 16384, bytes);
    memory_proxy_init(&fixture->proxy, RAW_PROXY F "type = reset\nsni = a.b\ntimes = 1\n");
    for (uint64_t number = 1; number <= 2; number++) {
        memory_session_open(it, &fixture->proxy, number);
        memory_session_feed(it, SIDE_CLIENT, number == 1 ? (const void *)bytes : "no hello", 8);
        memory_session_expect(it, SIDE_SERVER, "no hello", number == 1 ? 0 : 8);
        memory_session_feed(it, SIDE_CLIENT, bytes + 8, n - 8);
        memory_session_close(it);
    }
    memory_session_open(it, &fixture->proxy, 3);
    memory_session_feed(it, SIDE_CLIENT, bytes, 50);
    memory_session_expect(it, SIDE_SERVER, bytes, 50);
    close_it(state);
}

#define STALLS(sni) F "type = stall\nwhen = bytes:5\n" sni
#define STALL(sni) RAW_PROXY STALLS(sni)
#define TLS_STALL(sni) RAW_PROXY "protocol = tls\n" STALLS(sni)

/* Changes `sni` of an open connection from `before` to `after`, and says how often the fault fires
 * behind that. */
static void change_sni(
    void **state, const char *before, const char *after, const char *name, unsigned fires)
{
    unsigned char bytes[4096];
    struct memory_session *it = open_with(state, before);
    if (name != NULL)
        memory_session_feed(it, SIDE_CLIENT, bytes, make_hello(name, 16384, bytes));
    adopt(state, after);
    say(it, "0123456789");
    expect_logged(it, "fault f stall", fires);
    expect(it, fires > 0 ? "01234" : "0123456789");
    close_it(state);
}

static void a_changed_name_is_in_force_at_once(void **state)
{
    change_sni(state, STALL("sni = a.b\n"), STALL(""), NULL, 1);
    change_sni(state, STALL("sni = a.b\n"), STALL("sni = c.d\n"), "a.b", 0);
    change_sni(state, STALL("sni = c.d\n"), STALL("sni = a.b\n"), "a.b", 1);
    change_sni(state, STALL("sni = c.d\n"), STALL(""), "a.b", 1);
    change_sni(state, TLS_STALL(""), TLS_STALL("sni = a.b\n"), NULL, 0);
    change_sni(state, TLS_STALL(""), TLS_STALL("sni = a.b\n"), "c.d", 0);
    change_sni(state, STALL("sni = a.b\n"), STALL("sni = a.b, c.d\n"), "a.b", 1);
}

/* The connection began without a fault that waits for a name: nobody has looked for it. */
static void where_nobody_looks_for_the_name_a_fault_continues(void **state)
{
    change_sni(state, STALL(""), STALL("sni = a.b\n"), "a.b", 1);
    change_sni(state, STALL(""), STALL("sni = a.b\n"), "c.d", 1);
    struct memory_session *it = open_with(state, STALL(""));
    say(it, "0123456789");
    adopt(state, STALL("sni = a.b\n"));
    adopt(state, STALL("sni = c.d\n"));
    adopt(state, STALL(""));
    expect(it, "01234");
    expect_logged(it, "fault f stall", 1);
    expect_logged(it, "fault_over f", 0);
    close_it(state);
    /* a fault that was added with `sni` has not begun */
    it = open_with(state, RAW_PROXY);
    adopt(state, STALL("sni = a.b\n"));
    adopt(state, STALL("sni = c.d\n"));
    adopt(state, STALL(""));
    say(it, "0123456789");
    expect_logged(it, "fault f stall", 1);
    close_it(state);
}

/* It ends when its list has the server's name no more. */
static void a_changed_list_with_the_same_server_changes_nothing(void **state)
{
    unsigned char bytes[4096];
    struct memory_session *it = open_with(state, STALL("sni = a.b\n"));
    memory_session_feed(it, SIDE_CLIENT, bytes, make_hello("a.b", 16384, bytes));
    say(it, "0123456789");
    adopt(state, STALL("sni = *.b\n"));
    expect(it, "01234");
    expect_logged(it, "fault_over f", 0);
    adopt(state, STALL("sni = c.d\n"));
    expect(it, "0123456789");
    expect_logged(it, "fault_over f", 1);
    close_it(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_name_is_found_however_the_bytes_are_cut),
        cmocka_unit_test(spoiled_hellos_are_survived),
        cmocka_unit_test(names_match_with_a_star_for_their_beginning),
        TEST(a_fault_is_armed_when_its_server_is_named),
        TEST(a_fault_that_is_added_late_counts_once),
        TEST(a_fault_that_is_given_back_counts_once),
        TEST(it_works_under_every_protocol),
        TEST(it_works_in_a_tunnel),
        TEST(in_a_chain_it_counts_from_the_name_on),
        TEST(half_a_hello_waits_for_match_hold_then_goes_on),
        TEST(a_hello_that_fills_the_buffer_goes_on),
        TEST(a_hello_without_extensions_is_forwarded_at_once),
        TEST(nothing_is_held_that_no_name_can_come_of),
        TEST(a_changed_name_is_in_force_at_once),
        TEST(where_nobody_looks_for_the_name_a_fault_continues),
        TEST(a_changed_list_with_the_same_server_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
