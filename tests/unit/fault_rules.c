/* SPDX-License-Identifier: MIT */
/*
 * The rules between the keys of a fault: a corpus of faults with one mistake each. What the older
 * types and keys forbid stands in config.c.
 */
#include "tests/unit/config_text.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define F PROXY_TEXT "[fault f]\n" /* keys of a fault begin in line 5 */
#define STALL F "type = stall\n"
#define LOSS F "type = packet_loss\nside = client\n"
#define REFUSE F "type = refuse\n"
#define HTTP PROXY_TEXT "protocol = http\n[fault f]\n" /* keys begin in line 6 */
#define ONE_HTTP HTTP "type = slice\nsize = 1\n"       /* the next in line 8 */

static const struct complaint envelope[] = {
    /* edge */
    {F "type = close\nedge = before\n", 0, 6,
        "belongs to a match or a message: leave it out, or write when"},
    {F "type = close\nedge = after\nwhen = eof\n", 0, 6, "belongs to a match"},
    {STALL "edge = before\n", 0, 6, "or until = match:\"...\""},
    {STALL "edge = befor\nwhen = match:\"x\"\n", 0, 6, "did you mean 'before'?"},

    {F "type = close\nwhen = match:\"x\"\nmatch_hold = 5ms\n", 0, 7, "belongs to edge = before"},
    {F "type = close\nmatch_hold = 5ms\n", 0, 6, "belongs to edge = before"},
    {F "type = close\nwhen = match:\"x\"\nedge = before\nmatch_hold = 0s\n", 0, 8, "too small"},
    {F "type = close\nwhen = match:\"x\"+5\nmatch_hold = 5ms\n", 0, 7, "belongs to edge = before"},
    {HTTP "type = close\nwhen = message:2\nmatch_hold = 5ms\n", 0, 8, "and to sni"},
    {HTTP "type = close\nwhen = message:2/body\nmatch_hold = 5ms\n", 0, 8, "or /chunk:K"},
    {F "type = close\nsni = any\nmatch_hold = 5ms\n", 0, 7, "and to sni"},

    /* until */
    {F "type = close\nuntil = eof\n", 0, 6, "type = close, which does not last"},
    {F "type = unread\nside = client\nuntil = time:5s\n", 0, 7, "which does not last"},
    {"[proxy a]\nlisten = a:1\nupstream = a:2\nrcvbuf = 4k\n[fault f]\ntype = unread\nside = "
     "client\n"
     "bytes = 5k\n",
        0, 8, "[proxy a] can hold only 4k unread bytes (rcvbuf): write at most 4k"},
    {F "type = inject\nrandom = 1\nuntil = time:5s\n", 0, 7, "which does not last"},
    {F "type = shut_rd\nside = client\nuntil = never\n", 0, 7, "which does not last"},
    {STALL "until = open\n", 0, 6, "could end at 'open', write bytes:1k"},
    {STALL "until = accept\n", 0, 6, "nothing has begun yet"},
    {STALL "until = time:0\n", 0, 6, "would end before it begins (when = open)"},
    {STALL "until = bytes:0\n", 0, 6, "would end before it begins"},
    {STALL "when = time:5s\nuntil = time:5s\n", 0, 7, "before it begins (when = time:5s)"},
    {STALL "when = bytes:2k\nuntil = bytes:1k\n", 0, 7, "before it begins (when = bytes:2k)"},
    {STALL "when = eof\nuntil = eof\n", 0, 7, "before it begins"},
    {STALL "when = idle:5s\nuntil = idle:5s\n", 0, 7, "before it begins (when = idle:5s)"},
    {STALL "until = time:1s\ntrigger_delay = 2s\n", 0, 6,
        "before it begins (when = open with its trigger_delay)"},
    {STALL "when = time:3s\ntrigger_delay = 1s\nuntil = time:4s\n", 0, 8, "before it begins"},
    {STALL "when = run:3s\ntrigger_delay = 2s\nuntil = run:4s\n", 0, 8, "before it begins"},
    {ONE_HTTP "when = message:3\nuntil = message:2\n", 0, 9, "before it begins"},
    {ONE_HTTP "when = message:every:3/GET\nuntil = message:2/get\ndirection = upstream\n", 0, 9,
        "before it begins"},
    {ONE_HTTP "when = message:3/body\nuntil = message:2\n", 0, 9, "before it begins"},
    {ONE_HTTP "when = message:3+1\nuntil = message:2\n", 0, 9, "before it begins"},
    {ONE_HTTP "when = message:2/200\nuntil = message:2\n", 0, 9, "before it begins"},
    {ONE_HTTP "when = message:3\nuntil = message:every:2\n", 0, 9, "a fault ends once"},
    {STALL "until = bytes:1k\n", 0, 6,
        "forwards nothing in its direction, so that this never comes"},
    {STALL "when = bytes:1k\nuntil = bytes:2k\ndirection = both\n", 0, 7, "never comes"},
    {STALL "until = match:\"x\"\nfor = 5s\n", 0, 6, "write time:5s or idle:5s"},
    {STALL "until = eof\n", 0, 6, "forwards nothing in its direction, so that this never comes"},
    {STALL "for = 5s\nuntil = eof\n", 0, 7, "never comes"},
    {STALL "when = eof\nuntil = eof\ndirection = both\n", 0, 7, "never comes"},
    {F "type = blackhole\nuntil = match:\"x\"\n", 0, 6, "type = blackhole forwards nothing"},
    {STALL "when = never\n", 0, 6, "enabled = no"},

    /* when = accept */
    {STALL "when = accept\n", 0, 6, "accept is too early for type = stall"},
    {F "type = latency\ndelay = 1s\nwhen = accept\n", 0, 7, "write when = open"},
    {F "type = inject\nrandom = 1\nwhen = accept\n", 0, 7, "too early"},
    {LOSS "when = accept\n", 0, 7, "too early for type = packet_loss"},
    {F "type = packet_loss\nside = server\nwhen = accept\n", 0, 7, "too early"},
    {F "type = vanish\nside = server\nwhen = accept\n", 0, 6, "no server side"},
    {F "type = unread\nside = server\nwhen = accept\n", 0, 6, "no server side"},

    /* trigger_delay, when_direction, edge with +K */
    {F "type = close\nwhen = accept\ntrigger_delay = 5ms\n", 0, 7, "write when = open"},
    {F "type = close\ntrigger_delay = 5\n", 0, 6, "no unit"},
    {F "type = close\nwhen = time:1s\nwhen_direction = upstream\n", 0, 7,
        "when = time:1s uses no direction"},
    {STALL "when_direction = client\nwhen = eof\n", 0, 6, "upstream, downstream or both"},
    {STALL "when = match:\"x\"#2+5\nedge = before\n", 0, 6, "edge = before withholds the match"},
    {F "type = slice\nsize = 1\nuntil = match:\"x\"+5\nedge = before\n", 0, 7,
        "withholds the match"},
    {STALL "until = run:0\n", 0, 6, "would end before it begins"},
    {F "type = mark\nuntil = eof\n", 0, 6, "does not last"},
    {F "type = mark\nside = client\n", 0, 6, "follows direction"},
    {F "type = mark\ndirection = upstream\n", 0, 6, "nor type = mark uses a direction"},
    {STALL "concurrent = 0\n", 0, 6, "write numbers from 1"},

    /* chance, clients, active, must_fire, enabled */
    {STALL "chance = 0%\n", 0, 6, "too small"},
    {STALL "chance = 0.5\n", 0, 6, "has no unit, write a percentage"},
    {STALL "chance = 101%\n", 0, 6, "more than 100%"},
    {STALL "clients = localhost\n", 0, 6, "'localhost' is not an IP address"},
    {STALL "clients = 10.0.0.1/8\n", 0, 6, "write 10.0.0.0/8"},
    {STALL "clients = 127.0.0.1,\n", 0, 6, "an element of the list is empty"},
    {STALL "active = 10s\n", 0, 6, "not a window of time, write a window such as 10s-30s"},
    {STALL "active = 30s-10s\n", 0, 6, "write 10s-30s"},
    {STALL "active = -30s\n", 0, 6, "write 0s-30s"},
    {F "type = reset\nwhen = run:5s\nactive = 10s-20s\n", 0, 7, "when = run:5s is outside"},
    {F "type = reset\nwhen = run:20s\nactive = 10s-20s\n", 0, 7, "that the fault never fires"},
    {F "type = reset\nwhen = run:9s\ntrigger_delay = 11s\nactive = 10s-20s\n", 0, 8,
        "run:9s with its trigger_delay is outside"},
    {STALL "when = run:30s\nactive = 10s-20s\n", 0, 7, "outside of the window"},
    {STALL "until = run:10s\nactive = 10s-\n", 0, 7, "before the window begins (until = run:10s)"},
    {F "type = refuse\nwhen = run:5s\nactive = 10s-20s\n", 0, 6, "listening socket"},
    {STALL "must_fire = maybe\n", 0, 6, "write yes or no"},
    {STALL "enabled = on\n", 0, 6, "write yes or no"},

    /* direction and side */
    {LOSS "direction = upstream\n", 0, 7, "nor type = packet_loss uses a direction"},
    {LOSS "direction = upstream\nuntil = time:5s\n", 0, 7, "uses a direction"},
    {F "type = close\ndirection = upstream\nwhen = idle:1s\n", 0, 6, "when = idle:1s"},
    {F "type = packet_loss\n", 0, 4, "side: the key is missing"},
    {F "type = vanish\n", 0, 4, "side: the key is missing"},
    {STALL "side = client\n", 0, 6, "follows direction"},
    {STALL "other = hold\n", 0, 6, "does not end the connection"},
    {LOSS "other = hold\n", 0, 7, "does not end the connection"},
    {F "type = vanish\nside = both\nother = hold\n", 0, 7, "both sides are named"},

    /* The listening socket. */
    {REFUSE "when = open\n", 0, 6, "concerns the listening socket and no connection"},
    {REFUSE "until = never\n", 0, 6, "active and after = NAME/any say when"},
    {REFUSE "edge = after\n", 0, 6, "listening socket"},
    {REFUSE "direction = upstream\n", 0, 6, "listening socket"},
    {REFUSE "side = client\n", 0, 6, "listening socket"},
    {REFUSE "other = hold\n", 0, 6, "listening socket"},
    {REFUSE "connections = 1\n", 0, 6, "listening socket"},
    {REFUSE "times = 1\n", 0, 6, "listening socket"},
    {REFUSE "chance = 50%\n", 0, 6, "listening socket"},
    {REFUSE "clients = any\n", 0, 6, "listening socket"},
    {REFUSE "for = 5\n", 0, 6, "no unit"},
    {REFUSE "trigger_delay = 1s\n", 0, 6, "listening socket"},
    {REFUSE "when_direction = both\n", 0, 6, "listening socket"},
    {REFUSE "concurrent = 2-\n", 0, 6, "listening socket"},
    {F "type = no_accept\nchance = 50%\n", 0, 6, "type = no_accept"},
    {F "type = syn_blackhole\nuntil = time:5s\n", 0, 6, "listening socket"},
    {REFUSE "when = message:2\n", 0, 6, "listening socket"},
    {HTTP "type = refuse\nwhen = message:2/GET\n", 0, 7, "listening socket"},
    {HTTP "type = no_accept\nuntil = message:1/200\n", 0, 7, "listening socket"},

    /* At accept. */
    {F "type = connect_delay\nfor = 1s\nwhen = accept\n", 0, 7, "before the upstream is dialled"},
    {F "type = connect_delay\nfor = 1s\nwhen = open\n", 0, 7, "before the upstream is dialled"},
    {F "type = connect_delay\nfor = 1s\nside = client\n", 0, 7, "leave it out"},
    {F "type = connect_delay\nfor = 1s\ndirection = both\n", 0, 7, "leave it out"},
    {F "type = connect_delay\nfor = 1s\nedge = after\n", 0, 7, "leave it out"},
    {F "type = connect_delay\nfor = 1s\nuntil = eof\n", 0, 7, "leave it out"},
    {HTTP "type = connect_delay\nfor = 1s\nuntil = message:1/200\n", 0, 8, "leave it out"},
};

