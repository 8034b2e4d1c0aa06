/* SPDX-License-Identifier: MIT */
/*
 * The machine behind the rows: collect the header, check the length, pass over the body. And
 * `length:at=0,size=4,order=big,add=4`, whose row the user writes.
 */
#include "proxy/framing/length.h"

#include <string.h>

/* Copies bytes into the header until it has `want`. Returns how many. */
static size_t collect(
    struct length_stream *stream, size_t want, const unsigned char *bytes, size_t n)
{
    size_t missing = want > stream->have ? want - stream->have : 0;
    size_t taken = missing < n ? missing : n;
    if (taken > 0)
        memcpy(stream->header + stream->have, bytes, taken);
    stream->have += (unsigned)taken;
    return taken;
}

/* Reads the length. False: no message of the row is so long. */
static inline bool measure(const struct length_row *row, struct length_header *header)
{
    header->length = length_number(header->bytes + row->at, row->width, row->little);
    header->size = header->length + row->add;
    bool too_short =
        header->size < header->length || header->size < row->header || header->size < row->min;
    return !too_short && header->size <= (row->max == 0 ? FRAMER_SIZE_MAX : row->max);
}

/* The header is complete: a message begins, or a further packet of one. */
static bool open_packet(
    struct framing *framing, enum direction direction, uint64_t start, struct length_header *header)
{
    struct length_state *state = framing->state;
    struct length_stream *stream = &state->streams[direction];
    const struct length_row *row = stream->row;
    bool is_continued = row->continued != 0 && header->length == row->continued;
    bool first = !stream->continues;
    if (first && row->name != NULL && !row->name(state, direction, header))
        return false;
    if (!first && row->further != NULL && !row->further(state, direction, header))
        return false;
    stream->in_body = true;
    stream->continues = is_continued;
    framing->streams[direction].skip = header->size - header->seen;
    framing->streams[direction].opening = FRAMING_NONE;
    if (first && !row->silent) {
        framer_begin(framing, direction, start, header->kind);
        framer_sized(framing, direction, is_continued ? FRAMING_UNKNOWN_SIZE : header->size);
    }
    return true;
}

/* The body has passed. Whether a message ended with it. */
static bool close_packet(struct length_stream *stream)
{
    stream->in_body = false;
    stream->have = 0;
    return !stream->continues && !stream->row->silent;
}

/* Bytes of the message that `name` gets to see. */
static size_t bytes_to_see(const struct length_row *row, const struct length_header *header)
{
    size_t look = row->look < row->header ? row->header : row->look;
    return header->size < look ? (size_t)header->size : look;
}

/* Reads the header of a message that stands at `bytes` as a whole. False: it does not, or it is
 * more than a packet, or none. */
static inline bool read_whole(const struct length_row *row, const unsigned char *bytes, size_t n,
    struct length_header *header)
{
    *header = (struct length_header){.bytes = bytes};
    if (row == NULL || row->silent || n < row->header || !measure(row, header) || header->size > n)
        return false;
    header->seen = (unsigned)bytes_to_see(row, header);
    return row->continued == 0 || header->length != row->continued;
}

/* Passes over whole messages without an event, the first one of the stream's row. Returns their
 * bytes. The stream's row is that of the next message then; NULL: it is not understood. */
static size_t pass_messages(struct framing *framing, enum direction direction,
    const unsigned char *bytes, size_t n, length_pick *pick)
{
    struct length_stream *stream = &((struct length_state *)framing->state)->streams[direction];
    const uint64_t offset = framing->streams[direction].offset;
    struct framing_message last = {0};
    struct length_header header;
    uint64_t count = 0;
    size_t passed = 0;
    while (passed < n && read_whole(stream->row, bytes + passed, n - passed, &header)) {
        if (stream->row->name != NULL && !stream->row->name(framing->state, direction, &header)) {
            stream->row = NULL;
            break;
        }
        count++;
        last.start = offset + passed;
        last.size = header.size;
        last.kind = header.kind;
        passed += (size_t)header.size;
        if (passed < n)
            stream->row = pick(framing->state, direction, bytes[passed]);
    }
    framer_pass(framing, direction, count, &last);
    return passed;
}

size_t length_step(struct framing *framing, enum direction direction, const unsigned char *bytes,
    size_t n, length_pick *pick)
{
    struct length_state *state = framing->state;
    struct length_stream *stream = &state->streams[direction];
    struct framer_stream *common = &framing->streams[direction];
    if (stream->in_body && close_packet(stream)) {
        framer_end(framing, direction, common->offset);
        return 0;
    }
    if (n == 0)
        return 0;
    uint64_t start = common->offset - stream->have;
    size_t used = 0;
    if (stream->have == 0 && !stream->continues) {
        stream->row = pick(state, direction, bytes[0]);
        if (common->quiet)
            used = pass_messages(framing, direction, bytes, n, pick);
        if (used == n)
            return n;
        start += used;
    }
    if (stream->row == NULL) {
        framer_lose(framing, direction, start);
        return used;
    }
    if (!stream->continues)
        common->opening = stream->row->silent ? FRAMING_NONE : start;
    used += collect(stream, stream->row->header, bytes + used, n - used);
    if (stream->have < stream->row->header)
        return used;
    struct length_header header = {.bytes = stream->header};
    bool right = measure(stream->row, &header);
    if (right) {
        size_t look = stream->continues ? stream->row->header : bytes_to_see(stream->row, &header);
        used += collect(stream, look, bytes + used, n - used);
        if (stream->have < look)
            return used;
        header.seen = stream->have;
        right = open_packet(framing, direction, start, &header);
    }
    if (!right)
        framer_lose(framing, direction, start);
    return used;
}

/* `length:` as the user writes it. */
struct user_state {
    struct length_state length;
    struct length_row row;
};

static const struct length_row *pick_user_row(
    void *state, enum direction direction, unsigned char first)
{
    struct user_state *user = state;
    (void)direction;
    (void)first;
    return &user->row;
}

static size_t step(
    struct framing *framing, enum direction direction, const unsigned char *bytes, size_t n)
{
    const struct protocol_length *length = &framing->protocol.length;
    struct user_state *user = framing->state;
    user->row = (struct length_row){
        .header = (unsigned)(length->at + length->size),
        .at = (unsigned)length->at,
        .width = (unsigned)length->size,
        .little = length->little,
        .add = length->add,
    };
    return length_step(framing, direction, bytes, n, pick_user_row);
}

const struct framer framer_length = {
    .name = "length",
    .form = "length:at=0,size=4,order=big,add=4",
    .state_size = sizeof(struct user_state),
    .knows_sizes = true,
    .step = step,
};
