/* SPDX-License-Identifier: MIT */
/*
 * `redis`: RESP 2 and 3 (the Redis serialization protocol specification).
 *
 * A value is a type byte, a line, and for some types a body. An aggregate says how many values it
 * holds, so one counter of values still to come is enough, however deep they are nested. Upstream a
 * message is a command, and its kind is the command's name; a line without type byte is an inline
 * command, and an empty line is no message: redis-cli --pipe sends one (networking.c of Redis,
 * processInlineBuffer()). RESP 3's streamed values (`$?`, `*?`), which no server sends, are not
 * understood.
 *
 * A replica sends PSYNC or SYNC. The answer is a snapshot; the server may send empty lines before
 * it. The snapshot is a bulk string without a line end behind it. Or it is `$EOF:` and a mark of 40
 * bytes, then all bytes up to the same mark (replication.c of Redis, readSyncBulkPayload()). On
 * Valkey's second connection for a snapshot, a line `$ENDOFF:` comes first. It tells at which
 * offset the stream goes on.
 */
#include <string.h>
#include <strings.h>

#include "proxy/framing/framer.h"
#include "proxy/framing/redis_commands.h"

#define NAME_MAX_BYTES FRAMER_KIND_MAX /* of a command; longer names are no kind */
#define DIGITS_MAX 20                  /* of a length */
#define VALUES_MAX ((uint64_t)1 << 40) /* of one message: beyond, it is nonsense */
#define NULL_LENGTH UINT64_MAX         /* RESP 2's -1 */

static const char *const type_names[] = {
    ['+'] = "simple_string",
    ['-'] = "error",
    [':'] = "integer",
    ['$'] = "bulk_string",
    ['*'] = "array",
    ['_'] = "null",
    [','] = "double",
    ['#'] = "boolean",
    ['!'] = "bulk_error",
    ['='] = "verbatim_string",
    ['('] = "big_number",
    ['%'] = "map",
    ['~'] = "set",
    ['>'] = "push",
    ['|'] = "attribute",
};

#define TYPE_COUNT (sizeof type_names / sizeof type_names[0])

enum redis_mode {
    REDIS_TYPE,   /* the next byte is a type */
    REDIS_LINE,   /* a value that ends with its line */
    REDIS_LENGTH, /* the number behind the type */
    REDIS_NAME,   /* the body with a command's name */
    REDIS_INLINE, /* the first word of an inline command */
    REDIS_BODY,   /* passed over */
    REDIS_MARK,   /* "EOF:" and the mark that ends a snapshot, or "ENDOFF:" */
    REDIS_MARKED, /* a snapshot that ends with the mark */
    REDIS_CR,     /* of the line end behind a body */
    REDIS_LF,
};

struct redis_stream {
    enum redis_mode mode;
    uint64_t left; /* values still to come, with the one that is being read; 0: between messages */
    unsigned char type;
    bool wants_name; /* the next value is a command's name */
    bool minus;      /* the length is negative */
    bool ended;      /* the length's \r has come */
    unsigned digits; /* of the length so far */
    uint64_t length; /* as far as it is known */
    unsigned have;   /* bytes of the name so far */
    char name[NAME_MAX_BYTES + 1];
    uint64_t start; /* of the message */
};

#define MARK_SIZE 40
#define MARK_PREFIX "EOF:"
#define MARK_PREFIX_SIZE 4u
#define END_OFFSET_PREFIX "ENDOFF:"

struct redis_state {
    struct redis_stream streams[2];
    /* Downstream. */
    bool awaits_snapshot; /* the client is a replica and asked for one */
    bool is_snapshot;     /* the value that is being read */
    bool is_end_offset;   /* it begins with "$EN" */
    unsigned matched;     /* bytes of the mark that the snapshot ends in so far */
    unsigned char mark[MARK_SIZE];
    unsigned char shorter[MARK_SIZE + 1]; /* [n]: of the first n bytes of the mark, how many of the
                                             last ones are its first ones, too */
};

/* The result of reading a byte. */
enum taken { TAKEN, WRONG };

