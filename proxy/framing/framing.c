/* SPDX-License-Identifier: MIT */
/*
 * The parts that all framers share: offsets, the bytes that are skipped, and the reported event.
 */
#include "proxy/framing/framing.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/framing/framer.h"

/* `raw`: no byte need be seen, so it has no step. */
static const struct framer framer_raw = {.name = "raw"};

struct framing *framing_new(const struct protocol *protocol)
{
    const struct framer *framer = protocol_is_raw(protocol) ? &framer_raw : protocol->framer;
    struct framing *framing = calloc(1, sizeof *framing);
    void *state = calloc(1, framer->state_size + 1); /* calloc(1, 0) may return NULL */
    if (framing == NULL || state == NULL) {
        free(framing);
        free(state);
        return NULL;
    }
    framing->protocol = *protocol;
    framing->protocol.framer = framer;
    framing->state = state;
    for (int i = 0; i < 2; i++) {
        framing->streams[i].skip = framer == &framer_raw ? FRAMING_SKIP_FOR_EVER : 0;
        framing->streams[i].opening = FRAMING_NONE;
        framing->streams[i].message.kind = "";
        framing->streams[i].message.line = "";
        framing->streams[i].previous_start = FRAMING_NONE;
    }
    return framing;
}

void framing_free(struct framing *framing)
{
    if (framing == NULL)
        return;
    free(framing->state);
    free(framing);
}

/* Passes over up to `n` bytes of a body. */
static size_t pass_body(struct framer_stream *stream, size_t n)
{
    size_t passed = stream->skip < n ? (size_t)stream->skip : n;
    if (stream->skip != FRAMING_SKIP_FOR_EVER)
        stream->skip -= passed;
    stream->offset += passed;
    return passed;
}

size_t framing_scan(struct framing *framing, enum direction direction, const unsigned char *bytes,
    size_t n, struct framing_event *event)
{
    const struct framer *framer = framing->protocol.framer;
    struct framer_stream *stream = &framing->streams[direction];
    size_t seen = 0;
    framing->event = (struct framing_event){0};
    if (bytes == NULL)
        bytes = (const unsigned char *)"";
    for (;;) {
        seen += pass_body(stream, n - seen);
        if (stream->skip > 0)
            break;
        size_t used = framer->step(framing, direction, bytes + seen, n - seen);
        assert(used <= n - seen);
        stream->offset += used;
        seen += used;
        /* a step without bytes is the last one: it reports what the bytes before it ended */
        if (framing->event.what != 0 || (used == 0 && seen == n && stream->skip == 0))
            break;
    }
    *event = framing->event;
    return seen;
}

void framing_set_quiet(struct framing *framing, enum direction direction, bool quiet)
{
    framing->streams[direction].quiet = quiet;
}

uint64_t framing_skippable(const struct framing *framing, enum direction direction)
{
    return framing->streams[direction].skip;
}

void framing_skip(struct framing *framing, enum direction direction, uint64_t n)
{
    struct framer_stream *stream = &framing->streams[direction];
    assert(n <= stream->skip);
    if (stream->skip != FRAMING_SKIP_FOR_EVER)
        stream->skip -= n;
    stream->offset += n;
}

void framing_fin(struct framing *framing, enum direction direction, struct framing_event *event)
{
    const struct framer *framer = framing->protocol.framer;
    framing->event = (struct framing_event){0};
    if (framer->fin != NULL && !framing->streams[direction].lost)
        framer->fin(framing, direction);
    *event = framing->event;
}

static void report(struct framing *framing, enum direction direction, enum framing_what what)
{
    framing->event.what |= what;
    framing->event.direction = direction;
    framing->event.message = &framing->streams[direction].message;
}

bool framing_abandon(
    struct framing *framing, enum direction direction, uint64_t offset, struct framing_event *event)
{
    const bool over = framing_is_over(framing, direction);
    framing->event = (struct framing_event){.offset = offset};
    if (over)
        report(framing, direction, FRAMING_LOST);
    else
        framer_lose(framing, direction, offset);
    *event = framing->event;
    return !over;
}

bool framing_needs_both(const struct framing *framing)
{
    return framing->protocol.framer->needs_both;
}

