/* SPDX-License-Identifier: MIT */
/*
 * `http`: HTTP/1.1, RFC 9112. A message is a head and the body behind it.
 *
 *   FIRST_LINE -> HEADERS -+-> BODY (Content-Length) ---------------------------> FIRST_LINE
 *                          +-> CHUNK_LINE -> CHUNK -> CHUNK_END -> CHUNK_LINE
 *                          |       `-> TRAILER -------------------------------> FIRST_LINE
 *                          +-> UNTIL_CLOSE (its FIN is its end)
 *                          +-> no body ----------------------------------------> FIRST_LINE
 *
 * The length of a response depends on its request: the response to HEAD, or to a CONNECT that
 * succeeds, has no body. So the messages of both directions are counted, and requests with these
 * methods are kept until they are answered. Behind 101, and behind a CONNECT that succeeded, both
 * directions carry another protocol, and have no more messages.
 */
#include "proxy/framing/http.h"

#include <string.h>
#include <strings.h>

#include "proxy/framing/framer.h"

enum http_mode {
    HTTP_FIRST_LINE,
    HTTP_HEADERS,
    HTTP_BODY,
    HTTP_CHUNK_LINE,
    HTTP_CHUNK,
    HTTP_CHUNK_END,
    HTTP_TRAILER,
    HTTP_UNTIL_CLOSE,
    HTTP_CONNECTING, /* behind a CONNECT that is not answered */
    HTTP_RAW,        /* behind the answer that made it so */
};

struct http_stream {
    enum http_mode mode;
    struct http_line line;
    struct http_head head;
    uint64_t chunk; /* number of the last one */
};

/* Requests whose response may have no body although its head does not say so. */
enum special { SPECIAL_NONE, SPECIAL_HEAD, SPECIAL_CONNECT };
#define SPECIALS_MAX 64 /* that are not answered; more than any client sends ahead */

struct http_state {
    struct http_stream streams[2];
    uint64_t answered; /* requests that have their final response */
    bool upgraded;     /* the last request is the one that 101 answers, and is not complete yet */
    unsigned special_count;
    struct {
        uint64_t number; /* of the request */
        enum special what;
    } specials[SPECIALS_MAX]; /* the oldest first */
};

/* Keeps a request with such a method until it is answered. False: too many are kept. */
static bool keep_special(struct http_state *state, uint64_t number, const char *method)
{
    enum special what = strcmp(method, "HEAD") == 0      ? SPECIAL_HEAD
                        : strcmp(method, "CONNECT") == 0 ? SPECIAL_CONNECT
                                                         : SPECIAL_NONE;
    if (what == SPECIAL_NONE)
        return true;
    if (state->special_count == SPECIALS_MAX)
        return false;
    state->specials[state->special_count].number = number;
    state->specials[state->special_count].what = what;
    state->special_count++;
    return true;
}

/* Counts a final response. Returns the kind of the request that it answers. */
static enum special answer_request(struct http_state *state)
{
    state->answered++;
    if (state->special_count == 0 || state->specials[0].number != state->answered)
        return SPECIAL_NONE;
    enum special what = state->specials[0].what;
    state->special_count--;
    memmove(
        &state->specials[0], &state->specials[1], state->special_count * sizeof state->specials[0]);
    return what;
}

/* Whether the request of the next response is known: it is not, where the requests were lost. */
static bool request_is_known(const struct framing *framing, const struct http_state *state)
{
    const struct framer_stream *requests = &framing->streams[DIRECTION_UPSTREAM];
    return !requests->lost || state->answered < requests->message.number;
}

/* The head is the whole message, up to `at`. */
static void end_without_body(
    struct framing *framing, enum direction direction, uint64_t at, enum http_mode next)
{
    struct http_state *state = framing->state;
    state->streams[direction].mode = next;
    framer_sized(framing, direction, at - framing->streams[direction].message.start);
    framer_end(framing, direction, at);
}

/* A body of known length follows the head. */
static void begin_body(
    struct framing *framing, enum direction direction, uint64_t at, uint64_t length)
{
    struct http_state *state = framing->state;
    if (length == 0) {
        end_without_body(framing, direction, at, HTTP_FIRST_LINE);
        return;
    }
    state->streams[direction].mode = HTTP_BODY;
    framing->streams[direction].skip = length;
    framer_sized(framing, direction, at - framing->streams[direction].message.start + length);
    framer_part(framing, direction, at, FRAMING_BODY, 0);
}

/* A body of unknown length follows the head. */
static void begin_open_body(
    struct framing *framing, enum direction direction, uint64_t at, enum http_mode mode)
{
    struct http_state *state = framing->state;
    state->streams[direction].mode = mode;
    state->streams[direction].chunk = 0;
    if (mode == HTTP_UNTIL_CLOSE)
        framing->streams[direction].skip = FRAMING_SKIP_FOR_EVER;
    framer_sized(framing, direction, FRAMING_UNKNOWN_SIZE);
    framer_part(framing, direction, at, FRAMING_BODY, 0);
}

