/* SPDX-License-Identifier: MIT */
/*
 * The meaning of a configuration: defaults, ranges, the rules between keys and between sections,
 * and that its print reads back unchanged.
 */
#include "tests/unit/config_text.h"

#include "proxy/base/clock.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define F PROXY_TEXT "[fault f]\n" /* keys of a fault begin in line 5 */

static const struct complaint corpus[] = {
    /* [rudeproxy] */
    {"[rudeproxy]\nadmon = 127.0.0.1:9\n" PROXY_TEXT, 0, 2, "did you mean 'admin'?"},
    {"[rudeproxy]\nsalt = 9\n" PROXY_TEXT, 0, 2, "unknown key, [rudeproxy] has seed"},
    {"[rudeproxy]\nadmin = 0.0.0.0:9\n" PROXY_TEXT, 0, 2, "set admin_token"},
    {"[rudeproxy]\nadmin = [::]:9\n" PROXY_TEXT, 0, 2, "set admin_token"},
    {"[rudeproxy]\nadmin = example.com:9\n" PROXY_TEXT, 0, 2, "set admin_token"},
    {"[rudeproxy]\nadmin = 127.0.0.1:x\n", 0, 2, "[rudeproxy] admin: 'x' is not a port"},
    {"[rudeproxy]\nadmin = builtin:echo\n" PROXY_TEXT, 0, 2, "it can only be an upstream"},
    {"[rudeproxy]\nadmin = 0.0.0.0:9\nadmin_token = short\n" PROXY_TEXT, 0, 3, "8 to 128"},
    {"[rudeproxy]\nadmin_token = short\n" PROXY_TEXT, 0, 2, "8 to 128"},
    {"[rudeproxy]\nadmin_token = with a blank\n" PROXY_TEXT, 0, 2, "no blanks"},
    {"[rudeproxy]\nseed = 1k\n" PROXY_TEXT, 0, 2, "'1k' is not a number"},
    {"[rudeproxy]\nseed = -1\n" PROXY_TEXT, 0, 2, "not a number"},
    {"[rudeproxy]\nseed = 18446744073709551616\n" PROXY_TEXT, 0, 2, "too large"},
    {"[rudeproxy]\nseed = 0x10000000000000000\n" PROXY_TEXT, 0, 2, "64 bits"},
    {"[rudeproxy]\nseed = 0xg\n" PROXY_TEXT, 0, 2, "hexadecimal"},
    {"[rudeproxy]\nseed = 0x\n" PROXY_TEXT, 0, 2, "hexadecimal"},
    {"[rudeproxy]\nlog = None\n" PROXY_TEXT, 0, 2, "did you mean 'none'? write none, or ./None"},
    {"[rudeproxy]\nlog = nonne\n" PROXY_TEXT, 0, 2, "did you mean 'none'?"},
    {"[rudeproxy]\nlog = stdrr\n" PROXY_TEXT, 0, 2, "did you mean 'stderr'? write stderr, or ./"},
    {"[rudeproxy]\nlog_format = jsno\n" PROXY_TEXT, 0, 2, "did you mean 'json'?"},
    {"[rudeproxy]\ngrace = 5\n" PROXY_TEXT, 0, 2, "has no unit"},

    /* [sweep] */
    {PROXY_TEXT "[sweep]\nbudget = lots\n", 0, 5, "'lots' is no budget, write a number of places"},
    {PROXY_TEXT "[sweep]\nbudget = 0\n", 0, 5, "'0' is no budget"},
    {PROXY_TEXT "[sweep]\nallow = failed, hangs\n", 0, 5, "'hangs' is no outcome"},
    {PROXY_TEXT "[sweep]\nallow = differnt\n", 0, 5, "did you mean 'different'?"},
    {PROXY_TEXT "[sweep]\nallow = failed,\n", 0, 5, "an item of the list is missing"},
    {PROXY_TEXT "[sweep]\ncompare = a,,b\n", 0, 5, "compare: an item of the list is missing"},
    {PROXY_TEXT "[sweep]\nsweep_fault = close sid=client\n", 0, 5,
        "sweep_fault: 'close sid=client': sid: unknown key, did you mean 'side'?"},
    {PROXY_TEXT "[sweep]\nsweep_fault = reset | | stall\n", 0, 5, "a fault is missing"},
    {PROXY_TEXT "[sweep]\nsweep_fault = reset | clos\n", 0, 5, "'clos': type: "},
    {PROXY_TEXT "[sweep]\nsweep_fault = refuse\n", 0, 5, "'refuse': "},

    /* [proxy NAME] */
    {"[proxy a]\nupstream = a:1\n", 0, 1, "listen: the key is missing, write an address"},
    {"[proxy a]\nlisten = 127.0.0.1:1\n", 0, 1, "upstream: the key is missing"},
    {"[proxy a]\nlisten = builtin:echo\nupstream = a:1\n", 0, 2, "only be an upstream"},
    {"[proxy a]\nlisten = 80\nupstream = a:1\n", 0, 2, "write 127.0.0.1:80"},
    {"[proxy a]\nlisten = 127.0.0.1:1\nupstream = a:0\n", 0, 3, "nobody answers at port 0"},
    {"[proxy a]\nlisten = 127.0.0.1:1\nupstream = builtin:ecko\n", 0, 3, "did you mean 'echo'?"},
    {"[proxy a]\nlisten = 127.0.0.1:1\nupstream = builtin:ftp\n", 0, 3, "or builtin:http"},
    {PROXY_TEXT "enabled = true\n", 0, 4, "write yes or no"},
    {PROXY_TEXT "enabled = YES\n", 0, 4, "did you mean 'yes'?"},
    {PROXY_TEXT "connect_timeout = 0\n", 0, 4, "too small"},
    {PROXY_TEXT "[sweep]\ntimeout = 999us\n", 0, 5, "at least 1ms"},
    {PROXY_TEXT "connect_timeout = 999us\n", 0, 4, "at least 1ms"},
    {PROXY_TEXT "buffer = 4095\n", 0, 4, "'4095' is too small, write a size such as"},
    {PROXY_TEXT "buffer = 1.5G\n", 0, 4, "from 4k to 1G"},
    {PROXY_TEXT "buffer = 64kb\n", 0, 4, "unknown unit 'kb'"},
    {PROXY_TEXT "buffer = 99999999999999999999G\n", 0, 4, "too large"},
    {PROXY_TEXT "rcvbuf = 0\n", 0, 4, "from 2k to 1G"},
    {PROXY_TEXT "sndbuf = 2k\n", 0, 4, "from 4k to 1G"},
    {PROXY_TEXT "backlog = 65536\n", 0, 4, "from 0 to 65535"},
    {PROXY_TEXT "unreachable = rst\n", 0, 4, "did you mean 'reset'?"},
    {PROXY_TEXT "protocol = htpp\nlog_messages = yes\ncapture = 8\n[fault f]\ntype = close\n"
                "when = message:2\n",
        0, 4, "did you mean 'http'?"},
    {PROXY_TEXT "protocol = raw:x\n", 0, 4, "'raw' takes no value, write raw alone"},
    {"[proxy a]\nintercept = 80\nunreachable = refuse\nupstream = a\n", 0, 4, "has no port"},
    {"[proxy a]\nlisten = [::1]:9\nupstream = [0::1]:9\n", 0, 3, "would connect to itself"},
    {"[proxy a]\nlisten = unix:/a\nupstream = unix:/a\n", 0, 3, "would connect to itself"},
    {PROXY_TEXT "[proxy b]\nlisten = 127.0.0.1:1\nupstream = a:1\n", 0, 5, "[proxy a] listens on"},
    {"[proxy a]\nlisten = [::1]:1\nupstream = a:1\n[proxy b]\nlisten = [0::1]:1\nupstream = a:1\n",
        0, 5, "listens on [::1]:1 already"},
    {"[proxy a]\nlisten = 127.0.0.1:8\nupstream = a:1\n[proxy b]\nlisten = LOCALHOST:8\n"
     "upstream = a:1\n",
        0, 5, "[proxy a] listens on 127.0.0.1:8 already"},
    {"[rudeproxy]\nadmin = localhost:1\n" PROXY_TEXT, 0, 4, "admin listens on 127.0.0.1:1 already"},
    {"[proxy a]\nintercept = 80, b:81\n[proxy b]\nintercept = 80, b:81\n", 0, 4,
        "[proxy a] intercepts 80, b:81 already"},
    {"[proxy a]\nintercept = 80, db.test:81\n[proxy b]\nintercept = DB.test:81,*:80-80\n", 0, 4,
        "[proxy a] intercepts 80, db.test:81 already"},
    {"[proxy a]\nintercept = 80\nlisten = 127.0.0.1:1\n", 0, 3, "listen: is used together with"},
    {PROXY_TEXT "[rudeproxy]\nadmin = 127.0.0.1:1\n", 0, 2, "admin listens on 127.0.0.1:1 already"},
    {"[rudeproxy]\nadmin = unix:/a\n[proxy a]\nlisten = unix:/a\nupstream = a:1\n", 0, 4,
        "admin listens on unix:/a already"},

    /* [fault NAME], the envelope */
    {PROXY_TEXT "[fault f]\n", 0, 4, "type: the key is missing"},
    {F "type = rst\n", 0, 5, "did you mean 'reset'?"},
    {F "type = toxic\n", 0, 5, "`rudeproxy faults` lists"},
    {F "type = close\nproxy = ab\n", 0, 6, "there is no [proxy ab], did you mean 'a'?"},
    {F "type = close\nproxy = a,\n", 0, 6, "an element of the list is empty"},
    {F "type = close\nproxy = a, *\n", 0, 6, "write it alone"},
    {F "type = close\nproxy = a,a\n", 0, 6, "named twice"},
    {F "type = close\nproxy = a;b\n", 0, 6, "not a name"},
    {F "type = close\nside = left\n", 0, 6, "write client, server or both"},
    {F "type = close\nside = cleint\n", 0, 6, "did you mean 'client'?"},
    {F "type = close\nwhen = bytes\n", 0, 6, "write one such as bytes:1k"},
    {F "type = close\nwhen = bytes:18446744073709551616\n", 0, 6, "too large"},
    {F "type = close\nwhen = match:x\n", 0, 6, "double quotes"},
    {F "type = close\nwhen = time:5\n", 0, 6, "no unit"},
    {F "type = close\nconnections = 0\n", 0, 6, "no connection 0"},
    {F "type = close\nconnections = 3-1\n", 0, 6, "write 1-3"},
    {F "type = close\ntimes = 0\n", 0, 6, "too small"},
    {F "type = close\ntimes = -1\n", 0, 6, "or unlimited"},

    /* Keys that have no effect beside the others. */
    {F "type = close\ndirection = upstream\n", 0, 6, "neither when = open nor type = close"},
    {F "type = close\ndirection = both\nwhen = accept\n", 0, 6, "when = accept"},
    {F "type = reset\ndirection = upstream\nwhen = time:5s\n", 0, 6, "when = time:5s"},
    {F "type = hold_fin\nside = client\n", 0, 6, "follows direction"},
    {F "type = hold_fin\nother = hold\n", 0, 6, "does not end the connection"},
    {F "type = half_close\nside = client\nother = hold\n", 0, 7, "does not end the connection"},
    {F "type = shut_rd\nside = client\nother = hold\n", 0, 7, "does not end the connection"},
    {F "type = close\nother = hold\n", 0, 6, "both sides are named"},
    {F "type = reset\nside = both\nother = close\n", 0, 7, "both sides are named"},
    {F "type = reset\nside = client\nother = close\nwhen = accept\n", 0, 7, "no other side"},
    {F "type = unread\n", 0, 4, "side: the key is missing, type = unread needs it"},
    {F "type = half_close\n", 0, 4, "side: the key is missing"},
    {F "type = shut_rd\n", 0, 4, "side: the key is missing"},
    {F "type = close\nside = server\nwhen = accept\n", 0, 6, "no server side"},
    {F "type = half_close\nside = both\nwhen = accept\n", 0, 6, "no server side"},
    {F "type = shut_rd\nside = server\nwhen = accept\n", 0, 6, "write side = client"},

    /* The keys of each type. */
    {F "type = close\nmode = gracefull\n", 0, 6, "did you mean 'graceful'?"},
    {F "type = close\nmode = plain\nlinger = 5s\n", 0, 7, "has no effect with mode = plain"},
    {F "type = close\nlinger = 0\n", 0, 6, "at least 1ms"},
    {F "type = close\nlinger = 5\n", 0, 6, "no unit"},
    {F "type = reset\nmode = drian\n", 0, 6, "did you mean 'drain'?"},
    {F "type = reset\nlinger = 5s\n", 0, 6, "a fault of type = reset has proxy"},
    {F "type = unread\nside = client\nbytes = 0\n", 0, 7, "too small"},
    {F "type = unread\nside = client\nhold = accept\n", 0, 7, "write open or trigger"},
    {F "type = unread\nside = client\nhold = open\nwhen = bytes:1\ndirection = upstream\n", 0, 7,
        "the trigger never comes"},
    {F "type = unread\nside = server\nhold = open\nwhen = eof\n", 0, 7, "the trigger never comes"},
    {F "type = hold_fin\nfor = 0\n", 0, 6, "too small"},
    {F "type = hold_fin\nfor = for ever\n", 0, 6, "or forever"},
    {F "type = shut_rd\nside = client\nmode = rest\n", 0, 7, "did you mean 'reset'?"},
    {F "type = shut_rd\nside = client\nmode = rest\nother = hold\n", 0, 7, "mean 'reset'?"},
    {F "type = shut_rd\nside = both\nmode = rest\nwhen = accept\n", 0, 7, "mean 'reset'?"},
};

