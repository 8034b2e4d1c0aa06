/* SPDX-License-Identifier: MIT */
/*
 * Cuts the bytes of a connection into messages: bytes in, message edges out.
 *
 * One framing sees both directions of one connection, because some protocols need it: the length of
 * an http response depends on its request. Feed the bytes of each direction in order, and feed a
 * request before its answer. The edges do not depend on the sizes of the pieces.
 *
 * A framing never guesses. Where it does not understand the bytes it reports FRAMING_LOST once;
 * after that the direction has no more messages.
 *
 * Cost: constant for each byte, no memory beside what framing_new() takes.
 *
 * Life: framing_new, any number of calls, framing_free.
 */
#ifndef RUDEPROXY_FRAMING_FRAMING_H
#define RUDEPROXY_FRAMING_FRAMING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proxy/base/side.h"
#include "proxy/framing/protocol.h"

#define FRAMING_NONE UINT64_MAX          /* no such offset */
#define FRAMING_UNKNOWN_SIZE UINT64_MAX  /* the message's size is not known ahead */
#define FRAMING_SKIP_FOR_EVER UINT64_MAX /* nothing of the direction need be seen any more */

/* The kinds of news in an event. Several bits may come in one event. */
enum framing_what {
    FRAMING_BEGIN = 1 << 0, /* a message began at message->start; its kind is known */
    FRAMING_SIZED = 1 << 1, /* message->size is final: known ahead, or FRAMING_UNKNOWN_SIZE */
    FRAMING_PART = 1 << 2,  /* the parts in `parts` begin at `offset` */
    FRAMING_END = 1 << 3,   /* the message ends at `offset`: its last byte is before it */
    FRAMING_LOST = 1 << 4,  /* bytes from `offset` on are not understood */
};

/* Parts of a message; http only. */
enum framing_part {
    FRAMING_BODY = 1 << 0,    /* the first byte behind the head */
    FRAMING_CHUNK = 1 << 1,   /* the line with the size of chunk number `chunk` */
    FRAMING_TRAILER = 1 << 2, /* the first byte behind the last chunk's line */
};

struct framing_message {
    uint64_t number;  /* 1, 2, 3... in its direction; 0: none has begun */
    uint64_t start;   /* offset of its first byte */
    uint64_t size;    /* bytes; FRAMING_UNKNOWN_SIZE */
    const char *kind; /* "ReadyForQuery", "GET", "200"; "": the protocol names none */
    const char *line; /* http: the first line, cut at 200 bytes; else "" */
};

struct framing_event {
    unsigned what; /* enum framing_what; 0: nothing */
    enum direction direction;
    uint64_t offset;
    unsigned parts;                        /* enum framing_part, with FRAMING_PART */
    uint64_t chunk;                        /* 1, 2, 3..., with FRAMING_CHUNK */
    const struct framing_message *message; /* of `direction`; valid until the next call */
};

struct framing;

/* `protocol` is copied. NULL: out of memory. */
struct framing *framing_new(const struct protocol *protocol);
void framing_free(struct framing *framing);

/* Looks at the next bytes of a direction, up to the first event. Returns how many were looked at:
 * all, if there is no event. After an event, call again with the rest, and with n == 0 at the end,
 * where `bytes` may be NULL. An event is reported with the byte that decides it, not with the next
 * one. The event may be one of the other direction (protocol `turns`). */
size_t framing_scan(struct framing *framing, enum direction direction, const unsigned char *bytes,
    size_t n, struct framing_event *event);

/* If quiet, framing_scan() may leave out the events of a message that it gets in one call. That is
 * much faster. Numbers, kinds, later events and FRAMING_LOST do not change. False at first; may
 * change between any two calls. */
void framing_set_quiet(struct framing *framing, enum direction direction, bool quiet);

/* Returns how many of the next bytes need not be seen: the rest of a body. Pass over them with
 * framing_skip(). Then framing_scan() reports the event that follows them. */
uint64_t framing_skippable(const struct framing *framing, enum direction direction);

/* Passes over `n` bytes that framing_scan() will not get; at most framing_skippable(). */
void framing_skip(struct framing *framing, enum direction direction, uint64_t n);

/* The direction ended with a FIN behind all bytes fed so far. Reports FRAMING_END where that ends a
 * message (an http body until close, a turn). */
void framing_fin(struct framing *framing, enum direction direction, struct framing_event *event);

/* Call it if framing_scan() will not get the bytes of the direction from `offset` on. Reports
 * FRAMING_LOST, because no message can be found any more. Returns false if the direction carried no
 * messages before. Then the event only says that none follows `offset`. */
bool framing_abandon(struct framing *framing, enum direction direction, uint64_t offset,
    struct framing_event *event);

/* Whether bytes of one direction end messages of the other (protocol `turns`). Then both directions
 * are lost if bytes of one are not seen. */
bool framing_needs_both(const struct framing *framing);

/* Returns where the current message begins: the one that has not ended, or that ended with the last
 * event. Without one: framing_opening(), or else the offset of the next byte. */
uint64_t framing_message_from(const struct framing *framing, enum direction direction);

/* Whether the direction carries no messages any more. */
bool framing_is_over(const struct framing *framing, enum direction direction);

/* Offset of the first byte of a header that is not complete yet: FRAMING_BEGIN or FRAMING_CHUNK may
 * still come for this byte. FRAMING_NONE: there is none. */
uint64_t framing_opening(const struct framing *framing, enum direction direction);

/* The message that began last in the direction; number 0: none yet. */
const struct framing_message *framing_message(
    const struct framing *framing, enum direction direction);

/* Returns the number of the message that contains `offset` of a direction or ends there, and its
 * kind in `*kind`, valid until the next call ("": none, or not known any more). 0: there is none
 * among the last two messages that began. */
uint64_t framing_number_at(
    const struct framing *framing, enum direction direction, uint64_t offset, const char **kind);

/* Whether the last message of the direction has begun and not ended. */
bool framing_is_inside(const struct framing *framing, enum direction direction);

#endif
