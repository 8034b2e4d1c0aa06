/* SPDX-License-Identifier: MIT */
/*
 * The first bytes of each message, kept until its event is written (the key `capture`). A byte is
 * kept from the moment at which it may belong to a message.
 *
 * Life: capture_init, any number of calls, capture_free. All zeros is a capture that keeps nothing.
 */
#ifndef RUDEPROXY_RELAY_CAPTURE_H
#define RUDEPROXY_RELAY_CAPTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proxy/base/must_check.h"
#include "proxy/base/side.h"

struct capture {
    size_t most;          /* bytes of a message; 0: nothing is kept */
    unsigned char *bytes; /* owned: `most` for each direction */
    uint64_t begin[2];    /* offset of the first byte that is kept */
    size_t size[2];
};

/* 0 or -ENOMEM. */
MUST_CHECK int capture_init(struct capture *capture, size_t most);
void capture_free(struct capture *capture);

/* Bytes of a direction from `offset` on were read. Those that were forgotten are passed over. */
void capture_take(struct capture *capture, enum direction direction, uint64_t offset,
    const unsigned char *bytes, size_t n);

/* Whether the message that is being read may have further bytes that are kept. */
static inline bool capture_has_room(const struct capture *capture, enum direction direction)
{
    return capture->size[direction] < capture->most;
}

/* The first bytes of the message that begins at `start` and has `size` bytes, as far as they are
 * kept. Returns how many; *bytes is valid until the next call of any function here. */
size_t capture_message(const struct capture *capture, enum direction direction, uint64_t start,
    uint64_t size, const unsigned char **bytes);

/* No message has a byte before `offset` any more. */
void capture_forget(struct capture *capture, enum direction direction, uint64_t offset);

#endif
