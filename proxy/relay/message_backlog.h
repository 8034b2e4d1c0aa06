/* SPDX-License-Identifier: MIT */
/*
 * The messages of one direction that were read and wait to be forwarded, as the events that
 * reported them. A fault that is armed by `after` counts from the first of these: the stream is
 * read ahead of the place where that fault is armed.
 *
 * A message takes one entry, or one more for each of its parts. The memory counts as that of rings
 * (ring_pool.held).
 *
 * Life: all zeros but `memory` is an empty backlog; any number of calls; message_backlog_clear()
 * frees it.
 */
#ifndef RUDEPROXY_RELAY_MESSAGE_BACKLOG_H
#define RUDEPROXY_RELAY_MESSAGE_BACKLOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proxy/base/must_check.h"
#include "proxy/base/ring.h"
#include "proxy/framing/framing.h"

/* Entries that are kept in any case: 384 kB. More are kept while they take less memory than the
 * bytes that wait, so that `latency` may delay many small messages. */
#define MESSAGE_BACKLOG_MIN 8192
/* The most entries: 12 MB. A fault that is armed looks at all of them, in some milliseconds. */
#define MESSAGE_BACKLOG_MAX (256u * 1024u)

/* The longest kind that is kept whole: the framings know none that is longer. */
#define MESSAGE_BACKLOG_KIND 48
/* With more kinds than this the backlog is full: a peer that invents them gets no more memory. */
#define MESSAGE_BACKLOG_KINDS 256

/* One event, or several of one message that came without a part between them. */
struct message_backlog_entry {
    uint64_t number, start, size; /* of the message */
    uint64_t offset, chunk;       /* of the event */
    uint16_t kind;                /* index in `kinds` */
    uint8_t what, parts;          /* of the event */
};

struct message_backlog {
    struct ring_pool *memory;
    struct message_backlog_entry *entries; /* owned; the oldest first, from `first` on */
    size_t first, count, capacity;
    char (*kinds)[MESSAGE_BACKLOG_KIND]; /* owned; each once */
    size_t kind_count, kind_capacity;
    enum direction direction;       /* of the events */
    struct framing_message message; /* of the event that was returned last */
};

/* Keeps an event. 0 or -ENOMEM. */
MUST_CHECK int message_backlog_add(
    struct message_backlog *backlog, const struct framing_event *event);

/* Drops the messages that begin before this offset. */
void message_backlog_forward(struct message_backlog *backlog, uint64_t forwarded);

void message_backlog_clear(struct message_backlog *backlog);

/* Returns the n-th entry as an event, from 0 on, or one without `what` if there are not as many.
 * Its message is valid until the next call of any function here. */
struct framing_event message_backlog_event(struct message_backlog *backlog, size_t n);

/* Whether no more may be read. `pending`: bytes that wait to be forwarded. */
bool message_backlog_is_full(const struct message_backlog *backlog, uint64_t pending);

#endif
