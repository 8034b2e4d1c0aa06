/* SPDX-License-Identifier: MIT */
/* A printed configuration reads back unchanged: chosen ones, and thousands drawn at random. */
#include "tests/unit/config_text.h"

#include "proxy/base/clock.h"
#include "tests/lib/random_fault.h"

/* Of each type so many are drawn, until so many were not refused. Under the sanitizers each costs
 * fifteen times as much. */
#define DRAWS_MAX 1500
#ifdef RUDEPROXY_SANITIZED
#define ENOUGH 100
#else
#define ENOUGH DRAWS_MAX
#endif

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define F PROXY_TEXT "[fault f]\n"

static bool same_trigger(const struct trigger *a, const struct trigger *b)
{
    return a->kind == b->kind && a->value == b->value && a->edge == b->edge &&
           a->pattern_len == b->pattern_len &&
           memcmp(a->pattern, b->pattern, sizeof a->pattern) == 0;
}

/* Field by field: a trigger and a selection have padding. */
static bool same_fault(const struct fault *a, const struct fault *b)
{
    return strcmp(a->name, b->name) == 0 && strcmp(a->proxies, b->proxies) == 0 &&
           a->type == b->type && a->sides == b->sides && a->directions == b->directions &&
           same_trigger(&a->when, &b->when) && same_trigger(&a->until, &b->until) &&
           a->edge == b->edge && a->chance_ppb == b->chance_ppb &&
           memcmp(&a->clients, &b->clients, sizeof a->clients) == 0 &&
           memcmp(&a->active, &b->active, sizeof a->active) == 0 && a->must_fire == b->must_fire &&
           a->enabled == b->enabled && a->connections.count == b->connections.count &&
           memcmp(a->connections.terms, b->connections.terms, sizeof a->connections.terms) == 0 &&
           a->times == b->times && a->other == b->other &&
           memcmp(a->params, b->params, sizeof a->params) == 0;
}

static void check_same(const struct config *a, const struct config *b, const char *printed)
{
    assert_int_equal(a->proxy_count, b->proxy_count);
    assert_int_equal(a->fault_count, b->fault_count);
    assert_memory_equal(&a->settings, &b->settings, sizeof a->settings);
    assert_memory_equal(&a->sweep, &b->sweep, sizeof a->sweep);
    assert_memory_equal(a->proxies, b->proxies, a->proxy_count * sizeof *a->proxies);
    for (size_t i = 0; i < a->fault_count; i++)
        if (!same_fault(&a->faults[i], &b->faults[i]))
            fail_msg("the last fault is not what was printed:\n%s", printed);
}

static void check_round_trip(const struct config *first)
{
    char *printed = print_config(first);
    struct built second = build_text(printed, strlen(printed));
    if (second.count != 0)
        fail_msg("printed:\n%s\nand refused:\n%s", printed, second.problems);
    check_same(first, &second.config, printed);
    char *again = print_config(&second.config);
    assert_string_equal(printed, again);
    free(again);
    free(printed);
    built_free(&second);
}

