/* SPDX-License-Identifier: MIT */
/*
 * The pattern changes with every byte, with every 256 bytes and with every 64 kB. So a missing
 * block of any size is detected at once, because neighbouring blocks always differ.
 */
#include "proxy/peers/pattern.h"

#include <string.h>

/* In a block of this size each byte is the one before it and STEP more, modulo 256. */
#define BLOCK 256u
#define STEP 131u

static unsigned char pattern_at(unsigned sender, uint64_t offset)
{
    uint64_t mixed =
        offset * STEP + (offset / BLOCK) * 31u + (offset >> 16) * 7u + (uint64_t)sender * 101u;
    return (unsigned char)(mixed & 0xffu);
}

/* Fills the rest of the block that `offset` is in, at most `n` bytes. Returns how many. */
static size_t fill_block(unsigned sender, uint64_t offset, unsigned char *bytes, size_t n)
{
    size_t rest = BLOCK - offset % BLOCK;
    if (n > rest)
        n = rest;
    unsigned char byte = pattern_at(sender, offset);
    for (size_t i = 0; i < n; i++) {
        bytes[i] = byte;
        byte = (unsigned char)(byte + STEP);
    }
    return n;
}

void peer_pattern_fill(unsigned sender, uint64_t offset, unsigned char *bytes, size_t n)
{
    size_t done = 0;
    while (done < n)
        done += fill_block(sender, offset + done, bytes + done, n - done);
}

size_t peer_pattern_match(unsigned sender, uint64_t offset, const unsigned char *bytes, size_t n)
{
    unsigned char want[BLOCK];
    size_t done = 0;
    while (done < n) {
        size_t size = fill_block(sender, offset + done, want, n - done);
        if (memcmp(bytes + done, want, size) != 0) {
            size_t same = 0;
            while (bytes[done + same] == want[same])
                same++;
            return done + same;
        }
        done += size;
    }
    return n;
}