/* The head of a request is complete: begins its body (RFC 9112 6.3). False: the length of the body
 * is not certain. */
static bool end_request_head(struct framing *framing, uint64_t at)
{
    struct http_state *state = framing->state;
    const struct http_head *head = &state->streams[DIRECTION_UPSTREAM].head;
    bool connect = strcmp(head->kind, "CONNECT") == 0;
    if (head->has_coding && (!head->chunked || head->has_length))
        return false; /* the two together are how requests are smuggled */
    if (connect)
        end_without_body(framing, DIRECTION_UPSTREAM, at, HTTP_CONNECTING);
    else if (head->chunked)
        begin_open_body(framing, DIRECTION_UPSTREAM, at, HTTP_CHUNK_LINE);
    else
        begin_body(framing, DIRECTION_UPSTREAM, at, head->length);
    return true;
}

/* The response switches both directions to another protocol. The client completes its request
 * before that (RFC 9110 7.8). */
static void upgrade(struct framing *framing, uint64_t at)
{
    struct http_state *state = framing->state;
    const struct framer_stream *requests = &framing->streams[DIRECTION_UPSTREAM];
    end_without_body(framing, DIRECTION_DOWNSTREAM, at, HTTP_RAW);
    state->upgraded = requests->inside && requests->message.number == state->answered;
    if (!requests->lost && !state->upgraded)
        framer_go_raw(framing, DIRECTION_UPSTREAM);
}

/* Whether the direction has no messages from the next byte on. */
static bool is_raw(const struct http_state *state, enum direction direction, size_t n)
{
    const enum http_mode mode = state->streams[direction].mode;
    return mode == HTTP_RAW || (mode == HTTP_CONNECTING && n > 0) ||
           (mode == HTTP_FIRST_LINE && direction == DIRECTION_UPSTREAM && state->upgraded);
}

/* The head of a response is complete: begins its body (RFC 9112 6.3). */
static bool end_response_head(struct framing *framing, uint64_t at)
{
    struct http_state *state = framing->state;
    const struct http_head *head = &state->streams[DIRECTION_DOWNSTREAM].head;
    struct http_stream *requests = &state->streams[DIRECTION_UPSTREAM];
    if (head->status < 200 && head->status != 101) {
        end_without_body(framing, DIRECTION_DOWNSTREAM, at, HTTP_FIRST_LINE);
        return true;
    }
    enum special request = answer_request(state);
    if (head->status == 101 || (request == SPECIAL_CONNECT && head->status < 300)) {
        upgrade(framing, at);
        return true;
    }
    if (request == SPECIAL_CONNECT && requests->mode == HTTP_CONNECTING)
        requests->mode = HTTP_FIRST_LINE;
    if (request == SPECIAL_HEAD || head->status == 204 || head->status == 304)
        end_without_body(framing, DIRECTION_DOWNSTREAM, at, HTTP_FIRST_LINE);
    else if (head->chunked)
        begin_open_body(framing, DIRECTION_DOWNSTREAM, at, HTTP_CHUNK_LINE);
    else if (head->has_coding || !head->has_length)
        begin_open_body(framing, DIRECTION_DOWNSTREAM, at, HTTP_UNTIL_CLOSE);
    else
        begin_body(framing, DIRECTION_DOWNSTREAM, at, head->length);
    return true;
}

/* The first line is complete. */
static bool take_first_line(struct framing *framing, enum direction direction, uint64_t start)
{
    struct http_state *state = framing->state;
    struct http_stream *stream = &state->streams[direction];
    struct framing_message *message = &framing->streams[direction].message;
    if (!http_head_begin(&stream->head, &stream->line, direction))
        return false;
    if (direction == DIRECTION_DOWNSTREAM && !request_is_known(framing, state))
        return false;
    if (direction == DIRECTION_UPSTREAM &&
        !keep_special(state, message->number + 1, stream->head.kind))
        return false;
    stream->mode = HTTP_HEADERS;
    framer_begin(framing, direction, start, framer_kind(framing, direction, stream->head.kind));
    message->line = stream->head.first_line;
    return true;
}

/* The line before a chunk: its size. Size 0 ends the chunks. */
static bool take_chunk_line(
    struct framing *framing, enum direction direction, uint64_t start, uint64_t at)
{
    struct http_state *state = framing->state;
    struct http_stream *stream = &state->streams[direction];
    uint64_t size;
    if (!http_chunk_size(&stream->line, &size))
        return false;
    framing->streams[direction].opening = FRAMING_NONE;
    stream->mode = size == 0 ? HTTP_TRAILER : HTTP_CHUNK;
    framing->streams[direction].skip = size;
    if (size == 0) {
        framer_part(framing, direction, at, FRAMING_TRAILER, 0);
        return true;
    }
    stream->chunk++;
    framer_part(framing, direction, start, FRAMING_CHUNK, stream->chunk);
    return true;
}