static void chosen_configurations_read_back(void **state)
{
    static const char *const texts[] = {
        PROXY_TEXT,
        "[rudeproxy]\nseed = 42\nlog = \"a \\x3b\\\"\\\\\\n\xff\"\n" PROXY_TEXT,
        "[rudeproxy]\nlog = none\n" PROXY_TEXT,
        "[rudeproxy]\nlog = node\n" PROXY_TEXT,
        "[rudeproxy]\nseed = 0\nlog = stdout\nlog_format = json\ngrace = 1.5s\n" PROXY_TEXT,
        "[proxy a]\nlisten = [::1]:0\nupstream = unix:/tmp/a b\nrcvbuf = 64k\nsndbuf = 5000\n",
        "[proxy a]\nlisten = \"unix:/tmp/a \\x3bb\"\nupstream = \"unix:/tmp/a\\nb\"\n",
        "[proxy a]\nlisten = \"unix:/tmp/a \"\nupstream = \"unix:/tmp/a #\\\"b\"\n",
        "[rudeproxy]\nadmin = \"unix:/tmp/\\\"a\\\" \\x3bb\"\nlog = a\"b c\"\\d\n" PROXY_TEXT,
        "[rudeproxy]\nadmin_token = \"\\\"abcdefgh\\\"\"\n" PROXY_TEXT,
        "[rudeproxy]\nadmin_token = \"ab\\\"cdefgh\"\n" PROXY_TEXT,
        PROXY_TEXT "[sweep]\nbudget = 10m\nallow = \"failed , hung\"\n",
        PROXY_TEXT "[sweep]\nsetup = sh -c \"a \\\" b\" c\ncheck = \"\\\"a b\\\" \\x3b c\"\n",
        "[proxy a]\nlisten = 127.0.0.1:1\nupstream = a:1\nenabled = no\n"
        "[proxy b]\nlisten = 127.0.0.1:1\nupstream = a:1\nunreachable = hang\n",
        "[proxy a]\nintercept = 80, b.test:8000-8100\n[proxy b]\nintercept = 81\nupstream = a:1\n",
        F "type = close\n",
        F "type = close\nmode = plain\nside = client\nother = reset\nwhen = bytes:1000003\n",
        F "type = close\nlinger = 250ms\nwhen = accept\n",
        F "type = reset\nmode = after_fin\nwhen = eof\ndirection = upstream\nside = client\n",
        F "type = reset\nside = client\nwhen = accept\nconnections = 1-3,every:7,9-\ntimes = 2\n",
        F "type = unread\nside = server\nbytes = 64k\nhold = open\nother = hold\nwhen = time:2m\n",
        F "type = unread\nside = both\nhold = open\nwhen = bytes:0\n",
        F "type = half_close\nside = both\nwhen = bytes:0\ndirection = both\n",
        F "type = hold_fin\n",
        F "type = hold_fin\nfor = 250us\ndirection = upstream\nwhen = accept\n",
        F "type = shut_rd\nside = client\nwhen = accept\n",
        F "type = shut_rd\nside = server\nmode = reset\nother = hold\nproxy = a\n",
        F "type = vanish\nside = client\nwhen = match:\"a \\x3b;\\\"\\0\"\nedge = before\n",
        F "type = refuse\nactive = 10s-30s\nmust_fire = yes\n",
        F "type = no_accept\nactive = 250us-\nenabled = no\n",
        F "type = connect_delay\nfor = 1500ms\nchance = 0.0000001%\n",
        F "type = packet_loss\nside = client\nonly = rst\nuntil = time:5s\n",
        F "type = syn_blackhole\nfor = 5s\n",
        F "type = latency\ndelay = 0\njitter = 3ms\ndistribution = pareto\ndirection = both\n",
        F "type = bandwidth\nrate = 1.5M/s\nburst = 1\nscope = proxy\nuntil = idle:5s\n",
        F "type = slice\nsize = 10\nvariation = 9\ngap = 1us\nwhen = bytes:1\nuntil = bytes:2\n",
        F "type = stall\nfor = 1m\nuntil = idle:1.5s\n",
        F "type = slice\nsize = 3\nuntil = match:\"\\r\\n\"\nedge = before\n",
        F "type = blackhole\nclients = 127.0.0.1,::1,10.0.0.0/8,::ffff:0.0.0.0/96,fe80::/10\n",
        F "type = corrupt\nat = 0\nbits = 8\n",
        F "type = corrupt\nrate = 0.01%\n",
        F "type = inject\ndata = \" \\x3b;\\xff\\n\"\n",
        F "type = inject\nrandom = 1k\nwhen = eof\n",
        F "type = noop\ndirection = both\nuntil = bytes:1\n",
        F "type = slow_close\ndelay = 0\n",
        F "type = timeout\n",
        F "type = reset_peer\ntimeout = 1500ms\ndirection = upstream\n",
        F "type = limit_data\nbytes = 1000001\n",
        F "type = slicer\naverage_size = 64k\nsize_variation = 1k\ndelay = 10us\n",
        F "type = lossy\nrate = 0%\ncorrelation = 12.5%\n",
        F "type = bandwidth\nrate = 0/s\n",
    };
    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct built first = build_text(texts[i], strlen(texts[i]));
        if (first.count != 0)
            fail_msg("%s\nis refused:\n%s", texts[i], first.problems);
        check_round_trip(&first.config);
        built_free(&first);
    }
}

