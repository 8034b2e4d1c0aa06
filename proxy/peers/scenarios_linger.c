/* SPDX-License-Identifier: MIT */
/*
 * Scenarios of bytes still queued when a connection ends: the three settings of SO_LINGER, and the
 * sender that dies.
 *
 * SO_LINGER {1,n} blocks in close() even on a non-blocking socket, and the scripts have one thread.
 * So the native script sends only bytes that fit into the receiver's queue, and close() returns at
 * once.
 */
#include "proxy/peers/scenario.h"

#define C PEER_C
#define S PEER_S

static const struct scenario scenarios[] = {
    {
        .name = "linger-off",
        .story = "The server closes with data still queued for a slow reader. Without SO_LINGER "
                 "close() returns at once and the kernel delivers in the background.",
        .sees = "all of the data, then EOF",
        .note = "Natively the server fills every buffer; through rudeproxy it sends 1,000,000 "
                "bytes.",
        .victim = PEER_CLIENT,
        .proof = "read the rest: all of what was sent, then EOF",
        .native = PEER_STEPS(PEER_OPEN, S(FILL, 0), S(CLOSE, 0), C(READ_REST, 0), C(CLOSE, 0)),
        .polite = PEER_STEPS(
            PEER_OPEN, S(SEND, 1000000), C(READ_REST, 0), C(CLOSE, 0), S(READ_END, 0), S(CLOSE, 0)),
    },
    {
        .name = "linger-zero",
        .story = "The same with SO_LINGER {1,0}: a RST at once, and what the reader's kernel does "
                 "not have yet is lost.",
        .sees = "part of the data, then ECONNRESET",
        .note = "How much arrives depends on what the kernels had queued.",
        .victim = PEER_CLIENT,
        .proof = "read the rest: part of what was sent, then ECONNRESET",
        .native = PEER_STEPS(
            PEER_OPEN, S(FILL, 0), S(RESET, 0), C(WAIT_HUP, 0), C(READ_REST, 0), C(CLOSE, 0)),
        .polite = PEER_STEPS(PEER_OPEN, S(SEND, 1000000), C(WAIT_HUP, 0), C(READ_REST, 0),
            C(CLOSE, 0), S(READ_END, 0), S(CLOSE, 0)),
    },
    {
        .name = "linger-n",
        .story = "The same with SO_LINGER {1,n}, and the data is delivered within n seconds.",
        .sees = "all of the data, then EOF",
        .note = "Only the half that is in time: when n runs out, Linux goes on delivering in the "
                "background, while the linger of our close cuts off with a RST.",
        .victim = PEER_CLIENT,
        .proof = "read to the end: 50000 bytes, then EOF",
        .native = PEER_STEPS(
            PEER_OPEN, S(SEND, 50000), S(LINGER, 5), S(CLOSE, 0), C(READ_END, 0), C(CLOSE, 0)),
        .polite = PEER_STEPS(
            PEER_OPEN, S(SEND, 50000), C(READ_END, 0), C(CLOSE, 0), S(READ_END, 0), S(CLOSE, 0)),
    },
    {
        .name = "killed-with-queued",
        .story = "The sender is killed with bytes in its send buffer. They are the kernel's now: "
                 "all of them arrive, then a FIN.",
        .sees = "all of the data, then EOF",
        .note = "Natively the client fills every buffer; through rudeproxy it sends 1,000,000 "
                "bytes.",
        .victim = PEER_SERVER,
        .proof = "read the rest: all of what was sent, then EOF",
        .native = PEER_STEPS(PEER_OPEN, C(FILL, 0), C(KILL, 0), S(READ_REST, 0), S(CLOSE, 0)),
        .polite = PEER_STEPS(
            PEER_OPEN, C(SEND, 1000000), S(READ_REST, 0), S(CLOSE, 0), C(READ_END, 0), C(CLOSE, 0)),
    },
};

const struct scenario_list scenarios_linger = {
    .subject = "queued data",
    .scenarios = scenarios,
    .n = sizeof(scenarios) / sizeof(scenarios[0]),
};
