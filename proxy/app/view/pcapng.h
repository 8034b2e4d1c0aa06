/* SPDX-License-Identifier: MIT */
/*
 * Blocks of a pcapng file, as draft-ietf-opsawg-pcapng describes them: one section, one interface
 * of raw IP packets (LINKTYPE_RAW), times in microseconds. Numbers are in the byte order of this
 * machine, which the section header tells.
 */
#ifndef RUDEPROXY_APP_VIEW_PCAPNG_H
#define RUDEPROXY_APP_VIEW_PCAPNG_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* The size of a whole block stands behind its type and again at its end, in 4 bytes each. */
#define PCAPNG_SIZE_OFFSET 4u
#define PCAPNG_BLOCK_MIN 12u

/* Writes the beginning of a file: the section header and the description of interface 0. */
void pcapng_write_head(FILE *out);

struct pcapng_packet {
    int64_t at_us; /* wall clock */
    const uint8_t *bytes;
    size_t captured;             /* bytes that are here */
    size_t original;             /* bytes that the packet had, at least as many */
    const char *const *comments; /* UTF-8; each is cut at 65,535 bytes */
    size_t comment_count;
};

void pcapng_write_packet(FILE *out, const struct pcapng_packet *packet);

#endif
