/* SPDX-License-Identifier: MIT */
/*
 * Scenarios in which every byte arrives, or would: too slowly, in unexpected pieces, or when the
 * reader finally reads.
 */
#include "proxy/peers/scenario.h"

#define C PEER_C
#define S PEER_S

static const struct scenario scenarios[] = {
    {
        .name = "slow-drip",
        .story = "The reply comes a few bytes at a time, each within the client's read timeout. "
                 "Nothing ever times out, and the whole takes as long as the server likes.",
        .sees = "10 bytes every 20 ms: no read times out",
        .victim = PEER_CLIENT,
        .proof = "time since the send: at least 90 ms",
        .native = PEER_STEPS(PEER_OPEN, C(SEND, 100), S(READ, 100), PEER_S_SIZE_WITH(DRIP, 60, 10),
            PEER_C_SIZE(READ_SLICED, 60, 10), C(SINCE_SEND, 90), C(CLOSE, 0), S(READ_END, 0),
            S(CLOSE, 0)),
        .polite = PEER_STEPS(PEER_OPEN, C(SEND, 100), S(READ, 100), S(SEND, 60),
            PEER_C_SIZE(READ_SLICED, 60, 10), C(SINCE_SEND, 90), C(CLOSE, 0), S(READ_END, 0),
            S(CLOSE, 0)),
    },
    {
        .name = "one-byte-slices",
        .story = "Every byte is a segment of its own. TCP promises no more than a stream, and a "
                 "parser that takes one read for one message breaks.",
        .sees = "each byte in a segment of its own",
        .victim = PEER_CLIENT,
        .proof = "read: 40 bytes, never more than 1 in a segment",
        .native = PEER_STEPS(PEER_OPEN, C(SEND, 100), S(READ, 100), PEER_S_SIZE(SEND_SLICES, 40, 1),
            PEER_C_SIZE(READ_SLICED, 40, 1), C(CLOSE, 0), S(READ_END, 0), S(CLOSE, 0)),
        .polite = PEER_STEPS(PEER_OPEN, C(SEND, 100), S(READ, 100), S(SEND, 40),
            PEER_C_SIZE(READ_SLICED, 40, 1), C(CLOSE, 0), S(READ_END, 0), S(CLOSE, 0)),
    },
    {
        .name = "slow-reader",
        .story = "The server stops reading. Its window closes, the client's send buffer fills, and "
                 "the client is stuck in write().",
        .sees = "write() blocks",
        .note = "How much fits before it blocks depends on the kernels' buffers.",
        .victim = PEER_CLIENT,
        .proof = "send until it blocks: ok",
        .native = PEER_STEPS(
            PEER_OPEN, PEER_C_WITH(FILL, 0), S(READ, 65536), C(LOOK, 20), C(CLOSE, 0), S(CLOSE, 0)),
        .polite = PEER_STEPS(PEER_OPEN, PEER_C_WITH(FILL, 0), S(READ_LULL, 300), C(LOOK, 20),
            C(CLOSE, 0), S(CLOSE, 0)),
    },
};

const struct scenario_list scenarios_pace = {
    .subject = "pace",
    .scenarios = scenarios,
    .n = sizeof(scenarios) / sizeof(scenarios[0]),
};
