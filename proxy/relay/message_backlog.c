/* SPDX-License-Identifier: MIT */
#include "proxy/relay/message_backlog.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CAPACITY_FIRST 16

/* Grows an array to `capacity` elements of `size` bytes. 0 or -ENOMEM. */
static int grow(
    struct message_backlog *backlog, void **array, size_t *capacity, size_t wanted, size_t size)
{
    void *grown = realloc(*array, wanted * size);
    if (grown == NULL)
        return -ENOMEM;
    backlog->memory->held += (wanted - *capacity) * size;
    *array = grown;
    *capacity = wanted;
    return 0;
}

static size_t twice(size_t capacity)
{
    return capacity == 0 ? CAPACITY_FIRST : capacity * 2;
}

/* Makes room behind the last entry. */
static int reserve(struct message_backlog *backlog)
{
    if (backlog->first + backlog->count < backlog->capacity)
        return 0;
    if (backlog->first > backlog->capacity / 2) {
        memmove(backlog->entries, backlog->entries + backlog->first,
            backlog->count * sizeof *backlog->entries);
        backlog->first = 0;
        return 0;
    }
    void *entries = backlog->entries;
    int result = grow(
        backlog, &entries, &backlog->capacity, twice(backlog->capacity), sizeof *backlog->entries);
    backlog->entries = entries;
    return result;
}

/* Returns the index of a kind, or -ENOMEM. */
static int index_of_kind(struct message_backlog *backlog, const char *kind)
{
    for (size_t i = 0; i < backlog->kind_count; i++)
        if (strcmp(backlog->kinds[i], kind) == 0)
            return (int)i;
    if (backlog->kind_count == backlog->kind_capacity) {
        void *kinds = backlog->kinds;
        int result = grow(backlog, &kinds, &backlog->kind_capacity, twice(backlog->kind_capacity),
            sizeof *backlog->kinds);
        backlog->kinds = kinds;
        if (result != 0)
            return result;
    }
    snprintf(backlog->kinds[backlog->kind_count], sizeof *backlog->kinds, "%s", kind);
    return (int)backlog->kind_count++;
}

/* Adds what an event reports to the last entry, if both can be shown as one event: the parts of an
 * event come before its end, and it has one offset. */
static bool merge(struct message_backlog *backlog, const struct framing_event *event)
{
    static const unsigned first = FRAMING_BEGIN | FRAMING_SIZED, next = FRAMING_SIZED | FRAMING_END;
    if (backlog->count == 0)
        return false;
    struct message_backlog_entry *last = &backlog->entries[backlog->first + backlog->count - 1];
    if ((last->what & ~first) != 0 || (event->what & ~next) != 0 ||
        last->number != event->message->number)
        return false;
    last->what |= (uint8_t)event->what;
    last->size = event->message->size;
    last->offset = event->offset;
    return true;
}

int message_backlog_add(struct message_backlog *backlog, const struct framing_event *event)
{
    if (merge(backlog, event))
        return 0;
    int kind = index_of_kind(backlog, event->message->kind);
    if (kind < 0 || reserve(backlog) != 0)
        return -ENOMEM;
    backlog->direction = event->direction;
    backlog->entries[backlog->first + backlog->count] = (struct message_backlog_entry){
        .number = event->message->number,
        .start = event->message->start,
        .size = event->message->size,
        .offset = event->offset,
        .chunk = event->chunk,
        .kind = (uint16_t)kind,
        .what = (uint8_t)event->what,
        .parts = (uint8_t)event->parts,
    };
    backlog->count++;
    return 0;
}

void message_backlog_forward(struct message_backlog *backlog, uint64_t forwarded)
{
    while (backlog->count > 0 && backlog->entries[backlog->first].start < forwarded) {
        backlog->first++;
        backlog->count--;
    }
    if (backlog->count > 0)
        return;
    backlog->first = backlog->kind_count = 0;
    if (backlog->capacity > MESSAGE_BACKLOG_MIN)
        message_backlog_clear(backlog);
}

void message_backlog_clear(struct message_backlog *backlog)
{
    struct ring_pool *memory = backlog->memory;
    memory->held -= backlog->capacity * sizeof *backlog->entries +
                    backlog->kind_capacity * sizeof *backlog->kinds;
    free(backlog->entries);
    free(backlog->kinds);
    *backlog = (struct message_backlog){.memory = memory};
}

struct framing_event message_backlog_event(struct message_backlog *backlog, size_t n)
{
    if (n >= backlog->count)
        return (struct framing_event){0};
    const struct message_backlog_entry *entry = &backlog->entries[backlog->first + n];
    backlog->message = (struct framing_message){
        .number = entry->number,
        .start = entry->start,
        .size = entry->size,
        .kind = backlog->kinds[entry->kind],
        .line = "",
    };
    return (struct framing_event){
        .what = entry->what,
        .direction = backlog->direction,
        .offset = entry->offset,
        .parts = entry->parts,
        .chunk = entry->chunk,
        .message = &backlog->message,
    };
}

bool message_backlog_is_full(const struct message_backlog *backlog, uint64_t pending)
{
    uint64_t most = pending / sizeof *backlog->entries;
    if (most < MESSAGE_BACKLOG_MIN || ring_pool_room(backlog->memory) == 0)
        most = MESSAGE_BACKLOG_MIN;
    else if (most > MESSAGE_BACKLOG_MAX)
        most = MESSAGE_BACKLOG_MAX;
    return backlog->count >= most || backlog->kind_count >= MESSAGE_BACKLOG_KINDS;
}