static void a_wrong_configuration_has_one_problem_at_its_line(void **state)
{
    (void)state;
    check_complaints(corpus, COUNT(corpus));
}

/* Nobody can tell what its keys would be, but those that no type has are wrong in any case. */
static void keys_of_an_unknown_type_are_held_against_all_types(void **state)
{
    static const char text[] = F "type = toxic\ntoxicity = 1\nlinger = 5s\nside = left\n";
    struct built built = build_text(text, sizeof text - 1);
    (void)state;
    assert_int_equal(built.count, 3);
    assert_true(complains(built.problems, 5, "not a type of fault"));
    assert_true(complains(built.problems, 6, "write chance = 25%"));
    assert_true(complains(built.problems, 8, "write client, server or both"));
    built_free(&built);
}

/* All problems are reported together: a rule is left out only if it reads a wrong value. */
static void a_wrong_value_hides_no_other_problem(void **state)
{
    static const struct {
        const char *text, *first, *second;
        unsigned first_line, second_line;
    } cases[] = {
        {"[rudeproxy]\nadmin = 0.0.0.0:9\nlog_format = jsno\n" PROXY_TEXT, "set admin_token",
            "did you mean 'json'?", 2, 3},
        {F "type = reset\nmode = drian\nside = both\nother = hold\n", "did you mean 'drain'?",
            "both sides are named", 6, 8},
        {F "type = close\nlinger = 5\nside = server\nwhen = accept\n", "no unit", "no server side",
            6, 7},
        {F "type = stall\nfor = 5\nuntil = bytes:9\n", "no unit", "forwards nothing", 6, 7},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct built built = build_text(cases[i].text, strlen(cases[i].text));
        if (built.count != 2 || !complains(built.problems, cases[i].first_line, cases[i].first) ||
            !complains(built.problems, cases[i].second_line, cases[i].second))
            fail_msg("want \"%s\" and \"%s\", got %zu:\n%s", cases[i].first, cases[i].second,
                built.count, built.problems);
        built_free(&built);
    }
}

