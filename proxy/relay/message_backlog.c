/* SPDX-License-Identifier: MIT */
#include "proxy/relay/message_backlog.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CAPACITY_FIRST 16

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
    size_t capacity = backlog->capacity == 0 ? CAPACITY_FIRST : backlog->capacity * 2;
    void *entries = realloc(backlog->entries, capacity * sizeof *backlog->entries);
    if (entries == NULL)
        return -ENOMEM;
    backlog->entries = entries;
    backlog->capacity = capacity;
    return 0;
}

int message_backlog_add(struct message_backlog *backlog, const struct framing_event *event)
{
    if (reserve(backlog) != 0)
        return -ENOMEM;
    struct message_backlog_entry *entry = &backlog->entries[backlog->first + backlog->count];
    entry->event = *event;
    entry->message = *event->message;
    snprintf(entry->kind, sizeof entry->kind, "%s", event->message->kind);
    backlog->count++;
    return 0;
}

void message_backlog_forward(struct message_backlog *backlog, uint64_t forwarded)
{
    while (backlog->count > 0 && backlog->entries[backlog->first].message.start < forwarded) {
        backlog->first++;
        backlog->count--;
    }
    if (backlog->count == 0)
        backlog->first = 0;
}

void message_backlog_clear(struct message_backlog *backlog)
{
    free(backlog->entries);
    *backlog = (struct message_backlog){0};
}

struct framing_event message_backlog_event(const struct message_backlog *backlog, size_t n)
{
    if (n >= backlog->count)
        return (struct framing_event){0};
    struct message_backlog_entry *entry = &backlog->entries[backlog->first + n];
    entry->message.kind = entry->kind;
    entry->message.line = "";
    entry->event.message = &entry->message;
    return entry->event;
}
