/* SPDX-License-Identifier: MIT */
/*
 * `mqtt`: MQTT 3.1.1 and 5.0, section 2.1. A packet is a byte with its type, a length of one to
 * four bytes with seven bits each, and a body. Nothing comes before the client's CONNECT.
 */
#include "proxy/framing/length.h"

#define LENGTH_BYTES_MAX 4

static const char *const names[] = {
    [1] = "CONNECT",
    [2] = "CONNACK",
    [3] = "PUBLISH",
    [4] = "PUBACK",
    [5] = "PUBREC",
    [6] = "PUBREL",
    [7] = "PUBCOMP",
    [8] = "SUBSCRIBE",
    [9] = "SUBACK",
    [10] = "UNSUBSCRIBE",
    [11] = "UNSUBACK",
    [12] = "PINGREQ",
    [13] = "PINGRESP",
    [14] = "DISCONNECT",
    [15] = "AUTH",
};

#define TYPE(byte) ((unsigned)(byte) >> 4)

struct mqtt_stream {
    bool in_body;
    unsigned have;   /* bytes of the header so far */
    uint64_t length; /* as far as it is known */
    const char *kind;
};

struct mqtt_state {
    struct mqtt_stream streams[2];
};

/* Whether a packet may begin with this byte. */
static bool begins_right(
    const struct framing *framing, enum direction direction, unsigned char first)
{
    if (framing->streams[direction].message.number > 0)
        return TYPE(first) != 0;
    if (direction == DIRECTION_UPSTREAM)
        return first == 0x10;              /* CONNECT */
    return first == 0x20 || first == 0xf0; /* CONNACK; AUTH may come before it in 5.0 */
}

/* Takes one byte of the header. 1: it is complete. 0: not yet. -1: it is not understood. */
static int take_header_byte(
    const struct framing *framing, enum direction direction, unsigned char byte)
{
    struct mqtt_state *state = framing->state;
    struct mqtt_stream *stream = &state->streams[direction];
    if (stream->have == 0) {
        if (!begins_right(framing, direction, byte))
            return -1;
        stream->kind = names[TYPE(byte)];
        stream->length = 0;
        stream->have = 1;
        return 0;
    }
    stream->length |= (uint64_t)(byte & 0x7f) << 7 * (stream->have - 1);
    stream->have++;
    if ((byte & 0x80) == 0)
        return 1;
    return stream->have > LENGTH_BYTES_MAX ? -1 : 0;
}

static size_t step(
    struct framing *framing, enum direction direction, const unsigned char *bytes, size_t n)
{
    struct mqtt_state *state = framing->state;
    struct mqtt_stream *stream = &state->streams[direction];
    struct framer_stream *common = &framing->streams[direction];
    if (stream->in_body) {
        stream->in_body = false;
        stream->have = 0;
        framer_end(framing, direction, common->offset);
        return 0;
    }
    for (size_t i = 0; i < n; i++) {
        uint64_t start = common->offset + i - stream->have;
        int complete = take_header_byte(framing, direction, bytes[i]);
        common->opening = start;
        if (complete < 0) {
            framer_lose(framing, direction, start);
            return i;
        }
        if (complete > 0) {
            stream->in_body = true;
            common->skip = stream->length;
            framer_begin(framing, direction, start, stream->kind);
            framer_sized(framing, direction, stream->have + stream->length);
            return i + 1;
        }
    }
    return n;
}

const struct framer framer_mqtt = {
    .name = "mqtt",
    .state_size = sizeof(struct mqtt_state),
    .knows_sizes = true,
    .kinds = {{LENGTH_NAMES(names)}, {LENGTH_NAMES(names)}},
    .step = step,
};
