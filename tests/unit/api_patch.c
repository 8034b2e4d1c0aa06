/* SPDX-License-Identifier: MIT */
/* A PATCH of a fault under /v1: what it does not name stays as it is. */
#include "tests/unit/config_text.h"

#include "proxy/admin/v1/value.h"
#include "proxy/base/clock.h"
#include "tests/lib/random_fault.h"

#define PROBLEM(text) ((text).size > 0 ? (int)(text).size : 0), (text).bytes

static struct fault read_fault(const char *json)
{
    struct text problems = {0};
    struct fault fault = {.name = ""};
    json_t *object = json_loads(json, 0, NULL);
    assert_non_null(object);
    if (v1_read_fault(object, NULL, &fault, &problems) != 0)
        fail_msg("%s\n%.*s", json, PROBLEM(problems));
    text_free(&problems);
    json_decref(object);
    return fault;
}

static struct fault patch(const struct fault *now, const char *json)
{
    struct text problems = {0};
    struct fault fault = {.name = ""};
    json_t *object = json_loads(json, 0, NULL);
    assert_non_null(object);
    if (v1_patch_fault(object, now, &fault, &problems) != 0)
        fail_msg("%s of a %s\n%.*s", json, now->type->name, PROBLEM(problems));
    text_free(&problems);
    json_decref(object);
    return fault;
}

static void a_direction_that_is_not_the_types_default_stays(void **state)
{
    struct fault fault = read_fault("{\"type\":\"hold_fin\",\"direction\":\"downstream\"}");
    (void)state;
    fault = patch(&fault, "{\"enabled\":false}");
    fault = patch(&fault, "{\"enabled\":true}");
    assert_int_equal(fault.directions, DOWNSTREAM_BIT);
    fault = patch(&fault, "{\"direction\":null}");
    assert_int_equal(fault.directions, BOTH_BITS);
    fault = patch(&fault, "{\"for\":\"1s\"}");
    assert_int_equal(fault.directions, BOTH_BITS);
}

/* Every type that can do without keys of its own. */
static void a_default_of_the_old_type_is_no_key_of_the_new_one(void **state)
{
    unsigned changed = 0;
    (void)state;
    for (size_t i = 0; fault_catalogue[i] != NULL; i++) {
        char json[128];
        struct text problems = {0};
        struct fault fault = {.name = ""};
        snprintf(json, sizeof json, "{\"type\":\"%s\"}", fault_catalogue[i]->name);
        json_t *object = json_loads(json, 0, NULL);
        if (v1_read_fault(object, NULL, &fault, &problems) == 0) {
            struct fault latency = patch(&fault, "{\"type\":\"latency\",\"delay\":\"5ms\"}");
            assert_int_equal(latency.directions, DOWNSTREAM_BIT);
            changed++;
        }
        text_free(&problems);
        json_decref(object);
    }
    assert_true(changed > 5);
}

static void a_patch_of_nothing_changes_nothing(void **state)
{
    static const char *const letters[] = {"a", "7", "\\0", "\\\"", "\xff", NULL};
    const struct random_range range = {
        .bytes = UINT64_C(5) << 30, .duration_us = UINT64_C(7200) * US_PER_S, .letters = letters};
    uint64_t random = 1;
    (void)state;
    for (size_t i = 0; fault_catalogue[i] != NULL; i++) {
        unsigned tried = 0;
        for (int draw = 0; draw < 400 && tried < 50; draw++) {
            char text[2048];
            size_t used = (size_t)snprintf(text, sizeof text,
                PROXY_TEXT "[proxy b]\nlisten = b:1\nupstream = b:2\n[fault f]\n");
            used += random_fault_write(
                fault_catalogue[i], &range, &random, text + used, sizeof text - used);
            struct built built = build_text(text, used);
            if (built.count == 0) {
                const struct fault *before = &built.config.faults[0];
                struct fault after = patch(before, "{}");
                if (!fault_equal(before, &after))
                    fail_msg("a PATCH of nothing changes:\n%s", text);
                tried++;
            }
            built_free(&built);
        }
        assert_true(tried > 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_direction_that_is_not_the_types_default_stays),
        cmocka_unit_test(a_default_of_the_old_type_is_no_key_of_the_new_one),
        cmocka_unit_test(a_patch_of_nothing_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
