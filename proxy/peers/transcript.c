/* SPDX-License-Identifier: MIT */
/*
 * Lines are appended and compared. An overflow is remembered rather than cut off in silence, so
 * that two overlong transcripts can never pass for equal by their first lines.
 */
#include "proxy/peers/transcript.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

void transcript_clear(struct transcript *transcript)
{
    transcript->n = 0;
    transcript->dropped = 0;
}

void transcript_add(struct transcript *transcript, const struct transcript_line *line)
{
    if (transcript->n == TRANSCRIPT_LINES) {
        transcript->dropped++;
        return;
    }
    transcript->lines[transcript->n++] = *line;
}

bool transcript_equal(const struct transcript *a, const struct transcript *b)
{
    if (a->n != b->n || a->dropped != 0 || b->dropped != 0)
        return false;
    for (size_t i = 0; i < a->n; i++) {
        if (strcmp(a->lines[i].text, b->lines[i].text) != 0)
            return false;
    }
    return true;
}
