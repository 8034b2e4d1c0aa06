/* SPDX-License-Identifier: MIT */
/* Proxies and faults made of keys and texts that stand in no file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config/name.h"
#include "config/value.h"

#define WORDS(...)                                                                                 \
    (const struct config_word[]){__VA_ARGS__},                                                     \
        sizeof((const struct config_word[]){__VA_ARGS__}) / sizeof(struct config_word)

/* The one problem that there is, under this key. */
static void expect_problem(struct problems *problems, const char *key, const char *text)
{
    assert_int_equal(problems->total, 1);
    assert_string_equal(problems_key(problems, 0), key);
    if (strstr(problems_text(problems, 0), text) == NULL)
        fail_msg("'%s' is not in '%s'", text, problems_text(problems, 0));
    problems_deinit(problems);
    problems_init(problems);
}

static void a_fault_is_as_in_a_file(void **state)
{
    struct problems problems;
    struct fault fault;
    (void)state;
    problems_init(&problems);
    assert_int_equal(config_fault_from_words(WORDS({"type", "latency"}, {"delay", "10ms"},
                                                 {"direction", "both"}, {"chance", "25%"}),
                         NULL, &fault, &problems),
        0);
    assert_string_equal(fault.type->name, "latency");
    assert_int_equal(fault.directions, BOTH_BITS);
    assert_int_equal(fault.chance_ppb, 250000000);
    assert_true(fault.enabled);
    assert_int_equal(
        config_fault_from_words(
            WORDS({"type", "reset"}, {"when", "match:\"a ; # b\""}), NULL, &fault, &problems),
        0);
    assert_int_equal(fault.when.pattern_len, 7);
    problems_deinit(&problems);
}

static void each_problem_has_its_key(void **state)
{
    static char longer[300];
    struct problems problems;
    struct fault fault = {.name = "untouched"};
    (void)state;
    memset(longer, '1', sizeof longer - 1);
    problems_init(&problems);
    assert_int_equal(
        config_fault_from_words(WORDS({"type", "latency"}), NULL, &fault, &problems), 1);
    expect_problem(&problems, "delay", "missing");
    config_fault_from_words(WORDS({"type", "latencie"}, {"delay", "1s"}), NULL, &fault, &problems);
    expect_problem(&problems, "type", "did you mean 'latency'");
    config_fault_from_words(
        WORDS({"type", "latency"}, {"delay", "1s"}, {"rate", "1k/s"}), NULL, &fault, &problems);
    expect_problem(&problems, "rate", "unknown key");
    config_fault_from_words(WORDS({"type", "latency"}, {"delay", ""}), NULL, &fault, &problems);
    expect_problem(&problems, "delay", "empty");
    config_fault_from_words(WORDS({"type", "latency"}, {"delay", longer}), NULL, &fault, &problems);
    expect_problem(&problems, "delay", "too long");
    config_fault_from_words(
        WORDS({"type", "latency"}, {"delay", "1s"}, {"delay", "2s"}), NULL, &fault, &problems);
    expect_problem(&problems, "delay", "twice");
    config_fault_from_words(WORDS({"type", "latency"}, {"delay", "1\ns"}), NULL, &fault, &problems);
    expect_problem(&problems, "delay", "control character");
    config_fault_from_words(
        WORDS({"type", "latency"}, {"delay", "1s"}, {"proxy", "a"}), NULL, &fault, &problems);
    expect_problem(&problems, "proxy", "belongs into a file");
    config_fault_from_words(
        WORDS({"type", "latency"}, {"delay", "1s"}, {"side", "client"}), NULL, &fault, &problems);
    expect_problem(&problems, "side", "means nothing");
    assert_string_equal(fault.name, "untouched");
    assert_int_equal(config_fault_from_words(WORDS({"type", "slice"}, {"gap", "x"}, {"times", "0"}),
                         NULL, &fault, &problems),
        3);
    problems_deinit(&problems);
}

