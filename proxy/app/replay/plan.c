/* SPDX-License-Identifier: MIT */
/*
 * Each fault that fired keeps its type, parameters and trigger; which connections it fired on takes
 * the place of everything that chose them (chance, times, clients, active).
 *
 * A fault that began by the clock (time, idle, a window that opened) is tied to the byte at which
 * it began: one section for each offset. A lasting one that its window ended is given that end by
 * bytes, or by its `for`.
 */
#include "proxy/app/replay/plan.h"

#include <stdlib.h>
#include <string.h>

#include "proxy/app/replay/section.h"

#define START_SLACK_US (100 * US_PER_MS)

/* --- what time decided --- */

static bool began_by_clock(const struct fault *fault)
{
    return fault->when.kind == TRIGGER_TIME || fault->when.kind == TRIGGER_IDLE ||
           (fault->type->lasting && fault->active.from > 0);
}

static bool ended_by_clock(const struct fault *fault)
{
    return fault->type->lasting && fault->active.to != TIME_NEVER;
}

/* A window may have cut one of two directions off. */
static bool tells_directions(const struct fault *fault)
{
    bool always = fault->active.from == 0 && fault->active.to == TIME_NEVER;
    return began_by_clock(fault) || ended_by_clock(fault) ||
           (!always && fault->directions == BOTH_BITS && fault->type->side_rule == SIDE_UNUSED);
}

/* --- occurrences --- */

static int compare_numbers(uint64_t a, uint64_t b)
{
    return a < b ? -1 : a > b;
}

static int compare_place(const struct occurrence *a, const struct occurrence *b)
{
    int result = compare_numbers(a->proxy, b->proxy);
    if (result == 0)
        result = compare_numbers(a->direction, b->direction);
    if (result == 0)
        result = compare_numbers(a->offset, b->offset);
    if (result == 0)
        result = compare_numbers(a->until, b->until);
    return result != 0 ? result : compare_numbers(a->for_us, b->for_us);
}

static int compare_occurrences(const void *a, const void *b)
{
    const struct occurrence *one = a, *other = b;
    int result = compare_place(one, other);
    return result != 0 ? result : compare_numbers(one->connection, other->connection);
}

static uint64_t find_proxy(const struct config *config, const char *name)
{
    for (size_t i = 0; i < config->proxy_count; i++) {
        if (strcmp(config->proxies[i].name, name) == 0)
            return i;
    }
    return ANY;
}

/* Whether its window ended it, and not `until` or `for` before. The `run` event is written a little
 * later than the time from which windows count. */
static bool was_cut(const struct replay_task *task, const struct injection *injection)
{
    const struct fault *fault = task->fault;
    if (!ended_by_clock(fault) || !injection->is_over)
        return false;
    int64_t closes_us = task->log->started_us + (int64_t)fault->active.to;
    return injection->over_at_us >= closes_us - START_SLACK_US;
}

static struct occurrence occurrence_of(
    const struct replay_task *task, const struct injection *injection)
{
    const struct fault *fault = task->fault;
    struct occurrence at = {
        .proxy = find_proxy(&task->plan->config, injection->proxy),
        .direction = tells_directions(fault) ? injection->direction : ANY,
        .offset = began_by_clock(fault) ? injection->offset : ANY,
        .until = ANY,
        .for_us = ANY,
        .connection = injection->connection,
    };
    if (!was_cut(task, injection))
        return at;
    int64_t lasted = injection->over_at_us - injection->at_us;
    if (replay_for_option(fault) != NULL)
        at.for_us = lasted > 0 ? (uint64_t)lasted : 1;
    else
        at.until = injection->over_offset > injection->offset ? injection->over_offset
                                                              : injection->offset + 1;
    return at;
}

/* The fault's own occurrences, sorted, each once: in both directions of a connection is once. */
static int gather(struct replay_task *task)
{
    const struct replay_log *log = task->log;
    struct occurrence *all = malloc((log->injection_count + 1) * sizeof all[0]);
    size_t count = 0, kept = 0;
    if (all == NULL)
        return replay_out_of_memory();
    for (size_t i = 0; i < log->injection_count; i++) {
        if (strcmp(log->injections[i].fault, task->fault->name) == 0)
            all[count++] = occurrence_of(task, &log->injections[i]);
    }
    qsort(all, count, sizeof all[0], compare_occurrences);
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || compare_occurrences(&all[kept - 1], &all[i]) != 0)
            all[kept++] = all[i];
    }
    task->occurrences = all;
    task->count = kept;
    return 0;
}

static size_t group_length(const struct replay_task *task, size_t start)
{
    size_t end = start + 1;
    while (
        end < task->count && compare_place(&task->occurrences[start], &task->occurrences[end]) == 0)
        end++;
    return end - start;
}

/* Whether it fired on the same connections of every proxy that it names, so that one section does.
 */
