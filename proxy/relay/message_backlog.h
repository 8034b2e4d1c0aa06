/* SPDX-License-Identifier: MIT */
/*
 * The messages of one direction that were read and wait to be forwarded, as the events that
 * reported them. A fault that is armed by `after` counts from the first of these: the stream is
 * read ahead of the place where that fault is armed.
 *
 * Life: all zeros is an empty backlog; any number of calls; message_backlog_clear() frees it.
 */
#ifndef RUDEPROXY_RELAY_MESSAGE_BACKLOG_H
#define RUDEPROXY_RELAY_MESSAGE_BACKLOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proxy/base/must_check.h"
#include "proxy/framing/framing.h"

/* The most events that are kept: some 1 MB. While there are as many, no more bytes are read. */
#define MESSAGE_BACKLOG_MAX 8192

/* The longest kind that is kept whole: the framings know none that is longer. */
#define MESSAGE_BACKLOG_KIND 48

struct message_backlog_entry {
    struct framing_event event; /* without its message */
    struct framing_message message;
    char kind[MESSAGE_BACKLOG_KIND];
};

struct message_backlog {
    struct message_backlog_entry *entries; /* owned; the oldest first, from `first` on */
    size_t first, count, capacity;
};

/* Keeps an event. 0 or -ENOMEM. */
MUST_CHECK int message_backlog_add(
    struct message_backlog *backlog, const struct framing_event *event);

/* Drops the messages that begin before this offset. */
void message_backlog_forward(struct message_backlog *backlog, uint64_t forwarded);

void message_backlog_clear(struct message_backlog *backlog);

/* Returns the n-th event that is kept, from 0 on, or one without `what` if there are not as many.
 * Its message is valid until the next call of another function. */
struct framing_event message_backlog_event(const struct message_backlog *backlog, size_t n);

static inline bool message_backlog_is_full(const struct message_backlog *backlog)
{
    return backlog->count >= MESSAGE_BACKLOG_MAX;
}

#endif
