/* SPDX-License-Identifier: MIT */
/*
 * Each fault that fired keeps its type, parameters and trigger; which connections it fired on takes
 * the place of everything that chose them (chance, times, clients, active).
 *
 * A fault with `after` waits for the section that was made of the other one for that connection, so
 * that one is made first; at the end the sections have the order of the run's configuration.
 *
 * The log has no changes of the API. A fault that it enabled is enabled here, and one that fired at
 * another byte than `when = bytes:N` says is tied to that byte.
 *
 * A fault that began by the clock, or behind one that did (time, idle, run, a trigger_delay, a
 * window that opened) is tied to the byte at which it began: one section for each offset. A lasting
 * one that its window ended is given that end by bytes, or by its `for`.
 */
#include "proxy/app/replay/config.h"

#include <stdlib.h>
#include <string.h>

#include "proxy/app/replay/proxies.h"
#include "proxy/app/replay/section.h"

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
    for (size_t i = log->config_count; i-- > 0;) {
        const struct config *config = &log->configs[i];
        for (size_t k = 0; k < config->fault_count; k++)
            if (strcmp(config->faults[k].name, name) == 0)
                return &config->faults[k];
    }
    return NULL;
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
    const struct config *config = &task->replay->config;
    size_t length = group_length(task, 0), named = 0;
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

static int add_groups(struct replay_task *task)
{
    const struct proxy_config *proxies = task->replay->config.proxies;
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
    const struct occurrence anywhere = {.direction = ANY,
        .watched = ANY,
        .offset = ANY,
        .until = ANY,
        .for_us = ANY,
        .after = task->first};
    return replay_section_add(task, &anywhere, NULL, true) != NULL ? 0 : -1;
}

static int config_add_fault(struct replay_config *replay, const struct replay_log *log,
    const struct fault *of, size_t order)
{
    struct replay_task task = {.replay = replay,
        .log = log,
        .fault = of,
        .order = order,
        .by_clock = chain_began_by_clock(log, of),
        .first = ANY};
    if (of->after.any)
        task.first = find_first(&task);
    int result = gather(&task);
    if (result == 0 && task.count == 0)
        replay->unfired[replay->unfired_count++] = of->name;
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

/* Every injection speaks of a proxy and a fault that the run had. */
static int check_names(const struct replay_config *replay, const struct replay_log *log)
{
    struct replay_task all = {.replay = (struct replay_config *)replay, .log = log};
    for (size_t i = 0; i < log->injection_count; i++) {
        const struct injection *injection = &log->injections[i];
        bool known = replay_proxies_find(&replay->config, injection->proxy) != ANY;
        if (known && replay_name_is_taken(&all, injection->fault))
            continue;
        fprintf(stderr, "rudeproxy: the log has the %s %s, its configuration has not\n",
            known ? "fault" : "proxy", known ? injection->fault : injection->proxy);
        return -1;
    }
    return 0;
}

/* The faults of all configurations, those that were defined anew as they were at the end. */
struct fault_list {
    const struct fault **faults; /* owned; NULL: its sections are made */
    size_t count;
};

static int list_faults(struct fault_list *list, const struct replay_log *log, size_t room)
{
    list->count = 0;
    list->faults = calloc(room + 1, sizeof list->faults[0]);
    if (list->faults == NULL)
        return replay_out_of_memory();
    for (size_t i = 0; i < log->config_count; i++) {
        for (size_t k = 0; k < log->configs[i].fault_count; k++) {
            const struct fault *fault = &log->configs[i].faults[k];
            if (!is_superseded(log, i, fault->name))
                list->faults[list->count++] = fault;
        }
    }
    return 0;
}

static bool is_listed(const struct fault_list *list, const char *name)
{
    for (size_t i = 0; i < list->count; i++)
        if (list->faults[i] != NULL && strcmp(list->faults[i]->name, name) == 0)
            return true;
    return false;
}

/* Makes the sections of all faults, of each behind those of the fault that it waits for. Faults
 * that different configurations let wait for each other come last, in their order. */
static int add_faults(
    struct replay_config *replay, const struct replay_log *log, struct fault_list *list)
{
    for (bool progress = true, forced = false; progress || !forced;) {
        forced = !progress;
        progress = false;
        for (size_t i = 0; i < list->count; i++) {
            const struct fault *fault = list->faults[i];
            if (fault == NULL || (!forced && is_listed(list, fault->after.name)))
                continue;
            if (config_add_fault(replay, log, fault, i) != 0)
                return -1;
            list->faults[i] = NULL;
            progress = true;
        }
    }
    return 0;
}

/* Puts the sections into the order of the faults that they are made of. */
static int sort_sections(struct replay_config *replay, size_t orders)
{
    size_t count = replay->config.fault_count, used = 0;
    struct fault *faults = malloc((count + 1) * sizeof faults[0]);
    struct replay_remark *remarks = malloc((count + 1) * sizeof remarks[0]);
    if (faults == NULL || remarks == NULL) {
        free(faults);
        free(remarks);
        return replay_out_of_memory();
    }
    for (size_t order = 0; order < orders; order++) {
        for (size_t i = 0; i < count; i++) {
            if (replay->remarks[i].order != order)
                continue;
            faults[used] = replay->config.faults[i];
            remarks[used++] = replay->remarks[i];
        }
    }
    free(replay->config.faults);
    free(replay->remarks);
    replay->config.faults = faults;
    replay->remarks = remarks;
    replay->fault_capacity = count + 1;
    return 0;
}

int replay_config_make(struct replay_config *replay, const struct replay_log *log)
{
    size_t fault_count;
    *replay = (struct replay_config){.config.settings = log->configs[0].settings};
    replay->config.proxies =
        calloc(count_all(log, &fault_count) + 1, sizeof replay->config.proxies[0]);
    replay->unfired = calloc(fault_count + 1, sizeof replay->unfired[0]);
    if (replay->config.proxies == NULL || replay->unfired == NULL)
        return replay_out_of_memory();
    snprintf(replay->config.settings.log, sizeof replay->config.settings.log, "stderr");
    replay->config.settings.pcap[0] = '\0'; /* or a replay would append to the capture */
    replay_proxies_add(replay, log);
    if (check_names(replay, log) != 0)
        return -1;
    struct fault_list list;
    int result = list_faults(&list, log, fault_count);
    if (result == 0)
        result = add_faults(replay, log, &list);
    if (result == 0)
        result = sort_sections(replay, list.count);
    free(list.faults);
    return result;
}

void replay_config_free(struct replay_config *replay)
{
    config_free(&replay->config);
    free(replay->remarks);
    free(replay->unfired);
}
