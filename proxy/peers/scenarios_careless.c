/* SPDX-License-Identifier: MIT */
/*
 * Scenarios of a close() at the wrong moment: with unread bytes, or with bytes still to come. The
 * kernel answers both with a RST (RFC 1122 4.2.2.13), and the program that called close() never
 * notices.
 *
 * If a script waits for HUP before it reads, the RST has arrived: only the bytes that are already
 * in the receive queue can be read.
 */
#include "proxy/peers/scenario.h"

#define C PEER_C
#define S PEER_S

static const struct scenario scenarios[] = {
    {
        .name = "unread-welcome",
        .story = "The client never reads the server's welcome of 9 bytes. It sends its data and "
                 "calls close(): for 9 unread bytes the kernel sends a RST and throws the rest of "
                 "the data away.",
        .sees = "part of the data, then ECONNRESET",
        .note = "How much arrives depends on what the kernels had queued. Natively the client "
                "fills every buffer; through rudeproxy it sends 1,000,000 bytes.",
        .victim = PEER_SERVER,
        .proof = "read the rest: part of what was sent, then ECONNRESET",
        .native = PEER_STEPS(PEER_OPEN, S(SEND, 9), C(WAIT_QUEUED, 9), C(FILL, 0), C(CLOSE, 0),
            S(WAIT_HUP, 0), S(READ_REST, 0), S(CLOSE, 0)),
        .polite = PEER_STEPS(PEER_OPEN, S(SEND, 9), C(SEND, 1000000), S(WAIT_HUP, 0),
            S(READ_REST, 0), S(CLOSE, 0), C(SHUT_WR, 0), C(READ_END, 0), C(CLOSE, 0)),
    },
    {
        .name = "unread-welcome-fixed",
        .story = "The same done right: the client sends 1,000,000 bytes, shuts its write side "
                 "down, reads to EOF, and closes then.",
        .sees = "all of the data, then EOF",
        .victim = PEER_SERVER,
        .proof = "read to the end: 0 bytes, then EOF",
        .native = PEER_STEPS(PEER_OPEN, S(SEND, 9), PEER_C_WITH(SEND, 1000000), S(READ, 1000000),
            C(SHUT_WR, 0), S(READ_END, 0), S(CLOSE, 0), C(READ_END, 0), C(CLOSE, 0)),
        .polite = PEER_STEPS(PEER_OPEN, S(SEND, 9), PEER_C_WITH(SEND, 1000000), S(READ, 1000000),
            S(READ_END, 0), S(CLOSE, 0), C(READ_END, 0), C(CLOSE, 0)),
    },
    {
        .name = "killed-with-unread",
        .story = "The server is killed while the request lies unread in its socket: the kernel "
                 "closes it, and unread bytes make that a RST.",
        .sees = "ECONNRESET",
        .victim = PEER_CLIENT,
        .proof = "read to the end: 0 bytes, then ECONNRESET",
        .native = PEER_STEPS(PEER_OPEN, C(SEND, 100), S(WAIT_QUEUED, 100), S(KILL, 0),
            C(WAIT_HUP, 0), C(READ_END, 0), C(CLOSE, 0)),
        .polite = PEER_STEPS(PEER_OPEN, C(SEND, 100), C(WAIT_HUP, 0), C(READ_END, 0), C(CLOSE, 0),
            S(READ_END, 0), S(CLOSE, 0)),
    },
    {
        .name = "early-response",
        .story = "413: the server answers after the first 1,000 bytes of a request and closes, "
                 "while the other 9,000 arrive and stay unread.",
        .sees = "the answer (on Linux), then ECONNRESET",
        .note = "Linux keeps the receive queue when a RST arrives; other systems drop it, and "
                "the answer with it.",
        .victim = PEER_CLIENT,
        .proof = "read to the end: 200 bytes, then ECONNRESET",
        .native = PEER_STEPS(PEER_OPEN, C(SEND, 1000), S(READ, 1000), S(SEND, 200),
            C(WAIT_QUEUED, 200), C(SEND, 9000), S(WAIT_QUEUED, 9000), S(CLOSE, 0), C(WAIT_HUP, 0),
            C(READ_END, 0), C(CLOSE, 0)),
        .polite = PEER_STEPS(PEER_OPEN, C(SEND, 1000), S(READ, 1000), S(SEND, 200),
            C(WAIT_QUEUED, 200), C(SEND, 9000), C(WAIT_HUP, 0), C(READ_END, 0), C(CLOSE, 0),
            S(READ_END, 0), S(CLOSE, 0)),
    },
    {
        .name = "impatient-client",
        .story = "The client sends two messages and calls close() without waiting for the "
                 "answers. The server's first answer meets a RST, its second one fails.",
        .sees = "1st answer: sent; then a RST; 2nd: EPIPE",
        .victim = PEER_SERVER,
        .proof = "send: EPIPE after 0 of 100 bytes",
        .native = PEER_STEPS(PEER_OPEN, C(SEND, 5), C(SEND, 5), C(CLOSE, 0), S(READ, 5),
            S(WAIT_EOF, 0), S(SEND, 100), S(WAIT_HUP, 0), S(READ, 5), S(SEND, 100), S(CLOSE, 0)),
        .polite = PEER_STEPS(PEER_OPEN, C(SEND, 5), C(SEND, 5), C(READ_END, 0), S(READ, 5),
            S(WAIT_EOF, 0), S(SEND, 100), S(WAIT_HUP, 0), S(READ, 5), S(SEND, 100), S(CLOSE, 0),
            C(CLOSE, 0)),
    },
    {
        .name = "patient-client",
        .story = "The same done right: after its two messages the client only shuts its write "
                 "side down, and both answers reach it.",
        .sees = "both messages, EOF, and both answers sent",
        .note = "Through rudeproxy the client says nothing at all after its messages: the early "
                "FIN towards the server is the proxy's.",
        .victim = PEER_SERVER,
        .proof = "read to the end: 0 bytes, then EOF",
        .native = PEER_STEPS(PEER_OPEN, C(SEND, 5), C(SEND, 5), C(SHUT_WR, 0), S(WAIT_EOF, 0),
            S(READ, 5), S(SEND, 100), S(READ, 5), S(SEND, 100), S(READ_END, 0), S(CLOSE, 0),
            C(READ_END, 0), C(CLOSE, 0)),
        .polite =
            PEER_STEPS(PEER_OPEN, C(SEND, 5), C(SEND, 5), S(WAIT_EOF, 0), S(READ, 5), S(SEND, 100),
                S(READ, 5), S(SEND, 100), S(READ_END, 0), S(CLOSE, 0), C(READ_END, 0), C(CLOSE, 0)),
    },
    {
        .name = "write-after-close",
        .story = "The server answers and closes. The client goes on writing: the first write "
                 "succeeds, its answer is a RST, the second one fails.",
        .sees = "EOF; 1st write: fine; then a RST; 2nd: EPIPE",
        .victim = PEER_CLIENT,
        .proof = "send: EPIPE after 0 of 10 bytes",
        .native = PEER_STEPS(PEER_OPEN, C(SEND, 100), S(READ, 100), S(SEND, 200), S(CLOSE, 0),
            C(READ_END, 0), C(SEND, 10), C(WAIT_HUP, 0), C(SEND, 10), C(CLOSE, 0)),
        .polite = PEER_STEPS(PEER_OPEN, C(SEND, 100), S(READ, 100), S(SEND, 200), C(READ_END, 0),
            C(SEND, 10), C(WAIT_HUP, 0), C(SEND, 10), C(CLOSE, 0), S(READ_END, 0), S(CLOSE, 0)),
    },
    {
        .name = "shut-rd-linux",
        .story = "The server shuts its read side down. Linux goes on acknowledging what the "
                 "client sends.",
        .sees = "nothing: every byte is acknowledged",
        .victim = PEER_CLIENT,
        .proof = "look: nothing",
        .native = PEER_STEPS(PEER_OPEN, S(SHUT_RD, 0), C(SEND, 1000), C(WAIT_ACKED, 0),
            C(SEND, 1000), C(WAIT_ACKED, 0), C(LOOK, 30), C(CLOSE, 0), S(CLOSE, 0)),
        .polite = PEER_STEPS(PEER_OPEN, C(SEND, 1000), C(WAIT_ACKED, 0), C(SEND, 1000),
            C(WAIT_ACKED, 0), C(LOOK, 30), C(CLOSE, 0), S(READ_END, 0), S(CLOSE, 0)),
    },
    {
        .name = "shut-rd-windows",
        .story = "The server shuts its read side down. Windows answers the next byte that "
                 "arrives with a RST.",
        .sees = "the write succeeds, then ECONNRESET",
        .note = "Linux has no such shutdown: natively the server plays Windows, and resets as "
                "soon as bytes have arrived.",
        .victim = PEER_CLIENT,
        .proof = "read to the end: 0 bytes, then ECONNRESET",
        .native = PEER_STEPS(PEER_OPEN, S(SHUT_RD, 0), C(SEND, 100), S(WAIT_QUEUED, 100),
            S(RESET, 0), C(WAIT_HUP, 0), C(READ_END, 0), C(CLOSE, 0)),
        .polite = PEER_STEPS(PEER_OPEN, C(SEND, 100), C(WAIT_HUP, 0), C(READ_END, 0), C(CLOSE, 0),
            S(READ_END, 0), S(CLOSE, 0)),
    },
};

const struct scenario_list scenarios_careless = {
    .subject = "careless closes",
    .scenarios = scenarios,
    .n = sizeof(scenarios) / sizeof(scenarios[0]),
};