static const struct complaint own_keys[] = {
    {F "type = vanish\nside = client\nmode = drain\n", 0, 7, "unknown key"},
    {F "type = connect_delay\n", 0, 4, "for: the key is missing, write a duration"},
    {F "type = connect_delay\nfor = 0\n", 0, 6, "too small"},
    {F "type = connect_delay\nfor = forever\n", 0, 6, "not a duration"},

    {LOSS "rate = 0%\n", 0, 7, "too small"},
    {LOSS "rate = 100\n", 0, 7, "no unit"},
    {LOSS "larger_than = 64k\n", 0, 7, "too large"},
    {LOSS "only = syn\n", 0, 7, "write all, fin, rst or data"},
    {LOSS "only = rst\nlarger_than = 1\n", 0, 8, "a RST carries no data"},
    {LOSS "for = 0\n", 0, 7, "too small"},
    {F "type = syn_blackhole\nfor = 5\n", 0, 6, "no unit"},

    {F "type = latency\n", 0, 4, "delay: the key is missing, write a duration"},
    {F "type = latency\ndelay = 5\n", 0, 6, "no unit"},
    {F "type = latency\ndelay = 2h\n", 0, 6, "to 1h"},
    {F "type = latency\ndelay = 1s\ndistribution = uniform\n", 0, 7, "no effect without jitter"},
    {F "type = latency\ndelay = 1s\njitter = 1s\ndistribution = gauss\n", 0, 8, "normal or pareto"},
    {F "type = bandwidth\n", 0, 4, "rate: the key is missing, write a rate"},
    {F "type = bandwidth\nrate = 1M\n", 0, 6, "unknown unit 'M'"},
    {F "type = bandwidth\nrate = 101G/s\n", 0, 6, "to 100G/s"},
    {F "type = bandwidth\nrate = 1M/s\nburst = 0\n", 0, 7, "too small"},
    {F "type = bandwidth\nrate = 1M/s\nscope = all\n", 0, 7, "write connection or proxy"},
    {F "type = slice\n", 0, 4, "size: the key is missing"},
    {F "type = slice\nsize = 0\n", 0, 6, "too small"},
    {F "type = slice\nsize = 10\nvariation = 10\n", 0, 7, "smaller than size"},
    {F "type = slice\nsize = 10\ngap = 5\n", 0, 7, "no unit"},
    {STALL "for = 0\n", 0, 6, "too small"},
    {F "type = blackhole\nfor = ever\n", 0, 6, "or forever"},

    {F "type = corrupt\n", 0, 5, "write rate = 0.01% or at = 512"},
    {F "type = corrupt\nbits = 2\n", 0, 5, "which bytes?"},
    {F "type = corrupt\nrate = 1%\nat = 5\n", 0, 6, "exclude each other"},
    {F "type = corrupt\nat = 0\nrate = 100%\n", 0, 7, "exclude each other"},
    {F "type = corrupt\nrate = 0%\n", 0, 6, "too small"},
    {F "type = corrupt\nat = 18446744073709551615\n", 0, 6, "too large"},
    {F "type = corrupt\nat = 1s\n", 0, 6, "unknown unit"},
    {F "type = corrupt\nat = 5\nbits = 0\n", 0, 7, "too small"},
    {F "type = corrupt\nat = 5\nbits = 9\n", 0, 7, "too large"},
    {F "type = corrupt\nat = 9\nwhen = bytes:10\n", 0, 6, "while the fault is not active"},
    {F "type = corrupt\nat = 10\nuntil = bytes:10\n", 0, 6, "while the fault is not active"},
    {F "type = inject\n", 0, 5, "write data = \"\\r\\n\" or random = 64"},
    {F "type = inject\ndata = abc\n", 0, 6, "double quotes"},
    {F "type = inject\ndata = \"\"\n", 0, 6, "the string is empty"},
    {F "type = inject\ndata = \"\\z\"\n", 0, 6, "no escape"},
    {F "type = inject\nrandom = 0\n", 0, 6, "too small"},
    {F "type = inject\ndata = \"x\"\nrandom = 1\n", 0, 6, "exclude each other"},

    {F "type = noop\ndelay = 1s\n", 0, 6, "unknown key"},
    {F "type = noop\nwhen = accept\n", 0, 6, "too early for type = noop"},
    {F "type = slow_close\n", 0, 4, "delay: the key is missing, write a duration"},
    {F "type = slow_close\ndelay = forever\n", 0, 6, "not a duration"},
    {F "type = slow_close\ndelay = 1s\nwhen = accept\n", 0, 7, "too early"},
    {F "type = timeout\ntimeout = 100\n", 0, 6, "no unit"},
    {F "type = timeout\nuntil = bytes:1k\n", 0, 6, "type = timeout forwards nothing"},
    {F "type = reset_peer\nuntil = match:\"x\"\n", 0, 6, "this never comes"},
    {F "type = reset_peer\nside = client\n", 0, 6, "follows direction"},
    {F "type = limit_data\n", 0, 4, "bytes: the key is missing, write a size"},
    {F "type = limit_data\nbytes = -1\n", 0, 6, "is negative"},
    {F "type = slicer\n", 0, 4, "average_size: the key is missing"},
    {F "type = slicer\naverage_size = 0\n", 0, 6, "too small"},
    {F "type = slicer\naverage_size = 5\nsize_variation = 6\n", 0, 7, "write at most average_size"},
    {F "type = slicer\naverage_size = 5\ndelay = 7\n", 0, 7, "no unit"},
    {F "type = lossy\nrate = 101%\n", 0, 6, "more than 100%"},
    {F "type = lossy\ncorrelation = 1\n", 0, 6, "no unit"},
};

