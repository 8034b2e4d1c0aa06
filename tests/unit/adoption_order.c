/* SPDX-License-Identifier: MIT */
/*
 * A fault that an open connection gets later has its place among the others: at one trigger they
 * fire in the order of the file, and what one inserts the next ones see, as on a connection that
 * had it from the start.
 */
#include "tests/unit/adoption_fixture.h"

#define NO "enabled = no\n"
#define INSERT(name, data) "[fault " name "]\ntype = inject\ndata = \"" data "\"\nwhen = bytes:10\n"
#define RESET "[fault r]\ntype = reset\nwhen = bytes:10\n"

static void expect_client(const struct memory_session *it, const char *inserted)
{
    char want[64];
    memcpy(want, pattern, 10);
    memcpy(want + 10, inserted, strlen(inserted));
    memory_session_expect(it, SIDE_CLIENT, want, 10 + strlen(inserted));
}

static void an_enabled_fault_fires_before_those_behind_it(void **state)
{
    struct memory_session *it = open_with(state, INSERT("i", "X") NO RESET);
    adopt(state, INSERT("i", "X") RESET);
    feed(it, SIDE_SERVER, 20);
    expect_client(it, "X");
    expect_logged(it, "fault i inject downstream 10\nfault r reset downstream 10\n", 1);
    close_it(state);
}

static void each_has_its_place_whatever_is_enabled_first(void **state)
{
    struct memory_session *it =
        open_with(state, INSERT("a", "A") NO INSERT("b", "B") INSERT("c", "C") NO RESET);
    adopt(state, INSERT("a", "A") NO INSERT("b", "B") INSERT("c", "C") RESET);
    adopt(state, INSERT("a", "A") INSERT("b", "B") INSERT("c", "C") RESET);
    feed(it, SIDE_SERVER, 20);
    expect_client(it, "ABC");
    close_it(state);
}

static void expect_order(const struct memory_session *it, const char *names)
{
    assert_int_equal(it->session.armed.count, strlen(names));
    for (size_t i = 0; i < it->session.armed.count; i++)
        assert_int_equal(it->session.armed.list[i]->rule->fault.name[0], names[i]);
}

static void a_fault_of_both_directions_stays_together(void **state)
{
    static const char off[] = "[fault a]\ntype = slice\nsize = 10\ndirection = both\n" NO;
    static const char on[] = "[fault a]\ntype = slice\nsize = 10\ndirection = both\n";
    static const char rest[] = "[fault b]\ntype = latency\ndelay = 1ms\ndirection = both\n" RESET;
    char text[512];
    snprintf(text, sizeof text, "%s%s", off, rest);
    struct memory_session *it = open_with(state, text);
    expect_order(it, "bbr");
    snprintf(text, sizeof text, "%s%s", on, rest);
    adopt(state, text);
    expect_order(it, "aabbr");
    close_it(state);
}

/* A fault of one connection has no place in the file, also if its name has. */
static void a_fault_of_one_connection_is_no_mark(void **state)
{
    struct fixture *fixture = *state;
    struct memory_session *it = open_with(state, INSERT("a", "A") INSERT("b", "B") NO RESET);
    struct fault own = fixture->proxy.config.faults[2];
    const struct sockaddr_storage client = {0};
    own.when.value = 1000;
    struct rule *rule = rule_new(&own, RULE_FOR_CONNECTION, NULL, "a", NULL, &fixture->proxy.book);
    const struct rule_change change = {.to = rule};
    assert_int_equal(session_adopt(&it->session, NULL, &change, 1, &client), 0);
    rule_unref(rule);
    expect_order(it, "arr");
    adopt(state, INSERT("a", "A") INSERT("b", "B") RESET INSERT("c", "C"));
    expect_order(it, "abrrc");
    feed(it, SIDE_SERVER, 20);
    expect_client(it, "AB");
    close_it(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_enabled_fault_fires_before_those_behind_it),
        TEST(each_has_its_place_whatever_is_enabled_first),
        TEST(a_fault_of_both_directions_stays_together),
        TEST(a_fault_of_one_connection_is_no_mark),
    };
    fill_pattern();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