static void redis_begin(struct framing *framing, enum direction direction, const char *kind)
{
    struct redis_state *state = framing->state;
    framer_begin(framing, direction, state->streams[direction].start, kind);
    framer_sized(framing, direction, FRAMING_UNKNOWN_SIZE);
}

/* The value is through. `at` is the offset behind it. */
static void end_value(struct framing *framing, enum direction direction, uint64_t at)
{
    struct redis_state *state = framing->state;
    struct redis_stream *stream = &state->streams[direction];
    stream->mode = REDIS_TYPE;
    stream->left--;
    if (stream->left == 0)
        framer_end(framing, direction, at);
}

static bool has_length(unsigned char type)
{
    return strchr("$*!=%~>|", type) != NULL && type != '\0';
}

static bool is_body(unsigned char type)
{
    return type == '$' || type == '!' || type == '=';
}

static enum taken take_type(
    struct framing *framing, enum direction direction, unsigned char byte, uint64_t at)
{
    struct redis_state *state = framing->state;
    struct redis_stream *stream = &state->streams[direction];
    bool first = stream->left == 0;
    bool known = byte < TYPE_COUNT && type_names[byte] != NULL;
    bool letter = (byte | 0x20) >= 'a' && (byte | 0x20) <= 'z';
    bool upstream = direction == DIRECTION_UPSTREAM;
    if (first && (byte == '\r' || byte == '\n') && (upstream || state->awaits_snapshot))
        return TAKEN;
    if (!known && !(first && upstream && letter))
        return WRONG;
    stream->type = byte;
    stream->digits = 0;
    stream->length = 0;
    stream->minus = stream->ended = false;
    stream->mode = has_length(byte) ? REDIS_LENGTH : REDIS_LINE;
    if (!first) {
        if (stream->wants_name && byte != '$') {
            stream->wants_name = false;
            redis_begin(framing, direction, "");
        }
        return TAKEN;
    }
    stream->start = at;
    stream->left = 1;
    stream->have = 0;
    stream->wants_name = upstream && byte == '*';
    if (!upstream) {
        state->is_snapshot = state->awaits_snapshot && byte == '$';
        state->awaits_snapshot = state->awaits_snapshot && strchr("$*-", byte) == NULL;
    }
    framing->streams[direction].opening = at;
    if (!known) {
        stream->mode = REDIS_INLINE;
        stream->name[stream->have++] = (char)byte;
    } else if (!stream->wants_name)
        redis_begin(framing, direction, type_names[byte]);
    return TAKEN;
}

/* An aggregate: what it holds is still to come. An attribute is no value itself. */
static enum taken open_aggregate(struct framing *framing, enum direction direction, uint64_t at)
{
    struct redis_state *state = framing->state;
    struct redis_stream *stream = &state->streams[direction];
    uint64_t held = stream->length == NULL_LENGTH ? 0 : stream->length;
    if (stream->type == '%' || stream->type == '|')
        held *= 2;
    if (stream->type == '|')
        held++;
    stream->left += held;
    if (stream->left > VALUES_MAX)
        return WRONG;
    if (held == 0 && stream->wants_name) {
        stream->wants_name = false;
        redis_begin(framing, direction, "");
    }
    end_value(framing, direction, at);
    return TAKEN;
}

/* The line with the length is through. */
static enum taken take_length(struct framing *framing, enum direction direction, uint64_t at)
{
    struct redis_state *state = framing->state;
    struct redis_stream *stream = &state->streams[direction];
    if (stream->digits == 0 || (stream->minus && stream->length != 1))
        return WRONG;
    if (stream->minus)
        stream->length = NULL_LENGTH;
    else if (stream->length > VALUES_MAX)
        return WRONG;
    if (!is_body(stream->type))
        return open_aggregate(framing, direction, at);
    if (stream->wants_name) {
        stream->wants_name = false;
        if (stream->length <= NAME_MAX_BYTES) {
            stream->mode = REDIS_NAME;
            return TAKEN;
        }
        redis_begin(framing, direction, "");
    }
    if (stream->length == NULL_LENGTH) {
        end_value(framing, direction, at);
        return TAKEN;
    }
    stream->mode = REDIS_BODY;
    framing->streams[direction].skip = stream->length;
    return TAKEN;
}

