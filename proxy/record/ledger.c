/* SPDX-License-Identifier: MIT */
/*
 * If memory runs out, the ledger continues with what it has and marks itself incomplete: the
 * running test is worth more than its report.
 */
#include "proxy/record/ledger.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/record/event_line.h"

void ledger_init(struct ledger *ledger)
{
    int64_t wall_us = event_line_wall_us();
    *ledger =
        (struct ledger){.started_us = wall_us, .began_us = wall_us - event_line_wall_offset_us()};
}

void ledger_deinit(struct ledger *ledger)
{
    for (size_t i = 0; i < ledger->fault_count; i++) {
        free(ledger->faults[i].by_name);
        free(ledger->faults[i].places);
        free(ledger->faults[i].misses);
    }
    for (size_t i = 0; i < ledger->proxy_entries; i++) {
        free(ledger->proxies[i].by_name);
        free(ledger->proxies[i].destinations);
    }
    hash_deinit(&ledger->proxy_names);
    hash_deinit(&ledger->fault_names);
    free(ledger->faults);
    free(ledger->proxies);
}

static struct ledger_proxy *proxy_entry(const struct ledger *ledger, const char *name)
{
    const struct ledger_name *entry = ledger_name_find(&ledger->proxy_names, name);
    return entry == NULL ? NULL : &ledger->proxies[entry->index];
}

static struct ledger_fault *fault_entry(const struct ledger *ledger, const char *name)
{
    const struct ledger_name *entry = ledger_name_find(&ledger->fault_names, name);
    return entry == NULL ? NULL : &ledger->faults[entry->index];
}

/* Makes room for one more element of `size` bytes in a list of `count`. The list doubles at every
 * power of two. NULL: out of memory. */
static void *ledger_make_room(void *list, size_t count, size_t size)
{
    bool full = (count & (count - 1)) == 0;
    return full ? realloc(list, (count == 0 ? 1 : 2 * count) * size) : list;
}

static void *lack_memory(struct ledger *ledger)
{
    ledger->incomplete = true;
    return NULL;
}

/* Whether one more element is kept; counts it as left out otherwise. */
static bool has_place(struct ledger *ledger, size_t count)
{
    ledger->left_out = ledger->left_out || count == LEDGER_NAMES_MAX;
    return count < LEDGER_NAMES_MAX;
}

/* Adds a proxy. NULL: out of memory, or too many, and it does not run. */
static struct ledger_proxy *add_proxy(struct ledger *ledger, const char *name, bool runs)
{
    size_t count = ledger->proxy_entries;
    bool listed = has_place(ledger, count);
    if (!listed && !runs)
        return NULL;
    struct ledger_proxy *proxies = ledger_make_room(ledger->proxies, count, sizeof proxies[0]);
    if (proxies == NULL)
        return lack_memory(ledger);
    ledger->proxies = proxies;
    struct ledger_name *by_name = ledger_name_add(&ledger->proxy_names, name, count);
    if (by_name == NULL)
        return lack_memory(ledger);
    struct ledger_proxy *proxy = &proxies[ledger->proxy_entries++];
    memset(proxy, 0, sizeof *proxy);
    proxy->by_name = by_name;
    ledger->proxy_count += listed;
    snprintf(proxy->name, sizeof proxy->name, "%s", name);
    return proxy;
}

static size_t index_of(const struct ledger *ledger, const struct ledger_proxy *proxy)
{
    return (size_t)(proxy - ledger->proxies);
}

/* Notes that a proxy of this name is gone. If its entry is not listed, the last one takes its
 * place. */
static void drop_proxy(struct ledger *ledger, const char *name)
{
    struct ledger_proxy *proxy = proxy_entry(ledger, name);
    if (proxy == NULL || proxy->running == 0 || --proxy->running > 0 ||
        index_of(ledger, proxy) < LEDGER_NAMES_MAX)
        return;
    ledger_name_remove(&ledger->proxy_names, proxy->by_name);
    free(proxy->destinations);
    const struct ledger_proxy *last = &ledger->proxies[--ledger->proxy_entries];
    if (proxy != last) {
        last->by_name->index = index_of(ledger, proxy);
        *proxy = *last;
    }
}

