/* SPDX-License-Identifier: MIT */
/*
 * A file is loaded: plan_compile() makes a rule of each fault that names the proxy. A fault equal
 * to that of the old plan keeps its rule. A changed one gets a new rule with the counter of the old
 * one, and with its shared state if the type is the same. Rules of the API follow, if they stay.
 * plan_put_in_force() gives the parameters of the new plan to the shared state, and cannot fail.
 */
#include "proxy/relay/plan.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Returns the counter of a rule: the one of the rule it replaces, if any. */
static struct fault_counter *counter_of(const struct fault *fault, enum rule_origin origin,
    const char *proxy, const struct rule *before, struct fault_counters *book)
{
    if (before != NULL && before->origin == origin)
        return fault_counter_ref(before->fault_counter);
    if (origin == RULE_FROM_FILE)
        return fault_counter_of_file(book, fault->name);
    return origin == RULE_FROM_API ? fault_counter_new(book, proxy, fault->name)
                                   : fault_counter_new_unnamed(book, proxy, fault->name);
}

/* Returns the shared state of a rule: that of the rule it replaces, if its type is the same. NULL:
 * out of memory. */
static struct rule_shared *shared_of(const struct fault *fault, const struct rule *before)
{
    struct rule_shared *shared = NULL;
    if (before != NULL && before->fault.type == fault->type) {
        shared = before->shared;
    } else if ((shared = calloc(1, sizeof *shared)) != NULL) {
        memcpy(shared->params, fault->params, sizeof shared->params);
    }
    if (shared != NULL)
        shared->refs++;
    return shared;
}

static void shared_unref(struct rule_shared *shared)
{
    if (shared != NULL && --shared->refs == 0)
        free(shared);
}

struct rule *rule_new(const struct fault *fault, enum rule_origin origin,
    const struct toxic_fields *toxic_fields, const char *proxy, const struct rule *before,
    struct fault_counters *book)
{
    struct rule *rule = calloc(1, sizeof *rule);
    if (rule == NULL)
        return NULL;
    rule->refs = 1;
    rule->origin = origin;
    rule->fault = *fault;
    if (toxic_fields != NULL)
        rule->toxic_fields = *toxic_fields;
    rule->fault_counter = counter_of(fault, origin, proxy, before, book);
    if (fault->after.any)
        rule->first = fired_name_of(book, fault->after.name);
    rule->shared = shared_of(fault, before);
    if (rule->fault_counter == NULL || (fault->after.any && rule->first == NULL) ||
        rule->shared == NULL) {
        fault_counter_unref(rule->fault_counter);
        shared_unref(rule->shared);
        free(rule);
        return NULL;
    }
    if (rule->first != NULL && fault->type->listener != LISTENER_OPEN)
        rule->first->for_listeners = true;
    if (fault->when.kind == TRIGGER_MATCH)
        matcher_init(&rule->when_matcher, &rule->fault.when);
    if (fault->until.kind == TRIGGER_MATCH)
        matcher_init(&rule->until_matcher, &rule->fault.until);
    return rule;
}

struct rule *rule_ref(struct rule *rule)
{
    assert(rule->refs > 0);
    rule->refs++;
    return rule;
}

void rule_unref(struct rule *rule)
{
    if (rule == NULL || --rule->refs > 0)
        return;
    fault_counter_unref(rule->fault_counter);
    shared_unref(rule->shared);
    fired_name_unref(rule->first);
    free(rule);
}

/* Allocates a plan without rules, with room for some. */
static struct plan *allocate(const struct plan_basis *basis, size_t room)
{
    struct plan *plan = calloc(1, sizeof *plan + room * sizeof(struct rule *));
    if (plan == NULL)
        return NULL;
    plan->refs = 1;
    plan->seed = basis->seed;
    plan->started_at = basis->started_at;
    plan->origin = basis->origin;
    plan->config = basis->config;
    return plan;
}

