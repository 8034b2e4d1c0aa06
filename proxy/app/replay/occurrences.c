/* SPDX-License-Identifier: MIT */
/*
 * The clock may decide when a fault begins: time, idle, run, a trigger_delay, a window that opens.
 * Such a fault, and one that waits for it, is tied to the byte at which it began. If its window
 * ended a lasting fault, the fault gets that end in bytes, or as its `for`.
 */
#include "proxy/app/replay/occurrences.h"

#include <stdlib.h>
#include <string.h>

#include "proxy/app/replay/proxies.h"

#define CHAIN_MAX 10000 /* links of a chain of faults, more than a file holds */
#define START_SLACK_US (100 * US_PER_MS)

/* --- what time decided --- */

static bool began_by_clock(const struct fault *fault)
{
    return trigger_is_timed(fault->when.kind) || fault->trigger_delay_us > 0 ||
           (fault->type->lasting && fault->active.from > 0);
}

/* The fault of this name as it was at the end of the run, NULL: it had none. */
static const struct fault *plan_find_fault(const struct replay_log *log, const char *name)
{
    const struct fault *found = NULL;
    for (size_t i = log->config_count; i-- > 0 && found == NULL;)
        found = config_find_fault(&log->configs[i], name);
    return found;
}

/* Whether the fault began by the clock, or one that it waited for did. One that fires at accept did
 * not: its connections say all. A chain has no circle, unless two configurations made one: its
 * length is bounded. */
static bool chain_began_by_clock(const struct replay_log *log, const struct fault *fault)
{
    for (unsigned links = 0; fault != NULL && links < CHAIN_MAX; links++) {
        if (began_by_clock(fault))
            return true;
        if (fault->when.kind == TRIGGER_ACCEPT)
            return false;
        fault = fault->after.name[0] != '\0' ? plan_find_fault(log, fault->after.name) : NULL;
    }
    return false;
}

static bool ended_by_clock(const struct fault *fault)
{
    return fault->type->lasting && fault->active.to != TIME_NEVER;
}

/* Whether sections name their direction: a window may have cut one of two off. */
static bool needs_directions(const struct replay_task *task)
{
    const struct fault *fault = task->fault;
    bool always = fault->active.from == 0 && fault->active.to == TIME_NEVER;
    return task->by_clock || ended_by_clock(fault) ||
           (!always && fault->directions == BOTH_BITS && fault->type->side_rule == SIDE_UNUSED);
}

/* --- occurrences --- */

static int compare_numbers(uint64_t a, uint64_t b)
{
    return a < b ? -1 : a > b;
}

static int compare_place(const struct occurrence *a, const struct occurrence *b)
{
    const uint64_t left[] = {
        a->proxy, a->direction, a->watched, a->offset, a->until, a->for_us, a->after};
    const uint64_t right[] = {
        b->proxy, b->direction, b->watched, b->offset, b->until, b->for_us, b->after};
    int result = 0;
    for (size_t i = 0; i < sizeof left / sizeof left[0] && result == 0; i++)
        result = compare_numbers(left[i], right[i]);
    return result;
}

/* Whether both differ in nothing but the proxy and the connection. */
static bool is_alike(const struct occurrence *a, const struct occurrence *b)
{
    struct occurrence other = *b;
    other.proxy = a->proxy;
    return compare_place(a, &other) == 0;
}

