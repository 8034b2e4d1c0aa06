/* SPDX-License-Identifier: MIT */
#include "tests/lib/framing_edges.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/random_fault.h"

#define ROUNDS 200

struct protocol framing_protocol(const char *text)
{
    struct option option = {.name = "protocol", .kind = &option_protocol};
    struct protocol protocol;
    struct err err;
    if (option_parse(&option, text, &protocol, &err) != 0)
        fail_msg("%s: %s", text, err.text);
    return protocol;
}

static void write_word(char *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void write_word(char *text, const char *format, ...)
{
    size_t used = strlen(text);
    va_list args;
    va_start(args, format);
    if (used > 0 && used < EDGES_MAX - 1)
        text[used++] = ' ';
    vsnprintf(text + used, EDGES_MAX - used, format, args);
    va_end(args);
}

static void write_event(const struct framing_event *event, char *text)
{
    const struct framing_message *message = event->message;
    if ((event->what & FRAMING_BEGIN) != 0)
        write_word(text, "%" PRIu64 ":%s@%" PRIu64, message->number, message->kind, message->start);
    if ((event->what & FRAMING_SIZED) != 0 && message->size == FRAMING_UNKNOWN_SIZE)
        write_word(text, "=?");
    else if ((event->what & FRAMING_SIZED) != 0)
        write_word(text, "=%" PRIu64, message->size);
    if ((event->parts & FRAMING_BODY) != 0)
        write_word(text, "body@%" PRIu64, event->offset);
    if ((event->parts & FRAMING_CHUNK) != 0)
        write_word(text, "chunk%" PRIu64 "@%" PRIu64, event->chunk, event->offset);
    if ((event->parts & FRAMING_TRAILER) != 0)
        write_word(text, "trailer@%" PRIu64, event->offset);
    if ((event->what & FRAMING_END) != 0)
        write_word(text, ".%" PRIu64, event->offset);
    if ((event->what & FRAMING_LOST) != 0)
        write_word(text, "lost@%" PRIu64, event->offset);
}

/* One piece of a direction's bytes, which begins at `offset`. */
struct piece {
    enum direction direction;
    uint64_t offset;
    uint64_t opening; /* of framing_opening(), before it */
};

/* An edge before the piece must have been announced, or a proxy had let its bytes go. */
static void check_announced(const struct piece *piece, const struct framing_event *event)
{
    uint64_t edge = FRAMING_NONE;
    if ((event->what & FRAMING_BEGIN) != 0)
        edge = event->message->start;
    else if ((event->parts & FRAMING_CHUNK) != 0)
        edge = event->offset;
    if (event->direction == piece->direction && edge < piece->offset && edge != piece->opening)
        fail_msg("an edge at %" PRIu64 " was not announced: the piece begins at %" PRIu64
                 ", undecided was %" PRIu64,
            edge, piece->offset, piece->opening);
}

static void feed(struct framing *framing, const struct piece *piece, const unsigned char *bytes,
    size_t n, struct edges *edges)
{
    struct framing_event event;
    do {
        size_t seen = framing_scan(framing, piece->direction, bytes, n, &event);
        assert_true(seen <= n);
        bytes += seen;
        n -= seen;
        if (event.what != 0) {
            check_announced(piece, &event);
            write_event(&event, edges->text[event.direction]);
        }
    } while (event.what != 0 || n > 0);
}

/* Passes some of what need not be seen. Returns how much. */
static size_t skip_some(
    struct framing *framing, enum direction direction, size_t n, uint64_t *random)
{
    uint64_t may = framing_skippable(framing, direction);
    size_t most = may < n ? (size_t)may : n;
    if (random == NULL || most == 0)
        return 0;
    size_t skipped = random_below(random, most + 1);
    framing_skip(framing, direction, skipped);
    return skipped;
}

static void feed_exchange(struct framing *framing, const struct exchange *exchange,
    uint64_t *random, uint64_t offset[2], struct edges *edges)
{
    bool client = exchange->who == 'c' || exchange->who == 'C';
    enum direction direction = client ? DIRECTION_UPSTREAM : DIRECTION_DOWNSTREAM;
    struct framing_event event;
    for (size_t at = 0; at < exchange->n;) {
        size_t skipped = skip_some(framing, direction, exchange->n - at, random);
        at += skipped;
        offset[direction] += skipped;
        size_t left = exchange->n - at;
        size_t most = random != NULL && random_below(random, 2) == 0 ? 3 : left;
        size_t size = random == NULL ? left : random_below(random, (most < left ? most : left) + 1);
        struct piece piece = {direction, offset[direction], framing_opening(framing, direction)};
        feed(framing, &piece, (const unsigned char *)exchange->bytes + at, size, edges);
        at += size;
        offset[direction] += size;
    }
    if (exchange->who == 'c' || exchange->who == 's')
        return;
    framing_fin(framing, direction, &event);
    if (event.what != 0)
        write_event(&event, edges->text[event.direction]);
}

void edges_of(const struct protocol *protocol, const struct exchange *exchanges, size_t count,
    uint64_t *random, struct edges *edges)
{
    uint64_t offset[2] = {0, 0};
    struct framing *framing = framing_new(protocol);
    assert_non_null(framing);
    edges->text[0][0] = edges->text[1][0] = '\0';
    for (size_t i = 0; i < count; i++)
        feed_exchange(framing, &exchanges[i], random, offset, edges);
    framing_free(framing);
}

static void compare(const char *name, int round, const struct edges *got, const char *upstream,
    const char *downstream)
{
    if (strcmp(got->text[DIRECTION_UPSTREAM], upstream) != 0)
        fail_msg("%s, round %d, upstream:\n got %s\nwant %s", name, round,
            got->text[DIRECTION_UPSTREAM], upstream);
    if (strcmp(got->text[DIRECTION_DOWNSTREAM], downstream) != 0)
        fail_msg("%s, round %d, downstream:\n got %s\nwant %s", name, round,
            got->text[DIRECTION_DOWNSTREAM], downstream);
}

void check_edges(const char *name, const char *protocol_text, const struct exchange *exchanges,
    size_t count, const char *upstream, const char *downstream)
{
    struct protocol protocol = framing_protocol(protocol_text);
    struct edges edges;
    uint64_t random = 7;
    edges_of(&protocol, exchanges, count, NULL, &edges);
    compare(name, 0, &edges, upstream, downstream);
    for (int round = 1; round <= ROUNDS; round++) {
        edges_of(&protocol, exchanges, count, &random, &edges);
        compare(name, round, &edges, upstream, downstream);
    }
}