#define MARK(name) "[fault " name "]\ntype = mark\n"
#define OTHER_PROXY "[proxy b]\nlisten = 127.0.0.1:3\nupstream = 127.0.0.1:2\n"

static const struct complaint chains[] = {
    {F "type = stall\nafter = sav\n" MARK("saw"), 0, 6, "did you mean 'saw'?"},
    {F "type = stall\nafter = /any\n", 0, 6, "the name of the fault is missing"},
    {F "type = stall\nafter = f\n", 0, 6, "a circle: the fault waits for itself"},
    {F "type = stall\nafter = f/any\n", 0, 6, "a circle: the fault waits for itself"},
    {F "type = stall\nafter = g\n" MARK("h") "after = f\n" MARK("g") "after = h\n", 0, 6,
        "a circle: f waits for g, and h waits for f"},
    {F "type = stall\nafter = g\n" MARK("x") "after = f\n" MARK("g") "after = f/any\n", 0, 6,
        "and g waits for f"},
    {F "type = close\nwhen = accept\nafter = g\n" MARK("g"), 0, 7, "write g/any, or when = open"},
    {F "type = connect_delay\nfor = 1s\nafter = g\n" MARK("g"), 0, 7, "write g/any"},
    {REFUSE "after = g\n" MARK("g"), 0, 6, "write g/any"},
    {F "type = stall\nafter = g\n[fault g]\ntype = refuse\n", 0, 6, "write g/any"},
    {F "type = stall\nproxy = a\nafter = g\n" MARK("g") "proxy = b\n" OTHER_PROXY, 0, 7,
        "g concerns other proxies (proxy = b), write g/any"},
};