static int compare_occurrences(const void *a, const void *b)
{
    const struct occurrence *one = a, *other = b;
    int result = compare_place(one, other);
    return result != 0 ? result : compare_numbers(one->connection, other->connection);
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

/* The section made of the fault `name` that fires on this connection. ANY: none. */
static uint64_t find_section(
    const struct replay_config *replay, const char *name, const char *proxy, uint64_t connection)
{
    for (size_t i = 0; i < replay->config.fault_count; i++) {
        const struct fault *section = &replay->config.faults[i];
        if (strcmp(replay->remarks[i].origin, name) == 0 && fault_names_proxy(section, proxy) &&
            selection_has(&section->connections, connection))
            return i;
    }
    return ANY;
}

/* With `after = NAME/any`: the section of the first place at which NAME fired. ANY: none. */
static uint64_t find_first(const struct replay_task *task)
{
    const char *name = task->fault->after.name;
    for (size_t i = 0; i < task->log->injection_count; i++) {
        const struct injection *first = &task->log->injections[i];
        if (strcmp(first->fault, name) == 0)
            return find_section(task->replay, name, first->proxy, first->connection);
    }
    return ANY;
}

/* The section that the fault waited for when it fired. ANY: it waited for none. */
static uint64_t find_awaited(const struct replay_task *task, const struct injection *injection)
{
    const struct after *after = &task->fault->after;
    if (after->name[0] == '\0')
        return ANY;
    if (after->any)
        return task->first;
    return find_section(task->replay, after->name, injection->proxy, injection->connection);
}

/* Whether the API, or an earlier configuration, had another `when`. Only where it is a byte of the
 * direction that the log names, the log shows it. */
static bool was_moved(const struct fault *fault, const struct injection *injection)
{
    bool is_exact = fault->when.kind == TRIGGER_BYTES && fault->directions != BOTH_BITS &&
                    fault->when_directions == NO_BITS && fault->after.name[0] == '\0' &&
                    !fault_fires_later(fault);
    return is_exact && injection->connection > 0 && injection->offset != fault->when.value;
}

/* Ties an occurrence to the byte at which the fault fired. If its direction had no byte yet, the
 * byte is the last one of the other direction: without it, a fault of sockets would fire before the
 * request that it answered. */
static void tie(struct occurrence *at, const struct fault *fault, const struct injection *injection)
{
    at->direction = injection->direction;
    at->offset = injection->offset;
    if (fault_works_on_direction(fault) || at->offset > 0 || injection->other_offset == 0)
        return;
    at->offset = injection->other_offset;
    if (fault->type->lasting) /* `until` counts its own direction */
        at->watched = !injection->direction;
    else
        at->direction = !injection->direction;
}

static struct occurrence occurrence_of(
    const struct replay_task *task, const struct injection *injection)
{
    const struct fault *fault = task->fault;
    bool tied = task->by_clock || was_moved(fault, injection);
    uint64_t awaited = tied ? ANY : find_awaited(task, injection);
    tied |= fault->after.name[0] != '\0' && awaited == ANY;
    struct occurrence at = {
        .proxy = replay_proxies_find(&task->replay->config, injection->proxy),
        .direction = needs_directions(task) ? injection->direction : ANY,
        .watched = ANY,
        .offset = ANY,
        .after = awaited,
        .until = ANY,
        .for_us = ANY,
        .connection = injection->connection,
    };
    if (tied)
        tie(&at, fault, injection);
    bool counts = fault->until.kind == TRIGGER_BYTES || fault->until.kind == TRIGGER_TIME;
    bool ends_chained = tied && fault->after.name[0] != '\0' && counts && injection->is_over;
    if (!was_cut(task, injection) && !ends_chained)
        return at;
    int64_t lasted = injection->over_at_us - injection->at_us;
    if (replay_for_option(fault) != NULL)
        at.for_us = lasted > 0 ? (uint64_t)lasted : 1;
    else
        at.until = injection->over_offset > injection->offset ? injection->over_offset
                                                              : injection->offset + 1;
    return at;
}

int replay_occurrences_gather(struct replay_task *task)
{
    const struct replay_log *log = task->log;
    task->by_clock = chain_began_by_clock(log, task->fault);
    task->first = task->fault->after.any ? find_first(task) : ANY;
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

size_t replay_occurrences_alike(const struct replay_task *task, size_t start)
{
    size_t end = start + 1;
    while (
        end < task->count && compare_place(&task->occurrences[start], &task->occurrences[end]) == 0)
        end++;
    return end - start;
}

bool replay_occurrences_are_uniform(const struct replay_task *task)
{
    const struct config *config = &task->replay->config;
    size_t length = replay_occurrences_alike(task, 0), named = 0;
    for (size_t i = 0; i < config->proxy_count; i++)
        named += fault_names_proxy(task->fault, config->proxies[i].name);
    if (needs_directions(task) || named * length != task->count)
        return false;
    for (size_t i = 0; i < task->count; i++) {
        const struct occurrence *first = &task->occurrences[i % length];
        const struct occurrence *here = &task->occurrences[i];
        if (here->connection != first->connection || !is_alike(here, &task->occurrences[0]) ||
            here->proxy != task->occurrences[i - i % length].proxy)
            return false;
    }
    return true;
}
