/* SPDX-License-Identifier: MIT */
/* A file loaded again, and the running configuration printed as a file. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/lib/rig.h"
#include "tests/lib/wire.h"

#define TO_ECHO "listen=127.0.0.1:0 upstream=builtin:echo"
#define FILE_ECHO(name) "[proxy " name "]\nlisten = 127.0.0.1:0\nupstream = builtin:echo\n"

static void the_file_is_the_truth_for_what_it_names(void **state)
{
    static const char *const file = FILE_ECHO("a") "[fault f]\nproxy = a\ntype = stall\n"
                                                   "[fault every]\ntype = latency\ndelay = 1ms\n";
    struct rig *rig = *state;
    assert_int_equal(rig_load(rig, file, CONTROL_KEEP_API), CONTROL_OK);
    assert_int_equal(rig_add_proxy(rig, "b", TO_ECHO), CONTROL_OK);
    assert_int_equal(rig_add(rig, "a", "mine", "type=latency delay=1ms"), CONTROL_OK);
    assert_int_equal(rig_change(rig, "a", "every", "type=stall"), CONTROL_OK);
    assert_int_equal(rig_remove(rig, "a", "f"), CONTROL_OK);
    assert_int_equal(rig_set_enabled(rig, "a", false), CONTROL_OK);
    unsigned port = rig_port(rig, "a");
    int fd = rig_connect(rig, "b");
    rig_echo(rig, fd, 10);
    const struct rule *mine = control_fault(control_proxy(&rig->control, "a"), "mine");
    assert_int_equal(rig_load(rig, file, CONTROL_KEEP_API), CONTROL_OK);
    struct proxy *a = control_proxy(&rig->control, "a");
    assert_int_equal(a->plan->rule_count, 3);
    assert_string_equal(control_fault(a, "every")->fault.type->name, "latency");
    assert_non_null(control_fault(a, "f"));
    assert_ptr_equal(control_fault(a, "mine"), mine);
    assert_int_equal(rig_port(rig, "a"), port);
    assert_true(a->plan->config.enabled);
    rig_echo(rig, fd, 10);
    /* Its faults for every proxy change for those of the API too. */
    assert_int_equal(rig_load(rig, FILE_ECHO("a"), CONTROL_KEEP_API), CONTROL_OK);
    assert_int_equal(control_proxy(&rig->control, "b")->plan->rule_count, 0);
    assert_int_equal(control_proxy(&rig->control, "a")->plan->rule_count, 1);
    assert_int_equal(rig_load(rig, FILE_ECHO("a"), CONTROL_DROP_API), CONTROL_OK);
    assert_null(control_proxy(&rig->control, "b"));
    assert_int_equal(control_proxy(&rig->control, "a")->plan->rule_count, 0);
    rig_echo(rig, fd, 10);
    close(fd);
}

static void a_file_takes_over_what_the_api_had_made(void **state)
{
    struct rig *rig = *state;
    assert_int_equal(rig_add_proxy(rig, "a", TO_ECHO), CONTROL_OK);
    assert_int_equal(rig_add(rig, "a", "f", "type=stall"), CONTROL_OK);
    assert_int_equal(
        rig_load(rig, FILE_ECHO("a") "[fault f]\ntype = latency\ndelay = 1ms\n", CONTROL_KEEP_API),
        CONTROL_OK);
    struct proxy *proxy = control_proxy(&rig->control, "a");
    assert_int_equal(control_proxy_origin(proxy), RULE_FROM_FILE);
    assert_int_equal(proxy->plan->rule_count, 1);
    assert_int_equal(control_fault(proxy, "f")->origin, RULE_FROM_FILE);
    assert_int_equal(rig_load(rig, FILE_ECHO("b"), CONTROL_KEEP_API), CONTROL_OK);
    assert_null(control_proxy(&rig->control, "a"));
}

