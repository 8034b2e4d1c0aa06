/* SPDX-License-Identifier: MIT */
/*
 * The bytes that the peers exchange: a fixed function of sender and stream offset.
 *
 * So a reader can tell at any offset whether a byte was lost, doubled, moved or taken from the
 * other direction. Pure; no state.
 */
#ifndef RUDEPROXY_PEERS_PATTERN_H
#define RUDEPROXY_PEERS_PATTERN_H

#include <stddef.h>
#include <stdint.h>

/* The one urgent byte (MSG_OOB) the peers send; it takes no offset in the pattern. */
#define PEER_URGENT_BYTE '!'

/* Fills `bytes` with the pattern of sender number `sender` from `offset` on. */
void peer_pattern_fill(unsigned sender, uint64_t offset, unsigned char *bytes, size_t n);

/* Returns how many of the `n` bytes, from the first on, match the pattern of `sender` from `offset`
 * on. */
size_t peer_pattern_match(unsigned sender, uint64_t offset, const unsigned char *bytes, size_t n);

#endif
