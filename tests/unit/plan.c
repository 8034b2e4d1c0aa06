/* SPDX-License-Identifier: MIT */
/* Plans that share rules, the counters behind them, and the table in which those are found. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proxy/relay/plan.h"

#define PROXIES                                                                                    \
    "[proxy a]\nlisten = 127.0.0.1:0\nupstream = 127.0.0.1:2\n"                                    \
    "[proxy b]\nlisten = 127.0.0.1:0\nupstream = 127.0.0.1:2\n"

static struct config build(const char *faults)
{
    struct config config;
    struct config_source *source = config_source_new();
    assert_non_null(source);
    config_source_add_text(source, "text", PROXIES);
    config_source_add_text(source, "faults", faults);
    assert_int_equal(config_build(source, &config, stdout), 0);
    config_source_free(source);
    return config;
}

/* The plan of proxy a, or of b. */
static struct plan *compile(const char *faults, size_t index, struct fault_counters *book,
    const struct plan *old, bool keep)
{
    struct config config = build(faults);
    struct plan *plan =
        plan_compile(&config, &config.proxies[index], RULE_FROM_FILE, 0, book, old, keep);
    assert_non_null(plan);
    config_free(&config);
    return plan;
}

static void equal_faults_keep_their_rule(void **state)
{
    struct fault_counters book;
    (void)state;
    fault_counters_init(&book);
    struct plan *first = compile("[fault f]\ntype = bandwidth\nrate = 1k/s\nscope = proxy\n"
                                 "[fault g]\ntype = reset\nwhen = match:\"x\"\n",
        0, &book, NULL, true);
    /* Written otherwise, further behind: the same. */
    struct plan *second = compile("[fault h]\ntype = stall\n"
                                  "[fault g]\ntype = reset\nwhen = match:\"\\x78\"\n"
                                  "[fault f]\ntype = bandwidth\nrate = 1024/s\nscope = proxy\n",
        0, &book, first, true);
    assert_int_equal(second->rule_count, 3);
    assert_ptr_equal(plan_find(second, "f"), plan_find(first, "f"));
    assert_ptr_equal(second->rules[1], first->rules[1]);
    assert_ptr_equal(second->rules[2], first->rules[0]);
    assert_null(plan_find(second, "nobody"));
    /* Another list of proxies is another rule, which goes on where the old one was. */
    struct plan *third =
        compile("[fault f]\ntype = bandwidth\nrate = 1k/s\nscope = proxy\nproxy = b, a\n", 0, &book,
            second, true);
    assert_string_equal(third->rules[0]->fault.proxies, "b,a");
    assert_ptr_equal(third->rules[0]->shared, second->rules[2]->shared);
    assert_ptr_equal(third->rules[0]->fault_counter, second->rules[2]->fault_counter);
    plan_unref(third);
    plan_unref(first);
    assert_string_equal(second->rules[2]->fault.name, "f");
    plan_unref(second);
    fault_counters_deinit(&book);
}

static void a_changed_fault_is_a_new_rule_whose_shared_state_goes_on(void **state)
{
    struct fault_counters book;
    (void)state;
    fault_counters_init(&book);
    struct plan *first = compile("[fault f]\ntype = bandwidth\nrate = 1k/s\nscope = proxy\n"
                                 "[fault g]\ntype = latency\ndelay = 1ms\n",
        0, &book, NULL, true);
    first->rules[0]->shared->state[0] = first->rules[1]->shared->state[0] = 7;
    struct plan *second = compile("[fault f]\ntype = bandwidth\nrate = 2k/s\nscope = proxy\n"
                                  "[fault g]\ntype = stall\n",
        0, &book, first, true);
    assert_ptr_not_equal(second->rules[0], first->rules[0]);
    assert_ptr_equal(second->rules[0]->fault_counter, first->rules[0]->fault_counter);
    assert_ptr_equal(second->rules[0]->shared, first->rules[0]->shared);
    assert_int_equal(second->rules[1]->shared->state[0], 0);
    plan_unref(first);
    plan_unref(second);
    fault_counters_deinit(&book);
}

static struct rule *rule_of_api(
    struct fault *fault, const char *name, const char *proxy, struct fault_counters *book)
{
    snprintf(fault->name, sizeof fault->name, "%s", name);
    struct rule *rule = rule_new(fault, RULE_FROM_API, NULL, proxy, NULL, book);
    assert_non_null(rule);
    return rule;
}