static void a_proxy_that_moves_takes_its_new_rate_along(void **state)
{
    static const char *const files[] = {
        "[proxy a]\nlisten = 127.0.0.1:0\nupstream = builtin:echo\n"
        "[fault f]\ntype = bandwidth\nscope = proxy\nrate = 1k/s\n",
        "[proxy a]\nlisten = 127.0.0.2:0\nupstream = builtin:echo\n"
        "[fault f]\ntype = bandwidth\nscope = proxy\nrate = 9M/s\n",
    };
    struct rig *rig = *state;
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(rig_load(rig, files[i], CONTROL_KEEP_API), CONTROL_OK);
        const struct rule *rule = control_fault(control_proxy(&rig->control, "a"), "f");
        assert_memory_equal(rule->shared->params, rule->fault.params, sizeof rule->fault.params);
    }
}

static void a_file_that_fails_makes_no_events(void **state)
{
    struct rig *rig = *state;
    struct wire_listener taken;
    char file[256];
    assert_int_equal(wire_listen(&taken, "127.0.0.1:0", 1, 0), 0);
    assert_int_equal(rig_load(rig, FILE_ECHO("a"), CONTROL_KEEP_API), CONTROL_OK);
    assert_int_equal(rig->events[EVENT_LISTENING], 1);
    snprintf(file, sizeof file,
        "[proxy a]\nlisten = 127.0.0.2:0\nupstream = builtin:echo\n"
        "[proxy b]\nlisten = %s\nupstream = builtin:echo\n",
        taken.text);
    assert_int_equal(rig_load(rig, file, CONTROL_KEEP_API), CONTROL_FAILED);
    assert_int_equal(rig->events[EVENT_LISTENING], 1);
    assert_int_equal(rig->events[EVENT_NOT_LISTENING], 0);
    int fd = rig_connect(rig, "a");
    rig_echo(rig, fd, 10);
    close(fd);
    wire_unlisten(&taken);
    assert_int_equal(rig_load(rig, file, CONTROL_KEEP_API), CONTROL_OK);
    assert_int_equal(rig->events[EVENT_LISTENING], 3);
    assert_int_equal(rig->events[EVENT_NOT_LISTENING], 1);
}

static void number_one_again_is_announced(void **state)
{
    struct rig *rig = *state;
    unsigned *announced = &rig->events[EVENT_COUNTS_RESET];
    assert_int_equal(rig_load(rig, FILE_ECHO("a"), CONTROL_KEEP_API), CONTROL_OK);
    assert_int_equal(rig_add_proxy(rig, "b", TO_ECHO), CONTROL_OK);
    int a = rig_connect(rig, "a"), b = rig_connect(rig, "b");
    rig_echo(rig, a, 10);
    rig_echo(rig, b, 10);
    assert_int_equal(rig_load(rig, FILE_ECHO("a"), CONTROL_KEEP_API), CONTROL_OK);
    assert_int_equal(*announced, 0);
    /* Another `listen`: the open connection keeps its number. */
    assert_int_equal(rig_load(rig, "[proxy a]\nlisten = 127.0.0.2:0\nupstream = builtin:echo\n",
                         CONTROL_KEEP_API),
        CONTROL_OK);
    assert_int_equal(*announced, 1);
    assert_int_equal(control_proxy(&rig->control, "a")->last_number, 0);
    rig_echo(rig, a, 10);
    /* A proxy under the name of a removed one. */
    assert_int_equal(control_remove_proxy(&rig->control, "b", &rig->err), CONTROL_OK);
    assert_int_equal(*announced, 1);
    assert_int_equal(rig_add_proxy(rig, "b", TO_ECHO), CONTROL_OK);
    assert_int_equal(*announced, 2);
    /* No connection had a number. */
    assert_int_equal(control_remove_proxy(&rig->control, "b", &rig->err), CONTROL_OK);
    assert_int_equal(rig_add_proxy(rig, "b", TO_ECHO), CONTROL_OK);
    assert_int_equal(*announced, 2);
    /* A reload removes it, another one brings it back. */
    assert_int_equal(rig_load(rig, FILE_ECHO("c"), CONTROL_KEEP_API), CONTROL_OK);
    b = (close(b), rig_connect(rig, "c"));
    rig_echo(rig, b, 10);
    assert_int_equal(rig_load(rig, FILE_ECHO("a"), CONTROL_KEEP_API), CONTROL_OK);
    assert_int_equal(rig_load(rig, FILE_ECHO("c"), CONTROL_KEEP_API), CONTROL_OK);
    assert_int_equal(*announced, 3);
    close(a);
    close(b);
}

