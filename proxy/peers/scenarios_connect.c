/* SPDX-License-Identifier: MIT */
/*
 * Scenarios of a server that cannot be reached, for a while: nobody listens, or nobody accepts.
 */
#include "proxy/peers/scenario.h"

#define C PEER_C
#define S PEER_S

/* The next request and its reply. */
#define EXCHANGE C(SEND, 10), S(READ, 10), S(SEND, 20), C(READ, 20)

static const struct scenario scenarios[] = {
    {
        .name = "refused-then-up",
        .story = "Nothing listens for a while: a restart, a deployment. Then all is well.",
        .sees = "ECONNREFUSED; later attempts succeed",
        .victim = PEER_CLIENT,
        .proof = "connect: ECONNREFUSED",
        .native = PEER_STEPS(C(CONNECT, 0), S(LISTEN, 16), C(CONNECT_UP, 0), S(ACCEPT, 0), EXCHANGE,
            C(CLOSE, 0), S(READ_END, 0), S(CLOSE, 0)),
        .polite = PEER_STEPS(S(LISTEN, 16), C(CONNECT, 0), C(CONNECT_UP, 0), S(ACCEPT, 0), EXCHANGE,
            C(CLOSE, 0), S(READ_END, 0), S(CLOSE, 0)),
    },
    {
        .name = "backlog-full",
        .story = "The server listens, but it accepts nobody. Clients pile up in its backlog; once "
                 "that is full, SYNs are dropped without an answer.",
        .sees = "connect() hangs, and times out after minutes",
        .note = "Here it waits for 150 ms; with Linux's defaults it is more than two minutes "
                "before ETIMEDOUT.",
        .victim = PEER_CLIENT,
        .proof = "connect: no answer",
        .native = PEER_STEPS(S(LISTEN, 0), C(CROWD, 150), C(CONNECT_FOR, 150)),
        .polite = PEER_STEPS(S(LISTEN, 16), C(CROWD, 150), C(CONNECT_FOR, 150)),
    },
    {
        .name = "rolling-restart",
        .story = "A server that restarts closes its listener first. Open connections live on for a "
                 "while, then all of them are reset at once.",
        .sees = "new: ECONNREFUSED; old: work on, then ECONNRESET",
        .victim = PEER_CLIENT,
        .proof = "read to the end: 0 bytes, then ECONNRESET",
        .native = PEER_STEPS(PEER_OPEN, EXCHANGE, PEER_C_WITH(TRY_REFUSED, 0), S(UNLISTEN, 0),
            EXCHANGE, S(RESET, 0), C(WAIT_HUP, 0), C(READ_END, 0), C(CLOSE, 0)),
        .polite = PEER_STEPS(S(LISTEN, 128), C(CONNECT, 0), S(ACCEPT, 0), EXCHANGE,
            C(TRY_REFUSED, 0), EXCHANGE, C(WAIT_HUP, 0), C(READ_END, 0), C(CLOSE, 0),
            S(WAIT_HUP, 0), S(READ_END, 0), S(CLOSE, 0)),
    },
};

const struct scenario_list scenarios_connect = {
    .subject = "the listening socket",
    .scenarios = scenarios,
    .n = sizeof(scenarios) / sizeof(scenarios[0]),
};