/* Adds a fault. NULL: out of memory, or too many, and it is not in force. */
static struct ledger_fault *add_fault_entry(struct ledger *ledger, const char *name, bool in_force)
{
    size_t count = ledger->fault_count;
    if (!has_place(ledger, count) && !in_force)
        return NULL;
    struct ledger_fault *faults = ledger_make_room(ledger->faults, count, sizeof faults[0]);
    if (faults == NULL)
        return lack_memory(ledger);
    ledger->faults = faults;
    struct ledger_name *by_name = ledger_name_add(&ledger->fault_names, name, count);
    if (by_name == NULL)
        return lack_memory(ledger);
    struct ledger_fault *fault = &faults[ledger->fault_count++];
    memset(fault, 0, sizeof *fault);
    fault->by_name = by_name;
    snprintf(fault->name, sizeof fault->name, "%s", name);
    return fault;
}

/* A fault is in no plan any more. If its entry is beyond the limit, the last one takes its place,
 * unless it had to fire and did not. */
static void drop_fault(struct ledger *ledger, struct ledger_fault *fault)
{
    size_t index = fault->by_name->index;
    if (index < LEDGER_NAMES_MAX || ledger_fault_failed(fault))
        return;
    ledger_name_remove(&ledger->fault_names, fault->by_name);
    free(fault->places);
    free(fault->misses);
    const struct ledger_fault *last = &ledger->faults[--ledger->fault_count];
    if (fault != last) {
        last->by_name->index = index;
        *fault = *last;
    }
}

static struct ledger_proxy *note_proxy(
    struct ledger *ledger, const struct proxy_config *config, bool runs)
{
    struct ledger_proxy *proxy = proxy_entry(ledger, config->name);
    if (proxy == NULL)
        proxy = add_proxy(ledger, config->name, runs);
    if (proxy != NULL)
        address_format(&config->upstream, proxy->upstream, sizeof proxy->upstream);
    return proxy;
}

/* Returns the fault, adding it if no configuration has named it: it is one of the API's, and may
 * be gone from its plan. NULL: out of memory, or too many; both are noted. */
static struct ledger_fault *known_fault(
    struct ledger *ledger, const char *name, const char *type, bool in_force)
{
    struct ledger_fault *fault = fault_entry(ledger, name);
    if (fault == NULL && (fault = add_fault_entry(ledger, name, in_force)) != NULL)
        fault->enabled = true;
    if (fault != NULL)
        fault->type = type;
    return fault;
}

/* Several proxies may have a fault of this name. */
static void judge_by_plans(struct ledger_fault *fault)
{
    if (fault->plans == 0)
        return;
    fault->enabled = fault->plans_enabled > 0;
    fault->must_fire = fault->plans_must_fire > 0;
}

static void note_rule(struct ledger *ledger, const struct fault *config)
{
    struct ledger_fault *fault = known_fault(ledger, config->name, config->type->name, true);
    if (fault == NULL)
        return;
    fault->plans++;
    fault->plans_enabled += config->enabled;
    fault->plans_must_fire += config->enabled && config->must_fire;
    judge_by_plans(fault);
}

static void lower(size_t *count, bool counted)
{
    if (counted && *count > 0) /* 0: there was no memory for the fault when it was counted */
        (*count)--;
}

static void drop_rule(struct ledger *ledger, const struct fault *config)
{
    struct ledger_fault *fault = fault_entry(ledger, config->name);
    if (fault == NULL)
        return;
    lower(&fault->plans, true);
    lower(&fault->plans_enabled, config->enabled);
    lower(&fault->plans_must_fire, config->enabled && config->must_fire);
    judge_by_plans(fault);
    if (fault->plans == 0)
        drop_fault(ledger, fault);
}

void ledger_note_plan(struct ledger *ledger, const struct plan *before, const struct plan *now)
{
    struct ledger_proxy *proxy = now == NULL ? NULL : note_proxy(ledger, &now->config, true);
    if (proxy != NULL && before == NULL)
        proxy->running++;
    for (size_t i = 0; now != NULL && i < now->rule_count; i++)
        note_rule(ledger, &now->rules[i]->fault);
    for (size_t i = 0; before != NULL && i < before->rule_count; i++)
        drop_rule(ledger, &before->rules[i]->fault);
    if (now == NULL)
        drop_proxy(ledger, before->config.name);
}

