/* SPDX-License-Identifier: MIT */
/*
 * The two sides and the two directions of a proxied connection, as indices.
 *
 * Flow d reads from endpoint d and writes to endpoint !d, so no code has to ask "is this the
 * client?".
 */
#ifndef RUDEPROXY_BASE_SIDE_H
#define RUDEPROXY_BASE_SIDE_H

#include <stdbool.h>

enum side {
    SIDE_CLIENT = 0, /* the socket facing the client */
    SIDE_SERVER = 1, /* the socket facing the server */
};

enum direction {
    DIRECTION_UPSTREAM = 0,   /* client -> server: read from SIDE_CLIENT */
    DIRECTION_DOWNSTREAM = 1, /* server -> client: read from SIDE_SERVER */
};

/* A set of sides or of directions: bit i stands for index i. */
enum {
    NO_BITS = 0,
    CLIENT_BIT = 1 << SIDE_CLIENT,
    SERVER_BIT = 1 << SIDE_SERVER,
    UPSTREAM_BIT = 1 << DIRECTION_UPSTREAM,
    DOWNSTREAM_BIT = 1 << DIRECTION_DOWNSTREAM,
    BOTH_BITS = CLIENT_BIT | SERVER_BIT,
};

/* Whether the set holds this side or direction. */
static inline bool bits_have(unsigned bits, int index)
{
    return (bits & (1u << index)) != 0;
}

static inline const char *side_name(enum side side)
{
    return side == SIDE_CLIENT ? "client" : "server";
}

/* `sides`: a set that is not empty. */
static inline const char *side_set_name(unsigned sides)
{
    return sides == BOTH_BITS ? "both" : side_name(sides == CLIENT_BIT ? SIDE_CLIENT : SIDE_SERVER);
}

static inline const char *direction_name(enum direction direction)
{
    return direction == DIRECTION_UPSTREAM ? "upstream" : "downstream";
}

#endif
