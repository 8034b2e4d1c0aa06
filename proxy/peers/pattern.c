/* SPDX-License-Identifier: MIT */
/*
 * The pattern changes with every byte, with every 256 bytes and with every 64 kB. So a missing
 * block of any size is detected at once, because neighbouring blocks always differ.
 */
#include "proxy/peers/pattern.h"

static unsigned char pattern_at(unsigned sender, uint64_t offset)
{
    uint64_t mixed =
        offset * 131u + (offset >> 8) * 31u + (offset >> 16) * 7u + (uint64_t)sender * 101u;
    return (unsigned char)(mixed & 0xffu);
}

void peer_pattern_fill(unsigned sender, uint64_t offset, unsigned char *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        bytes[i] = pattern_at(sender, offset + i);
}

size_t peer_pattern_match(unsigned sender, uint64_t offset, const unsigned char *bytes, size_t n)
{
    size_t i = 0;
    while (i < n && bytes[i] == pattern_at(sender, offset + i))
        i++;
    return i;
}
