/* SPDX-License-Identifier: MIT */
/* What is printed reads back to the same: chosen configurations, and thousands drawn at random. */
#include "tests/unit/config_text.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define F PROXY_TEXT "[fault f]\n"

/* Field by field: a trigger and a selection have padding. */
static bool same_fault(const struct fault *a, const struct fault *b)
{
    return strcmp(a->name, b->name) == 0 && strcmp(a->proxies, b->proxies) == 0 &&
           a->type == b->type && a->sides == b->sides && a->directions == b->directions &&
           a->when.kind == b->when.kind && a->when.value == b->when.value &&
           a->connections.count == b->connections.count &&
           memcmp(a->connections.terms, b->connections.terms, sizeof a->connections.terms) == 0 &&
           a->times == b->times && a->other == b->other &&
           memcmp(a->params, b->params, sizeof a->params) == 0;
}

static void check_same(const struct config *a, const struct config *b, const char *printed)
{
    assert_int_equal(a->proxy_count, b->proxy_count);
    assert_int_equal(a->fault_count, b->fault_count);
    assert_memory_equal(&a->settings, &b->settings, sizeof a->settings);
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
        "[rudeproxy]\nseed = 0\nlog = stdout\nlog_format = json\ngrace = 1.5s\n" PROXY_TEXT,
        "[proxy a]\nlisten = [::1]:0\nupstream = unix:/tmp/a b\nrcvbuf = 64k\nsndbuf = 5000\n",
        "[proxy a]\nlisten = 127.0.0.1:1\nupstream = a:1\nenabled = no\n"
        "[proxy b]\nlisten = 127.0.0.1:1\nupstream = a:1\nunreachable = hang\n",
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

static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

/* Keys, the values they may be given, and how rarely. Those of one type only are rare. */
#define VALUES_MAX 8
static const struct {
    const char *key;
    unsigned one_in;
    const char *values[VALUES_MAX];
} keys[] = {
    {"type", 1, {"close", "reset", "unread", "half_close", "hold_fin", "shut_rd"}},
    {"side", 2, {"client", "server", "both"}},
    {"direction", 3, {"upstream", "downstream", "both"}},
    {"other", 4, {"close", "reset", "hold"}},
    {"when", 1, {"open", "accept", "eof", "bytes:0", "bytes:1000003", "time:1.5s"}},
    {"connections", 2, {"all", "2", "1-3", "5-", "every:3", "1,3-9,every:1"}},
    {"times", 2, {"1", "unlimited"}},
    {"proxy", 2, {"*", "a", "a, b", "b"}},
    {"mode", 4, {"graceful", "plain", "abrupt", "drain", "discard", "reset"}},
    {"linger", 8, {"1ms", "90s"}},
    {"bytes", 8, {"1", "64k"}},
    {"hold", 8, {"open", "trigger"}},
    {"for", 8, {"forever", "0.000001s"}},
};

static size_t count_values(size_t key)
{
    size_t count = 0;
    while (count < VALUES_MAX && keys[key].values[count] != NULL)
        count++;
    return count;
}

static size_t write_random_fault(char *text, size_t size, uint32_t *random)
{
    size_t used = 0;
    for (size_t key = 0; key < COUNT(keys); key++) {
        const char *value = keys[key].values[next_random(random) % count_values(key)];
        if (next_random(random) % keys[key].one_in == 0)
            used += (size_t)snprintf(text + used, size - used, "%s = %s\n", keys[key].key, value);
    }
    return used;
}

/* Most draws break a rule and are refused; of each type enough are not. */
static void random_faults_read_back_or_are_refused(void **state)
{
    static const char head[] = PROXY_TEXT "[proxy b]\nlisten = b:1\nupstream = b:2\n[fault f]\n";
    unsigned accepted[16] = {0};
    uint32_t random = 1;
    (void)state;
    for (int round = 0; round < 5000; round++) {
        char text[1024];
        size_t used = (size_t)snprintf(text, sizeof text, "%s", head);
        used += write_random_fault(text + used, sizeof text - used, &random);
        struct built built = build_text(text, used);
        if (built.count == 0) {
            for (size_t i = 0; fault_catalogue[i] != NULL; i++)
                accepted[i] += built.config.faults[0].type == fault_catalogue[i] ? 1 : 0;
            check_round_trip(&built.config);
        }
        built_free(&built);
    }
    for (size_t i = 0; fault_catalogue[i] != NULL; i++)
        if (accepted[i] < 100)
            fail_msg("only %u faults of type %s", accepted[i], fault_catalogue[i]->name);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chosen_configurations_read_back),
        cmocka_unit_test(random_faults_read_back_or_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