struct plan *plan_new(const struct plan_basis *basis, struct rule *const *rules, size_t rule_count)
{
    struct plan *plan = allocate(basis, rule_count);
    for (size_t i = 0; plan != NULL && i < rule_count; i++)
        plan->rules[plan->rule_count++] = rule_ref(rules[i]);
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
    for (size_t i = 0; i < plan->rule_count; i++)
        rule_unref(plan->rules[i]);
    free(plan);
}

void plan_put_in_force(struct plan *plan)
{
    for (size_t i = 0; i < plan->rule_count; i++) {
        struct rule *rule = plan->rules[i];
        memcpy(rule->shared->params, rule->fault.params, sizeof rule->shared->params);
    }
}

struct rule *plan_find(const struct plan *plan, const char *name)
{
    for (size_t i = 0; plan != NULL && i < plan->rule_count; i++)
        if (strcmp(plan->rules[i]->fault.name, name) == 0)
            return plan->rules[i];
    return NULL;
}

bool plan_needs_messages(const struct plan *plan)
{
    bool needed = !protocol_is_raw(&plan->config.protocol);
    for (size_t i = 0; i < plan->rule_count; i++)
        needed |= plan->rules[i]->fault.sni.text[0] != '\0';
    return needed;
}

static size_t count_rules(const struct config *config, const char *proxy_name)
{
    size_t count = 0;
    for (size_t i = 0; i < config->fault_count; i++)
        count += fault_names_proxy(&config->faults[i], proxy_name);
    return count;
}

/* Whether the rule is the fault as the file has it, also for proxies that do not exist yet. */
static bool is_of_file(const struct rule *rule, const struct fault *fault)
{
    return rule->origin == RULE_FROM_FILE && fault_equal(&rule->fault, fault) &&
           strcmp(rule->fault.proxies, fault->proxies) == 0;
}

/* Returns the rule of a fault of the file: the old one if that is equal. NULL: out of memory. */
static struct rule *rule_of(const struct fault *fault, const char *proxy, const struct plan *old,
    struct fault_counters *book)
{
    struct rule *before = plan_find(old, fault->name);
    if (before == NULL || !is_of_file(before, fault))
        return rule_new(fault, RULE_FROM_FILE, NULL, proxy, before, book);
    return rule_ref(before);
}

static int compile_rules(struct plan *plan, const struct config *config, const struct plan *old,
    struct fault_counters *book)
{
    for (size_t i = 0; i < config->fault_count; i++) {
        if (!fault_names_proxy(&config->faults[i], plan->config.name))
            continue;
        struct rule *rule = rule_of(&config->faults[i], plan->config.name, old, book);
        if (rule == NULL)
            return -1;
        plan->rules[plan->rule_count++] = rule;
    }
    return 0;
}

static void keep_rules_of_api(struct plan *plan, const struct plan *old)
{
    for (size_t i = 0; i < old->rule_count; i++) {
        struct rule *rule = old->rules[i];
        if (rule->origin == RULE_FROM_API && plan_find(plan, rule->fault.name) == NULL)
            plan->rules[plan->rule_count++] = rule_ref(rule);
    }
}

struct plan *plan_compile(const struct config *config, const struct proxy_config *proxy,
    enum rule_origin origin, time_us started_at, struct fault_counters *book,
    const struct plan *old, bool keep_api)
{
    const struct plan_basis basis = {
        .seed = config->settings.seed,
        .started_at = started_at,
        .origin = origin,
        .config = *proxy,
    };
    size_t room = count_rules(config, proxy->name) + (old == NULL ? 0 : old->rule_count);
    struct plan *plan = allocate(&basis, room);
    if (plan == NULL)
        return NULL;
    if (compile_rules(plan, config, old, book) != 0) {
        plan_unref(plan);
        return NULL;
    }
    if (old != NULL && keep_api)
        keep_rules_of_api(plan, old);
    return plan;
}
