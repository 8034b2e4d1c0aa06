/* SPDX-License-Identifier: MIT */
/*
 * The contract between framing.c and the framers: the functions in a protocol's file.
 *
 * A framer has a state of fixed size, all zero bytes at first. `step` gets the next bytes of one
 * direction. It reports with the functions below, at most one event a call, and returns at once
 * after that.
 */
#ifndef RUDEPROXY_FRAMING_FRAMER_H
#define RUDEPROXY_FRAMING_FRAMER_H

#include "proxy/framing/framing.h"

#define FRAMER_KIND_MAX 24 /* bytes of a kind that a peer may choose */

/* Largest size of a message, in bytes. start + size fits into 64 bits, and so does size x 16 (one
 * more hexadecimal digit). A framer reports a larger size as FRAMING_LOST. */
#define FRAMER_SIZE_MAX ((uint64_t)1 << 59)

/* The names that a protocol has for the kinds of its messages in one direction. */
struct framer_kinds {
    const char *const *names;    /* an array; NULL entries are skipped */
    unsigned count;              /* of the array */
    unsigned code_min, code_max; /* three-digit codes are kinds too; 0: none */
    bool open;                   /* peers may use names that are not in the array */
};

struct framer {
    const char *name;
    const char *form; /* how the user writes it; NULL: as `name` */
    size_t state_size;
    bool knows_sizes; /* see protocol_knows_sizes() */
    bool has_parts;
    bool needs_both;              /* see framing_needs_both() */
    struct framer_kinds kinds[2]; /* by direction */
    /* Looks at the next bytes of the direction. Returns how many it has looked at: all, unless it
     * reports an event or sets `skip`. With n == 0 it reports only an event that earlier bytes have
     * left. */
    size_t (*step)(
        struct framing *framing, enum direction direction, const unsigned char *bytes, size_t n);
    /* The direction ended with a FIN; may report FRAMING_END. NULL: a FIN ends no message. */
    void (*fin)(struct framing *framing, enum direction direction);
};

struct framer_stream {
    uint64_t offset;  /* of the next byte to be seen: within step, of bytes[0] */
    uint64_t skip;    /* body bytes that step need not see */
    uint64_t opening; /* see framing_opening(); kept by the framer */
    bool inside;      /* a message has begun and not ended */
    bool lost;
    bool quiet;                            /* see framing_set_quiet(); a framer may ignore it */
    struct framing_message message;        /* the last one that began */
    char kind[FRAMER_KIND_MAX + 1];        /* its kind, if a peer chose it */
    uint64_t end;                          /* of the last one that ended */
    uint64_t previous_start, previous_end; /* of the one before `message`; FRAMING_NONE: unknown */
};

struct framing {
    struct protocol protocol;
    struct framer_stream streams[2]; /* by direction */
    struct framing_event event;      /* being reported */
    void *state;                     /* framer->state_size bytes */
};

/* A message begins at `start`. `kind` is static or from framer_kind(); NULL: the message has none.
 */
void framer_begin(
    struct framing *framing, enum direction direction, uint64_t start, const char *kind);

/* Copies the kind of the message that begins next, cut at FRAMER_KIND_MAX. Returns the copy. */
const char *framer_kind(struct framing *framing, enum direction direction, const char *kind);

/* `step` passes over this many whole messages without an event; `last` is the last of them, without
 * its number. For a quiet stream. */
void framer_pass(struct framing *framing, enum direction direction, uint64_t count,
    const struct framing_message *last);

/* Sets the final size of the message that has begun: bytes, or FRAMING_UNKNOWN_SIZE. */
void framer_sized(struct framing *framing, enum direction direction, uint64_t size);

/* A part begins at `offset`. `chunk` is the number of a FRAMING_CHUNK. */
void framer_part(struct framing *framing, enum direction direction, uint64_t offset,
    enum framing_part part, uint64_t chunk);

/* The message ends at `offset`. */
void framer_end(struct framing *framing, enum direction direction, uint64_t offset);

/* The bytes from `offset` on are not understood. */
void framer_lose(struct framing *framing, enum direction direction, uint64_t offset);

/* The direction carries no messages from here on, without an error: an upgraded connection, say. */
void framer_go_raw(struct framing *framing, enum direction direction);

/* One for each file. */
extern const struct framer framer_turns, framer_line, framer_length, framer_http, framer_tls,
    framer_http2, framer_redis, framer_postgres, framer_mysql, framer_kafka, framer_amqp,
    framer_mqtt, framer_smtp, framer_mongodb;

#endif
