/* SPDX-License-Identifier: MIT */
/*
 * Feeds a conversation to a framing and writes down the edges that it reports, so that a test can
 * compare them with a text. The words of that text, for each direction in the order of the stream:
 *
 *   1:GET@0    message 1 of the kind GET begins at offset 0
 *   =18 or =?  its size is 18 bytes, or is not known ahead
 *   body@9 chunk2@14 trailer@20   parts
 *   .18        it ends at offset 18
 *   lost@18    the bytes from offset 18 on are not understood
 */
#ifndef RUDEPROXY_TESTS_FRAMING_EDGES_H
#define RUDEPROXY_TESTS_FRAMING_EDGES_H

#include <stddef.h>
#include <stdint.h>

#include "proxy/framing/framing.h"

/* The bytes of one side before the other one sends. */
struct exchange {
    char who; /* 'c' or 's'; 'C' and 'S': and then its FIN */
    const char *bytes;
    size_t n;
};

#define SAYS(who, text)                                                                            \
    {                                                                                              \
        who, text, sizeof(text) - 1                                                                \
    }

#define EDGES_MAX 8192 /* bytes of the text for one direction */

struct edges {
    char text[2][EDGES_MAX]; /* by direction */
};

/* The protocol as a file would say it. Fails the test where it is none. */
struct protocol framing_protocol(const char *text);

/* `random`: NULL: in one piece each, every byte is shown. Else in pieces of random sizes, and of
 * what may be skipped, some is. Checks that framing_opening() announced each edge that lies in an
 * earlier piece. */
void edges_of(const struct protocol *protocol, const struct exchange *exchanges, size_t count,
    uint64_t *random, struct edges *edges);

/* Feeds the same random pieces to two framings, one of which is quiet now and then
 * (framing_set_quiet). Fails the test unless both are in the same state behind each piece, and the
 * quiet one reports the events of the other, without whole messages while it is quiet. */
void check_quiet_edges(const char *name, const struct protocol *protocol,
    const struct exchange *exchanges, size_t count, uint64_t *random);

/* The edges are these, in one piece, in 200 random ones, and with a quiet framing. */
void check_edges(const char *name, const char *protocol, const struct exchange *exchanges,
    size_t count, const char *upstream, const char *downstream);

/* The edges of a conversation: `...` are rows of SAYS. */
#define CHECK(protocol, upstream, downstream, ...)                                                 \
    do {                                                                                           \
        static const struct exchange talk[] = {__VA_ARGS__};                                       \
        check_edges(__func__, protocol, talk, sizeof talk / sizeof talk[0], upstream, downstream); \
    } while (0)

#endif
