/* SPDX-License-Identifier: MIT */
/*
 * `line`: a message is a line, up to and with its \n.
 */
#include <string.h>

#include "proxy/framing/framer.h"

static size_t step(
    struct framing *framing, enum direction direction, const unsigned char *bytes, size_t n)
{
    struct framer_stream *stream = &framing->streams[direction];
    if (n == 0)
        return 0;
    if (!stream->inside) {
        framer_begin(framing, direction, stream->offset, NULL);
        framer_sized(framing, direction, FRAMING_UNKNOWN_SIZE);
        return 0;
    }
    const unsigned char *end = memchr(bytes, '\n', n);
    if (end == NULL)
        return n;
    size_t used = (size_t)(end - bytes) + 1;
    framer_end(framing, direction, stream->offset + used);
    return used;
}

const struct framer framer_line = {.name = "line", .step = step};