static void what_is_not_given_is_the_bases(void **state)
{
    struct problems problems;
    struct fault fault;
    (void)state;
    problems_init(&problems);
    assert_int_equal(
        config_fault_from_words(WORDS({"type", "latency"}, {"delay", "10ms"}, {"jitter", "5ms"},
                                    {"when", "bytes:1k"}, {"times", "3"}),
            NULL, &fault, &problems),
        0);
    snprintf(fault.name, sizeof fault.name, "any name");
    snprintf(fault.proxies, sizeof fault.proxies, "p,q");
    struct fault base = fault;
    assert_int_equal(
        config_fault_from_words(WORDS({"jitter", "1ms"}), &fault, &fault, &problems), 0);
    assert_false(fault_equal(&base, &fault));
    assert_int_equal(fault.when.value, 1024);
    assert_string_equal(fault.name, "any name");
    assert_string_equal(fault.proxies, "p,q");
    assert_int_equal(
        config_fault_from_words(WORDS({"jitter", "5ms"}), &fault, &fault, &problems), 0);
    assert_true(fault_equal(&base, &fault));
    /* Of another type only the envelope counts. */
    assert_int_equal(config_fault_from_words(
                         WORDS({"type", "bandwidth"}, {"rate", "1M/s"}), &base, &fault, &problems),
        0);
    assert_int_equal(fault.times, 3);
    assert_string_equal(fault.type->name, "bandwidth");
    assert_int_equal(config_fault_from_words(NULL, 0, &base, &fault, &problems), 0);
    assert_true(fault_equal(&base, &fault));
    problems_deinit(&problems);
}

static void a_proxy_is_as_in_a_file(void **state)
{
    struct problems problems;
    struct proxy_config proxy, changed;
    (void)state;
    problems_init(&problems);
    assert_int_equal(config_proxy_from_words(WORDS({"listen", "127.0.0.1:0"},
                                                 {"upstream", "name:80"}, {"unreachable", "close"}),
                         NULL, &proxy, &problems),
        0);
    assert_int_equal(proxy.unreachable, UNREACHABLE_CLOSE);
    assert_int_equal(proxy.buffer, BUFFER_AUTO);
    snprintf(proxy.name, sizeof proxy.name, "p");
    assert_int_equal(
        config_proxy_from_words(WORDS({"enabled", "no"}), &proxy, &changed, &problems), 0);
    assert_false(changed.enabled);
    assert_true(address_equal(&changed.upstream, &proxy.upstream));
    assert_string_equal(changed.name, "p");
    config_proxy_from_words(WORDS({"listen", "127.0.0.1:0"}), NULL, &proxy, &problems);
    expect_problem(&problems, "upstream", "missing");
    config_proxy_from_words(WORDS({"listen", "nope"}), &proxy, &changed, &problems);
    expect_problem(&problems, "listen", "nope");
    config_proxy_from_words(WORDS({"colour", "red"}), &proxy, &changed, &problems);
    expect_problem(&problems, "colour", "unknown key");
    problems_deinit(&problems);
}

static void names_of_the_api_are_free(void **state)
{
    char name[PROXY_NAME_MAX + 1];
    struct err err;
    (void)state;
    memset(name, 'x', sizeof name);
    name[PROXY_NAME_MAX] = '\0';
    assert_int_equal(name_check_any("a b/c \xc3\xa4 * ,", &err), 0);
    assert_int_equal(name_check_any("", &err), -1);
    assert_int_equal(name_check_any("\t", &err), -1);
    assert_int_equal(name_check_any(name, &err), -1);
    name[PROXY_NAME_MAX - 1] = '\0';
    assert_int_equal(name_check_any(name, &err), 0);
    assert_false(name_is_valid(name));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fault_is_as_in_a_file),
        cmocka_unit_test(each_problem_has_its_key),
        cmocka_unit_test(what_is_not_given_is_the_bases),
        cmocka_unit_test(a_proxy_is_as_in_a_file),
        cmocka_unit_test(names_of_the_api_are_free),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
