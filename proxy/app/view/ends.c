/* SPDX-License-Identifier: MIT */
#include "proxy/app/view/ends.h"

#include <string.h>

#include "proxy/app/view/beginning.h"
#include "proxy/app/view/log.h"

static bool is_one_of(const char *word, const char *const *words)
{
    for (; *words != NULL; words++) {
        if (strcmp(*words, word) == 0)
            return true;
    }
    return false;
}

bool view_type_holds_fin(const char *type)
{
    static const char *const holders[] = {"hold_fin", "slow_close", NULL};
    return is_one_of(type, holders);
}

static bool has_over(const json_t *events, const char *fault)
{
    size_t i;
    const json_t *event;
    json_array_foreach(events, i, event)
    {
        if (view_is(event, "fault_over") && strcmp(view_text_of(event, "fault"), fault) == 0)
            return true;
    }
    return false;
}

bool view_event_is_ending(const json_t *event, const json_t *events, const json_t *closed)
{
    static const char *const endings[] = {"close", "reset", "unread", "vanish", "shut_rd",
        "timeout", "reset_peer", "limit_data", NULL};
    const char *fault = view_text_of(event, "fault");
    return is_one_of(view_text_of(event, "type"), endings) &&
           strcmp(view_text_of(closed, "cause_fault"), fault) == 0 &&
           (view_is(event, "fault_over") || !has_over(events, fault));
}

bool view_end_is_ours(const struct view_end *end)
{
    return strstr(end->mark, "_received") == NULL;
}

/* --- Logs that have `ends` --- */

static enum side side_from(const char *name)
{
    return strcmp(name, side_name(SIDE_SERVER)) == 0 ? SIDE_SERVER : SIDE_CLIENT;
}

/* A log may lack the first events of a connection: places count from those that it has. If it has
 * the beginning and lacks others, these are behind it: then places are right up to the first one
 * that is missing, and what stands behind the last event comes at the end. */
static void read_ends(struct view_ends *ends, const json_t *events, const json_t *closed)
{
    size_t i;
    const json_t *entry;
    uint64_t have = json_array_size(events) - 1, had = view_number_of(closed, "events");
    uint64_t missing = had > have && view_lacks_beginning(events, closed) ? had - have : 0;
    json_array_foreach(json_object_get(closed, "ends"), i, entry)
    {
        uint64_t before = view_number_of(entry, "events");
        uint64_t place = before > missing ? before - missing : 0;
        if (ends->count == VIEW_ENDS_MAX)
            return;
        ends->list[ends->count++] = (struct view_end){
            .side = side_from(view_text_of(entry, "side")),
            .mark = view_text_of(entry, "end"),
            .at_us = (int64_t)view_number_of(entry, "at_us"),
            .events = place < have ? place : have,
        };
    }
}

/* --- Logs that have only `ended` --- */

/* Whether a fault withheld the FIN of this side, and let it go later. */
static bool was_held(const json_t *events, enum side side)
{
    size_t i;
    const json_t *event;
    const char *direction = direction_name((enum direction)side);
    json_array_foreach(events, i, event)
    {
        if (view_is(event, "fault_over") && view_type_holds_fin(view_text_of(event, "type")) &&
            strcmp(view_text_of(event, "direction"), direction) == 0)
            return true;
    }
    return false;
}

/* Whether the event is what made this mark of a side. */
static bool makes(const json_t *event, enum side side, const char *mark, const json_t *events)
{
    const json_t *closed = json_array_get(events, json_array_size(events) - 1);
    const char *type = view_text_of(event, "type");
    bool fin = strncmp(mark, "fin", 3) == 0, received = strstr(mark, "_received") != NULL;
    if (view_is(event, fin ? "eof" : "reset_seen")) {
        enum side from = side_from(view_text_of(event, "side"));
        return received ? from == side : from != side && !(fin && was_held(events, from));
    }
    if (received)
        return false;
    if (fin && view_is(event, "fault_over") && view_type_holds_fin(type))
        return strcmp(view_text_of(event, "direction"), direction_name((enum direction) !side)) ==
               0;
    return (fin && view_is(event, "fault") && strcmp(type, "half_close") == 0) ||
           view_event_is_ending(event, events, closed);
}

/* Adds the marks of a side. What has no cause in the log stands before the last event. */
static void guess_side(
    struct view_ends *ends, enum side side, const json_t *events, const json_t *closed)
{
    size_t last = json_array_size(events) - 1, from = 0, m;
    const json_t *word;
    json_array_foreach(json_object_get(json_object_get(closed, side_name(side)), "ended"), m, word)
    {
        struct view_end end = {.side = side, .mark = json_string_value(word), .at_us = -1};
        size_t i = from;
        if (end.mark == NULL || ends->count == VIEW_ENDS_MAX)
            continue;
        while (i < last && !makes(json_array_get(events, i), side, end.mark, events))
            i++;
        end.events = i < last && view_end_is_ours(&end) ? i + 1 : i;
        from = i < last && !view_end_is_ours(&end) ? i + 1 : i;
        ends->list[ends->count++] = end;
    }
}

/* Of two marks with the same number of events before them, the one that rudeproxy sent is first:
 * the other's event is the next. */
static bool comes_before(const struct view_end *a, const struct view_end *b)
{
    if (a->events != b->events)
        return a->events < b->events;
    return view_end_is_ours(a) && !view_end_is_ours(b) && a->side != b->side;
}

static void sort(struct view_ends *ends)
{
    for (size_t i = 1; i < ends->count; i++) {
        struct view_end end = ends->list[i];
        size_t j = i;
        for (; j > 0 && comes_before(&end, &ends->list[j - 1]); j--)
            ends->list[j] = ends->list[j - 1];
        ends->list[j] = end;
    }
}

void view_ends_read(struct view_ends *ends, const json_t *events, const json_t *closed)
{
    ends->count = 0;
    if (closed == NULL)
        return;
    if (json_is_array(json_object_get(closed, "ends"))) {
        read_ends(ends, events, closed);
        return;
    }
    guess_side(ends, SIDE_CLIENT, events, closed);
    guess_side(ends, SIDE_SERVER, events, closed);
    sort(ends);
}