static void what_the_api_added_stays_unless_the_file_takes_its_name(void **state)
{
    struct fault_counters book;
    struct rule *rules[3];
    (void)state;
    fault_counters_init(&book);
    struct plan *file = compile("[fault f]\ntype = stall\n", 0, &book, NULL, true);
    struct fault fault = file->rules[0]->fault;
    rules[0] = file->rules[0];
    rules[1] = rule_of_api(&fault, "two words / \xc3\xa4", "a", &book);
    rules[2] = rule_of_api(&fault, "g", "a", &book);
    const struct plan_basis basis = {.config = file->config};
    struct plan *live = plan_new(&basis, rules, 3);
    assert_non_null(live);
    rule_unref(rules[1]);
    rule_unref(rules[2]);
    struct plan *kept = compile("[fault g]\ntype = blackhole\n", 0, &book, live, true);
    assert_int_equal(kept->rule_count, 2);
    assert_int_equal(kept->rules[0]->origin, RULE_FROM_FILE);
    assert_ptr_equal(kept->rules[1], rules[1]);
    struct plan *dropped = compile("[fault g]\ntype = blackhole\n", 0, &book, live, false);
    assert_int_equal(dropped->rule_count, 1);
    plan_unref(file);
    plan_unref(live);
    plan_unref(kept);
    plan_unref(dropped);
    fault_counters_deinit(&book);
}

static void a_fault_of_the_file_has_one_tally_and_one_of_the_api_one_for_its_proxy(void **state)
{
    struct fault_counters book;
    (void)state;
    fault_counters_init(&book);
    struct plan *a = compile("[fault f]\ntype = stall\n", 0, &book, NULL, true);
    struct plan *b = compile("[fault f]\ntype = stall\n", 1, &book, NULL, true);
    assert_ptr_not_equal(a->rules[0], b->rules[0]);
    assert_ptr_equal(a->rules[0]->fault_counter, b->rules[0]->fault_counter);
    struct fault fault = a->rules[0]->fault;
    struct rule *of_a = rule_of_api(&fault, "f", "a", &book);
    struct rule *of_b = rule_of_api(&fault, "f", "b", &book);
    struct rule *again = rule_of_api(&fault, "f", "a", &book);
    assert_ptr_not_equal(of_a->fault_counter, of_b->fault_counter);
    assert_ptr_not_equal(of_a->fault_counter, a->rules[0]->fault_counter);
    assert_ptr_not_equal(of_a->fault_counter, again->fault_counter); /* the first one is deleted */
    struct rule *changed = rule_new(&fault, RULE_FROM_API, NULL, "a", again, &book);
    assert_ptr_equal(changed->fault_counter, again->fault_counter);
    rule_unref(changed);
    assert_string_equal(of_a->fault_counter->name, "f");
    rule_unref(of_a);
    rule_unref(of_b);
    rule_unref(again);
    plan_unref(a);
    plan_unref(b);
    fault_counters_deinit(&book);
}

struct element {
    struct hash_link link;
    unsigned number;
};

static struct element *look_up(const struct hash *hash, uint64_t key, unsigned number)
{
    struct hash_link *link = hash_find(hash, key);
    for (; link != NULL; link = hash_find_next(link)) {
        struct element *element = container_of(link, struct element, link);
        if (element->number == number)
            return element;
    }
    return NULL;
}

/* Two elements have one key each, so that some have to be told apart. */
static void a_table_finds_what_is_in_it_and_nothing_else(void **state)
{
    enum { MANY = 3000 };
    static struct element elements[MANY];
    struct hash hash = {0};
    (void)state;
    assert_null(hash_find(&hash, 0));
    for (unsigned i = 0; i < MANY; i++) {
        elements[i].number = i;
        assert_int_equal(hash_add(&hash, &elements[i].link, i / 2), 0);
    }
    for (unsigned i = 0; i < MANY; i += 3)
        hash_remove(&hash, &elements[i].link);
    assert_int_equal(hash.count, MANY - MANY / 3);
    for (unsigned i = 0; i < MANY; i++)
        assert_ptr_equal(look_up(&hash, i / 2, i), i % 3 == 0 ? NULL : &elements[i]);
    assert_int_not_equal(hash_text(hash_text(0, "ab"), "c"), hash_text(hash_text(0, "a"), "bc"));
    hash_deinit(&hash);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_faults_keep_their_rule),
        cmocka_unit_test(a_changed_fault_is_a_new_rule_whose_shared_state_goes_on),
        cmocka_unit_test(what_the_api_added_stays_unless_the_file_takes_its_name),
        cmocka_unit_test(a_fault_of_the_file_has_one_tally_and_one_of_the_api_one_for_its_proxy),
        cmocka_unit_test(a_table_finds_what_is_in_it_and_nothing_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