static void note_fault(struct ledger *ledger, const struct fault *config)
{
    struct ledger_fault *fault = known_fault(ledger, config->name, config->type->name, false);
    if (fault == NULL || fault->plans > 0)
        return;
    fault->enabled = config->enabled;
    fault->must_fire = config->enabled && config->must_fire;
}

void ledger_begin_reload(struct ledger *ledger)
{
    for (size_t i = 0; i < ledger->fault_count; i++)
        ledger->faults[i].was_gone = ledger->faults[i].plans == 0;
}

void ledger_note_config(struct ledger *ledger, const struct config *config)
{
    ledger->seed = config->settings.seed;
    for (size_t i = 0; i < ledger->fault_count; i++)
        if (ledger->faults[i].plans == 0 && !ledger->faults[i].was_gone)
            ledger->faults[i].enabled = ledger->faults[i].must_fire = false;
    for (size_t i = 0; i < config->proxy_count; i++)
        note_proxy(ledger, &config->proxies[i], false);
    for (size_t i = 0; i < config->fault_count; i++)
        note_fault(ledger, &config->faults[i]);
}

static bool grow_places(struct ledger_fault *fault)
{
    size_t capacity = fault->place_capacity == 0 ? 8 : 2 * fault->place_capacity;
    if (fault->place_count < fault->place_capacity)
        return true;
    struct ledger_place *places = realloc(fault->places, capacity * sizeof places[0]);
    if (places == NULL)
        return false;
    fault->places = places;
    fault->place_capacity = capacity;
    return true;
}

static void note_injection(
    struct ledger *ledger, const struct ledger_proxy *proxy, const struct event *event)
{
    struct ledger_fault *fault =
        known_fault(ledger, event->u.fault.name, event->u.fault.type, false);
    if (fault == NULL)
        return;
    fault->injections++;
    if (fault->place_count == LEDGER_PLACES_MAX || index_of(ledger, proxy) >= LEDGER_NAMES_MAX)
        return;
    if (!grow_places(fault)) {
        ledger->incomplete = true;
        return;
    }
    struct ledger_place *place = &fault->places[fault->place_count++];
    *place = (struct ledger_place){
        .proxy = index_of(ledger, proxy),
        .connection = event->connection,
        .direction = event->u.fault.direction,
        .offset = event->u.fault.offset,
        .message = event->u.fault.message,
    };
    if (place->message > 0)
        snprintf(place->kind, sizeof place->kind, "%s", event->u.fault.kind);
}

/* Returns the entry of this reason on this proxy, adding one if there is room. NULL: no room. */
static struct ledger_miss *miss_of(struct ledger_fault *fault, size_t proxy, const char *reason)
{
    for (size_t i = 0; i < fault->miss_count; i++)
        if (fault->misses[i].proxy == proxy && strcmp(fault->misses[i].reason, reason) == 0)
            return &fault->misses[i];
    return fault->miss_count < LEDGER_MISSES_MAX ? &fault->misses[fault->miss_count++] : NULL;
}

static void note_miss(struct ledger *ledger, const struct ledger_proxy *proxy, uint64_t connection,
    const struct not_fired *not_fired)
{
    struct ledger_fault *fault = known_fault(ledger, not_fired->fault, not_fired->type, false);
    if (fault == NULL)
        return;
    if (fault->misses == NULL)
        fault->misses = calloc(LEDGER_MISSES_MAX, sizeof fault->misses[0]);
    if (fault->misses == NULL) {
        ledger->incomplete = true;
        return;
    }
    size_t index = index_of(ledger, proxy);
    fault->missed++;
    struct ledger_miss *miss =
        index < LEDGER_NAMES_MAX ? miss_of(fault, index, not_fired->reason) : NULL;
    if (miss != NULL && miss->connections++ == 0) {
        miss->proxy = index;
        miss->connection = connection;
        memcpy(miss->reason, not_fired->reason, sizeof miss->reason);
    }
}

static void note_destination(struct ledger *ledger, struct ledger_proxy *proxy, const char *address)
{
    size_t i = 0;
    if (proxy->destinations == NULL)
        proxy->destinations = calloc(LEDGER_DESTINATIONS_MAX, sizeof proxy->destinations[0]);
    if (proxy->destinations == NULL) {
        ledger->incomplete = true;
        return;
    }
    while (i < proxy->destination_count && strcmp(proxy->destinations[i].address, address) != 0)
        i++;
    if (i == LEDGER_DESTINATIONS_MAX) {
        proxy->elsewhere++;
        return;
    }
    if (i == proxy->destination_count) {
        proxy->destination_count++;
        snprintf(
            proxy->destinations[i].address, sizeof proxy->destinations[i].address, "%s", address);
    }
    proxy->destinations[i].connections++;
}

