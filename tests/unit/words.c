/* SPDX-License-Identifier: MIT */
/* Sections and keys from the command line, and how they go together with those of a file. */
#include "tests/unit/config_text.h"

#include "proxy/base/clock.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define F PROXY_TEXT "[fault f]\n"
#define X10 "xxxxxxxxxx"
#define X100 X10 X10 X10 X10 X10 X10 X10 X10 X10 X10

static void words_make_sections(void **state)
{
    struct config_source *source = config_source_new();
    (void)state;
    config_source_set(source, "--listen", "proxy main", "listen", "127.0.0.1:0");
    config_source_set(source, "--upstream", "proxy main", "upstream", "builtin:echo");
    config_source_add_words(
        source, "--fault 1", "fault 1", " type=reset  when=bytes:1k\tconnections=\"2, 5-\" ");
    struct built built = build_source(source);
    assert_string_equal(built.problems, "");
    assert_int_equal(built.config.proxy_count, 1);
    assert_string_equal(built.config.proxies[0].name, "main");
    assert_int_equal(built.config.fault_count, 1);
    assert_int_equal(built.config.faults[0].when.value, 1024);
    assert_int_equal(built.config.faults[0].connections.count, 2);
    built_free(&built);
}

static void wrong_words_are_reported_with_their_place(void **state)
{
    static const struct {
        const char *words, *sentence;
    } cases[] = {
        {"", "--fault 1: [fault 1] type: the key is missing, write a type that"},
        {"type=close x", "--fault 1: [fault 1]: 'x' is not a key with a value, write KEY=VALUE\n"},
        {"type=close =x", "--fault 1: [fault 1]: '=x' is not a key with a value"},
        {"type=close side=", "--fault 1: [fault 1] side: the value is missing"},
        {"type=close side=\"cl", "--fault 1: [fault 1] side: the string has no closing"},
        {"type=close mod=plain", "--fault 1: [fault 1] mod: unknown key, did you mean 'mode'?"},
        {"type=close type=reset", "--fault 1: [fault 1] type: given twice"},
        {"type=close when=" X100 X100,
            "--fault 1: [fault 1] when: too long, key and value have at most 196 bytes"},
        {"type=close side=\x01", "--fault 1: [fault 1] side: the value has a control character"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct config_source *source = config_source_new();
        add_text(source, PROXY_TEXT, strlen(PROXY_TEXT));
        config_source_add_words(source, "--fault 1", "fault 1", cases[i].words);
        struct built built = build_source(source);
        if (built.count != 1 ||
            strncmp(built.problems, cases[i].sentence, strlen(cases[i].sentence)) != 0)
            fail_msg("%s: want %s, got %s", cases[i].words, cases[i].sentence, built.problems);
        built_free(&built);
    }
}

static void arguments_override_the_file_in_any_order(void **state)
{
    static const char text[] = "[rudeproxy]\nseed = 1\ngrace = 1s\n" PROXY_TEXT;
    (void)state;
    for (int order = 0; order < 2; order++) {
        struct config_source *source = config_source_new();
        if (order == 0)
            config_source_set(source, "--seed", "rudeproxy", "seed", "7");
        add_text(source, text, sizeof text - 1);
        if (order == 1)
            config_source_set(source, "--seed", "rudeproxy", "seed", "7");
        struct built built = build_source(source);
        assert_string_equal(built.problems, "");
        assert_int_equal(built.config.settings.seed, 7);
        assert_int_equal(built.config.settings.grace_us, US_PER_S);
        built_free(&built);
    }
}

static void an_argument_does_not_hide_a_wrong_value_beneath(void **state)
{
    static const char text[] = "[rudeproxy]\nseed = x\n" PROXY_TEXT;
    struct config_source *source = config_source_new();
    (void)state;
    config_source_set(source, "--seed", "rudeproxy", "seed", "y");
    add_text(source, text, sizeof text - 1);
    struct built built = build_source(source);
    assert_int_equal(built.count, 2);
    assert_non_null(strstr(built.problems, "--seed: [rudeproxy] seed: 'y' is not a number"));
    assert_non_null(strstr(built.problems, ":2: [rudeproxy] seed: 'x' is not a number"));
    built_free(&built);
}

static void a_problem_with_an_overridden_key_is_at_the_argument(void **state)
{
    static const char text[] = "[rudeproxy]\nadmin = 127.0.0.1:9\n" PROXY_TEXT;
    struct config_source *source = config_source_new();
    (void)state;
    config_source_set(source, "RUDEPROXY_ADMIN", "rudeproxy", "admin", "127.0.0.1:8");
    config_source_set(source, "--admin", "rudeproxy", "admin", "0.0.0.0:9");
    add_text(source, text, sizeof text - 1);
    struct built built = build_source(source);
    assert_int_equal(built.count, 1);
    assert_non_null(strstr(built.problems, "--admin: [rudeproxy] admin: other machines"));
    built_free(&built);
}

static void a_file_and_words_may_not_give_one_section(void **state)
{
    struct config_source *source = config_source_new();
    (void)state;
    add_text(source, F "type = close\n", strlen(F "type = close\n"));
    config_source_add_words(source, "--fault 1", "fault f", "type=close");
    struct built built = build_source(source);
    assert_int_equal(built.count, 1);
    assert_non_null(strstr(built.problems, "--fault 1: [fault f]: this section is already at"));
    built_free(&built);
}

static void a_source_of_nothing_has_nothing_to_do(void **state)
{
    struct built built = build_source(config_source_new());
    (void)state;
    assert_int_equal(built.count, 1);
    assert_int_equal(strncmp(built.problems, "nothing to do", 13), 0);
    built_free(&built);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_make_sections),
        cmocka_unit_test(wrong_words_are_reported_with_their_place),
        cmocka_unit_test(arguments_override_the_file_in_any_order),
        cmocka_unit_test(an_argument_does_not_hide_a_wrong_value_beneath),
        cmocka_unit_test(a_problem_with_an_overridden_key_is_at_the_argument),
        cmocka_unit_test(a_file_and_words_may_not_give_one_section),
        cmocka_unit_test(a_source_of_nothing_has_nothing_to_do),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
