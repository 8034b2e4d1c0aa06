/* SPDX-License-Identifier: MIT */
/*
 * A fuzz target for the framers. The environment variable FUZZ_PROTOCOL names the protocol; http,
 * where it is not set. Built with clang it is a libFuzzer program (scripts/fuzz); replay.c runs it
 * over the corpus with any compiler.
 *
 * An input is a conversation of blocks: a byte whose highest bit is the direction and whose lower
 * bits are the number of bytes that follow, less one. A last block of none is left out. The target
 * feeds it in these blocks; again byte by byte without skipping, which must report the same edges;
 * and again in blocks with a framing that is quiet for most of them, which must be in the same
 * state after each block.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/fuzz/target.h"

#include "proxy/framing/framing.h"

/* How a run feeds the input. */
enum way { IN_BLOCKS, BYTE_BY_BYTE, QUIET_BLOCKS };

/* The reports so far: a sum over every field, for each direction. */
struct record {
    uint64_t sum[2];
    uint64_t states; /* a sum over the states behind each block, and where the framing was lost */
    uint64_t end[2]; /* offset of the last edge */
};

static void require(int condition, const char *what)
{
    if (condition)
        return;
    fprintf(stderr, "%s\n", what);
    abort();
}

static void add(uint64_t *sum, uint64_t value)
{
    *sum = (*sum ^ value) * 0x100000001b3u; /* FNV */
}

static void note(struct record *record, const struct framing_event *event, const uint64_t offset[2])
{
    const struct framing_message *message = event->message;
    uint64_t *sum = &record->sum[event->direction];
    add(sum, event->what);
    add(sum, event->offset);
    if (event->what == FRAMING_LOST)
        add(&record->states, event->offset);
    if (event->what == FRAMING_LOST) /* what stands in `message` belongs to the one before */
        return;
    add(sum, message->number);
    add(sum, message->start);
    add(sum, message->size);
    add(sum, event->parts);
    for (const char *c = message->kind; *c != '\0'; c++)
        add(sum, (unsigned char)*c);
    require(event->offset <= offset[event->direction], "an edge lies beyond the bytes");
    require(message->start <= offset[event->direction], "a message begins beyond the bytes");
    if ((event->what & FRAMING_END) == 0)
        return;
    require(event->offset >= record->end[event->direction], "a message ends before the last one");
    record->end[event->direction] = event->offset;
    if (message->size != FRAMING_UNKNOWN_SIZE)
        require(event->offset == message->start + message->size, "a message has another size");
}

static void feed(struct framing *framing, struct record *record, enum direction direction,
    const uint8_t *bytes, size_t n, uint64_t offset[2], int skips)
{
    struct framing_event event;
    do {
        uint64_t may = skips ? framing_skippable(framing, direction) : 0;
        size_t skipped = may < n ? (size_t)may : n;
        framing_skip(framing, direction, skipped);
        size_t seen =
            skipped + framing_scan(framing, direction, bytes + skipped, n - skipped, &event);
        bytes += seen;
        n -= seen;
        offset[direction] += seen;
        if (event.what != 0)
            note(record, &event, offset);
    } while (event.what != 0 || n > 0);
    framing_scan(framing, direction, NULL, 0, &event);
    require(event.what == 0, "an event was left for the next byte");
}

static void note_state(
    struct record *record, const struct framing *framing, enum direction direction)
{
    const struct framing_message *message = framing_message(framing, direction);
    const uint64_t values[] = {message->number, message->start, message->size,
        framing_is_inside(framing, direction), framing_is_over(framing, direction),
        framing_opening(framing, direction), framing_skippable(framing, direction)};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
        add(&record->states, values[i]);
    /* A framing that is lost may have begun to read the next kind where that of the last stood. */
    for (const char *c = message->kind; *c != '\0' && !framing_is_over(framing, direction); c++)
        add(&record->states, (unsigned char)*c);
}

static struct record run(
    const struct protocol *protocol, const uint8_t *data, size_t size, enum way way)
{
    struct record record = {0};
    uint64_t offset[2] = {0, 0};
    struct framing_event event;
    struct framing *framing = framing_new(protocol);
    require(framing != NULL, "out of memory");
    for (size_t at = 0; at < size;) {
        enum direction direction = data[at] >> 7;
        size_t n = (data[at] & 0x7fu) + 1;
        at++;
        n = n < size - at ? n : size - at;
        framing_set_quiet(framing, direction, way == QUIET_BLOCKS && n % 4 != 0);
        for (size_t i = 0; way == BYTE_BY_BYTE && i < n; i++)
            feed(framing, &record, direction, data + at + i, 1, offset, 0);
        if (way != BYTE_BY_BYTE && n > 0) /* no read takes no byte */
            feed(framing, &record, direction, data + at, n, offset, 1);
        at += n;
        for (int i = 0; i < 2; i++)
            note_state(&record, framing, (enum direction)i);
    }
    for (int i = 0; i < 2; i++) {
        framing_fin(framing, (enum direction)i, &event);
        if (event.what != 0)
            note(&record, &event, offset);
    }
    framing_free(framing);
    return record;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct option option = {.name = "protocol", .kind = &option_protocol};
    const char *text = getenv("FUZZ_PROTOCOL");
    struct protocol protocol;
    struct err err;
    require(option_parse(&option, text == NULL ? "http" : text, &protocol, &err) == 0, err.text);
    struct record blocks = run(&protocol, data, size, IN_BLOCKS);
    struct record bytes = run(&protocol, data, size, BYTE_BY_BYTE);
    struct record quiet = run(&protocol, data, size, QUIET_BLOCKS);
    require(blocks.states == bytes.states, "the states depend on the sizes of the pieces");
    require(blocks.states == quiet.states, "the states depend on quiet");
    for (int i = 0; i < 2; i++)
        require(blocks.sum[i] == bytes.sum[i], "the edges depend on the sizes of the pieces");
    return 0;
}