static enum taken take_length_byte(
    struct framing *framing, enum direction direction, unsigned char byte, uint64_t at)
{
    struct redis_state *state = framing->state;
    struct redis_stream *stream = &state->streams[direction];
    if (stream->ended)
        return byte == '\n' ? take_length(framing, direction, at + 1) : WRONG;
    if (byte == '\r') {
        stream->ended = true;
        return TAKEN;
    }
    if (byte == '-' && stream->digits == 0 && !stream->minus) {
        stream->minus = true;
        return TAKEN;
    }
    if (stream->digits == 0 && byte == MARK_PREFIX[0] && state->is_snapshot &&
        direction == DIRECTION_DOWNSTREAM) {
        stream->mode = REDIS_MARK;
        stream->have = 1;
        state->is_end_offset = false;
        return TAKEN;
    }
    if (byte < '0' || byte > '9' || stream->digits == DIGITS_MAX)
        return WRONG;
    stream->digits++;
    stream->length =
        stream->length > VALUES_MAX ? stream->length : stream->length * 10 + byte - '0';
    return TAKEN;
}

/* Prepares the search for the mark (Knuth, Morris and Pratt). */
static void prepare_mark(struct redis_state *state)
{
    unsigned length = 0;
    state->shorter[1] = 0;
    for (unsigned n = 1; n < MARK_SIZE; n++) {
        while (length > 0 && state->mark[n] != state->mark[length])
            length = state->shorter[length];
        length += state->mark[n] == state->mark[length];
        state->shorter[n + 1] = (unsigned char)length;
    }
    state->matched = 0;
}

/* A byte of "ENDOFF:", the last one that was counted. The snapshot is still to come. */
static enum taken take_end_offset_byte(
    struct redis_state *state, struct redis_stream *stream, unsigned char byte)
{
    if (byte != (unsigned char)END_OFFSET_PREFIX[stream->have - 1])
        return WRONG;
    if (END_OFFSET_PREFIX[stream->have] == '\0') {
        stream->mode = REDIS_LINE;
        state->is_snapshot = false;
        state->awaits_snapshot = true;
    }
    return TAKEN;
}

/* A byte of the line with the mark. */
static enum taken take_mark_byte(
    struct redis_state *state, struct redis_stream *stream, unsigned char byte)
{
    unsigned at = stream->have++;
    state->is_end_offset = state->is_end_offset || (at == 1 && byte == END_OFFSET_PREFIX[1]);
    if (state->is_end_offset)
        return take_end_offset_byte(state, stream, byte);
    if (at < MARK_PREFIX_SIZE)
        return byte == (unsigned char)MARK_PREFIX[at] ? TAKEN : WRONG;
    at -= MARK_PREFIX_SIZE;
    if (at < MARK_SIZE) {
        state->mark[at] = byte;
        return TAKEN;
    }
    if (at == MARK_SIZE)
        return byte == '\r' ? TAKEN : WRONG;
    prepare_mark(state);
    stream->mode = REDIS_MARKED;
    return byte == '\n' ? TAKEN : WRONG;
}

/* The command's name is complete. */
static void begin_command(struct framing *framing, enum direction direction)
{
    struct redis_state *state = framing->state;
    struct redis_stream *stream = &state->streams[direction];
    stream->name[stream->have] = '\0';
    if (strcasecmp(stream->name, "PSYNC") == 0 || strcasecmp(stream->name, "SYNC") == 0)
        state->awaits_snapshot = true;
    redis_begin(framing, direction, framer_kind(framing, direction, stream->name));
}

static enum taken take_inline_byte(
    struct framing *framing, enum direction direction, unsigned char byte, uint64_t at)
{
    struct redis_state *state = framing->state;
    struct redis_stream *stream = &state->streams[direction];
    if (byte > ' ') {
        if (stream->have == NAME_MAX_BYTES || byte >= 0x7f)
            return WRONG;
        stream->name[stream->have++] = (char)byte;
        return TAKEN;
    }
    stream->mode = REDIS_LINE;
    begin_command(framing, direction);
    if (byte == '\n')
        end_value(framing, direction, at + 1);
    return TAKEN;
}

