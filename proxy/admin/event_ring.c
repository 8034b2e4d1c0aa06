/* SPDX-License-Identifier: MIT */
#include "proxy/admin/event_ring.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/record/event_line.h"

int event_ring_init(struct event_ring *ring, int64_t wall_offset_us)
{
    memset(ring, 0, sizeof *ring);
    ring->wall_offset_us = wall_offset_us;
    ring->out = fmemopen(ring->scratch, sizeof ring->scratch, "w");
    return ring->out != NULL ? 0 : -ENOMEM;
}

void event_ring_deinit(struct event_ring *ring)
{
    if (ring->out != NULL)
        fclose(ring->out);
    for (size_t i = 0; i < EVENT_RING_MAX; i++)
        free(ring->lines[i].json);
}

void event_ring_add(struct event_ring *ring, const struct event *event)
{
    struct event_line *line = &ring->lines[++ring->last % EVENT_RING_MAX];
    free(line->json);
    line->kind = event->kind;
    rewind(ring->out);
    event_line_write(ring->out, LOG_JSON, (int64_t)event->at + ring->wall_offset_us, event);
    bool whole = fflush(ring->out) == 0;
    long size = ftell(ring->out);
    line->json = whole && size > 0 ? strndup(ring->scratch, (size_t)size - 1) : NULL;
}

uint64_t event_ring_first(const struct event_ring *ring)
{
    return ring->last < EVENT_RING_MAX ? 1 : ring->last - EVENT_RING_MAX + 1;
}