uint64_t framing_message_from(const struct framing *framing, enum direction direction)
{
    const struct framer_stream *stream = &framing->streams[direction];
    const struct framing_event *event = &framing->event;
    bool ended = (event->what & FRAMING_END) != 0 && event->direction == direction;
    if (stream->inside || ended)
        return stream->message.start;
    return stream->opening != FRAMING_NONE ? stream->opening : stream->offset;
}

bool framing_is_over(const struct framing *framing, enum direction direction)
{
    const struct framer_stream *stream = &framing->streams[direction];
    return stream->skip == FRAMING_SKIP_FOR_EVER && !stream->inside;
}

uint64_t framing_opening(const struct framing *framing, enum direction direction)
{
    return framing->streams[direction].opening;
}

const struct framing_message *framing_message(
    const struct framing *framing, enum direction direction)
{
    return &framing->streams[direction].message;
}

uint64_t framing_number_at(
    const struct framing *framing, enum direction direction, uint64_t offset, const char **kind)
{
    const struct framer_stream *stream = &framing->streams[direction];
    const struct framing_message *message = &stream->message;
    *kind = "";
    if (message->number == 0)
        return 0;
    if (offset < message->start)
        return offset >= stream->previous_start && offset <= stream->previous_end
                   ? message->number - 1
                   : 0;
    if (!stream->inside && offset > stream->end)
        return 0;
    *kind = message->kind;
    return message->number;
}

bool framing_is_inside(const struct framing *framing, enum direction direction)
{
    return framing->streams[direction].inside;
}

void framer_begin(
    struct framing *framing, enum direction direction, uint64_t start, const char *kind)
{
    struct framer_stream *stream = &framing->streams[direction];
    stream->opening = FRAMING_NONE;
    stream->inside = true;
    if (stream->message.number > 0)
        stream->previous_start = stream->message.start;
    stream->previous_end = stream->end;
    stream->message.number++;
    stream->message.start = start;
    stream->message.size = FRAMING_UNKNOWN_SIZE;
    stream->message.kind = kind == NULL ? "" : kind;
    report(framing, direction, FRAMING_BEGIN);
}

const char *framer_kind(struct framing *framing, enum direction direction, const char *kind)
{
    char *kept = framing->streams[direction].kind;
    size_t length = strnlen(kind, FRAMER_KIND_MAX);
    memcpy(kept, kind, length);
    kept[length] = '\0';
    return kept;
}

void framer_pass(struct framing *framing, enum direction direction, uint64_t count,
    const struct framing_message *last)
{
    struct framer_stream *stream = &framing->streams[direction];
    if (count == 0)
        return;
    stream->opening = FRAMING_NONE;
    stream->previous_start =
        count == 1 && stream->message.number > 0 ? stream->message.start : FRAMING_NONE;
    stream->previous_end = stream->end;
    stream->end = last->start + last->size;
    stream->message.number += count;
    stream->message.start = last->start;
    stream->message.size = last->size;
    stream->message.kind = last->kind == NULL ? "" : last->kind;
}

void framer_sized(struct framing *framing, enum direction direction, uint64_t size)
{
    framing->streams[direction].message.size = size;
    report(framing, direction, FRAMING_SIZED);
}

void framer_part(struct framing *framing, enum direction direction, uint64_t offset,
    enum framing_part part, uint64_t chunk)
{
    framing->event.parts |= part;
    framing->event.chunk = chunk;
    framing->event.offset = offset;
    report(framing, direction, FRAMING_PART);
}

void framer_end(struct framing *framing, enum direction direction, uint64_t offset)
{
    framing->streams[direction].inside = false;
    framing->streams[direction].end = offset;
    framing->event.offset = offset;
    report(framing, direction, FRAMING_END);
}

void framer_go_raw(struct framing *framing, enum direction direction)
{
    struct framer_stream *stream = &framing->streams[direction];
    stream->opening = FRAMING_NONE;
    stream->inside = false;
    stream->skip = FRAMING_SKIP_FOR_EVER;
}

void framer_lose(struct framing *framing, enum direction direction, uint64_t offset)
{
    framer_go_raw(framing, direction);
    framing->streams[direction].lost = true;
    framing->event.what = 0; /* what else this step found is not sure either */
    framing->event.offset = offset;
    report(framing, direction, FRAMING_LOST);
}