static enum taken take_byte(
    struct framing *framing, enum direction direction, unsigned char byte, uint64_t at)
{
    struct redis_state *state = framing->state;
    struct redis_stream *stream = &state->streams[direction];
    switch (stream->mode) {
    case REDIS_TYPE:
        return take_type(framing, direction, byte, at);
    case REDIS_LENGTH:
        return take_length_byte(framing, direction, byte, at);
    case REDIS_INLINE:
        return take_inline_byte(framing, direction, byte, at);
    case REDIS_NAME:
        stream->name[stream->have++] = (char)byte;
        return TAKEN;
    case REDIS_MARK:
        return take_mark_byte(state, stream, byte);
    case REDIS_CR:
        stream->mode = REDIS_LF;
        return byte == '\r' ? TAKEN : WRONG;
    case REDIS_LF:
        if (byte == '\n')
            end_value(framing, direction, at + 1);
        return byte == '\n' ? TAKEN : WRONG;
    case REDIS_LINE:
    case REDIS_BODY:
    case REDIS_MARKED:
        break;
    }
    return WRONG;
}

/* A line that is passed over. Returns how many bytes were looked at. */
static size_t pass_line(
    struct framing *framing, enum direction direction, const unsigned char *bytes, size_t n)
{
    const unsigned char *end = n == 0 ? NULL : memchr(bytes, '\n', n);
    if (end == NULL)
        return n;
    size_t used = (size_t)(end - bytes) + 1;
    end_value(framing, direction, framing->streams[direction].offset + used);
    return used;
}

/* A snapshot is passed over, up to its mark. Returns how many bytes were looked at. */
static size_t pass_snapshot(
    struct framing *framing, enum direction direction, const unsigned char *bytes, size_t n)
{
    struct redis_state *state = framing->state;
    for (size_t i = 0; i < n; i++) {
        while (state->matched > 0 && bytes[i] != state->mark[state->matched])
            state->matched = state->shorter[state->matched];
        state->matched += bytes[i] == state->mark[state->matched];
        if (state->matched == MARK_SIZE) {
            end_value(framing, direction, framing->streams[direction].offset + i + 1);
            return i + 1;
        }
    }
    return n;
}

/* A body or a name is through, without a further byte. */
static void finish_body(struct framing *framing, enum direction direction)
{
    struct redis_state *state = framing->state;
    struct redis_stream *stream = &state->streams[direction];
    if (stream->mode == REDIS_NAME && stream->have == stream->length) {
        stream->mode = REDIS_CR;
        begin_command(framing, direction);
    } else if (stream->mode == REDIS_BODY) {
        stream->mode = REDIS_CR;
        if (direction == DIRECTION_DOWNSTREAM && state->is_snapshot)
            end_value(framing, direction, framing->streams[direction].offset);
    }
}

static size_t step(
    struct framing *framing, enum direction direction, const unsigned char *bytes, size_t n)
{
    struct redis_state *state = framing->state;
    struct redis_stream *stream = &state->streams[direction];
    struct framer_stream *common = &framing->streams[direction];
    finish_body(framing, direction);
    if (framing->event.what != 0 || n == 0)
        return 0;
    if (stream->mode == REDIS_LINE)
        return pass_line(framing, direction, bytes, n);
    if (stream->mode == REDIS_MARKED)
        return pass_snapshot(framing, direction, bytes, n);
    if (take_byte(framing, direction, bytes[0], common->offset) == WRONG) {
        framer_lose(framing, direction, stream->left == 0 ? common->offset : stream->start);
        return 0;
    }
    return 1;
}

const struct framer framer_redis = {
    .name = "redis",
    .state_size = sizeof(struct redis_state),
    .kinds = {{.names = redis_commands, .count = REDIS_COMMANDS, .open = true},
        {.names = type_names, .count = TYPE_COUNT}},
    .step = step,
};
