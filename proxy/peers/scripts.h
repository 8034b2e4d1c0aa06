/* SPDX-License-Identifier: MIT */
/*
 * The scripts at hand: how connections are used and how they end, after tcp-close.
 *
 * Constant data, in three lists by subject. Each script is deterministic on a direct connection,
 * and on a perfect proxy both ends see on it exactly what they see directly; where a proxy can do
 * no better than the kernel lets it (a reset between UNIX sockets), `families` leaves the family
 * out.
 */
#ifndef RUDEPROXY_PEERS_SCRIPTS_H
#define RUDEPROXY_PEERS_SCRIPTS_H

#include "proxy/peers/script.h"

struct peer_script_list {
    const char *subject;
    const struct peer_script *scripts;
    size_t n;
};

extern const struct peer_script_list peers_scripts_flow;  /* bytes, back-pressure, urgent data */
extern const struct peer_script_list peers_scripts_close; /* FIN, close(), death */
extern const struct peer_script_list peers_scripts_reset; /* RST */

/* The script called `name`, in whichever list; NULL if there is none. */
const struct peer_script *peers_script_find(const char *name);

/* For the files that define scripts: a step of the client and of the server, and the same run
 * together with the step that follows. */
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

/* How nearly every script begins. */
#define PEER_OPEN PEER_S(LISTEN, 16), PEER_C(CONNECT, 0), PEER_S(ACCEPT, 0)

#define PEER_SCRIPT(script_name, script_families, script_story, ...)                               \
    {                                                                                              \
        .name = script_name, .story = script_story, .families = script_families,                   \
        .steps = (const struct peer_step[]){__VA_ARGS__},                                          \
        .n = sizeof((const struct peer_step[]){__VA_ARGS__}) / sizeof(struct peer_step)            \
    }

#endif
