/* SPDX-License-Identifier: MIT */
/*
 * `turns`: a message is all bytes that one side sends until the other side sends some, or until its
 * own FIN. If bytes of one side are lost, the ends of the other side's turns are not known.
 */
#include "proxy/framing/framer.h"

static enum direction other_of(enum direction direction)
{
    return direction == DIRECTION_UPSTREAM ? DIRECTION_DOWNSTREAM : DIRECTION_UPSTREAM;
}

static size_t step(
    struct framing *framing, enum direction direction, const unsigned char *bytes, size_t n)
{
    enum direction other = other_of(direction);
    (void)bytes;
    if (n == 0)
        return 0;
    if (framing->streams[other].lost) {
        framer_lose(framing, direction, framing->streams[direction].offset);
        return 0;
    }
    if (framing->streams[other].inside) {
        framer_end(framing, other, framing->streams[other].offset);
        return 0;
    }
    if (framing->streams[direction].inside)
        return n;
    framer_begin(framing, direction, framing->streams[direction].offset, NULL);
    framer_sized(framing, direction, FRAMING_UNKNOWN_SIZE);
    return 1;
}

static void fin(struct framing *framing, enum direction direction)
{
    uint64_t offset = framing->streams[direction].offset;
    if (!framing->streams[direction].inside)
        return;
    if (framing->streams[other_of(direction)].lost)
        framer_lose(framing, direction, offset);
    else
        framer_end(framing, direction, offset);
}

const struct framer framer_turns = {.name = "turns", .needs_both = true, .step = step, .fin = fin};
