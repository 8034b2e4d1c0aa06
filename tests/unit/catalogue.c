/* SPDX-License-Identifier: MIT */
/* The catalogue: every type keeps the promises of fault.h, does what it says, and is explained. */
#include "tests/unit/config_text.h"

#include "proxy/base/clock.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* One table keeps the rules of option.h. `size` is that of its struct. */
static void check_rows(const char *owner, const struct option *table, size_t size)
{
    for (const struct option *option = table; option->name != NULL; option++) {
        unsigned char base[sizeof(struct fault) + sizeof(struct proxy_config)] = {0};
        unsigned char back[sizeof base] = {0};
        char text[OPTION_TEXT_MAX] = "", form[OPTION_TEXT_MAX] = "";
        struct err err = {""};
        assert_true(size <= sizeof base);
        if (option->help == NULL || option->kind == NULL ||
            option->offset + option->kind->size > size)
            fail_msg("%s.%s: no help, no kind, or outside its struct", owner, option->name);
        if (option->help[strlen(option->help) - 1] == '.')
            fail_msg("%s.%s: the help ends in a full stop", owner, option->name);
        if (option->required && option->default_text != NULL)
            fail_msg("%s.%s: required, and yet a default", owner, option->name);
        if (!option->required && option->default_text == NULL && option->unset_text == NULL)
            fail_msg("%s.%s: what does its absence mean?", owner, option->name);
        if (option_find(table, option->name) != option)
            fail_msg("%s.%s stands twice", owner, option->name);
        option_describe(option, form, sizeof form);
        assert_true(form[0] != '\0');
        if (option->default_text == NULL)
            continue;
        if (option_parse(option, option->default_text, base, &err) != 0)
            fail_msg("%s.%s: the default is refused: %s", owner, option->name, err.text);
        option_format(option, base, text, sizeof text);
        if (option_parse(option, text, back, &err) != 0 || memcmp(base, back, sizeof base) != 0)
            fail_msg("%s.%s: the default prints as %s", owner, option->name, text);
    }
}

static void every_row_keeps_the_rules(void **state)
{
    (void)state;
    check_rows("rudeproxy", settings_options, sizeof(struct settings));
    check_rows("proxy", proxy_options, sizeof(struct proxy_config));
    check_rows("fault", fault_options, sizeof(struct fault));
    for (size_t i = 0; fault_catalogue[i] != NULL; i++) {
        const struct fault_type *type = fault_catalogue[i];
        assert_true(type->params_size <= FAULT_PARAMS_MAX);
        check_rows(type->name, type->options, type->params_size);
    }
}

static void every_type_is_found_by_its_name(void **state)
{
    (void)state;
    for (size_t i = 0; fault_catalogue[i] != NULL; i++) {
        const struct fault_type *type = fault_catalogue[i];
        assert_ptr_equal(fault_type_find(type->name), type);
        assert_non_null(type->fire);
        assert_non_null(type->options);
        assert_true(type->group < GROUP_COUNT);
        assert_true(strlen(type->summary) > 0);
        for (const struct option *option = type->options; option->name != NULL; option++)
            if (option_find(fault_options, option->name) != NULL)
                fail_msg("%s.%s hides a key of every fault", type->name, option->name);
    }
    assert_null(fault_type_find("nothing"));
    assert_null(fault_type_find(""));
}

/* The first fault of a file with these keys. */
static struct fault fault_of(const char *keys)
{
    char text[1024];
    int length = snprintf(text, sizeof text, PROXY_TEXT "[fault f]\n%s\n", keys);
    struct built built = build_text(text, (size_t)length);
    if (built.count != 0)
        fail_msg("%s\n%s", keys, built.problems);
    struct fault fault = built.config.faults[0];
    built_free(&built);
    return fault;
}

