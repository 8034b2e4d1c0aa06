/* SPDX-License-Identifier: MIT */
/*
 * How scripts are written down: shorthand for tables of steps, and nothing else.
 */
#ifndef RUDEPROXY_PEERS_STEPS_H
#define RUDEPROXY_PEERS_STEPS_H

#include "proxy/peers/script.h"

/* A step of the client and of the server; run together with the step that follows; with a size. */
#define PEER_C(op, arg)                                                                            \
    {                                                                                              \
        PEER_CLIENT, PEER_##op, arg, 0, false                                                      \
    }
#define PEER_S(op, arg)                                                                            \
    {                                                                                              \
        PEER_SERVER, PEER_##op, arg, 0, false                                                      \
    }
#define PEER_C_WITH(op, arg)                                                                       \
    {                                                                                              \
        PEER_CLIENT, PEER_##op, arg, 0, true                                                       \
    }
#define PEER_S_WITH(op, arg)                                                                       \
    {                                                                                              \
        PEER_SERVER, PEER_##op, arg, 0, true                                                       \
    }

#define PEER_C_SIZE(op, arg, size)                                                                 \
    {                                                                                              \
        PEER_CLIENT, PEER_##op, arg, size, false                                                   \
    }
#define PEER_S_SIZE(op, arg, size)                                                                 \
    {                                                                                              \
        PEER_SERVER, PEER_##op, arg, size, false                                                   \
    }
#define PEER_S_SIZE_WITH(op, arg, size)                                                            \
    {                                                                                              \
        PEER_SERVER, PEER_##op, arg, size, true                                                    \
    }

/* How nearly every script begins. */
#define PEER_OPEN PEER_S(LISTEN, 16), PEER_C(CONNECT, 0), PEER_S(ACCEPT, 0)

#define PEER_SCRIPT(script_name, script_families, script_story, ...)                               \
    {                                                                                              \
        .name = script_name, .story = script_story, .families = script_families,                   \
        .steps = (const struct peer_step[]){__VA_ARGS__},                                          \
        .n = sizeof((const struct peer_step[]){__VA_ARGS__}) / sizeof(struct peer_step)            \
    }

/* A script inside a larger row, which has the name and the story. */
#define PEER_STEPS(...)                                                                            \
    {                                                                                              \
        .families = PEERS_TCP, .steps = (const struct peer_step[]){__VA_ARGS__},                   \
        .n = sizeof((const struct peer_step[]){__VA_ARGS__}) / sizeof(struct peer_step)            \
    }

#endif