static struct config must_build(const char *text)
{
    struct built built = build_text(text, strlen(text));
    if (built.count != 0)
        fail_msg("%s\nis refused:\n%s", text, built.problems);
    free(built.problems);
    return built.config;
}

static void defaults_are_those_of_the_manual(void **state)
{
    struct config config = must_build(F "type = close\n");
    const struct proxy_config *proxy = &config.proxies[0];
    const struct fault *fault = &config.faults[0];
    (void)state;
    assert_false(config.settings.has_seed);
    assert_string_equal(config.settings.log, "stderr");
    assert_int_equal(config.settings.log_format, LOG_TEXT);
    assert_int_equal(config.settings.grace_us, 5 * US_PER_S);
    assert_string_equal(proxy->name, "a");
    assert_true(proxy->enabled);
    assert_int_equal(proxy->connect_timeout_us, 10 * US_PER_S);
    assert_int_equal(proxy->buffer, BUFFER_AUTO);
    assert_int_equal(proxy->rcvbuf, 0);
    assert_int_equal(proxy->sndbuf, 0);
    assert_true(proxy->nodelay);
    assert_int_equal(proxy->splice, SPLICE_AUTO);
    assert_int_equal(proxy->congestion, CONGESTION_AUTO);
    assert_int_equal(proxy->backlog, 4096);
    assert_int_equal(proxy->unreachable, UNREACHABLE_RESET);
    assert_string_equal(fault->name, "f");
    assert_string_equal(fault->proxies, "*");
    assert_ptr_equal(fault->type, fault_type_find("close"));
    assert_int_equal(fault->sides, BOTH_BITS);
    assert_int_equal(fault->directions, NO_BITS);
    assert_int_equal(fault->when.kind, TRIGGER_OPEN);
    assert_int_equal(fault->connections.count, 0);
    assert_int_equal(fault->times, UINT64_MAX);
    assert_int_equal(fault->until.kind, TRIGGER_NEVER);
    assert_int_equal(fault->edge, EDGE_AFTER);
    assert_int_equal(fault->chance_ppb, 1000000000);
    assert_int_equal(fault->clients.count, 0);
    assert_int_equal(fault->active.from, 0);
    assert_true(fault->active.to == TIME_NEVER);
    assert_false(fault->must_fire);
    assert_true(fault->enabled);
    config_free(&config);
}

