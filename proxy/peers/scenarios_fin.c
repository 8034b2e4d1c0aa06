/* SPDX-License-Identifier: MIT */
/*
 * Scenarios of a FIN that comes too early, too late, or not at all. Nothing fails with an error
 * here: the victim sees a clean EOF, or waits for one.
 */
#include "proxy/peers/scenario.h"

#define C PEER_C
#define S PEER_S

static const struct scenario scenarios[] = {
    {
        .name = "truncated-body",
        .story = "The server closes in the middle of a body: 4,096 of 10,000 bytes, then a FIN in "
                 "good order.",
        .sees = "EOF after 4,096 of 10,000 bytes",
        .victim = PEER_CLIENT,
        .proof = "read: EOF after 4096 of 10000 bytes",
        .native = PEER_STEPS(PEER_OPEN, C(SEND, 100), S(READ, 100), S(SEND, 4096), S(CLOSE, 0),
            C(READ, 10000), C(CLOSE, 0)),
        .polite = PEER_STEPS(PEER_OPEN, C(SEND, 100), S(READ, 100), S(SEND, 10000), C(READ, 10000),
            C(CLOSE, 0), S(READ_END, 0), S(CLOSE, 0)),
    },
    {
        .name = "reset-laundered",
        .story = "A body without Content-Length breaks off with a RST, and a middlebox makes a FIN "
                 "of it: the truncated body looks complete.",
        .sees = "part of the body, then a clean EOF",
        .note = "Natively the server sends the middlebox's FIN itself. Through rudeproxy the "
                "server is reset while the client sees the FIN.",
        .victim = PEER_CLIENT,
        .proof = "read to the end: 4096 bytes, then EOF",
        .native = PEER_STEPS(PEER_OPEN, C(SEND, 100), S(READ, 100), S(SEND, 4096), S(CLOSE, 0),
            C(READ_END, 0), C(CLOSE, 0)),
        .polite = PEER_STEPS(PEER_OPEN, C(SEND, 100), S(READ, 100), S(SEND, 10000), C(READ_END, 0),
            C(CLOSE, 0), S(WAIT_HUP, 0), S(READ_END, 0), S(CLOSE, 0)),
    },
    {
        .name = "half-close-lost",
        .story = "The client shuts its write side down and waits for the reply. Somebody takes the "
                 "half-close for a close, and the reply never comes.",
        .sees = "EOF instead of the reply",
        .note = "Natively the server itself takes EOF for the end. Through rudeproxy it replies, "
                "and its reply meets a RST.",
        .victim = PEER_CLIENT,
        .proof = "read to the end: 0 bytes, then EOF",
        .native = PEER_STEPS(PEER_OPEN, C(SEND, 100), C(SHUT_WR, 0), S(READ_END, 0), S(CLOSE, 0),
            C(READ_END, 0), C(CLOSE, 0)),
        .polite = PEER_STEPS(PEER_OPEN, C(SEND, 100), C(SHUT_WR, 0), S(READ_END, 0), C(READ_END, 0),
            S(SEND, 5000), S(WAIT_HUP, 0), S(CLOSE, 0), C(CLOSE, 0)),
    },
    {
        .name = "close-wait-leak",
        .story = "The server closes, but a child it has forked holds the socket too: no FIN is "
                 "sent. The client waits in FIN_WAIT2, the server's end stays in CLOSE_WAIT.",
        .sees = "FIN_WAIT2, and nothing more",
        .note = "Through rudeproxy it is the proxy's socket that stays in CLOSE_WAIT; the server "
                "does not even learn that the client is done.",
        .victim = PEER_CLIENT,
        .proof = "look: nothing",
        .native = PEER_STEPS(PEER_OPEN, C(SEND, 10), S(READ, 10), S(LEND, 0), C(SHUT_WR, 0),
            S(READ_END, 0), S(CLOSE, 0), C(WAIT_FIN_WAIT2, 0), C(LOOK, 50), C(CLOSE, 0),
            S(TAKE_BACK, 0)),
        .polite = PEER_STEPS(PEER_OPEN, C(SEND, 10), S(READ, 10), C(SHUT_WR, 0),
            C(WAIT_FIN_WAIT2, 0), C(LOOK, 50), S(LOOK, 0), C(CLOSE, 0), S(CLOSE, 0)),
    },
    {
        .name = "slow-close",
        .story = "The whole reply arrives, but the FIN comes late. A client that reads until EOF "
                 "waits for nothing.",
        .sees = "all bytes, silence, then EOF",
        .victim = PEER_CLIENT,
        .proof = "look: nothing",
        .native = PEER_STEPS(PEER_OPEN, C(SEND, 100), S(READ, 100), S(SEND, 5000), C(READ, 5000),
            C(LOOK, 50), S(CLOSE, 0), C(READ_END, 0), C(CLOSE, 0)),
        .polite = PEER_STEPS(PEER_OPEN, C(SEND, 100), S(READ, 100), S(SEND, 5000), S(CLOSE, 0),
            C(READ, 5000), C(LOOK, 50), C(READ_END, 0), C(CLOSE, 0)),
    },
    {
        .name = "close-before-greeting",
        .story = "The server accepts and closes before it has greeted.",
        .sees = "EOF where the greeting should be",
        .victim = PEER_CLIENT,
        .proof = "read: EOF after 0 of 9 bytes",
        .native = PEER_STEPS(PEER_OPEN, S(CLOSE, 0), C(READ, 9), C(CLOSE, 0)),
        .polite =
            PEER_STEPS(PEER_OPEN, S(SEND, 9), C(READ, 9), C(CLOSE, 0), S(READ_END, 0), S(CLOSE, 0)),
    },
    {
        .name = "keepalive-race",
        .story = "The server closes an idle keep-alive connection just when the client sends its "
                 "next request.",
        .sees = "the request is written, then EOF; next write: EPIPE",
        .victim = PEER_CLIENT,
        .proof = "read to the end: 0 bytes, then EOF",
        .native = PEER_STEPS(PEER_OPEN, C(SEND, 100), S(READ, 100), S(SEND, 200), C(READ, 200),
            S(CLOSE, 0), C(WAIT_EOF, 0), C(SEND, 100), C(WAIT_HUP, 0), C(READ_END, 0), C(SEND, 100),
            C(CLOSE, 0)),
        .polite = PEER_STEPS(PEER_OPEN, C(SEND, 100), S(READ, 100), S(SEND, 200), C(READ, 200),
            C(WAIT_EOF, 0), C(SEND, 100), C(WAIT_HUP, 0), C(READ_END, 0), C(SEND, 100), C(CLOSE, 0),
            S(READ_END, 0), S(CLOSE, 0)),
    },
    {
        .name = "max-age-race",
        .story = "The server closes connections of a certain age. This one is due while a request "
                 "is in flight.",
        .sees = "EOF instead of an answer",
        .note = "Natively the age is whenever the server has read the request; in the recipe it "
                "is 200 ms.",
        .victim = PEER_CLIENT,
        .proof = "read to the end: 0 bytes, then EOF",
        .native = PEER_STEPS(
            PEER_OPEN, C(SEND, 100), S(READ, 100), S(CLOSE, 0), C(READ_END, 0), C(CLOSE, 0)),
        .polite = PEER_STEPS(PEER_OPEN, C(SEND, 100), S(READ, 100), C(READ_END, 0), C(CLOSE, 0),
            S(READ_END, 0), S(CLOSE, 0)),
    },
    {
        .name = "write-acked-reply-lost",
        .story = "The server carries the request out and is gone before the first byte of its "
                 "reply. The client tries again, and it is done twice.",
        .sees = "EOF instead of the reply; the retry works",
        .victim = PEER_CLIENT,
        .proof = "read to the end: 0 bytes, then EOF",
        .native = PEER_STEPS(PEER_OPEN, C(SEND, 100), S(READ, 100), S(CLOSE, 0), C(READ_END, 0),
            C(CLOSE, 0), C(CONNECT, 0), S(ACCEPT, 0), C(SEND, 100), S(READ, 100), S(SEND, 50),
            C(READ, 50), C(CLOSE, 0), S(READ_END, 0), S(CLOSE, 0)),
        .polite = PEER_STEPS(PEER_OPEN, C(SEND, 100), S(READ, 100), S(SEND, 50), C(READ_END, 0),
            C(CLOSE, 0), S(READ_END, 0), S(CLOSE, 0), C(CONNECT, 0), S(ACCEPT, 0), C(SEND, 100),
            S(READ, 100), S(SEND, 50), C(READ, 50), C(CLOSE, 0), S(READ_END, 0), S(CLOSE, 0)),
    },
};

const struct scenario_list scenarios_fin = {
    .subject = "FIN",
    .scenarios = scenarios,
    .n = sizeof(scenarios) / sizeof(scenarios[0]),
};
