/* SPDX-License-Identifier: MIT */
/*
 * `turns`: a message is what one side says until the other one speaks. Its FIN ends a turn too.
 */
#include "proxy/framing/framer.h"

static size_t step(
    struct framing *framing, enum direction direction, const unsigned char *bytes, size_t n)
{
    enum direction other =
        direction == DIRECTION_UPSTREAM ? DIRECTION_DOWNSTREAM : DIRECTION_UPSTREAM;
    (void)bytes;
    if (n == 0)
        return 0;
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
    if (framing->streams[direction].inside)
        framer_end(framing, direction, framing->streams[direction].offset);
}

const struct framer framer_turns = {.name = "turns", .step = step, .fin = fin};