/* --- printing --- */

static char *print_of(struct rig *rig)
{
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    control_print(&rig->control, out);
    fclose(out);
    return text;
}

static void what_is_in_force_prints_as_a_file(void **state)
{
    struct rig *rig = *state;
    assert_int_equal(rig_load(rig,
                         FILE_ECHO("a") FILE_ECHO("b") FILE_ECHO(
                             "c") "[fault all]\ntype = latency\ndelay = 1ms\n"
                                  "[fault ab]\nproxy = a, b\ntype = stall\nwhen = match:\"x\"\n",
                         CONTROL_KEEP_API),
        CONTROL_OK);
    assert_int_equal(rig_add(rig, "b", "mine", "type=latency delay=2ms"), CONTROL_OK);
    assert_int_equal(rig_change(rig, "b", "all", "type=latency delay=3ms"), CONTROL_OK);
    assert_int_equal(rig_remove(rig, "b", "ab"), CONTROL_OK);
    assert_int_equal(rig_add(rig, "c", "later", "type=stall after=mine/any"), CONTROL_OK);
    char *first = print_of(rig);
    assert_non_null(strstr(first, "[fault all]\nproxy         = a,c\n"));
    assert_non_null(strstr(first, "[fault b.all]\nproxy         = b\n"));
    assert_non_null(strstr(first, "[fault b.mine]\nproxy         = b\n"));
    assert_non_null(strstr(first, "[fault ab]\nproxy          = a\n"));
    assert_non_null(strstr(first, " = b.mine/any\n"));
    assert_int_equal(rig_load(rig, first, CONTROL_DROP_API), CONTROL_OK);
    char *second = print_of(rig);
    assert_int_equal(strlen(first), strlen(second)); /* the order of two sections differs */
    free(second);
    assert_int_equal(rig_add_proxy(rig, "two words", TO_ECHO), CONTROL_OK);
    second = print_of(rig);
    assert_non_null(strstr(second, "; [proxy two words]\n; listen"));
    assert_int_equal(rig_load(rig, second, CONTROL_DROP_API), CONTROL_OK);
    free(first);
    free(second);
}

static void a_fault_that_waits_for_messages_prints_for_proxies_that_have_them(void **state)
{
    struct rig *rig = *state;
    assert_int_equal(rig_load(rig,
                         FILE_ECHO("a") "protocol = line\n"
                                        "[fault f]\ntype = stall\nwhen = message:2\n",
                         CONTROL_KEEP_API),
        CONTROL_OK);
    assert_int_equal(rig_add_proxy(rig, "raw", TO_ECHO), CONTROL_OK);
    char *text = print_of(rig);
    assert_non_null(strstr(text, "[fault f]\nproxy          = a\n"));
    assert_int_equal(rig_load(rig, text, CONTROL_DROP_API), CONTROL_OK);
    free(text);
}

static void a_proxy_that_leads_nowhere_prints_as_a_comment(void **state)
{
    struct rig *rig = *state;
    struct proxy_config lost = rig_proxy("lost", TO_ECHO);
    address_nowhere("bad", &lost.upstream);
    assert_int_equal(rig_load(rig, FILE_ECHO("a") "[fault all]\ntype = latency\ndelay = 1ms\n",
                         CONTROL_KEEP_API),
        CONTROL_OK);
    assert_int_equal(control_add_proxy(&rig->control, &lost, &rig->err), CONTROL_OK);
    assert_int_equal(rig_add(rig, "lost", "mine", "type=latency delay=2ms"), CONTROL_OK);
    assert_int_equal(rig_change(rig, "lost", "all", "type=latency delay=3ms"), CONTROL_OK);
    char *text = print_of(rig);
    assert_non_null(strstr(text, "; [proxy lost]\n"));
    assert_non_null(strstr(text, "; upstream        = bad\n"));
    assert_non_null(strstr(text, "; [fault lost.mine]\n"));
    assert_non_null(strstr(text, "; [fault lost.all]\n"));
    assert_int_equal(rig_load(rig, text, CONTROL_DROP_API), CONTROL_OK);
    free(text);
}

