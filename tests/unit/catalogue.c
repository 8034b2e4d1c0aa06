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
        assert_true(type->needs_net_admin == (strstr(type->summary, "CAP_NET_ADMIN") != NULL));
        for (const struct option *option = type->options; option->name != NULL; option++)
            if ((option->applies != NULL) != (option->misuse != NULL))
                fail_msg("%s.%s: `applies` and `misuse` belong together", type->name, option->name);
            else if (option_find(fault_options, option->name) != NULL)
                fail_msg("%s.%s hides a key of every fault", type->name, option->name);
    }
    assert_null(fault_type_find("nothing"));
    assert_null(fault_type_find(""));
}

static const struct expectation {
    const char *keys;
    struct action arm[2], fire[2]; /* client, server */
    struct action expired, ended;  /* both of them */
} expectations[] = {
    {"type = close", .fire = {{.kind = ACTION_CLOSE_GRACEFUL, .duration_us = 5000000},
                         {.kind = ACTION_CLOSE_GRACEFUL, .duration_us = 5000000}}},
    {"type = close\nlinger = 2ms\nside = client\nother = hold",
        .fire = {{.kind = ACTION_CLOSE_GRACEFUL, .duration_us = 2000}, {.kind = ACTION_HOLD}}},
    {"type = close\nmode = plain\nside = server",
        .fire = {{.kind = ACTION_CLOSE_GRACEFUL, .duration_us = 5000000},
            {.kind = ACTION_CLOSE_PLAIN}}},
    {"type = close\nmode = plain\nside = both",
        .fire = {{.kind = ACTION_CLOSE_PLAIN}, {.kind = ACTION_CLOSE_PLAIN}}},
    {"type = reset", .fire = {{.kind = ACTION_RESET_DRAIN}, {.kind = ACTION_RESET_DRAIN}}},
    {"type = reset\nmode = abrupt\nside = client\nother = reset",
        .fire = {{.kind = ACTION_RESET_ABRUPT}, {.kind = ACTION_RESET_DRAIN}}},
    {"type = reset\nmode = after_fin\nside = client",
        .fire = {{.kind = ACTION_RESET_AFTER_FIN},
            {.kind = ACTION_CLOSE_GRACEFUL, .duration_us = 5000000}}},
    {"type = unread\nside = client", .fire = {{.kind = ACTION_CLOSE_UNREAD, .bytes = 1},
                                         {.kind = ACTION_CLOSE_GRACEFUL, .duration_us = 5000000}}},
    {"type = unread\nside = server\nbytes = 4k\nhold = open\nother = reset",
        .arm = {{.kind = ACTION_NONE}, {.kind = ACTION_STOP_READING, .duration_us = TIME_NEVER}},
        .fire = {{.kind = ACTION_RESET_DRAIN}, {.kind = ACTION_CLOSE_UNREAD, .bytes = 4096}}},
    {"type = half_close\nside = client", .fire = {{.kind = ACTION_FIN}, {.kind = ACTION_NONE}}},
    {"type = half_close\nside = both", .fire = {{.kind = ACTION_FIN}, {.kind = ACTION_FIN}}},
    {"type = hold_fin", .fire = {{.kind = ACTION_HOLD_FIN, .duration_us = TIME_NEVER},
                            {.kind = ACTION_HOLD_FIN, .duration_us = TIME_NEVER}}},
    {"type = hold_fin\ndirection = upstream\nfor = 1s",
        .fire = {{.kind = ACTION_HOLD_FIN, .duration_us = 1000000}, {.kind = ACTION_NONE}}},
    {"type = hold_fin\ndirection = downstream",
        .fire = {{.kind = ACTION_NONE}, {.kind = ACTION_HOLD_FIN, .duration_us = TIME_NEVER}}},
    {"type = shut_rd\nside = client",
        .fire = {{.kind = ACTION_DISCARD, .duration_us = TIME_NEVER}, {.kind = ACTION_NONE}}},
    {"type = shut_rd\nside = server\nmode = reset",
        .fire = {{.kind = ACTION_CLOSE_GRACEFUL, .duration_us = 5000000},
            {.kind = ACTION_RESET_ON_DATA}}},
    {"type = vanish\nside = client\nother = hold",
        .fire = {{.kind = ACTION_VANISH}, {.kind = ACTION_HOLD}}},
    {"type = vanish\nside = client\nwhen = accept",
        .fire = {{.kind = ACTION_VANISH}, {.kind = ACTION_CLOSE_GRACEFUL, .duration_us = 5000000}}},
    {.keys = "type = refuse"},
    {.keys = "type = no_accept"},
    {.keys = "type = syn_blackhole"},
    {"type = connect_delay\nfor = 2s",
        .fire = {{.kind = ACTION_NONE}, {.kind = ACTION_DELAY_DIAL, .duration_us = 2000000}}},
    {"type = packet_loss\nside = client", .fire = {{.kind = ACTION_FILTER,
                                                       .duration_us = TIME_NEVER,
                                                       .filter = {.loss_ppb = 1000000000}},
                                              {.kind = ACTION_NONE}}},
    {"type = packet_loss\nside = server\nrate = 10%\nlarger_than = 1400\nonly = data\nfor = 1s",
        .fire = {{.kind = ACTION_NONE}, {.kind = ACTION_FILTER,
                                            .duration_us = 1000000,
                                            .filter = {100000000, 1400, PACKET_DATA}}}},
    {"type = latency\ndelay = 1s\ndirection = upstream",
        .fire = {{.kind = ACTION_SHAPE, .duration_us = TIME_NEVER}, {.kind = ACTION_NONE}}},
    {"type = bandwidth\nrate = 1M/s",
        .fire = {{.kind = ACTION_NONE}, {.kind = ACTION_SHAPE, .duration_us = TIME_NEVER}}},
    {"type = slice\nsize = 1",
        .fire = {{.kind = ACTION_NONE}, {.kind = ACTION_SHAPE, .duration_us = TIME_NEVER}}},
    {"type = corrupt\nat = 0",
        .fire = {{.kind = ACTION_NONE}, {.kind = ACTION_SHAPE, .duration_us = TIME_NEVER}}},
    {"type = stall\nfor = 3s\ndirection = both",
        .fire = {{.kind = ACTION_STOP_READING, .duration_us = 3000000},
            {.kind = ACTION_STOP_READING, .duration_us = 3000000}}},
    {"type = blackhole",
        .fire = {{.kind = ACTION_NONE}, {.kind = ACTION_DISCARD, .duration_us = TIME_NEVER}}},
    {"type = inject\nrandom = 64",
        .fire = {{.kind = ACTION_NONE}, {.kind = ACTION_INSERT, .bytes = 64}}},
    {"type = inject\ndata = \"\\0ab\"\ndirection = upstream",
        .fire = {{.kind = ACTION_INSERT, .bytes = 3, .data = (const unsigned char *)"\0ab"},
            {.kind = ACTION_NONE}}},
    {.keys = "type = noop\ndirection = both"},
    {"type = slow_close\ndelay = 2s",
        .fire = {{.kind = ACTION_NONE}, {.kind = ACTION_HOLD_FIN, .duration_us = 2000000}}},
    {"type = timeout",
        .fire = {{.kind = ACTION_NONE},
            {.kind = ACTION_DISCARD, .duration_us = TIME_NEVER, .from_last_byte = true}},
        .expired = {.kind = ACTION_CLOSE_GRACEFUL, .duration_us = 5000000},
        .ended = {.kind = ACTION_CLOSE_GRACEFUL, .duration_us = 5000000}},
    {"type = timeout\ntimeout = 3ms\ndirection = upstream",
        .fire = {{.kind = ACTION_DISCARD, .duration_us = 3000, .from_last_byte = true},
            {.kind = ACTION_NONE}},
        .expired = {.kind = ACTION_CLOSE_GRACEFUL, .duration_us = 5000000},
        .ended = {.kind = ACTION_CLOSE_GRACEFUL, .duration_us = 5000000}},
    {"type = reset_peer\ntimeout = 1ms",
        .fire = {{.kind = ACTION_NONE},
            {.kind = ACTION_DISCARD, .duration_us = 1000, .holds_fin = true}},
        .expired = {.kind = ACTION_RESET_ABRUPT}},
    {"type = reset_peer",
        .fire = {{.kind = ACTION_NONE}, {.kind = ACTION_DISCARD,
                                            .duration_us = 250000,
                                            .until_client_sends = true,
                                            .holds_fin = true}},
        .expired = {.kind = ACTION_RESET_ABRUPT}},
    {"type = limit_data\nbytes = 0\ndirection = both",
        .fire = {{.kind = ACTION_LIMIT, .duration_us = TIME_NEVER},
            {.kind = ACTION_LIMIT, .duration_us = TIME_NEVER}},
        .expired = {.kind = ACTION_CLOSE_GRACEFUL, .duration_us = 5000000}},
    {"type = slicer\naverage_size = 5\nsize_variation = 5",
        .fire = {{.kind = ACTION_NONE}, {.kind = ACTION_SHAPE, .duration_us = TIME_NEVER}}},
    {"type = lossy",
        .fire = {{.kind = ACTION_NONE}, {.kind = ACTION_SHAPE, .duration_us = TIME_NEVER}}},
};

