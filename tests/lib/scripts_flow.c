/* SPDX-License-Identifier: MIT */
/*
 * Scripts about bytes: exchanges, large transfers, back-pressure, urgent data. Each ends politely;
 * how connections end otherwise is the subject of the other two lists.
 *
 * A reader that lets several MB pile up shows what a proxy that stops reading still has to notice.
 * Urgent data is TCP only here: how much of it UNIX sockets know depends on the kernel.
 */
#include "tests/lib/scripts.h"

#define C PEER_C
#define S PEER_S
#define CW PEER_C_WITH
#define SW PEER_S_WITH
#define CHUNKS(actor, bytes, size, together)                                                       \
    {                                                                                              \
        PEER_##actor, PEER_SEND, bytes, size, together                                             \
    }

#define MB ((size_t)1 << 20)

/* Both ends say goodbye, the client first. */
#define POLITE_END                                                                                 \
    C(SHUT_WR, 0), S(READ_END, 0), S(SHUT_WR, 0), C(READ_END, 0), C(CLOSE, 0), S(CLOSE, 0)

static const struct peer_script scripts[] = {
    PEER_SCRIPT("request-reply", PEERS_ANY, "One request, one reply, the client closes.", PEER_OPEN,
        C(SEND, 100), S(READ, 100), S(SEND, 5000), C(READ, 5000), C(CLOSE, 0), S(READ_END, 0),
        S(CLOSE, 0)),
    PEER_SCRIPT("server-speaks-first", PEERS_ANY, "A greeting before the client's first byte.",
        PEER_OPEN, S(SEND, 9), C(READ, 9), C(SEND, 20), S(READ, 20), POLITE_END),
    PEER_SCRIPT("server-closes-after-reply", PEERS_ANY, "HTTP/1.0: the FIN ends the reply.",
        PEER_OPEN, C(SEND, 100), S(READ, 100), S(SEND, 3000), S(CLOSE, 0), C(READ_END, 0),
        C(CLOSE, 0)),
    PEER_SCRIPT("ping-pong", PEERS_ANY, "Several rounds of small messages.", PEER_OPEN, C(SEND, 1),
        S(READ, 1), S(SEND, 2), C(READ, 2), C(SEND, 3), S(READ, 3), S(SEND, 5), C(READ, 5),
        C(SEND, 8), S(READ, 8), S(SEND, 13), C(READ, 13), POLITE_END),
    PEER_SCRIPT("one-byte-writes", PEERS_ANY, "Each byte of a message is a write of its own.",
        PEER_OPEN, CHUNKS(CLIENT, 300, 1, true), S(READ, 300), CHUNKS(SERVER, 300, 1, true),
        C(READ, 300), POLITE_END),
    PEER_SCRIPT("odd-chunks", PEERS_ANY, "1 MB in writes of 4093 bytes.", PEER_OPEN,
        CHUNKS(CLIENT, MB, 4093, true), S(READ, MB), CHUNKS(SERVER, MB, 4093, true), C(READ, MB),
        POLITE_END),
    PEER_SCRIPT("big-upload", PEERS_ANY, "8 MB from client to server.", PEER_OPEN, CW(SEND, 8 * MB),
        S(READ, 8 * MB), POLITE_END),
    PEER_SCRIPT("big-download", PEERS_ANY, "8 MB from server to client.", PEER_OPEN,
        SW(SEND, 8 * MB), C(READ, 8 * MB), POLITE_END),
    PEER_SCRIPT("big-both-ways", PEERS_ANY, "8 MB in both directions at once.", PEER_OPEN,
        CW(SEND, 8 * MB), SW(SEND, 8 * MB), CW(READ, 8 * MB), S(READ, 8 * MB), POLITE_END),
    PEER_SCRIPT("big-upload-then-fin", PEERS_ANY, "The FIN stands right behind 4 MB.", PEER_OPEN,
        CW(SEND, 4 * MB), S(READ, 4 * MB - 50000), C(SHUT_WR, 0), S(READ_END, 0), S(SEND, 100),
        S(CLOSE, 0), C(READ_END, 0), C(CLOSE, 0)),
    PEER_SCRIPT("slow-server", PEERS_ANY, "The client blocks, then the server reads it all.",
        PEER_OPEN, C(FILL, 0), S(READ_SENT, 0), C(SEND, 1000), S(READ, 1000), POLITE_END),
    PEER_SCRIPT("slow-client", PEERS_ANY, "The server blocks, then the client reads it all.",
        PEER_OPEN, S(FILL, 0), C(READ_SENT, 0), S(SEND, 1000), C(READ, 1000), POLITE_END),
    PEER_SCRIPT("both-blocked", PEERS_ANY, "Both block writing, then both read.", PEER_OPEN,
        C(FILL, 0), S(FILL, 0), S(READ_SENT, 0), C(READ_SENT, 0), POLITE_END),
    PEER_SCRIPT("blocked-one-way", PEERS_ANY,
        "While one direction is full the other carries bytes both before and after it drains.",
        PEER_OPEN, C(FILL, 0), S(SEND, 1000), C(READ, 1000), S(READ_SENT, 0), S(SEND, 1000),
        C(READ, 1000), POLITE_END),
    PEER_SCRIPT("blocked-then-fin", PEERS_ANY, "A FIN behind a full direction arrives last.",
        PEER_OPEN, C(FILL, 0), C(SHUT_WR, 0), S(READ_REST, 0), S(SEND, 1000), S(CLOSE, 0),
        C(READ_END, 0), C(CLOSE, 0)),
    PEER_SCRIPT("fin-against-a-full-direction", PEERS_ANY,
        "The server half-closes while the client's direction is full; it can still be read.",
        PEER_OPEN, C(FILL, 0), S(SHUT_WR, 0), C(READ_END, 0), S(READ_SENT, 0), C(SEND, 10),
        C(CLOSE, 0), S(READ_END, 0), S(CLOSE, 0)),
    PEER_SCRIPT("nothing-arrives-unasked", PEERS_ANY, "An idle connection stays silent.", PEER_OPEN,
        C(SEND, 10), S(READ, 10), C(LOOK, 30), S(LOOK, 0), POLITE_END),

    PEER_SCRIPT("urgent-alone", PEERS_TCP, "One urgent byte and nothing else.", PEER_OPEN,
        C(SEND_URGENT, 0), S(WAIT_URGENT, 0), S(READ_URGENT, 0), S(READ_URGENT, 0), POLITE_END),
    PEER_SCRIPT("urgent-from-server", PEERS_TCP, "An urgent byte downstream.", PEER_OPEN,
        S(SEND, 10), S(SEND_URGENT, 0), C(WAIT_URGENT, 0), C(READ_URGENT, 0), C(READ, 10),
        POLITE_END),
    PEER_SCRIPT("urgent-between-bytes", PEERS_TCP,
        "A read stops at the mark; the urgent byte is not in the stream.", PEER_OPEN, C(SEND, 100),
        C(SEND_URGENT, 0), S(WAIT_URGENT, 0), C(SEND, 50), S(WAIT_QUEUED, 100), S(READ_ONCE, 1000),
        S(AT_MARK, 0), S(READ_URGENT, 0), S(READ, 50), S(AT_MARK, 0), POLITE_END),
    PEER_SCRIPT("urgent-inline", PEERS_TCP, "SO_OOBINLINE: the byte is read at its mark.",
        PEER_OPEN, S(INLINE, 0), C(SEND, 100), C(SEND_URGENT, 0), S(WAIT_URGENT, 0), C(SEND, 50),
        S(READ, 100), S(AT_MARK, 0), S(READ_MARKED, 0), S(READ, 50), POLITE_END),
    PEER_SCRIPT("urgent-both-ways", PEERS_TCP, "An urgent byte in each direction.", PEER_OPEN,
        C(SEND_URGENT, 0), S(SEND_URGENT, 0), C(WAIT_URGENT, 0), S(WAIT_URGENT, 0),
        C(READ_URGENT, 0), S(READ_URGENT, 0), C(SEND, 10), S(READ, 10), POLITE_END),
    PEER_SCRIPT("urgent-twice", PEERS_TCP, "A second urgent byte after the first was read.",
        PEER_OPEN, C(SEND_URGENT, 0), S(WAIT_URGENT, 0), S(READ_URGENT, 0), C(SEND, 10),
        S(READ, 10), C(SEND_URGENT, 0), S(WAIT_URGENT, 0), S(READ_URGENT, 0), POLITE_END),
    PEER_SCRIPT("urgent-then-fin", PEERS_TCP, "Bytes, an urgent byte, a FIN.", PEER_OPEN,
        C(SEND, 10), C(SEND_URGENT, 0), C(SHUT_WR, 0), S(WAIT_EOF, 0), S(READ_URGENT, 0),
        S(READ_END, 0), S(SEND, 10), S(CLOSE, 0), C(READ_END, 0), C(CLOSE, 0)),
    PEER_SCRIPT("urgent-then-rst", PEERS_TCP, "Out of line the RST makes it unreadable: ENOTCONN.",
        PEER_OPEN, C(SEND, 10), C(SEND_URGENT, 0), S(WAIT_URGENT, 0), C(RESET, 0), S(WAIT_HUP, 0),
        S(READ_URGENT, 0), S(READ_END, 0), S(CLOSE, 0)),
    PEER_SCRIPT("urgent-and-rst-at-once", PEERS_TCP, "In line it can be read after the RST.",
        PEER_OPEN, S(INLINE, 0), C(SEND, 10), C(SEND_URGENT, 0), C(RESET, 0), S(WAIT_HUP, 0),
        S(READ, 10), S(AT_MARK, 0), S(READ_MARKED, 0), S(READ_END, 0), S(CLOSE, 0)),
    PEER_SCRIPT("urgent-then-fin-then-rst", PEERS_TCP, "Behind a FIN it stays readable.", PEER_OPEN,
        C(SEND, 10), C(SEND_URGENT, 0), C(SHUT_WR, 0), S(WAIT_EOF, 0), C(RESET, 0), S(WAIT_HUP, 0),
        S(READ_URGENT, 0), S(READ_END, 0), S(CLOSE, 0)),
    PEER_SCRIPT("urgent-never-read", PEERS_TCP, "The reader does not care for urgent data.",
        PEER_OPEN, C(SEND, 10), C(SEND_URGENT, 0), S(WAIT_URGENT, 0), C(SEND, 10), S(READ, 20),
        POLITE_END),
    PEER_SCRIPT("urgent-before-accept", PEERS_TCP, "Sent before the server accepts.", S(LISTEN, 16),
        C(CONNECT, 0), C(SEND, 10), C(SEND_URGENT, 0), S(WAIT_PENDING, 0), S(ACCEPT, 0),
        S(WAIT_URGENT, 0), S(READ_URGENT, 0), S(READ, 10), POLITE_END),
    PEER_SCRIPT("urgent-after-half-close", PEERS_TCP, "The open direction still carries it.",
        PEER_OPEN, C(SHUT_WR, 0), S(READ_END, 0), S(SEND, 10), S(SEND_URGENT, 0), C(WAIT_URGENT, 0),
        C(READ_URGENT, 0), C(READ, 10), S(CLOSE, 0), C(READ_END, 0), C(CLOSE, 0)),
};

const struct peer_script_list peers_scripts_flow = {
    .subject = "flow",
    .scripts = scripts,
    .n = sizeof(scripts) / sizeof(scripts[0]),
};