static void every_key_reaches_its_place(void **state)
{
    struct config config = must_build(
        "[rudeproxy]\nseed = 0xffffffffffffffff\nlog = \"/tmp/a b\"\nlog_format = json\n"
        "grace = 0\n"
        "[proxy p.1]\nlisten = unix:/run/p\nupstream = builtin:http\nenabled = no\n"
        "connect_timeout = 1ms\nbuffer = 4k\nrcvbuf = 2k\nsndbuf = 1G\nnodelay = no\n"
        "splice = off\ncongestion = system\nbacklog = 0\nunreachable = refuse\n"
        "[fault f]\nproxy = p.1\ntype = shut_rd\ndirection = both\nside = server\nother = hold\n"
        "when = bytes:3\nconnections = 2,4-\ntimes = 7\nmode = reset\n");
    const struct proxy_config *proxy = &config.proxies[0];
    const struct fault *fault = &config.faults[0];
    (void)state;
    assert_true(config.settings.has_seed);
    assert_true(config.settings.seed == UINT64_MAX);
    assert_string_equal(config.settings.log, "/tmp/a b");
    assert_int_equal(config.settings.log_format, LOG_JSON);
    assert_int_equal(config.settings.grace_us, 0);
    assert_string_equal(proxy->name, "p.1");
    assert_int_equal(proxy->listen.kind, ADDRESS_UNIX);
    assert_int_equal(proxy->upstream.kind, ADDRESS_BUILTIN);
    assert_string_equal(proxy->upstream.host, "http");
    assert_false(proxy->enabled);
    assert_int_equal(proxy->connect_timeout_us, 1000);
    assert_int_equal(proxy->buffer, 4096);
    assert_int_equal(proxy->rcvbuf, 2048);
    assert_int_equal(proxy->sndbuf, 1 << 30);
    assert_false(proxy->nodelay);
    assert_int_equal(proxy->splice, SPLICE_OFF);
    assert_int_equal(proxy->congestion, CONGESTION_SYSTEM);
    assert_int_equal(proxy->backlog, 0);
    assert_int_equal(proxy->unreachable, UNREACHABLE_REFUSE);
    assert_string_equal(fault->proxies, "p.1");
    assert_int_equal(fault->directions, BOTH_BITS);
    assert_int_equal(fault->sides, SERVER_BIT);
    assert_int_equal(fault->other, OTHER_HOLD);
    assert_int_equal(fault->when.value, 3);
    assert_int_equal(fault->connections.count, 2);
    assert_int_equal(fault->times, 7);
    config_free(&config);
}

