/* SPDX-License-Identifier: MIT */
/* Plans and tallies: see plan.h. */
#include "proxy/relay/plan.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void tally_book_init(struct tally_book *book)
{
    list_init(&book->tallies);
}

void tally_book_deinit(struct tally_book *book)
{
    for (struct list *link; (link = list_pop(&book->tallies)) != NULL;)
        free(container_of(link, struct tally, link));
}

/* The fault's tally, made when it is first asked for. NULL: out of memory. */
static struct tally *tally_of(struct tally_book *book, const char *name)
{
    list_for_each(link, &book->tallies)
    {
        struct tally *tally = container_of(link, struct tally, link);
        if (strcmp(tally->name, name) == 0)
            return tally;
    }
    struct tally *tally = calloc(1, sizeof *tally);
    if (tally == NULL)
        return NULL;
    memcpy(tally->name, name, strlen(name) + 1);
    list_append(&book->tallies, &tally->link);
    return tally;
}

static size_t count_rules(const struct config *config, const char *proxy_name)
{
    size_t count = 0;
    for (size_t i = 0; i < config->fault_count; i++)
        count += fault_names_proxy(&config->faults[i], proxy_name);
    return count;
}

static int compile_rule(struct plan *plan, const struct fault *fault, struct tally_book *book)
{
    size_t index = plan->rule_count++;
    struct rule *rule = &plan->rules[index];
    rule->fault = *fault;
    rule->shared_state = (unsigned char *)plan->shared_states + index * FAULT_STATE_MAX;
    rule->tally = tally_of(book, fault->name);
    if (rule->tally == NULL)
        return -1;
    rule->tally->must_fire = fault->must_fire && fault->enabled;
    if (rule->fault.when.kind == TRIGGER_MATCH)
        matcher_init(&rule->when_matcher, &rule->fault.when);
    if (rule->fault.until.kind == TRIGGER_MATCH)
        matcher_init(&rule->until_matcher, &rule->fault.until);
    return 0;
}

static int compile_rules(struct plan *plan, const struct config *config, struct tally_book *book)
{
    for (size_t i = 0; i < config->fault_count; i++) {
        if (fault_names_proxy(&config->faults[i], plan->proxy.name) &&
            compile_rule(plan, &config->faults[i], book) != 0)
            return -1;
    }
    return 0;
}

struct plan *plan_new(
    const struct config *config, size_t index, time_us started_at, struct tally_book *book)
{
    const struct proxy_config *proxy = &config->proxies[index];
    size_t count = count_rules(config, proxy->name);
    struct plan *plan = calloc(1, sizeof *plan + count * sizeof plan->rules[0]);
    if (plan == NULL)
        return NULL;
    plan->refs = 1;
    plan->seed = config->settings.seed;
    plan->started_at = started_at;
    plan->proxy = *proxy;
    plan->shared_states = calloc(count + 1, FAULT_STATE_MAX);
    if (plan->shared_states == NULL || compile_rules(plan, config, book) != 0) {
        plan_unref(plan);
        return NULL;
    }
    return plan;
}

struct plan *plan_ref(struct plan *plan)
{
    assert(plan->refs > 0);
    plan->refs++;
    return plan;
}

void plan_unref(struct plan *plan)
{
    if (plan == NULL || --plan->refs > 0)
        return;
    free(plan->shared_states);
    free(plan);
}
