/* SPDX-License-Identifier: MIT */
/*
 * Scenarios in which nothing happens: the peer is gone, or receives nothing, or does not care, and
 * TCP has no reason to report it. Natively the server forgets its connection, or drops all arriving
 * segments; both need CAP_NET_ADMIN.
 */
#include "proxy/peers/scenario.h"

#define C PEER_C
#define S PEER_S

#define EXCHANGE C(SEND, 100), S(READ, 100), S(SEND, 200), C(READ, 200)

static const struct scenario scenarios[] = {
    {
        .name = "stale-pool",
        .story = "The server, or a NAT on the way, has forgotten an idle connection without a FIN. "
                 "The pool hands it out as good.",
        .sees = "silence; the write succeeds; ECONNRESET; a retry works",
        .note = "The client waits for a while before it writes, as a pool does: the connection is "
                "forgotten when the client's kernel has acknowledged the reply.",
        .victim = PEER_CLIENT,
        .needs = SCENARIO_NEEDS_NET_ADMIN,
        .proof = "read to the end: 0 bytes, then ECONNRESET",
        .native = PEER_STEPS(PEER_OPEN, EXCHANGE, S(WAIT_ACKED, 0), S(VANISH, 0), C(LOOK, 250),
            C(SEND, 100), C(WAIT_HUP, 0), C(READ_END, 0), C(CLOSE, 0), C(CONNECT, 0), S(ACCEPT, 0),
            EXCHANGE, C(CLOSE, 0), S(READ_END, 0), S(CLOSE, 0)),
        .polite = PEER_STEPS(PEER_OPEN, EXCHANGE, C(LOOK, 250), C(SEND, 100), C(WAIT_HUP, 0),
            C(READ_END, 0), C(CLOSE, 0), S(READ_END, 0), S(CLOSE, 0), C(CONNECT, 0), S(ACCEPT, 0),
            EXCHANGE, C(CLOSE, 0), S(READ_END, 0), S(CLOSE, 0)),
    },
    {
        .name = "half-open",
        .story = "The server's machine is rebooted in the middle of a reply. Nobody tells the "
                 "client, which only reads: it would wait for ever. A keepalive probe meets a RST.",
        .sees = "part of the reply, then silence, until keepalive",
        .victim = PEER_CLIENT,
        .needs = SCENARIO_NEEDS_NET_ADMIN,
        .proof = "read to the end: 0 bytes, then ECONNRESET",
        .native = PEER_STEPS(PEER_OPEN, C(SEND, 100), S(READ, 100), S(SEND, 2000), C(READ, 2000),
            S(WAIT_ACKED, 0), S(VANISH, 0), C(LOOK, 100), C(KEEPALIVE, 1), C(WAIT_HUP, 0),
            C(READ_END, 0), C(CLOSE, 0)),
        .polite = PEER_STEPS(PEER_OPEN, C(SEND, 100), S(READ, 100), S(SEND, 5000), C(READ, 2000),
            C(LOOK, 100), C(KEEPALIVE, 1), C(WAIT_HUP, 0), C(READ_END, 0), C(CLOSE, 0),
            S(READ_END, 0), S(CLOSE, 0)),
    },
    {
        .name = "silent-idle-drop",
        .story = "A load balancer or NAT forgets an idle flow, and from then on drops its segments "
                 "without a word.",
        .sees = "writes succeed, no ACK ever; ETIMEDOUT",
        .note = "The client sets TCP_USER_TIMEOUT to 200 ms. Without it Linux goes on "
                "retransmitting for a quarter of an hour.",
        .victim = PEER_CLIENT,
        .needs = SCENARIO_NEEDS_NET_ADMIN,
        .proof = "look for an acknowledgement: none",
        .native = PEER_STEPS(PEER_OPEN, EXCHANGE, S(DEAFEN, 0), C(LOOK, 30), C(SEND, 100),
            C(UNACKED, 100), C(SEND, 100), C(USER_TIMEOUT, 200), C(WAIT_HUP, 0), C(READ_END, 0),
            C(CLOSE, 0), S(CLOSE, 0)),
        .polite = PEER_STEPS(PEER_OPEN, EXCHANGE, C(LOOK, 30), C(SEND, 100), C(UNACKED, 100),
            C(SEND, 100), C(USER_TIMEOUT, 200), C(WAIT_HUP, 0), C(READ_END, 0), C(CLOSE, 0),
            S(LOOK, 0), S(CLOSE, 0)),
    },
    {
        .name = "pmtu-hole",
        .story = "On the way there is a link with a smaller MTU, and a firewall that eats the ICMP "
                 "messages which would say so. Small segments pass, large ones never.",
        .sees = "small messages work, the first large one hangs",
        .victim = PEER_CLIENT,
        .needs = SCENARIO_NEEDS_NET_ADMIN,
        .proof = "look for an acknowledgement: none",
        .native = PEER_STEPS(PEER_OPEN, S(DEAFEN, 1000), EXCHANGE, C(SEND, 5000), C(UNACKED, 100),
            C(LOOK, 0), C(CLOSE, 0), S(LOOK, 0), S(CLOSE, 0)),
        .polite = PEER_STEPS(PEER_OPEN, EXCHANGE, C(SEND, 5000), C(UNACKED, 100), C(LOOK, 0),
            C(CLOSE, 0), S(LOOK, 0), S(CLOSE, 0)),
    },
    {
        .name = "wedged-peer",
        .story = "The server's program takes everything and answers nothing: a deadlock, an "
                 "endless loop. TCP is in perfect order.",
        .sees = "every byte is acknowledged, no answer ever",
        .victim = PEER_CLIENT,
        .proof = "look: nothing",
        .native = PEER_STEPS(PEER_OPEN, PEER_C_WITH(SEND, 300000), S(READ, 300000),
            C(WAIT_ACKED, 0), C(LOOK, 100), C(CLOSE, 0), S(CLOSE, 0)),
        .polite = PEER_STEPS(PEER_OPEN, C(SEND, 300000), C(WAIT_ACKED, 0), C(LOOK, 100), S(LOOK, 0),
            C(CLOSE, 0), S(CLOSE, 0)),
    },
};

const struct scenario_list scenarios_silence = {
    .subject = "silence",
    .scenarios = scenarios,
    .n = sizeof(scenarios) / sizeof(scenarios[0]),
};