static const struct expectation {
    const char *keys;
    struct action arm[2], fire[2]; /* client, server */
} expectations[] = {
    {"type = close",
        .fire = {{ACTION_CLOSE_GRACEFUL, 0, 5000000}, {ACTION_CLOSE_GRACEFUL, 0, 5000000}}},
    {"type = close\nlinger = 2ms\nside = client\nother = hold",
        .fire = {{ACTION_CLOSE_GRACEFUL, 0, 2000}, {ACTION_HOLD, 0, 0}}},
    {"type = close\nmode = plain\nside = server",
        .fire = {{ACTION_CLOSE_GRACEFUL, 0, 5000000}, {ACTION_CLOSE_PLAIN, 0, 0}}},
    {"type = close\nmode = plain\nside = both",
        .fire = {{ACTION_CLOSE_PLAIN, 0, 0}, {ACTION_CLOSE_PLAIN, 0, 0}}},
    {"type = reset", .fire = {{ACTION_RESET_DRAIN, 0, 0}, {ACTION_RESET_DRAIN, 0, 0}}},
    {"type = reset\nmode = abrupt\nside = client\nother = reset",
        .fire = {{ACTION_RESET_ABRUPT, 0, 0}, {ACTION_RESET_DRAIN, 0, 0}}},
    {"type = reset\nmode = after_fin\nside = client",
        .fire = {{ACTION_RESET_AFTER_FIN, 0, 0}, {ACTION_CLOSE_GRACEFUL, 0, 5000000}}},
    {"type = unread\nside = client",
        .fire = {{ACTION_CLOSE_UNREAD, 1, 0}, {ACTION_CLOSE_GRACEFUL, 0, 5000000}}},
    {"type = unread\nside = server\nbytes = 4k\nhold = open\nother = reset",
        .arm = {{ACTION_NONE, 0, 0}, {ACTION_STOP_READING, 0, 0}},
        .fire = {{ACTION_RESET_DRAIN, 0, 0}, {ACTION_CLOSE_UNREAD, 4096, 0}}},
    {"type = half_close\nside = client", .fire = {{ACTION_FIN, 0, 0}, {ACTION_NONE, 0, 0}}},
    {"type = half_close\nside = both", .fire = {{ACTION_FIN, 0, 0}, {ACTION_FIN, 0, 0}}},
    {"type = hold_fin",
        .fire = {{ACTION_HOLD_FIN, 0, TIME_NEVER}, {ACTION_HOLD_FIN, 0, TIME_NEVER}}},
    {"type = hold_fin\ndirection = upstream\nfor = 1s",
        .fire = {{ACTION_HOLD_FIN, 0, 1000000}, {ACTION_NONE, 0, 0}}},
    {"type = hold_fin\ndirection = downstream",
        .fire = {{ACTION_NONE, 0, 0}, {ACTION_HOLD_FIN, 0, TIME_NEVER}}},
    {"type = shut_rd\nside = client", .fire = {{ACTION_DISCARD, 0, 0}, {ACTION_NONE, 0, 0}}},
    {"type = shut_rd\nside = server\nmode = reset",
        .fire = {{ACTION_CLOSE_GRACEFUL, 0, 5000000}, {ACTION_RESET_ON_DATA, 0, 0}}},
};

static void check_actions(
    const char *keys, const char *moment, const struct action got[2], const struct action want[2])
{
    for (int side = 0; side < 2; side++)
        if (got[side].kind != want[side].kind || got[side].bytes != want[side].bytes ||
            got[side].duration_us != want[side].duration_us)
            fail_msg("%s\n%s, %s: want %s, got %s", keys, moment, side_name((enum side)side),
                action_name(want[side].kind), action_name(got[side].kind));
}

static void faults_do_what_their_keys_say(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(expectations); i++) {
        struct fault fault = fault_of(expectations[i].keys);
        struct action on[2];
        fault_arm(&fault, on);
        check_actions(expectations[i].keys, "arm", on, expectations[i].arm);
        fault_fire(&fault, on);
        check_actions(expectations[i].keys, "fire", on, expectations[i].fire);
    }
}

static void every_action_has_a_name_of_its_own(void **state)
{
    (void)state;
    for (int a = ACTION_NONE; a <= ACTION_DISCARD; a++) {
        assert_non_null(action_name((enum action_kind)a));
        for (int b = ACTION_NONE; b < a; b++)
            assert_string_not_equal(
                action_name((enum action_kind)a), action_name((enum action_kind)b));
    }
    assert_true(action_is_ending(ACTION_CLOSE_GRACEFUL));
    assert_true(action_is_ending(ACTION_HOLD));
    assert_false(action_is_ending(ACTION_NONE));
    assert_false(action_is_ending(ACTION_FIN));
    assert_false(action_is_ending(ACTION_DISCARD));
}

static char *manual_of(const char *type)
{
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    if (type == NULL)
        catalogue_print(out);
    else
        assert_int_equal(catalogue_print_type(type, out), 0);
    fclose(out);
    return text;
}

static void check_width(const char *text)
{
    for (const char *line = text; *line != '\0'; line += strcspn(line, "\n") + 1) {
        size_t length = strcspn(line, "\n");
        if (length > 100 || (length > 0 && line[length - 1] == ' '))
            fail_msg("too wide, or blanks at its end: %.*s", (int)length, line);
    }
}

static void the_manual_has_every_type_and_key(void **state)
{
    char *all = manual_of(NULL);
    (void)state;
    check_width(all);
    for (size_t i = 0; fault_catalogue[i] != NULL; i++) {
        const struct fault_type *type = fault_catalogue[i];
        char *one = manual_of(type->name);
        char row[64];
        snprintf(row, sizeof row, "\n  %s ", type->name);
        assert_non_null(strstr(all, row));
        check_width(one);
        for (const struct option *option = type->options; option->name != NULL; option++) {
            snprintf(row, sizeof row, "\n  %s (", option->name);
            if (strstr(one, row) == NULL)
                fail_msg("no %s in\n%s", option->name, one);
        }
        assert_non_null(strstr(one, "\n  connections (default: all)\n"));
        assert_int_equal(strstr(one, "\n  side (") == NULL, type->side_rule == SIDE_UNUSED);
        free(one);
    }
    free(all);
}

static void the_manual_knows_no_other_type(void **state)
{
    (void)state;
    assert_int_equal(catalogue_print_type("nothing", stderr), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_keeps_the_rules),
        cmocka_unit_test(every_type_is_found_by_its_name),
        cmocka_unit_test(faults_do_what_their_keys_say),
        cmocka_unit_test(every_action_has_a_name_of_its_own),
        cmocka_unit_test(the_manual_has_every_type_and_key),
        cmocka_unit_test(the_manual_knows_no_other_type),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