static void every_key_of_the_envelope_reaches_its_place(void **state)
{
    struct config config =
        must_build(F "type = slice\nwhen = idle:2s\nuntil = match:\"\\r\\n\"\nedge = before\n"
                     "chance = 12.5%\nclients = ::1,10.0.0.0/8\nactive = 1s-90s\nmust_fire = yes\n"
                     "enabled = no\nsize = 3\n");
    const struct fault *fault = &config.faults[0];
    (void)state;
    assert_int_equal(fault->directions, DOWNSTREAM_BIT);
    assert_int_equal(fault->when.kind, TRIGGER_IDLE);
    assert_int_equal(fault->when.value, 2000000);
    assert_int_equal(fault->until.kind, TRIGGER_MATCH);
    assert_int_equal(fault->until.pattern_len, 2);
    assert_memory_equal(fault->until.pattern, "\r\n", 2);
    assert_int_equal(fault->until.edge, EDGE_BEFORE);
    assert_int_equal(fault->when.edge, EDGE_AFTER);
    assert_int_equal(fault->chance_ppb, 125000000);
    assert_int_equal(fault->clients.count, 2);
    assert_int_equal(fault->active.from, 1000000);
    assert_int_equal(fault->active.to, 90000000);
    assert_true(fault->must_fire);
    assert_false(fault->enabled);
    config_free(&config);
}

