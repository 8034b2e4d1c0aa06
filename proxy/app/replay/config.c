/* SPDX-License-Identifier: MIT */
/*
 * Each fault that fired keeps its type, parameters and trigger. The keys that chose its connections
 * (chance, times, clients, active) are replaced by the connections on which it fired.
 *
 * A fault with `after` waits for the section of the other fault that has the same connection, so
 * the sections of the other fault are made first. At the end all sections are sorted into the order
 * of the run's configuration.
 *
 * The log does not have the changes that the API made. So a fault that fired is enabled here. If it
 * fired at another byte than `when = bytes:N` says, it is tied to that byte.
 *
 * If the clock decided where a fault fired (occurrences.c), it has one section for each offset.
 */
#include "proxy/app/replay/config.h"

#include <stdlib.h>
#include <string.h>

#include "proxy/app/replay/occurrences.h"
#include "proxy/app/replay/proxies.h"
#include "proxy/app/replay/section.h"

/* --- sections --- */

static int add_groups(struct replay_task *task)
{
    const struct proxy_config *proxies = task->replay->config.proxies;
    if (replay_occurrences_are_uniform(task))
        return replay_sections_add(
            task, task->occurrences, replay_occurrences_alike(task, 0), NULL);
    for (size_t i = 0; i < task->count;) {
        const struct occurrence *first = &task->occurrences[i];
        size_t length = replay_occurrences_alike(task, i);
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
    struct replay_task task = {.replay = replay, .log = log, .fault = of, .order = order};
    int result = replay_occurrences_gather(&task);
    bool is_listener = of->type->listener != LISTENER_OPEN;
    /* It has no byte to which it could be tied instead. */
    bool waits_in_vain = is_listener && of->after.name[0] != '\0' && task.first == ANY;
    if (result == 0 && (task.count == 0 || waits_in_vain))
        replay->left_out[replay->left_out_count++] =
            (struct replay_left_out){.name = of->name, .fired = task.count > 0};
    else if (result == 0)
        result = is_listener ? add_listener_fault(&task) : add_groups(&task);
    free(task.occurrences);
    return result;
}

/* --- the run --- */

/* Whether a later configuration of the run has a fault of this name too. */
static bool is_superseded(const struct replay_log *log, size_t config, const char *fault)
{
    for (size_t i = config + 1; i < log->config_count; i++)
        if (config_find_fault(&log->configs[i], fault) != NULL)
            return true;
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
    replay->left_out = calloc(fault_count + 1, sizeof replay->left_out[0]);
    if (replay->config.proxies == NULL || replay->left_out == NULL)
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
    free(replay->left_out);
}