static void note_closed(
    struct ledger *ledger, struct ledger_proxy *proxy, const struct event *event)
{
    for (unsigned i = 0; i < event->u.closed.not_fired_count; i++)
        note_miss(ledger, proxy, event->connection, &event->u.closed.not_fired[i]);
    if (event->u.closed.destination != NULL)
        note_destination(ledger, proxy, event->u.closed.destination);
    const struct side_record *sides = event->u.closed.sides;
    proxy->connections++;
    proxy->ended[event->u.closed.cause]++;
    proxy->received[DIRECTION_UPSTREAM] += sides[SIDE_CLIENT].bytes_in;
    proxy->received[DIRECTION_DOWNSTREAM] += sides[SIDE_SERVER].bytes_in;
    proxy->bytes[DIRECTION_UPSTREAM] += sides[SIDE_SERVER].bytes_out;
    proxy->bytes[DIRECTION_DOWNSTREAM] += sides[SIDE_CLIENT].bytes_out;
    for (int side = 0; side < 2; side++) {
        for (unsigned i = 0; i < sides[side].mark_count; i++)
            proxy->marks[side][sides[side].marks[i]]++;
    }
}

void ledger_note_event(struct ledger *ledger, const struct event *event)
{
    struct ledger_proxy *proxy = proxy_entry(ledger, event->proxy);
    if (proxy == NULL) /* a proxy of a reload that has just begun */
        proxy = add_proxy(ledger, event->proxy, false);
    if (proxy == NULL)
        return;
    if (event->kind == EVENT_LISTENING)
        snprintf(proxy->listen, sizeof proxy->listen, "%s", event->u.listening.address);
    else if (event->kind == EVENT_CONNECT_FAILED)
        proxy->connect_failed++;
    else if (event->kind == EVENT_ACCEPT_FAILED || event->kind == EVENT_CLIENT_DROPPED)
        proxy->accept_failed++;
    else if (event->kind == EVENT_CLOSED)
        note_closed(ledger, proxy, event);
    else if (event->kind == EVENT_FAULT)
        note_injection(ledger, proxy, event);
}

/* Adds the counts of all counters: several proxies may have a fault of one name, and a proxy may
 * have had it several times. */
static void add_counts(struct ledger *ledger, const struct list *counters)
{
    list_for_each(link, counters)
    {
        const struct fault_counter *counter = container_of(link, struct fault_counter, link);
        struct ledger_fault *fault = fault_entry(ledger, counter->name);
        if (fault == NULL)
            continue;
        fault->armed += counter->armed;
        fault->fired += counter->fired;
    }
}

void ledger_settle(struct ledger *ledger, const struct fault_counters *book)
{
    ledger->ended_us = event_line_wall_us();
    ledger->took_us = ledger->ended_us - event_line_wall_offset_us() - ledger->began_us;
    for (size_t i = 0; i < ledger->fault_count; i++)
        ledger->faults[i].armed = ledger->faults[i].fired = 0;
    add_counts(ledger, &book->named);
    add_counts(ledger, &book->others);
    add_counts(ledger, &book->history);
}

const struct ledger_proxy *ledger_proxy_counts(const struct ledger *ledger, const char *name)
{
    static const struct ledger_proxy none;
    const struct ledger_proxy *proxy = proxy_entry(ledger, name);
    return proxy != NULL ? proxy : &none;
}

const struct ledger_fault *ledger_find_fault(const struct ledger *ledger, const char *name)
{
    return fault_entry(ledger, name);
}

bool ledger_fault_fired(const struct ledger_fault *fault)
{
    return fault->fired > 0 || fault->injections > 0;
}

bool ledger_fault_failed(const struct ledger_fault *fault)
{
    return fault->must_fire && !ledger_fault_fired(fault);
}

size_t ledger_count_failed(const struct ledger *ledger)
{
    size_t count = 0;
    for (size_t i = 0; i < ledger->fault_count; i++)
        count += ledger_fault_failed(&ledger->faults[i]);
    return count;
}