static void a_chain_has_a_beginning_that_can_come(void **state)
{
    (void)state;
    check_complaints(chains, COUNT(chains));
}

static void a_chain_of_any_length_is_allowed(void **state)
{
    char text[32768] = PROXY_TEXT;
    size_t used = strlen(text);
    (void)state;
    for (int i = 0; i < 500; i++)
        used += (size_t)snprintf(text + used, sizeof text - used,
            "[fault f%d]\ntype = mark\nafter = f%d%s\n", i, i + 1, i % 2 == 0 ? "/any" : "");
    used += (size_t)snprintf(text + used, sizeof text - used, "[fault f500]\ntype = mark\n");
    struct built built = build_text(text, used);
    if (built.count != 0)
        fail_msg("%s", built.problems);
    built_free(&built);
}

/* The comment that `check` prints above the keys of a fault. */
static void a_fault_says_what_it_waits_for(void **state)
{
    static const struct {
        const char *text, *want;
    } rows[] = {
        {"type = reset", "as soon as the upstream connection stands"},
        {"type = reset\nafter = g", "at once, once g has fired"},
        {"type = reset\nwhen = match:\"COMMIT\"#2\ndirection = upstream\nafter = g",
            "after the 2nd match of \"COMMIT\" from the client, once g has fired"},
        {"type = reset\nwhen = match:\"\\r\\n\"#11\nedge = before",
            "before the 11th match of \"\\r\\n\" from the server"},
        {"type = stall\nwhen = match:\"x\"#23+4\nwhen_direction = both\nafter = g/any",
            "4 bytes after the 23rd match of \"x\" from either side, once g has fired on any "
            "connection"},
        {"type = close\nwhen = bytes:1k\ntrigger_delay = 5ms",
            "after 1k bytes from the server and 5ms more"},
        {"type = close\nwhen = eof\nwhen_direction = upstream", "at the FIN from the client"},
        {"type = close\nwhen = run:10s",
            "10s after the start of the run, on connections open then"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char text[512], words[OPTION_TEXT_MAX];
        snprintf(text, sizeof text, F "%s\n" MARK("g"), rows[i].text);
        struct config_source *source = config_source_new();
        config_source_add_text(source, "text", text);
        struct built built = build_source(source);
        if (built.count != 0)
            fail_msg("%s", built.problems);
        fault_describe_when(&built.config.faults[0], false, words, sizeof words);
        assert_string_equal(words, rows[i].want);
        built_free(&built);
    }
}

/* The configuration, as `check` prints it, has the comment "; begins WANT". */
static void expect_printed(const struct config *config, const char *want)
{
    char *text, line[OPTION_TEXT_MAX];
    size_t size;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    assert_non_null(want);
    config_print(config, out);
    fclose(out);
    snprintf(line, sizeof line, "; begins %s\n", want);
    if (strstr(text, line) == NULL)
        fail_msg("no line %s in:\n%s", line, text);
    free(text);
}

/* The name of a part is a kind where messages have no parts. */
static void what_it_waits_for_is_a_kind_or_a_part(void **state)
{
    static const char *const protocols[] = {"turns", "line", "length:size=4", "http", "tls",
        "http2", "redis", "postgres", "mysql", "kafka", "amqp", "mqtt", "smtp", "mongodb"};
    static const struct {
        const char *when, *as_part, *as_kind;
    } rows[] = {
        {"message:2/body", "before the body of the 2nd message from the server",
            "after the 2nd body from the server"},
        {"message:every:3/Body", "before the body of every 3rd message from the server",
            "after every 3rd body from the server"},
        {"message:2/trailer", "before the trailer of the 2nd message from the server",
            "after the 2nd trailer from the server"},
        {"message:2/chunk:4", "before chunk 4 of the 2nd message from the server", NULL},
        {"message:2/body\nedge = before", NULL, "before the 2nd body from the server"},
        {"message:2/body+3", NULL, "3 bytes after the beginning of the 2nd body from the server"},
        {"message:2/body-3", NULL, "3 bytes before the end of the 2nd body from the server"},
    };
    unsigned kinds = 0, parts = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(protocols) * COUNT(rows); i++) {
        const char *protocol = protocols[i / COUNT(rows)], *when = rows[i % COUNT(rows)].when;
        char text[256];
        struct built built;
        snprintf(text, sizeof text,
            PROXY_TEXT "protocol = %s\n[fault f]\ntype = slice\nsize = 1\nwhen = %s\n", protocol,
            when);
        built = build_text(text, strlen(text));
        if (built.count == 0) { /* the protocol has such a kind or part */
            bool part = strcmp(protocol, "http") == 0;
            const char *want = part ? rows[i % COUNT(rows)].as_part : rows[i % COUNT(rows)].as_kind;
            expect_printed(&built.config, want);
            parts += part;
            kinds += !part;
        }
        built_free(&built);
    }
    assert_int_equal(parts, 4);
    assert_int_equal(kinds, 5); /* amqp's `body` */
}