/* A line is complete; it stands from `start` to `at`. False: it is not understood. */
static bool http_take_line(
    struct framing *framing, enum direction direction, uint64_t start, uint64_t at)
{
    struct http_state *state = framing->state;
    struct http_stream *stream = &state->streams[direction];
    bool empty = stream->line.length == 0;
    if (strlen(stream->line.text) != stream->line.length)
        return false; /* no line has a NUL */
    switch (stream->mode) {
    case HTTP_FIRST_LINE:
        return take_first_line(framing, direction, start);
    case HTTP_HEADERS:
        if (!empty)
            return http_head_add(&stream->head, &stream->line);
        return direction == DIRECTION_UPSTREAM ? end_request_head(framing, at)
                                               : end_response_head(framing, at);
    case HTTP_CHUNK_LINE:
        return take_chunk_line(framing, direction, start, at);
    case HTTP_CHUNK_END:
        stream->mode = HTTP_CHUNK_LINE;
        return empty;
    default: /* HTTP_TRAILER: nothing else has lines */
        if (empty) {
            stream->mode = HTTP_FIRST_LINE;
            framer_end(framing, direction, at);
        }
        return true;
    }
}

/* Whether the line so far can still become one that is understood. */
static bool may_be_line(const struct http_stream *stream, enum direction direction)
{
    switch (stream->mode) {
    case HTTP_FIRST_LINE:
        return http_first_line_may_be(&stream->line, direction);
    case HTTP_CHUNK_LINE:
        return strchr("0123456789abcdefABCDEF", stream->line.text[0]) != NULL &&
               stream->line.text[0] != '\0';
    case HTTP_CHUNK_END:
        return stream->line.size == 1 && stream->line.text[0] == '\r';
    default:
        return true;
    }
}

/* Returns the offset that is reported as lost: the first byte of the message in its head, of the
 * line elsewhere. */
static uint64_t lost_offset(
    const struct framing *framing, enum direction direction, uint64_t line_start)
{
    const struct http_state *state = framing->state;
    bool head = state->streams[direction].mode == HTTP_HEADERS;
    return head ? framing->streams[direction].message.start : line_start;
}

static size_t step_line(
    struct framing *framing, enum direction direction, const unsigned char *bytes, size_t n)
{
    struct http_state *state = framing->state;
    struct http_stream *stream = &state->streams[direction];
    struct framer_stream *common = &framing->streams[direction];
    uint64_t start = common->offset - stream->line.size;
    bool complete;
    if (stream->mode == HTTP_FIRST_LINE || stream->mode == HTTP_CHUNK_LINE)
        common->opening = start;
    size_t used = http_line_add(&stream->line, bytes, n, &complete);
    uint64_t lost_at = lost_offset(framing, direction, start);
    bool right = complete ? http_take_line(framing, direction, start, common->offset + used)
                          : may_be_line(stream, direction);
    if (complete)
        stream->line.size = 0;
    if (!right)
        framer_lose(framing, direction, lost_at);
    return used;
}

/* Empty lines before a request are no part of it (RFC 9112 2.2). */
static size_t pass_empty_lines(const struct http_stream *stream, enum direction direction,
    const unsigned char *bytes, size_t n)
{
    size_t passed = 0;
    if (stream->mode != HTTP_FIRST_LINE || direction != DIRECTION_UPSTREAM || stream->line.size > 0)
        return 0;
    while (passed < n && (bytes[passed] == '\r' || bytes[passed] == '\n'))
        passed++;
    return passed;
}

static size_t step(
    struct framing *framing, enum direction direction, const unsigned char *bytes, size_t n)
{
    struct http_state *state = framing->state;
    struct http_stream *stream = &state->streams[direction];
    if (is_raw(state, direction, n)) {
        framer_go_raw(framing, direction);
        return 0;
    }
    if (stream->mode == HTTP_BODY) {
        stream->mode = HTTP_FIRST_LINE;
        framer_end(framing, direction, framing->streams[direction].offset);
        return 0;
    }
    if (stream->mode == HTTP_CHUNK)
        stream->mode = HTTP_CHUNK_END;
    if (n == 0)
        return 0;
    size_t passed = pass_empty_lines(stream, direction, bytes, n);
    return passed > 0 ? passed : step_line(framing, direction, bytes, n);
}

static void fin(struct framing *framing, enum direction direction)
{
    const struct http_state *state = framing->state;
    if (state->streams[direction].mode == HTTP_UNTIL_CLOSE)
        framer_end(framing, direction, framing->streams[direction].offset);
}

static const char *const classes[] = {"1xx", "2xx", "3xx", "4xx", "5xx"};

const struct framer framer_http = {
    .name = "http",
    .state_size = sizeof(struct http_state),
    .knows_sizes = true,
    .has_parts = true,
    .kinds = {{.names = http_methods, .count = HTTP_METHODS, .open = true},
        {.names = classes, .count = 5, .code_min = 100, .code_max = 999}},
    .step = step,
    .fin = fin,
};
