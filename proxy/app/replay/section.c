/* SPDX-License-Identifier: MIT */
/*
 * A draw follows from the seed, the proxy, the connection and the fault's name. So the first
 * section made of a fault keeps its name, and the others, whose draws differ, say so.
 */
#include "proxy/app/replay/section.h"
#include "proxy/base/must_check.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "config/source.h"
#include "proxy/relay/armed.h"

#define FAULT_TITLE "fault "
#define CONNECTIONS_KEY "connections="

int replay_out_of_memory(void)
{
    fputs("rudeproxy: out of memory\n", stderr);
    return -1;
}

const struct option *replay_for_option(const struct fault *fault)
{
    return option_find(fault->type->options, "for");
}

bool replay_name_is_taken(const struct replay_task *task, const char *name)
{
    const struct config *made = &task->replay->config;
    bool taken = config_find_fault(made, name) != NULL;
    for (size_t i = 0; i < task->log->config_count && !taken; i++)
        taken = config_find_fault(&task->log->configs[i], name) != NULL;
    return taken;
}

/* NAME-CONNECTION, or NAME-CONNECTION-2 and so on, cut so that the title fits into a line. */
static void choose_name(
    const struct replay_task *task, uint64_t connection, char name[FAULT_NAME_MAX])
{
    const size_t room = SECTION_TITLE_MAX - strlen(FAULT_TITLE);
    unsigned attempt = 1;
    do {
        char end[48];
        int length = attempt == 1
                         ? snprintf(end, sizeof end, "-%" PRIu64, connection)
                         : snprintf(end, sizeof end, "-%" PRIu64 "-%u", connection, attempt);
        snprintf(
            name, FAULT_NAME_MAX, "%.*s%s", (int)(room - (size_t)length), task->fault->name, end);
        attempt++;
    } while (replay_name_is_taken(task, name));
}

/* Room for one section more, in memory and in a file, which has one of the program, too. */
static int section_grow(struct replay_config *replay)
{
    size_t capacity = replay->fault_capacity == 0 ? 16 : 2 * replay->fault_capacity;
    if (1 + replay->config.proxy_count + replay->config.fault_count == SOURCE_SECTIONS_MAX) {
        fprintf(stderr,
            "rudeproxy: the replay would have more than %d sections, which no file may have\n",
            SOURCE_SECTIONS_MAX);
        return -1;
    }
    if (replay->config.fault_count < replay->fault_capacity)
        return 0;
    struct fault *faults = realloc(replay->config.faults, capacity * sizeof faults[0]);
    if (faults == NULL)
        return replay_out_of_memory();
    replay->config.faults = faults;
    struct replay_remark *remarks = realloc(replay->remarks, capacity * sizeof remarks[0]);
    if (remarks == NULL)
        return replay_out_of_memory();
    replay->remarks = remarks;
    replay->fault_capacity = capacity;
    return 0;
}

/* Sets the keys that chose connections, and `must_fire`, to their defaults. */
static void clear_choice(struct fault *fault, bool keep_window)
{
    static const char *const keys[] = {"connections", "concurrent", "times", "chance", "clients",
        "destinations", "must_fire", "active"};
    size_t count = sizeof keys / sizeof keys[0] - (keep_window ? 1 : 0);
    for (size_t i = 0; i < count; i++) {
        const struct option *option = option_find(fault_options, keys[i]);
        struct err ignored;
        MAY_FAIL(
            option_parse(option, option->default_text, fault, &ignored)); /* defaults are right */
    }
}

/* A limit fires behind its bytes, which count from where the fault began. */
static uint64_t begin_of(const struct fault *fault, uint64_t fired_at)
{
    const struct action action = fault->type->fire(fault->params);
    uint64_t bytes = action.kind == ACTION_LIMIT ? action.bytes : 0;
    return fired_at > bytes ? fired_at - bytes : 0;
}

/* Leaves out the proxies that the replay has not. A reload removed them, and no fault fired
 * there. */
static void drop_missing_proxies(const struct config *replay, struct fault *fault)
{
    char kept[FAULT_PROXIES_MAX] = "";
    size_t used = 0;
    if (strcmp(fault->proxies, "*") == 0)
        return;
    for (size_t i = 0; i < replay->proxy_count; i++) {
        const char *name = replay->proxies[i].name;
        if (fault_names_proxy(fault, name) && used < sizeof kept)
            used += (size_t)snprintf(
                kept + used, sizeof kept - used, "%s%s", used > 0 ? "," : "", name);
    }
    memcpy(fault->proxies, kept, sizeof fault->proxies);
}

