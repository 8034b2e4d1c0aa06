/* SPDX-License-Identifier: MIT */
/*
 * Every scenario, natively and through the proxy with its recipe: the victim must see the same.
 *
 * Two broken scripts could agree as well. So each scenario names the line that is its point, and
 * the native transcript must hold it; and the victim must take the same steps in both scripts, else
 * there is nothing to compare. Recipes and scenarios belong together, one to one, and what is built
 * into the program is what stands in config/recipes/.
 */
#include "config/config.h"
#include "proxy/app/demo/print.h"
#include "proxy/app/recipes.h"
#include "tests/lib/private_network.h"
#include "tests/lib/records.h"
#include "tests/lib/side_by_side.h"

#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define RECIPES RUDEPROXY_SOURCE_DIR "/config/recipes"

/* Much more than any recipe has. */
#define RECIPE_BYTES 8192

static void the_victim_takes_the_same_steps_in_both_scripts(void **state)
{
    const struct scenario *scenario;
    (void)state;
    for (size_t i = 0; (scenario = scenario_at(i)) != NULL; i++) {
        if (!scenario_victims_agree(scenario))
            fail_msg("%s: the victim's steps differ", scenario->name);
    }
}

static void every_scenario_has_a_name_of_its_own(void **state)
{
    const struct scenario *scenario;
    (void)state;
    assert_true(scenario_count() > 0);
    for (size_t i = 0; (scenario = scenario_at(i)) != NULL; i++) {
        if (scenario_find(scenario->name) != scenario)
            fail_msg("%s is there twice", scenario->name);
    }
}

static const struct recipe *find_recipe(const char *name)
{
    for (const struct recipe *recipe = recipes; recipe->name != NULL; recipe++) {
        if (strcmp(recipe->name, name) == 0)
            return recipe;
    }
    return NULL;
}

static void every_scenario_has_a_recipe(void **state)
{
    const struct scenario *scenario;
    (void)state;
    for (size_t i = 0; (scenario = scenario_at(i)) != NULL; i++) {
        if (find_recipe(scenario->name) == NULL)
            fail_msg("%s has no recipe", scenario->name);
    }
}

static void check_file(const char *name, const struct recipe *recipe)
{
    char path[512], text[RECIPE_BYTES];
    snprintf(path, sizeof path, "%s/%s", RECIPES, name);
    FILE *in = fopen(path, "re");
    assert_non_null(in);
    size_t n = fread(text, 1, sizeof text - 1, in);
    fclose(in);
    text[n] = '\0';
    assert_string_equal(text, recipe->text);
}

static void every_recipe_is_built_in_and_belongs_to_a_scenario(void **state)
{
    DIR *folder = opendir(RECIPES);
    struct dirent *entry;
    size_t files = 0;
    (void)state;
    assert_non_null(folder);
    while ((entry = readdir(folder)) != NULL) {
        char name[256];
        const char *dot = strrchr(entry->d_name, '.');
        if (dot == NULL || strcmp(dot, ".ini") != 0)
            continue;
        snprintf(name, sizeof name, "%.*s", (int)(dot - entry->d_name), entry->d_name);
        if (find_recipe(name) == NULL || scenario_find(name) == NULL)
            fail_msg("%s belongs to no scenario, or is not built in", entry->d_name);
        check_file(entry->d_name, find_recipe(name));
        files++;
    }
    closedir(folder);
    assert_int_equal(files, scenario_count());
}

/* One proxy, called like the file, at addresses that a user can dial; and something to suffer. */
static void every_recipe_is_one_proxy_and_its_faults(void **state)
{
    (void)state;
    for (const struct recipe *recipe = recipes; recipe->name != NULL; recipe++) {
        struct config_source *source = config_source_new();
        struct config config;
        assert_non_null(source);
        config_source_add_text(source, recipe->name, recipe->text);
        assert_int_equal(config_build(source, &config, stderr), 0);
        config_source_free(source);
        assert_int_equal(config.proxy_count, 1);
        assert_string_equal(config.proxies[0].name, recipe->name);
        assert_int_not_equal(config.proxies[0].listen.port, 0);
        assert_int_not_equal(config.proxies[0].upstream.port, 0);
        assert_true(config.fault_count > 0);
        config_free(&config);
    }
}