static char *print_and_load(struct rig *rig)
{
    char *text = print_of(rig);
    assert_int_equal(rig_load(rig, text, CONTROL_DROP_API), CONTROL_OK);
    return text;
}

#define API "[rudeproxy]\nadmin = 127.0.0.1:0\n"

static void faults_for_proxies_to_come_are_printed(void **state)
{
    struct rig *rig = *state;
    assert_int_equal(rig_load(rig,
                         API "[fault f]\ntype = latency\ndelay = 1ms\n"
                             "[fault g]\ntype = stall\nafter = f\n",
                         CONTROL_KEEP_API),
        CONTROL_OK);
    char *text = print_and_load(rig);
    assert_non_null(strstr(text, "\n[fault f]\nproxy    "));
    assert_non_null(strstr(text, "\n[fault g]\nproxy    "));
    free(text);
    assert_int_equal(rig_add_proxy(rig, "a", TO_ECHO), CONTROL_OK);
    assert_int_equal(control_proxy(&rig->control, "a")->plan->rule_count, 2);
    /* A fault that the API removed from the present proxies does not come back to them. */
    assert_int_equal(rig_remove(rig, "a", "g"), CONTROL_OK);
    text = print_and_load(rig);
    assert_non_null(strstr(text, "; [fault g]\n"));
    free(text);
    assert_int_equal(control_proxy(&rig->control, "a")->plan->rule_count, 1);
}

/* Only `proxy` differs: for the proxies that run it is the same. */
static void a_reload_that_changes_only_the_proxies_of_a_fault_is_printed(void **state)
{
    static const char *const lists[] = {"a", "*", "a"};
    struct rig *rig = *state;
    char file[512], line[64];
    for (size_t i = 0; i < 3; i++) {
        snprintf(file, sizeof file,
            API FILE_ECHO("a") "[fault f]\nproxy = %s\ntype = latency\ndelay = 1ms\n", lists[i]);
        snprintf(line, sizeof line, "\n[fault f]\nproxy         = %s\n", lists[i]);
        assert_int_equal(rig_load(rig, file, CONTROL_KEEP_API), CONTROL_OK);
        char *text = print_of(rig);
        assert_non_null(strstr(text, line));
        free(text);
    }
}

#define FOR_LINES FILE_ECHO("a") "protocol = line\n"

static void a_fault_that_waits_for_a_removed_one_prints_as_a_comment(void **state)
{
    struct rig *rig = *state;
    assert_int_equal(rig_load(rig,
                         FOR_LINES "[fault f]\ntype = mark\n"
                                   "[fault g]\ntype = stall\nafter = f\n"
                                   "[fault h]\ntype = stall\nafter = g\n",
                         CONTROL_KEEP_API),
        CONTROL_OK);
    assert_int_equal(rig_add(rig, "a", "mine", "type=stall after=f"), CONTROL_OK);
    assert_int_equal(rig_add(rig, "a", "line", "type=stall when=message:2"), CONTROL_OK);
    assert_int_equal(rig_remove(rig, "a", "f"), CONTROL_OK);
    char *text = print_and_load(rig);
    assert_non_null(strstr(text, "; [fault g]\n"));
    assert_non_null(strstr(text, "; [fault h]\n"));
    assert_non_null(strstr(text, "; [fault a.mine]\n"));
    assert_non_null(strstr(text, "\n[fault a.line]\n"));
    free(text);
}

