/* SPDX-License-Identifier: MIT */
/* How a story grows: rows, their arrows and their notes. Private to view/. */
#ifndef RUDEPROXY_APP_VIEW_ROWS_H
#define RUDEPROXY_APP_VIEW_ROWS_H

#include "proxy/app/view/story.h"

/* Adds a row at the story's time. If memory runs out, marks the story as failed and returns a row
 * that belongs to no story. */
struct row *story_add_row(struct story *story, bool has_time);

void story_add_arrow(
    struct row *row, enum lane from, enum lane to, enum row_kind kind, uint64_t size);

/* Adds a row with a text. */
struct row *story_add_note(struct story *story, bool has_time, enum lane lane, enum row_kind kind,
    const char *format, ...) __attribute__((format(printf, 5, 6)));

/* "1 byte", "51,200 bytes". Returns text. */
const char *story_bytes_text(uint64_t count, char text[48]);

/* " at byte 50 from the client, message 2 (query)", "" for an event without a direction. Returns
 * text. */
const char *story_place_text(const json_t *event, char text[160]);

#endif
