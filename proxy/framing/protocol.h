/* SPDX-License-Identifier: MIT */
/*
 * The protocols that a proxy may name: `protocol = http`. One row for each; protocol.c lists them.
 */
#ifndef RUDEPROXY_FRAMING_PROTOCOL_H
#define RUDEPROXY_FRAMING_PROTOCOL_H

#include <stdbool.h>
#include <stdint.h>

#include "proxy/base/must_check.h"
#include "proxy/base/option.h"
#include "proxy/base/side.h"

struct framer;

/* The values of `length:at=0,size=4,order=big,add=4`: where a header holds the length. */
struct protocol_length {
    uint64_t at;   /* bytes before the length field, at most PROTOCOL_LENGTH_AT_MAX */
    uint64_t size; /* of the field, 1 to 8 bytes */
    uint64_t add;  /* added to the length for the whole message */
    bool little;   /* byte order */
};

#define PROTOCOL_LENGTH_AT_MAX 16 /* no known header has its length later */
#define PROTOCOL_TEXT_MAX 96      /* longest printed protocol, NUL included */

struct protocol {
    const struct framer *framer;   /* NULL: raw */
    struct protocol_length length; /* of `length:` only */
};

extern const struct option_kind option_protocol; /* struct protocol */
extern const struct protocol protocol_http;      /* `http` */

static inline bool protocol_is_raw(const struct protocol *protocol)
{
    return protocol->framer == NULL;
}

/* As the user writes it. */
void protocol_format(const struct protocol *protocol, char *buf, size_t size);

/* Whether a message's size can be known before its last byte: `-K` needs it. */
bool protocol_knows_sizes(const struct protocol *protocol);

/* Whether messages have parts: `/body`, `/chunk:K`, `/trailer`. */
bool protocol_has_parts(const struct protocol *protocol);

/* Checks the KIND of a trigger. Returns 0, or -1 with err filled ("did you mean"). If peers may
 * invent kinds (methods, commands, verbs), only a name one slip away from a known one is wrong. */
MUST_CHECK int protocol_check_kind(
    const struct protocol *protocol, enum direction direction, const char *kind, struct err *err);

/* Whether the kind of a message is the one that a trigger wants. Case does not count, and `2xx`
 * stands for every three-digit code that begins with 2. */
bool protocol_kind_matches(const char *wanted, const char *kind);

#endif
