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
    framing_scan(framing, piece->direction, NULL, 0, &event);
    if (event.what != 0)
        fail_msg("an event before %" PRIu64 " was left for the next byte: %u",
            framing_message_from(framing, piece->direction), event.what);
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

static enum direction direction_of(const struct exchange *exchange)
{
    bool client = exchange->who == 'c' || exchange->who == 'C';
    return client ? DIRECTION_UPSTREAM : DIRECTION_DOWNSTREAM;
}

/* Whether its bytes end with a FIN. */
static bool ends(const struct exchange *exchange)
{
    return exchange->who == 'C' || exchange->who == 'S';
}

static void feed_exchange(struct framing *framing, const struct exchange *exchange,
    uint64_t *random, uint64_t offset[2], struct edges *edges)
{
    enum direction direction = direction_of(exchange);
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
    if (!ends(exchange))
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

/* --- a quiet framing beside one that reports everything --- */

struct pair {
    const char *name;
    struct framing *loud, *quiet;
    bool is_quiet[2]; /* by direction */
};

/* Returns the next event as words, and how many bytes were looked at. */
static size_t next_words(struct framing *framing, enum direction direction, const char *bytes,
    size_t n, char words[EDGES_MAX], struct framing_event *event)
{
    words[0] = '\0';
    size_t seen = framing_scan(framing, direction, (const unsigned char *)bytes, n, event);
    assert_true(seen <= n);
    if (event->what != 0)
        write_event(event, words);
    return seen;
}

/* An event that the quiet framing left out must belong to a whole message. */
static void check_left_out(
    const struct pair *pair, const struct framing_event *event, const char *words)
{
    if (!pair->is_quiet[event->direction])
        fail_msg("%s: the framing was not quiet, but left out %s", pair->name, words);
    if ((event->what & FRAMING_LOST) != 0)
        fail_msg("%s: the quiet framing left out %s", pair->name, words);
}

/* Feeds a piece to both. Each event of the quiet one must come from the other too. */
static void feed_pair(
    const struct pair *pair, enum direction direction, const char *bytes, size_t n)
{
    char loud[EDGES_MAX], quiet[EDGES_MAX];
    struct framing_event event, quiet_event;
    size_t seen = 0, quiet_seen = 0;
    do {
        quiet_seen += next_words(
            pair->quiet, direction, bytes + quiet_seen, n - quiet_seen, quiet, &quiet_event);
        for (;;) {
            seen += next_words(pair->loud, direction, bytes + seen, n - seen, loud, &event);
            if (strcmp(loud, quiet) == 0)
                break;
            if (event.what == 0)
                fail_msg("%s: only the quiet framing reports %s", pair->name, quiet);
            check_left_out(pair, &event, loud);
        }
    } while (quiet_event.what != 0 || quiet_seen < n);
    assert_int_equal(seen, n);
}

static void check_same_state(const struct pair *pair, enum direction direction)
{
    const struct framing_message *loud = framing_message(pair->loud, direction);
    const struct framing_message *quiet = framing_message(pair->quiet, direction);
    if (loud->number != quiet->number || loud->start != quiet->start || loud->size != quiet->size ||
        strcmp(loud->kind, quiet->kind) != 0)
        fail_msg("%s: message %" PRIu64 ":%s@%" PRIu64 "=%" PRIu64 ", quiet %" PRIu64 ":%s@%" PRIu64
                 "=%" PRIu64,
            pair->name, loud->number, loud->kind, loud->start, loud->size, quiet->number,
            quiet->kind, quiet->start, quiet->size);
    assert_int_equal(
        framing_is_inside(pair->loud, direction), framing_is_inside(pair->quiet, direction));
    assert_int_equal(
        framing_is_over(pair->loud, direction), framing_is_over(pair->quiet, direction));
    assert_int_equal(
        framing_opening(pair->loud, direction), framing_opening(pair->quiet, direction));
    assert_int_equal(
        framing_skippable(pair->loud, direction), framing_skippable(pair->quiet, direction));
}

static void feed_exchange_pair(
    struct pair *pair, const struct exchange *exchange, enum direction direction, uint64_t *random)
{
    for (size_t at = 0, size; at < exchange->n; at += size) {
        size_t left = exchange->n - at;
        size_t most = random_below(random, 2) == 0 ? 3 : left;
        size = random_below(random, (most < left ? most : left) + 1);
        pair->is_quiet[direction] = random_below(random, 3) != 0;
        framing_set_quiet(pair->quiet, direction, pair->is_quiet[direction]);
        feed_pair(pair, direction, exchange->bytes + at, size);
        check_same_state(pair, DIRECTION_UPSTREAM);
        check_same_state(pair, DIRECTION_DOWNSTREAM);
    }
}

void check_quiet_edges(const char *name, const struct protocol *protocol,
    const struct exchange *exchanges, size_t count, uint64_t *random)
{
    struct pair pair = {
        .name = name, .loud = framing_new(protocol), .quiet = framing_new(protocol)};
    struct framing_event loud, quiet;
    assert_non_null(pair.loud);
    assert_non_null(pair.quiet);
    for (size_t i = 0; i < count; i++) {
        enum direction direction = direction_of(&exchanges[i]);
        feed_exchange_pair(&pair, &exchanges[i], direction, random);
        if (!ends(&exchanges[i]))
            continue;
        framing_fin(pair.loud, direction, &loud);
        framing_fin(pair.quiet, direction, &quiet);
        assert_int_equal(loud.what, quiet.what);
        assert_int_equal(loud.offset, quiet.offset);
    }
    framing_free(pair.loud);
    framing_free(pair.quiet);
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
        check_quiet_edges(name, &protocol, exchanges, count, &random);
    }
}