/* As long as a line may be, of bytes that need an escape: what is printed must fit in a line. */
static void the_longest_strings_read_back(void **state)
{
    static const char *const pieces[] = {
        ";", "\\\"", " \\x3b", " \\73", "\\t", "\\x01", "\\1", "\xff", "\\0", "\\0007", "\\1\\61"};
    (void)state;
    for (size_t i = 0; i < COUNT(pieces); i++) {
        char text[600];
        size_t used = (size_t)snprintf(text, sizeof text, "%stype = inject\ndata=\"", F);
        for (size_t line = 6; line + strlen(pieces[i]) < 197; line += strlen(pieces[i]))
            used += (size_t)snprintf(text + used, sizeof text - used, "%s", pieces[i]);
        used += (size_t)snprintf(text + used, sizeof text - used, "\"\n");
        struct built built = build_text(text, used);
        if (built.count != 0)
            fail_msg("%s\nis refused:\n%s", text, built.problems);
        check_round_trip(&built.config);
        built_free(&built);
    }
}

/* As long as a line may be, without quotes around the value. */
static void the_longest_bare_values_read_back(void **state)
{
    static const char *const pieces[] = {"\"a # b\"", "a\tb", "\\", "#;", "\" \\\"\""};
    (void)state;
    for (size_t i = 0; i < COUNT(pieces); i++) {
        char text[600];
        size_t used = (size_t)snprintf(text, sizeof text, PROXY_TEXT "[sweep]\nsetup=x");
        for (size_t line = 7; line + strlen(pieces[i]) <= 197; line += strlen(pieces[i]))
            used += (size_t)snprintf(text + used, sizeof text - used, "%s", pieces[i]);
        used += (size_t)snprintf(text + used, sizeof text - used, "\n");
        struct built built = build_text(text, used);
        if (built.count != 0)
            fail_msg("%s\nis refused:\n%s", text, built.problems);
        check_round_trip(&built.config);
        built_free(&built);
    }
}

/* Many draws break a rule and are refused; of each type enough are not. */
static void random_faults_of_type(const struct fault_type *type, uint64_t *random)
{
    static const char head[] = PROXY_TEXT "[proxy b]\nintercept = 1\nupstream = b:2\n[fault f]\n";
    static const char *const letters[] = {
        "a", "7", " ", ";", "\\x3b", "\\r", "\\0", "\\1", "\\\"", "\xff", "\\xff", NULL};
    const struct random_range range = {.bytes = UINT64_C(5) << 30,
        .duration_us = UINT64_C(7200) * US_PER_S,
        .letters = letters,
        .foreign = 20};
    unsigned accepted = 0;
    for (int draw = 0; draw < DRAWS_MAX && accepted < ENOUGH; draw++) {
        char text[2048];
        size_t used = (size_t)snprintf(text, sizeof text, "%s", head);
        used += random_fault_write(type, &range, random, text + used, sizeof text - used);
        struct built built = build_text(text, used);
        if (built.count == 0) {
            accepted++;
            check_round_trip(&built.config);
        }
        built_free(&built);
    }
    if (accepted < 50)
        fail_msg("only %u faults of type %s", accepted, type->name);
}

static void random_faults_read_back_or_are_refused(void **state)
{
    uint64_t random = 1;
    (void)state;
    for (size_t i = 0; fault_catalogue[i] != NULL; i++)
        random_faults_of_type(fault_catalogue[i], &random);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chosen_configurations_read_back),
        cmocka_unit_test(the_longest_strings_read_back),
        cmocka_unit_test(the_longest_bare_values_read_back),
        cmocka_unit_test(random_faults_read_back_or_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