/* Whether the recipe has a time: a machine that stands still for so long makes the scenario
 * differ. */
static bool is_timed(const struct scenario *scenario)
{
    const struct recipe *recipe = find_recipe(scenario->name);
    return recipe != NULL &&
           (strstr(recipe->text, "\nactive ") != NULL || strstr(recipe->text, "\nfor ") != NULL ||
               strstr(recipe->text, "= time:") != NULL);
}

/* Runs the scenario and shows it, unless it agrees. False: it is wrong, or leaves something. */
static bool run_once(const struct scenario *scenario, const char *any)
{
    static struct demo_run run;
    const struct demo_page page = {.out = stdout};
    int before = records_count_descriptors(getpid());
    demo_run_scenario(scenario, any, &run);
    if (run.verdict != DEMO_AGREE)
        demo_print_run(&page, &run);
    int after = records_count_descriptors(getpid());
    bool childless = waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD;
    if (after != before || !childless)
        printf("%s: %d descriptors before, %d after%s\n", scenario->name, before, after,
            childless ? "" : ", a child is left");
    fflush(stdout);
    return (run.verdict == DEMO_AGREE || run.verdict == DEMO_SKIPPED) && after == before &&
           childless;
}

#define TRIES_TIMED 3

/* Runs the scenario with this number, unless $DEMO_SCENARIO is another. One with a time may fail
 * twice. */
static bool run_scenario(const void *any, size_t i)
{
    const char *only = getenv("DEMO_SCENARIO");
    const struct scenario *scenario = scenario_at(i);
    if (only != NULL && strcmp(only, scenario->name) != 0)
        return true;
    bool good = run_once(scenario, any);
    for (int tries = 1; !good && tries < TRIES_TIMED && is_timed(scenario); tries++) {
        printf("%s: run again, its recipe has a time\n", scenario->name);
        good = run_once(scenario, any);
    }
    return good;
}

/* Most scenarios wait most of the time. */
static void run_everything(const char *any)
{
    size_t n = scenario_count();
    assert_int_equal(side_by_side_run(n, SIDE_BY_SIDE_MAX, run_scenario, any), n);
}

static void every_victim_sees_the_same_over_ipv4(void **state)
{
    (void)state;
    run_everything("127.0.0.1:0");
}

static void every_victim_sees_the_same_over_ipv6(void **state)
{
    struct peer_address address;
    int reserved = peer_address_reserve("[::1]:0", &address);
    (void)state;
    if (reserved < 0) {
        printf("no IPv6 here: %s\n", err_name(-reserved));
        skip();
    }
    close(reserved);
    run_everything("[::1]:0");
}

/* A run that goes wrong must be called so. */
static void a_script_that_shows_nothing_does_not_agree(void **state)
{
    struct scenario scenario = *scenario_find("truncated-body");
    struct demo_run *run = malloc(sizeof *run);
    (void)state;
    assert_non_null(run);
    scenario.proof = "read: 10000 bytes";
    demo_run_scenario(&scenario, "127.0.0.1:0", run);
    assert_int_equal(run->verdict, DEMO_DIFFER);
    scenario = *scenario_find("truncated-body");
    scenario.name = "reset-after-reply"; /* another recipe: a RST, and later */
    demo_run_scenario(&scenario, "127.0.0.1:0", run);
    assert_int_equal(run->verdict, DEMO_DIFFER);
    scenario.name = "no-such-recipe";
    demo_run_scenario(&scenario, "127.0.0.1:0", run);
    assert_int_equal(run->verdict, DEMO_FAILED);
    free(run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_victim_takes_the_same_steps_in_both_scripts),
        cmocka_unit_test(every_scenario_has_a_name_of_its_own),
        cmocka_unit_test(every_scenario_has_a_recipe),
        cmocka_unit_test(every_recipe_is_built_in_and_belongs_to_a_scenario),
        cmocka_unit_test(every_recipe_is_one_proxy_and_its_faults),
        cmocka_unit_test(every_victim_sees_the_same_over_ipv4),
        cmocka_unit_test(every_victim_sees_the_same_over_ipv6),
        cmocka_unit_test(a_script_that_shows_nothing_does_not_agree),
    };
    if (!private_network_try())
        printf("no CAP_NET_ADMIN, and no namespace of our own: some scenarios are skipped\n");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