static void a_key_that_means_nothing_is_an_error(void **state)
{
    (void)state;
    check_complaints(envelope, COUNT(envelope));
}

static void keys_of_a_type_have_their_ranges_and_rules(void **state)
{
    (void)state;
    check_complaints(own_keys, COUNT(own_keys));
}

#define IN_HTTP(keys)                                                                              \
    "type = slice\nsize = 1\nproxy = b\n" keys "\n" OTHER_PROXY "protocol = http\n"
#define HELD_IN_HTTP(trigger) IN_HTTP("match_hold = 1s\n" trigger)

static void what_makes_sense_is_allowed(void **state)
{
    static const char *const texts[] = {
        "type = slice\nsize = 1\nwhen = bytes:2k\nuntil = bytes:1k\ndirection = both",
        "type = stall\nwhen = idle:5s\nuntil = idle:6s",
        "type = stall\nwhen = idle:5s\nuntil = idle:5s\ntrigger_delay = 1s",
        "type = stall\nuntil = time:3s\ntrigger_delay = 2s",
        "type = stall\nwhen = run:5s\nactive = 10s-",
        "type = stall\nuntil = run:11s\nactive = 10s-",
        "type = reset\nwhen = run:5s\ntrigger_delay = 5s\nactive = 10s-20s",
        "type = stall\nuntil = run:1s\ntrigger_delay = 2s",
        "type = slice\nsize = 1\nwhen = match:\"a\"\nuntil = match:\"a\"\nedge = before",
        "type = blackhole\nwhen = match:\"a\"\nuntil = eof",
        "type = packet_loss\nside = both\ndirection = upstream\nuntil = bytes:1k",
        "type = close\ndirection = upstream\nwhen = match:\"x\"\nedge = before",
        "type = hold_fin\nwhen = accept\nuntil = time:5s\nfor = 10s",
        "type = half_close\nside = client\nwhen = accept",
        "type = shut_rd\nside = client\nwhen = accept",
        "type = unread\nside = client\nwhen = accept",
        "type = vanish\nside = client\nwhen = accept",
        "type = connect_delay\nfor = 1s\nchance = 50%\nconnections = 2\ntimes = 3\nclients = ::1",
        "type = refuse\nactive = 1s-\nmust_fire = yes\nenabled = no\nproxy = a",
        "type = corrupt\nat = 10\nwhen = bytes:10\nuntil = bytes:11",
        "type = corrupt\nat = 9\nwhen = bytes:10\ndirection = both",
        "type = mark\nwhen = accept",
        "type = refuse\nfor = 2s",
        "type = corrupt\nat = 9\nwhen = bytes:10\nwhen_direction = upstream",
        "type = latency\ndelay = 0",
        "type = bandwidth\nrate = 0/s",
        "type = limit_data\nbytes = 10\nuntil = bytes:5",
        "type = timeout\nuntil = eof",
        "type = reset\nsni = a.b\nmatch_hold = 1s",
        HELD_IN_HTTP("when = message:2+1"),
        HELD_IN_HTTP("when = message:2-1"),
        HELD_IN_HTTP("when = message:2/chunk:3"),
        HELD_IN_HTTP("until = message:2+1"),
        IN_HTTP("when = message:2\nedge = before\nuntil = message:2"),
        IN_HTTP("when = message:2+1\nuntil = message:2"),
        IN_HTTP("when = message:2/body\nuntil = message:2"),
        IN_HTTP("when = message:3\nuntil = message:2/body"), /* it may have none */
        IN_HTTP("when = message:3\nuntil = message:2+9"),    /* it may be shorter */
        IN_HTTP("when = message:3\nuntil = message:2/200"),
        IN_HTTP("when = message:3\nuntil = message:2\ndirection = both"),
        IN_HTTP("when = message:3\nuntil = message:2\nwhen_direction = upstream"),
    };
    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++)
        fault_of(texts[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_it_waits_for_is_a_kind_or_a_part),
        cmocka_unit_test(a_key_that_means_nothing_is_an_error),
        cmocka_unit_test(keys_of_a_type_have_their_ranges_and_rules),
        cmocka_unit_test(a_chain_has_a_beginning_that_can_come),
        cmocka_unit_test(a_chain_of_any_length_is_allowed),
        cmocka_unit_test(a_fault_says_what_it_waits_for),
        cmocka_unit_test(what_makes_sense_is_allowed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