static bool same_action(const struct action *a, const struct action *b)
{
    if ((a->data == NULL) != (b->data == NULL) ||
        (a->data != NULL && memcmp(a->data, b->data, a->bytes) != 0))
        return false;
    return a->kind == b->kind && a->bytes == b->bytes && a->duration_us == b->duration_us &&
           a->from_last_byte == b->from_last_byte && a->holds_fin == b->holds_fin &&
           a->until_client_sends == b->until_client_sends &&
           a->filter.loss_ppb == b->filter.loss_ppb &&
           a->filter.larger_than == b->filter.larger_than && a->filter.only == b->filter.only;
}

static void check_actions(
    const char *keys, const char *moment, const struct action got[2], const struct action want[2])
{
    for (int side = 0; side < 2; side++)
        if (!same_action(&got[side], &want[side]))
            fail_msg("%s\n%s, %s: want action %d, got %d", keys, moment, side_name((enum side)side),
                (int)want[side].kind, (int)got[side].kind);
}

static void faults_do_what_their_keys_say(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(expectations); i++) {
        struct fault fault = fault_of(expectations[i].keys);
        struct action on[2];
        fault_actions_at_open(&fault, on);
        check_actions(expectations[i].keys, "arm", on, expectations[i].arm);
        fault_actions_at_trigger(&fault, on);
        check_actions(expectations[i].keys, "fire", on, expectations[i].fire);
        struct action over[2] = {
            fault_action_at_end(&fault, FAULT_EXPIRED), fault_action_at_end(&fault, FAULT_STOPPED)};
        const struct action want[2] = {expectations[i].expired, expectations[i].ended};
        check_actions(expectations[i].keys, "over", over, want);
    }
}

