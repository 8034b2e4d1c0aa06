/* SPDX-License-Identifier: MIT */
#include "proxy/app/view/rows.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/app/view/log.h"

/* A row that is kept nowhere, for when memory is out: the story has failed then. */
static struct row spare;

struct row *story_add_row(struct story *story, bool has_time)
{
    if (story->row_count == story->row_capacity) {
        size_t capacity = story->row_capacity == 0 ? 16 : 2 * story->row_capacity;
        struct row *rows = realloc(story->rows, capacity * sizeof rows[0]);
        if (rows == NULL) {
            story->failed = true;
            spare = (struct row){.arrow_count = 0};
            return &spare;
        }
        story->rows = rows;
        story->row_capacity = capacity;
    }
    struct row *row = &story->rows[story->row_count++];
    *row = (struct row){.at_us = story->now_us - story->start_us, .has_time = has_time};
    return row;
}

void story_add_arrow(
    struct row *row, enum lane from, enum lane to, enum row_kind kind, uint64_t size)
{
    row->arrows[row->arrow_count++] =
        (struct arrow){.from = from, .to = to, .kind = kind, .size = size};
}

struct row *story_add_note(
    struct story *story, bool has_time, enum lane lane, enum row_kind kind, const char *format, ...)
{
    struct row *row = story_add_row(story, has_time);
    va_list arguments;
    row->lane = lane;
    row->kind = kind;
    va_start(arguments, format);
    vsnprintf(row->text, sizeof row->text, format, arguments);
    va_end(arguments);
    return row;
}

const char *story_bytes_text(uint64_t count, char text[48])
{
    char digits[24], *out = text;
    int length = snprintf(digits, sizeof digits, "%llu", (unsigned long long)count);
    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0)
            *out++ = ',';
        *out++ = digits[i];
    }
    snprintf(out, 16, count == 1 ? " byte" : " bytes");
    return text;
}

const char *story_place_text(const json_t *event, char text[160])
{
    char offset[48];
    text[0] = '\0';
    if (json_object_get(event, "direction") == NULL)
        return text;
    story_bytes_text(view_number_of(event, "offset"), offset);
    *strchr(offset, ' ') = '\0';
    int used = snprintf(text, 160, " at byte %s from the %s", offset,
        side_name((enum side)view_direction_of(event)));
    uint64_t message = view_number_of(event, "message");
    const char *kind = view_text_of(event, "kind");
    if (message > 0)
        snprintf(text + used, 160 - (size_t)used, ", message %llu%s%.60s%s",
            (unsigned long long)message, kind[0] != '\0' ? " (" : "", kind,
            kind[0] != '\0' ? ")" : "");
    return text;
}