static void tie_to_byte(struct fault *fault, const struct occurrence *at)
{
    const uint64_t offset = begin_of(fault, at->offset);
    const uint64_t own_offset = at->watched == ANY ? offset : 0; /* of its own direction */
    fault->when = (struct trigger){.kind = TRIGGER_BYTES, .value = offset};
    fault->directions = 1u << at->direction;
    if (fault->after.name[0] != '\0' &&
        (fault->until.kind == TRIGGER_BYTES || fault->until.kind == TRIGGER_TIME))
        fault->until = (struct trigger){.kind = TRIGGER_NEVER}; /* it counted from elsewhere */
    fault->when_directions = at->watched == ANY ? NO_BITS : 1u << at->watched;
    fault->after = (struct after){.any = false};
    fault->trigger_delay_us = 0;
    fault->edge = trigger_has_edge(fault->until.kind) ? fault->until.edge : EDGE_AFTER;
    if (fault->until.kind != TRIGGER_BYTES || fault->until.value > own_offset)
        return;
    /* It came first, so it never ended the fault; or at the very byte. */
    if (fault->until.value == own_offset)
        fault->until.value = own_offset + 1;
    else
        fault->until = (struct trigger){.kind = TRIGGER_NEVER};
}

static void set_end(struct fault *fault, const struct occurrence *at)
{
    const struct option *option = replay_for_option(fault);
    if (at->for_us != ANY)
        memcpy(fault->params + option->offset, &at->for_us, sizeof at->for_us);
    if (at->until != ANY)
        fault->until = (struct trigger){.kind = TRIGGER_BYTES, .value = at->until};
}

/* Ties the section to its byte, or to the section that it waits for. */
static void set_begin(const struct replay_task *task, const struct occurrence *at,
    struct fault *fault, struct replay_remark *remark)
{
    const struct fault *sections = task->replay->config.faults;
    if (at->offset != ANY) {
        remark->moved = !task->by_clock && fault->after.name[0] == '\0';
        remark->retimed = !remark->moved;
        option_format(option_find(fault_options, "when"), fault, remark->when, sizeof remark->when);
        tie_to_byte(fault, at);
        return;
    }
    if (at->after != ANY)
        memcpy(fault->after.name, sections[at->after].name, sizeof fault->after.name);
    if (at->direction != ANY && fault->directions == BOTH_BITS)
        fault->directions = 1u << at->direction;
}

static void set_proxies(
    const struct replay_config *replay, const char *proxies, struct fault *fault)
{
    if (proxies != NULL)
        snprintf(fault->proxies, sizeof fault->proxies, "%s", proxies);
    else
        drop_missing_proxies(&replay->config, fault);
}

/* Returns what is known of the section before it is tied to a place. */
static struct replay_remark remark_of(
    const struct replay_task *task, const struct occurrence *at, bool keep_window)
{
    struct replay_remark remark = {
        .renamed = task->first_done,
        .shared = task->first_done && fault_shares_state(task->fault),
        .by_clock = keep_window,
        .reended = at->until != ANY || at->for_us != ANY,
        .order = task->order,
    };
    memcpy(remark.origin, task->fault->name, sizeof remark.origin);
    return remark;
}

struct fault *replay_section_add(
    struct replay_task *task, const struct occurrence *at, const char *proxies, bool keep_window)
{
    struct replay_config *replay = task->replay;
    if (section_grow(replay) != 0)
        return NULL;
    struct replay_remark remark = remark_of(task, at, keep_window);
    struct fault fault = *task->fault;
    if (task->first_done)
        choose_name(task, at->connection, fault.name);
    fault.enabled = true; /* it fired: the API had enabled it, if the file did not */
    set_proxies(replay, proxies, &fault);
    set_begin(task, at, &fault, &remark);
    set_end(&fault, at);
    clear_choice(&fault, keep_window);
    task->first_done = true;
    replay->remarks[replay->config.fault_count] = remark;
    replay->config.faults[replay->config.fault_count] = fault;
    return &replay->config.faults[replay->config.fault_count++];
}

/* --- connections --- */

/* Takes as many connections into the list as one line holds, as ranges. Returns how many. */
static size_t fill_selection(struct fault *fault, const struct occurrence *from, size_t count)
{
    const struct option *option = option_find(fault_options, "connections");
    struct selection *selection = &fault->connections;
    size_t i = 0;
    while (i < count) {
        size_t end = i + 1;
        char text[OPTION_TEXT_MAX];
        while (end < count && from[end].connection == from[end - 1].connection + 1)
            end++;
        if (selection->count == SELECTION_TERMS_MAX)
            break;
        selection->terms[selection->count++] = (struct selection_term){
            .first = from[i].connection, .last = from[end - 1].connection, .step = 1};
        option_format(option, fault, text, sizeof text);
        if (strlen(CONNECTIONS_KEY) + strlen(text) > SOURCE_LINE_MAX) {
            selection->count--;
            break;
        }
        i = end;
    }
    return i;
}

int replay_sections_add(
    struct replay_task *task, const struct occurrence *from, size_t count, const char *proxies)
{
    while (count > 0) {
        struct fault *fault = replay_section_add(task, from, proxies, false);
        if (fault == NULL)
            return -1;
        size_t taken = fill_selection(fault, from, count);
        from += taken;
        count -= taken;
    }
    return 0;
}