static bool is_uniform(const struct replay_task *task)
{
    const struct config *config = &task->plan->config;
    size_t length = group_length(task, 0), named = 0;
    for (size_t i = 0; i < config->proxy_count; i++)
        named += fault_names_proxy(task->fault, config->proxies[i].name);
    if (tells_directions(task->fault) || named * length != task->count)
        return false;
    for (size_t i = 0; i < task->count; i++) {
        const struct occurrence *first = &task->occurrences[i % length];
        const struct occurrence *here = &task->occurrences[i];
        if (here->connection != first->connection ||
            here->proxy != task->occurrences[i - i % length].proxy)
            return false;
    }
    return true;
}

static int add_groups(struct replay_task *task)
{
    const struct proxy_config *proxies = task->plan->config.proxies;
    if (is_uniform(task))
        return replay_sections_add(task, task->occurrences, group_length(task, 0), NULL);
    for (size_t i = 0; i < task->count;) {
        const struct occurrence *first = &task->occurrences[i];
        size_t length = group_length(task, i);
        if (replay_sections_add(task, first, length, proxies[first->proxy].name) != 0)
            return -1;
        i += length;
    }
    return 0;
}

/* A fault of the listening socket has no connections: its window says when. */
static int add_listener_fault(struct replay_task *task)
{
    const struct occurrence anywhere = {
        .direction = ANY, .offset = ANY, .until = ANY, .for_us = ANY};
    return replay_section_add(task, &anywhere, NULL, true) != NULL ? 0 : -1;
}

static int add_fault(struct replay_plan *plan, const struct replay_log *log, const struct fault *of)
{
    struct replay_task task = {.plan = plan, .log = log, .fault = of};
    int result = gather(&task);
    if (result == 0 && task.count == 0)
        plan->unfired[plan->unfired_count++] = of->name;
    else if (result == 0)
        result =
            of->type->listener != LISTENER_OPEN ? add_listener_fault(&task) : add_groups(&task);
    free(task.occurrences);
    return result;
}

/* --- the run --- */

/* Whether a later configuration of the run has a fault of this name too. */
static bool is_superseded(const struct replay_log *log, size_t config, const char *fault)
{
    for (size_t i = config + 1; i < log->config_count; i++) {
        for (size_t k = 0; k < log->configs[i].fault_count; k++) {
            if (strcmp(log->configs[i].faults[k].name, fault) == 0)
                return true;
        }
    }
    return false;
}

static size_t count_all(const struct replay_log *log, size_t *faults)
{
    size_t proxies = 0;
    *faults = 0;
    for (size_t i = 0; i < log->config_count; i++) {
        proxies += log->configs[i].proxy_count;
        *faults += log->configs[i].fault_count;
    }
    return proxies;
}

/* The proxies of the last configuration, and those that a reload has removed. */
static void add_proxies(struct replay_plan *plan, const struct replay_log *log)
{
    for (size_t i = log->config_count; i-- > 0;) {
        const struct config *config = &log->configs[i];
        for (size_t k = 0; k < config->proxy_count; k++) {
            if (find_proxy(&plan->config, config->proxies[k].name) == ANY)
                plan->config.proxies[plan->config.proxy_count++] = config->proxies[k];
        }
    }
}

/* Every injection speaks of a proxy and a fault that the run had. */
static int check_names(const struct replay_plan *plan, const struct replay_log *log)
{
    struct replay_task all = {.plan = (struct replay_plan *)plan, .log = log};
    for (size_t i = 0; i < log->injection_count; i++) {
        const struct injection *injection = &log->injections[i];
        bool known = find_proxy(&plan->config, injection->proxy) != ANY;
        if (known && replay_name_is_taken(&all, injection->fault))
            continue;
        fprintf(stderr, "rudeproxy: the log has the %s %s, its configuration has not\n",
            known ? "fault" : "proxy", known ? injection->fault : injection->proxy);
        return -1;
    }
    return 0;
}

int replay_plan_make(struct replay_plan *plan, const struct replay_log *log)
{
    size_t fault_count;
    *plan = (struct replay_plan){.config.settings = log->configs[0].settings};
    plan->config.proxies = calloc(count_all(log, &fault_count) + 1, sizeof plan->config.proxies[0]);
    plan->unfired = calloc(fault_count + 1, sizeof plan->unfired[0]);
    if (plan->config.proxies == NULL || plan->unfired == NULL)
        return replay_out_of_memory();
    snprintf(plan->config.settings.log, sizeof plan->config.settings.log, "stderr");
    add_proxies(plan, log);
    if (check_names(plan, log) != 0)
        return -1;
    for (size_t i = 0; i < log->config_count; i++) {
        for (size_t k = 0; k < log->configs[i].fault_count; k++) {
            const struct fault *fault = &log->configs[i].faults[k];
            if (!is_superseded(log, i, fault->name) && add_fault(plan, log, fault) != 0)
                return -1;
        }
    }
    return 0;
}

void replay_plan_free(struct replay_plan *plan)
{
    config_free(&plan->config);
    free(plan->remarks);
    free(plan->unfired);
}
