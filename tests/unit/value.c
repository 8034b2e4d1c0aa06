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
                         &fault, &problems),
        0);
    assert_string_equal(fault.type->name, "latency");
    assert_int_equal(fault.directions, BOTH_BITS);
    assert_int_equal(fault.chance_ppb, 250000000);
    assert_true(fault.enabled);
    assert_int_equal(
        config_fault_from_words(
            WORDS({"type", "reset"}, {"when", "match:\"a ; # b\""}), &fault, &problems),
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
    assert_int_equal(config_fault_from_words(WORDS({"type", "latency"}), &fault, &problems), 1);
    expect_problem(&problems, "delay", "missing");
    config_fault_from_words(WORDS({"type", "latencie"}, {"delay", "1s"}), &fault, &problems);
    expect_problem(&problems, "type", "did you mean 'latency'");
    config_fault_from_words(
        WORDS({"type", "latency"}, {"delay", "1s"}, {"rate", "1k/s"}), &fault, &problems);
    expect_problem(&problems, "rate", "unknown key");
    config_fault_from_words(WORDS({"type", "latency"}, {"delay", ""}), &fault, &problems);
    expect_problem(&problems, "delay", "empty");
    config_fault_from_words(WORDS({"type", "latency"}, {"delay", longer}), &fault, &problems);
    expect_problem(&problems, "delay", "too long");
    config_fault_from_words(
        WORDS({"type", "latency"}, {"delay", "1s"}, {"delay", "2s"}), &fault, &problems);
    expect_problem(&problems, "delay", "twice");
    config_fault_from_words(WORDS({"type", "latency"}, {"delay", "1\ns"}), &fault, &problems);
    expect_problem(&problems, "delay", "control character");
    config_fault_from_words(
        WORDS({"type", "latency"}, {"delay", "1s"}, {"proxy", "a"}), &fault, &problems);
    expect_problem(&problems, "proxy", "belongs into a file");
    config_fault_from_words(
        WORDS({"type", "latency"}, {"delay", "1s"}, {"side", "client"}), &fault, &problems);
    expect_problem(&problems, "side", "has no effect");
    assert_string_equal(fault.name, "untouched");
    assert_int_equal(config_fault_from_words(
                         WORDS({"type", "slice"}, {"gap", "x"}, {"times", "0"}), &fault, &problems),
        3);
    problems_deinit(&problems);
}

static void a_proxy_is_as_in_a_file(void **state)
{
    struct problems problems;
    struct proxy_config proxy;
    (void)state;
    problems_init(&problems);
    assert_int_equal(config_proxy_from_words(WORDS({"listen", "127.0.0.1:0"},
                                                 {"upstream", "name:80"}, {"unreachable", "close"}),
                         &proxy, &problems),
        0);
    assert_int_equal(proxy.unreachable, UNREACHABLE_CLOSE);
    assert_int_equal(proxy.buffer, BUFFER_AUTO);
    config_proxy_from_words(WORDS({"listen", "127.0.0.1:0"}), &proxy, &problems);
    expect_problem(&problems, "upstream", "missing");
    config_proxy_from_words(WORDS({"listen", "nope"}, {"upstream", "a:1"}), &proxy, &problems);
    expect_problem(&problems, "listen", "nope");
    config_proxy_from_words(
        WORDS({"listen", "a:1"}, {"upstream", "a:2"}, {"colour", "red"}), &proxy, &problems);
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
        cmocka_unit_test(a_proxy_is_as_in_a_file),
        cmocka_unit_test(names_of_the_api_are_free),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