/* In any order of the keys, and `when` first if both are matches. */
static void the_edge_belongs_to_the_match(void **state)
{
    struct fault faults[] = {
        fault_of("edge = before\ntype = close\nwhen = match:\"x\""),
        fault_of("edge = before\ntype = slice\nsize = 1\nwhen = match:\"x\"\nuntil = match:\"y\""),
        fault_of("edge = before\ntype = slice\nsize = 1\nuntil = match:\"y\""),
    };
    (void)state;
    assert_int_equal(faults[0].when.edge, EDGE_BEFORE);
    assert_int_equal(faults[1].when.edge, EDGE_BEFORE);
    assert_int_equal(faults[1].until.edge, EDGE_AFTER);
    assert_int_equal(faults[2].when.edge, EDGE_AFTER);
    assert_int_equal(faults[2].until.edge, EDGE_BEFORE);
}

static void some_types_have_a_trigger_and_directions_of_their_own(void **state)
{
    struct fault delay = fault_of("type = connect_delay\nfor = 1s");
    struct fault loss = fault_of("type = packet_loss\nside = client");
    struct fault healed = fault_of("type = packet_loss\nside = client\nuntil = bytes:1k");
    struct fault refuse = fault_of("type = refuse");
    (void)state;
    assert_int_equal(delay.when.kind, TRIGGER_ACCEPT);
    assert_int_equal(delay.directions, NO_BITS);
    assert_int_equal(loss.directions, NO_BITS);
    assert_int_equal(healed.directions, DOWNSTREAM_BIT);
    assert_int_equal(refuse.directions, NO_BITS);
    assert_int_equal(refuse.sides, NO_BITS);
}

static void a_long_value_is_printed_without_columns(void **state)
{
    char text[600];
    snprintf(text, sizeof text, PROXY_TEXT "[rudeproxy]\nlog=/%0192d\n", 7);
    struct config first = must_build(text);
    char *printed = print_config(&first);
    struct config second = must_build(printed);
    (void)state;
    assert_string_equal(first.settings.log, second.settings.log);
    free(printed);
    config_free(&first);
    config_free(&second);
}

static void what_the_kernel_decides_is_a_comment(void **state)
{
    struct config config = must_build(PROXY_TEXT);
    char *printed = print_config(&config);
    (void)state;
    assert_non_null(strstr(printed, "\n; rcvbuf = (the kernel's)\n"));
    assert_non_null(strstr(printed, "; seed = (drawn at start)\n"));
    assert_non_null(strstr(printed, "\nconnect_timeout = 10s\n"));
    assert_non_null(strstr(printed, "\nlisten          = 127.0.0.1:1\n"));
    free(printed);
    config_free(&config);
}

static void faults_name_their_proxies(void **state)
{
    struct fault fault = {.proxies = "ab,c,d.e"};
    (void)state;
    assert_true(fault_names_proxy(&fault, "ab"));
    assert_true(fault_names_proxy(&fault, "c"));
    assert_true(fault_names_proxy(&fault, "d.e"));
    assert_false(fault_names_proxy(&fault, "a"));
    assert_false(fault_names_proxy(&fault, "b"));
    assert_false(fault_names_proxy(&fault, "d"));
    memcpy(fault.proxies, "*", 2);
    assert_true(fault_names_proxy(&fault, "anything"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wrong_configuration_has_one_problem_at_its_line),
        cmocka_unit_test(keys_of_an_unknown_type_are_held_against_all_types),
        cmocka_unit_test(a_wrong_value_hides_no_other_problem),
        cmocka_unit_test(defaults_are_those_of_the_manual),
        cmocka_unit_test(every_key_reaches_its_place),
        cmocka_unit_test(every_key_of_the_envelope_reaches_its_place),
        cmocka_unit_test(the_edge_belongs_to_the_match),
        cmocka_unit_test(some_types_have_a_trigger_and_directions_of_their_own),
        cmocka_unit_test(a_long_value_is_printed_without_columns),
        cmocka_unit_test(what_the_kernel_decides_is_a_comment),
        cmocka_unit_test(faults_name_their_proxies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
