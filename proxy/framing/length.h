/* SPDX-License-Identifier: MIT */
/*
 * Protocols whose messages begin with a header that holds a length: one machine, a row for each.
 * docs/ADDING-A-PROTOCOL.md shows how to add one.
 */
#ifndef RUDEPROXY_FRAMING_LENGTH_H
#define RUDEPROXY_FRAMING_LENGTH_H

#include <endian.h>
#include <string.h>

#include "proxy/framing/framer.h"

#define LENGTH_HEADER_MAX 40 /* bytes of a message that a row may ask to see */

/* The header of a message, as a row of the table reads it. */
struct length_header {
    const unsigned char *bytes;
    unsigned seen;    /* bytes at `bytes`: the row's `header`, or up to `look` of a long message */
    uint64_t length;  /* the field's value */
    uint64_t size;    /* of the whole message */
    const char *kind; /* to be filled; NULL: none */
};

struct length_row {
    unsigned header;    /* bytes up to the end of the length field, at least 1 */
    unsigned at, width; /* where the field stands, how many bytes; width 0: no field, length 0 */
    bool little;        /* byte order */
    uint64_t add;       /* length + add = bytes of the whole message */
    uint64_t min, max;  /* of the whole message, in bytes; outside: not understood. max 0: none */
    unsigned look;      /* `name` needs that many bytes, if the message is as long */
    bool silent;        /* a preface, not a message */
    uint64_t continued; /* a packet with this length goes on in the next packet; 0: none does */
    /* Names the kind, and may keep in the state what later messages depend on. False: the bytes are
     * not understood. NULL: any header is right, and messages have no kind. */
    bool (*name)(void *state, enum direction direction, struct length_header *header);
    /* Sees the header of each further packet of a message that goes on. False: the bytes are not
     * understood. NULL: no such header matters. */
    bool (*further)(void *state, enum direction direction, const struct length_header *header);
};

/* The first member of the state of every protocol that uses length_step. */
struct length_state {
    struct length_stream {
        unsigned char header[LENGTH_HEADER_MAX];
        unsigned have;                /* bytes of the header so far */
        const struct length_row *row; /* of the message that is being read */
        bool in_body;
        bool continues; /* the packet that is being read goes on in the next one */
    } streams[2];
};

/* Picks the row of the next message by its first byte. NULL: the message is not understood. */
typedef const struct length_row *length_pick(
    void *state, enum direction direction, unsigned char first);

/* A framer's `step` calls this with its own `pick`. */
size_t length_step(struct framing *framing, enum direction direction, const unsigned char *bytes,
    size_t n, length_pick *pick);

/* `width` bytes at `bytes`, at most 8. */
static inline uint64_t length_number(const unsigned char *bytes, unsigned width, bool little)
{
    uint64_t number = 0;
    uint32_t word;
    if (width == sizeof word) { /* the usual width, read in one piece */
        memcpy(&word, bytes, sizeof word);
        return little ? le32toh(word) : be32toh(word);
    }
    for (unsigned i = 0; i < width; i++)
        number = number << 8 | bytes[little ? width - 1 - i : i];
    return number;
}

/* names[index], or NULL beyond the table. */
#define LENGTH_NAME(names, index)                                                                  \
    ((index) < sizeof(names) / sizeof(names)[0] ? (names)[index] : NULL)

/* A table of names as the fields of a struct framer_kinds. */
#define LENGTH_NAMES(table) .names = (table), .count = sizeof(table) / sizeof(table)[0]

#endif
