/* SPDX-License-Identifier: MIT */
/*
 * Scenarios of a RST on purpose or out of the blue: where in the exchange it comes is all the
 * difference.
 */
#include "proxy/peers/scenario.h"

#define C PEER_C
#define S PEER_S

/* A connection on which all is well, with a listener that is open already. */
#define GOOD_EXCHANGE                                                                              \
    C(CONNECT, 0), S(ACCEPT, 0), C(SEND, 10), S(READ, 10), S(SEND, 20), C(READ, 20), C(CLOSE, 0),  \
        S(READ_END, 0), S(CLOSE, 0)

static const struct scenario scenarios[] = {
    {
        .name = "reset-before-accept",
        .story = "The client connects and resets before the server calls accept(). accept() "
                 "succeeds all the same.",
        .sees = "accept: ok; first read: ECONNRESET",
        .victim = PEER_SERVER,
        .proof = "read to the end: 0 bytes, then ECONNRESET",
        .native = PEER_STEPS(S(LISTEN, 16), C(CONNECT, 0), C(RESET, 0), S(WAIT_PENDING, 0),
            S(ACCEPT, 0), S(WAIT_HUP, 0), S(READ_END, 0), S(CLOSE, 0)),
        .polite = PEER_STEPS(S(LISTEN, 16), C(CONNECT, 0), C(READ_END, 0), S(WAIT_PENDING, 0),
            S(ACCEPT, 0), S(WAIT_HUP, 0), S(READ_END, 0), S(CLOSE, 0), C(CLOSE, 0)),
    },
    {
        .name = "reset-after-reply",
        .story = "The whole reply arrives, then a RST instead of a FIN.",
        .sees = "all bytes, then ECONNRESET instead of EOF",
        .victim = PEER_CLIENT,
        .proof = "read to the end: 5000 bytes, then ECONNRESET",
        .native = PEER_STEPS(PEER_OPEN, C(SEND, 100), S(READ, 100), S(SEND, 5000), S(RESET, 0),
            C(READ_END, 0), C(CLOSE, 0)),
        .polite = PEER_STEPS(PEER_OPEN, C(SEND, 100), S(READ, 100), S(SEND, 5000), C(READ_END, 0),
            C(CLOSE, 0), S(READ_END, 0), S(CLOSE, 0)),
    },
    {
        .name = "fin-then-reset",
        .story =
            "A FIN, then at once a RST. A reader sees a normal end. Only poll() and a write show "
            "the RST.",
        .sees = "EOF to a reader, EPIPE to a writer",
        .victim = PEER_CLIENT,
        .proof = "send: EPIPE after 0 of 10 bytes",
        .native = PEER_STEPS(PEER_OPEN, S(SEND, 10), S(SHUT_WR, 0), C(READ_END, 0), S(RESET, 0),
            C(WAIT_HUP, 0), C(READ_ONCE, 10), C(SEND, 10), C(CLOSE, 0)),
        .polite = PEER_STEPS(PEER_OPEN, S(SEND, 10), C(READ_END, 0), C(WAIT_HUP, 0),
            C(READ_ONCE, 10), C(SEND, 10), C(CLOSE, 0), S(READ_END, 0), S(CLOSE, 0)),
    },
    {
        .name = "commit-lost",
        .story = "A RST between COMMIT and its acknowledgement: the server has committed, the "
                 "client cannot know.",
        .sees = "ECONNRESET before the acknowledgement",
        .victim = PEER_CLIENT,
        .proof = "read: ECONNRESET after 0 of 20 bytes",
        .native =
            PEER_STEPS(PEER_OPEN, C(SEND, 50), S(READ, 50), S(RESET, 0), C(READ, 20), C(CLOSE, 0)),
        .polite = PEER_STEPS(PEER_OPEN, C(SEND, 50), S(READ, 50), S(SEND, 20), C(READ, 20),
            C(CLOSE, 0), S(READ_END, 0), S(CLOSE, 0)),
    },
    {
        .name = "idle-then-reset",
        .story = "A load balancer has forgotten the idle connection and answers the next segment "
                 "with a RST.",
        .sees = "the write succeeds, then ECONNRESET",
        .note = "Natively the server plays the load balancer, and resets as soon as bytes have "
                "arrived.",
        .victim = PEER_CLIENT,
        .proof = "read to the end: 0 bytes, then ECONNRESET",
        .native = PEER_STEPS(PEER_OPEN, C(SEND, 100), S(READ, 100), S(SEND, 200), C(READ, 200),
            C(SEND, 100), S(WAIT_QUEUED, 100), S(RESET, 0), C(WAIT_HUP, 0), C(READ_END, 0),
            C(CLOSE, 0)),
        .polite = PEER_STEPS(PEER_OPEN, C(SEND, 100), S(READ, 100), S(SEND, 200), C(READ, 200),
            C(SEND, 100), C(WAIT_HUP, 0), C(READ_END, 0), C(CLOSE, 0), S(READ_END, 0), S(CLOSE, 0)),
    },
    {
        .name = "rst-storm",
        .story = "Every second connection is reset at its first request; the retry works.",
        .sees = "ECONNRESET on every 2nd connection",
        .victim = PEER_CLIENT,
        .proof = "read to the end: 0 bytes, then ECONNRESET",
        .native = PEER_STEPS(S(LISTEN, 16), GOOD_EXCHANGE, C(CONNECT, 0), S(ACCEPT, 0), C(SEND, 10),
            S(READ, 10), S(RESET, 0), C(WAIT_HUP, 0), C(READ_END, 0), C(CLOSE, 0), GOOD_EXCHANGE),
        .polite = PEER_STEPS(S(LISTEN, 16), GOOD_EXCHANGE, C(CONNECT, 0), S(ACCEPT, 0), C(SEND, 10),
            S(READ, 10), C(WAIT_HUP, 0), C(READ_END, 0), C(CLOSE, 0), S(READ_END, 0), S(CLOSE, 0),
            GOOD_EXCHANGE),
    },
};

const struct scenario_list scenarios_reset = {
    .subject = "RST",
    .scenarios = scenarios,
    .n = sizeof(scenarios) / sizeof(scenarios[0]),
};