static void endings_are_told_from_other_actions(void **state)
{
    (void)state;
    assert_true(action_is_ending(ACTION_CLOSE_GRACEFUL));
    assert_true(action_is_ending(ACTION_HOLD));
    assert_true(action_is_ending(ACTION_VANISH));
    assert_false(action_is_ending(ACTION_NONE));
    assert_false(action_is_ending(ACTION_FIN));
    assert_false(action_is_ending(ACTION_DISCARD));
}

/* A type shapes if and only if it says so, and its flags do not contradict each other. */
static void every_type_agrees_with_itself(void **state)
{
    static const unsigned char zeros[FAULT_PARAMS_MAX];
    (void)state;
    for (size_t i = 0; fault_catalogue[i] != NULL; i++) {
        const struct fault_type *type = fault_catalogue[i];
        enum action_kind kind = type->fire(zeros).kind;
        bool shapes = type->gate != NULL || type->mutate != NULL;
        bool of_listener = type->listener != LISTENER_OPEN;
        if ((kind == ACTION_SHAPE) != shapes || (type->passed != NULL && type->gate == NULL) ||
            (type->wants_arrivals && type->gate == NULL) ||
            (type->cuts_segments && type->gate == NULL) ||
            (type->departure_time != NULL && !type->wants_arrivals) ||
            (type->takes_other && !action_is_ending(kind) && kind != ACTION_DISCARD) ||
            (type->lasting && (type->at_accept || of_listener || action_is_ending(kind))) ||
            (type->over != NULL && !type->lasting) ||
            (of_listener && (kind != ACTION_NONE || type->side_rule != SIDE_UNUSED)))
            fail_msg("%s contradicts itself", type->name);
    }
}

static void a_listener_fault_says_how_long(void **state)
{
    static const struct {
        const char *keys;
        enum listener_action listener;
        uint64_t duration_us;
    } cases[] = {
        {"type = refuse", LISTENER_CLOSED, TIME_NEVER},
        {"type = no_accept\nactive = 1s-2s", LISTENER_PAUSED, TIME_NEVER},
        {"type = syn_blackhole", LISTENER_DROPS_SYNS, TIME_NEVER},
        {"type = syn_blackhole\nfor = 2s", LISTENER_DROPS_SYNS, 2000000},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct fault fault = fault_of(cases[i].keys);
        assert_int_equal(fault.type->listener, cases[i].listener);
        assert_int_equal(fault.type->fire(fault.params).kind, ACTION_NONE);
        assert_true(fault.type->fire(fault.params).duration_us == cases[i].duration_us);
    }
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
        assert_int_equal(strstr(one, "\n  connections (default: all)\n") == NULL,
            type->listener != LISTENER_OPEN);
        assert_int_equal(strstr(one, "\n  until (default: never)\n") == NULL, !type->lasting);
        assert_non_null(strstr(one, "\n  active (default: always)\n"));
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
        cmocka_unit_test(endings_are_told_from_other_actions),
        cmocka_unit_test(every_type_agrees_with_itself),
        cmocka_unit_test(a_listener_fault_says_how_long),
        cmocka_unit_test(the_manual_has_every_type_and_key),
        cmocka_unit_test(the_manual_knows_no_other_type),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