static void a_fault_that_a_reload_left_without_its_first_prints_as_a_comment(void **state)
{
    struct rig *rig = *state;
    assert_int_equal(
        rig_load(rig, FOR_LINES "[fault f]\ntype = mark\n", CONTROL_KEEP_API), CONTROL_OK);
    assert_int_equal(rig_add(rig, "a", "mine", "type=stall after=f"), CONTROL_OK);
    assert_int_equal(rig_add(rig, "a", "line", "type=stall when=message:2"), CONTROL_OK);
    assert_int_equal(rig_load(rig, FILE_ECHO("a"), CONTROL_KEEP_API), CONTROL_OK);
    char *text = print_and_load(rig);
    assert_non_null(strstr(text, "; [fault a.mine]\n"));
    assert_non_null(strstr(text, "; [fault a.line]\n"));
    free(text);
}

/* A fault may wait for one that is printed in a section of another name. */
static void after_names_the_section_in_which_the_first_fault_is(void **state)
{
    struct rig *rig = *state;
    assert_int_equal(rig_load(rig,
                         FILE_ECHO("a") FILE_ECHO("b") "[fault f]\ntype = mark\n"
                                                       "[fault g]\nproxy = b\ntype = stall\n"
                                                       "[fault h]\nproxy = b\ntype = stall\n"
                                                       "after = f\n"
                                                       "[fault i]\nproxy = b\ntype = stall\n"
                                                       "after = f/any\n",
                         CONTROL_KEEP_API),
        CONTROL_OK);
    assert_int_equal(rig_change(rig, "b", "f", "type=mark when=eof"), CONTROL_OK);
    assert_int_equal(rig_add(rig, "b", "mine", "type=mark"), CONTROL_OK);
    assert_int_equal(rig_change(rig, "b", "g", "type=stall after=mine"), CONTROL_OK);
    char *text = print_and_load(rig);
    assert_non_null(strstr(text, " = b.f\n"));
    assert_non_null(strstr(text, " = f/any\n"));
    assert_non_null(strstr(text, " = b.mine\n"));
    assert_null(strstr(text, "; [fault"));
    free(text);
}

/* So does one that could never act, of the API or of the file. */
static void a_fault_that_cannot_act_prints_as_a_comment(void **state)
{
    struct rig *rig = *state;
    assert_int_equal(rig_load(rig, FILE_ECHO("a"), CONTROL_KEEP_API), CONTROL_OK);
    assert_int_equal(rig_add(rig, "a", "far", "type=stall destinations=a.test"), CONTROL_OK);
    assert_int_equal(rig_add(rig, "a", "near", "type=stall clients=127.0.0.1"), CONTROL_OK);
    char *text = print_and_load(rig);
    assert_non_null(strstr(text, "; [fault a.far]\n"));
    assert_non_null(strstr(text, "\n[fault a.near]\n"));
    free(text);
    assert_int_equal(
        rig_load(rig, API "[fault f]\ntype = stall\ndestinations = a.test\n", CONTROL_DROP_API),
        CONTROL_OK);
    assert_int_equal(rig_add_proxy(rig, "b", TO_ECHO), CONTROL_OK);
    text = print_and_load(rig);
    assert_non_null(strstr(text, "; [fault f]\n"));
    free(text);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_file_is_the_truth_for_what_it_names),
        TEST(a_file_takes_over_what_the_api_had_made),
        TEST(a_proxy_that_moves_takes_its_new_rate_along),
        TEST(a_file_that_fails_makes_no_events),
        TEST(number_one_again_is_announced),
        TEST(what_is_in_force_prints_as_a_file),
        TEST(a_fault_that_waits_for_messages_prints_for_proxies_that_have_them),
        TEST(a_proxy_that_leads_nowhere_prints_as_a_comment),
        TEST(a_fault_that_cannot_act_prints_as_a_comment),
        TEST(faults_for_proxies_to_come_are_printed),
        TEST(a_reload_that_changes_only_the_proxies_of_a_fault_is_printed),
        TEST(a_fault_that_waits_for_a_removed_one_prints_as_a_comment),
        TEST(a_fault_that_a_reload_left_without_its_first_prints_as_a_comment),
        TEST(after_names_the_section_in_which_the_first_fault_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
