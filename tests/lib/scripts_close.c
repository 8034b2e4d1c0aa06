/* SPDX-License-Identifier: MIT */
/*
 * Scripts about endings by FIN: half-closes, close() in every order, shutdown of the read side,
 * death, forgotten copies, and what happens before accept().
 *
 * The peer sees a close() late: its first write succeeds, the answer is a RST, and only then do
 * poll, SO_ERROR and the next write show it. Scripts wait for that answer with
 * WAIT_HUP, which takes nothing away.
 */
#include "tests/lib/scripts.h"

#define C PEER_C
#define S PEER_S
#define CW PEER_C_WITH
#define SW PEER_S_WITH

#define MB ((size_t)1 << 20)

static const struct peer_script scripts[] = {
    /* Half-closes. */
    PEER_SCRIPT("half-close-then-reply", PEERS_ANY, "The client's FIN ends the request.", PEER_OPEN,
        C(SEND, 1000), C(SHUT_WR, 0), S(READ_END, 0), S(SEND, 2000), S(CLOSE, 0), C(READ_END, 0),
        C(CLOSE, 0)),
    PEER_SCRIPT("half-close-then-long-reply", PEERS_ANY, "8 MB after the client's FIN.", PEER_OPEN,
        C(SEND, 10), C(SHUT_WR, 0), S(READ_END, 0), SW(SEND, 8 * MB), C(READ, 8 * MB), S(CLOSE, 0),
        C(READ_END, 0), C(CLOSE, 0)),
    PEER_SCRIPT("half-close-then-dialogue", PEERS_ANY, "The reply comes in parts, with pauses.",
        PEER_OPEN, C(SHUT_WR, 0), S(READ_END, 0), S(SEND, 10), C(READ, 10), C(LOOK, 20),
        S(SEND, 10), C(READ, 10), C(LOOK, 20), S(CLOSE, 0), C(READ_END, 0), C(CLOSE, 0)),
    PEER_SCRIPT("server-half-closes", PEERS_ANY, "The server's FIN first; the client goes on.",
        PEER_OPEN, S(SEND, 100), S(SHUT_WR, 0), C(READ_END, 0), C(SEND, 5000), S(READ, 5000),
        C(SEND, 10), S(READ, 10), C(CLOSE, 0), S(READ_END, 0), S(CLOSE, 0)),
    PEER_SCRIPT("server-half-closes-at-once", PEERS_ANY, "A FIN is all the server ever sends.",
        PEER_OPEN, S(SHUT_WR, 0), C(READ_END, 0), CW(SEND, 8 * MB), S(READ, 8 * MB), C(CLOSE, 0),
        S(READ_END, 0), S(CLOSE, 0)),
    PEER_SCRIPT("both-half-close-client-first", PEERS_ANY, "Both shut down, then close.", PEER_OPEN,
        C(SHUT_WR, 0), S(READ_END, 0), S(SHUT_WR, 0), C(READ_END, 0), C(WAIT_HUP, 0),
        S(WAIT_HUP, 0), C(SO_ERROR, 0), S(SO_ERROR, 0), C(CLOSE, 0), S(CLOSE, 0)),
    PEER_SCRIPT("both-half-close-server-first", PEERS_ANY, "The same in the other order.",
        PEER_OPEN, S(SHUT_WR, 0), C(READ_END, 0), C(SHUT_WR, 0), S(READ_END, 0), C(WAIT_HUP, 0),
        S(WAIT_HUP, 0), S(CLOSE, 0), C(CLOSE, 0)),
    PEER_SCRIPT("both-half-close-at-once", PEERS_ANY, "Two FINs cross, each behind bytes.",
        PEER_OPEN, C(SEND, 700), S(SEND, 900), C(SHUT_WR, 0), S(SHUT_WR, 0), C(READ_END, 0),
        S(READ_END, 0), C(CLOSE, 0), S(CLOSE, 0)),
    PEER_SCRIPT("fin-seen-before-its-data", PEERS_ANY,
        "The FIN is visible to poll while the bytes before it are unread.", PEER_OPEN,
        C(SEND, 1000), C(SHUT_WR, 0), S(WAIT_EOF, 0), S(LOOK, 0), S(READ_ONCE, 400),
        S(READ_ONCE, 600), S(READ_ONCE, 1), S(SEND, 10), S(CLOSE, 0), C(READ_END, 0), C(CLOSE, 0)),
    PEER_SCRIPT("write-after-own-fin", PEERS_ANY, "A write after SHUT_WR is the writer's EPIPE.",
        PEER_OPEN, C(SHUT_WR, 0), C(SEND, 1), S(READ_END, 0), S(SEND, 10), C(READ, 10), C(CLOSE, 0),
        S(CLOSE, 0)),
    PEER_SCRIPT("half-closed-states", PEERS_TCP, "FIN_WAIT2 here, CLOSE_WAIT there, for long.",
        PEER_OPEN, C(SHUT_WR, 0), C(WAIT_FIN_WAIT2, 0), S(WAIT_CLOSE_WAIT, 0), C(LOOK, 30),
        S(SEND, 10), C(READ, 10), S(CLOSE, 0), C(READ_END, 0), C(CLOSE, 0)),

    /* Connections without a byte. */
    PEER_SCRIPT("empty-client-closes", PEERS_ANY, "Connect, close.", PEER_OPEN, C(CLOSE, 0),
        S(READ_END, 0), S(CLOSE, 0)),
    PEER_SCRIPT("empty-server-closes", PEERS_ANY, "Accept, close.", PEER_OPEN, S(CLOSE, 0),
        C(READ_END, 0), C(CLOSE, 0)),
    PEER_SCRIPT("empty-half-close", PEERS_ANY, "A FIN each way and no byte.", PEER_OPEN,
        C(SHUT_WR, 0), S(READ_END, 0), S(CLOSE, 0), C(READ_END, 0), C(CLOSE, 0)),
    PEER_SCRIPT("simultaneous-close", PEERS_ANY, "Both close; nobody reads.", PEER_OPEN,
        CW(CLOSE, 0), S(CLOSE, 0)),

    /* Before accept(). */
    PEER_SCRIPT("data-before-accept", PEERS_ANY, "Bytes wait for the server.", S(LISTEN, 16),
        C(CONNECT, 0), C(SEND, 1000), S(WAIT_PENDING, 0), S(ACCEPT, 0), S(READ, 1000), S(SEND, 10),
        C(READ, 10), C(CLOSE, 0), S(READ_END, 0), S(CLOSE, 0)),
    PEER_SCRIPT("fin-before-accept", PEERS_ANY, "The client is gone when the server accepts.",
        S(LISTEN, 16), C(CONNECT, 0), C(CLOSE, 0), S(WAIT_PENDING, 0), S(ACCEPT, 0), S(READ_END, 0),
        S(CLOSE, 0)),
    PEER_SCRIPT("data-and-fin-before-accept", PEERS_ANY, "So is it, but its bytes are there.",
        S(LISTEN, 16), C(CONNECT, 0), C(SEND, 1000), C(CLOSE, 0), S(WAIT_PENDING, 0), S(ACCEPT, 0),
        S(READ_END, 0), S(CLOSE, 0)),
    PEER_SCRIPT("half-close-before-accept", PEERS_ANY, "The reply still finds the client.",
        S(LISTEN, 16), C(CONNECT, 0), C(SEND, 10), C(SHUT_WR, 0), S(WAIT_PENDING, 0), S(ACCEPT, 0),
        S(READ_END, 0), S(SEND, 1000), S(CLOSE, 0), C(READ_END, 0), C(CLOSE, 0)),

    /* close() as the other end learns of it. */
    PEER_SCRIPT("write-after-close", PEERS_TCP, "1st write: fine. Its answer: RST. 2nd: EPIPE.",
        PEER_OPEN, S(CLOSE, 0), C(READ_END, 0), C(SEND, 10), C(WAIT_HUP, 0), C(SEND, 10),
        C(SEND, 10), C(READ_END, 0), C(CLOSE, 0)),
    PEER_SCRIPT("write-after-close-unread-fin", PEERS_TCP, "The same, the EOF never read.",
        PEER_OPEN, S(CLOSE, 0), C(WAIT_EOF, 0), C(SEND, 10), C(WAIT_HUP, 0), C(READ_ONCE, 10),
        C(SEND, 10), C(READ_ONCE, 10), C(CLOSE, 0)),
    PEER_SCRIPT("server-writes-after-close", PEERS_TCP, "The client closes, the server writes.",
        PEER_OPEN, C(SEND, 10), S(READ, 10), C(CLOSE, 0), S(READ_END, 0), S(SEND, 10),
        S(WAIT_HUP, 0), S(SEND, 10), S(READ_END, 0), S(CLOSE, 0)),
    PEER_SCRIPT("write-after-close-so-error", PEERS_TCP, "Poll and SO_ERROR see it after EOF.",
        PEER_OPEN, S(CLOSE, 0), C(READ_END, 0), C(LOOK, 10), C(SEND, 10), C(WAIT_HUP, 0),
        C(SO_ERROR, 0), C(SO_ERROR, 0), C(READ_END, 0), C(SEND, 10), C(CLOSE, 0)),
    PEER_SCRIPT("write-until-close-is-noticed", PEERS_TCP, "A writer that never reads.", PEER_OPEN,
        S(CLOSE, 0), C(WAIT_EOF, 0), C(SEND_TO_ERROR, 0), C(SEND, 10), C(READ_END, 0), C(CLOSE, 0)),
    PEER_SCRIPT("reply-to-a-closed-client", PEERS_TCP, "The impatient client does not wait.",
        PEER_OPEN, C(SEND, 5), C(SEND, 5), C(CLOSE, 0), S(READ_END, 0), S(SEND, 100),
        S(WAIT_HUP, 0), S(SO_ERROR, 0), S(SEND, 100), S(CLOSE, 0)),
    PEER_SCRIPT("patient-client", PEERS_ANY, "Half-closed, it gets both answers.", PEER_OPEN,
        C(SEND, 5), C(SEND, 5), C(SHUT_WR, 0), S(READ, 5), S(SEND, 100), S(READ_END, 0),
        S(SEND, 100), S(CLOSE, 0), C(READ_END, 0), C(CLOSE, 0)),
    PEER_SCRIPT("unix-close-ends-both-ways", PEERS_UNIX, "A closed UNIX peer is EPIPE at once.",
        PEER_OPEN, S(CLOSE, 0), C(WAIT_HUP, 0), C(READ_END, 0), C(SEND, 10), C(CLOSE, 0)),

    /* shutdown() of the read side. */
    PEER_SCRIPT("server-shuts-its-read-side", PEERS_TCP, "The sender notices nothing.", PEER_OPEN,
        S(SHUT_RD, 0), S(READ_ONCE, 10), C(SEND, 1000), S(WAIT_QUEUED, 1000), C(LOOK, 20),
        S(READ_ONCE, 1000), S(READ_ONCE, 10), S(SEND, 10), C(READ, 10), C(CLOSE, 0), S(READ_END, 0),
        S(CLOSE, 0)),
    PEER_SCRIPT("client-shuts-its-read-side", PEERS_TCP, "The same the other way round.", PEER_OPEN,
        C(SHUT_RD, 0), C(READ_ONCE, 10), S(SEND, 1000), C(WAIT_QUEUED, 1000), S(LOOK, 20),
        C(READ_ONCE, 1000), C(SEND, 10), S(READ, 10), S(CLOSE, 0), C(READ_END, 0), C(CLOSE, 0)),
    PEER_SCRIPT("shut-both-then-late-bytes", PEERS_TCP,
        "shutdown(SHUT_RDWR): a FIN, and a RST for what arrives later.", PEER_OPEN, C(SHUT_BOTH, 0),
        S(READ_END, 0), S(SEND, 10), S(WAIT_HUP, 0), S(SEND, 10), C(WAIT_HUP, 0), C(READ_END, 0),
        C(CLOSE, 0), S(CLOSE, 0)),

    /* Death, and copies that outlive a close(). */
    PEER_SCRIPT("client-killed-idle", PEERS_ANY, "The kernel sends a FIN.", PEER_OPEN, C(SEND, 10),
        S(READ, 10), C(KILL, 0), S(READ_END, 0), S(CLOSE, 0)),
    PEER_SCRIPT("server-killed-idle", PEERS_ANY, "The same the other way round.", PEER_OPEN,
        S(SEND, 10), C(READ, 10), S(KILL, 0), C(READ_END, 0), C(CLOSE, 0)),
    PEER_SCRIPT("client-killed-with-queued", PEERS_TCP, "What was queued still arrives.", PEER_OPEN,
        C(FILL, 0), C(KILL, 0), S(READ_REST, 0), S(CLOSE, 0)),
    PEER_SCRIPT("server-killed-with-queued", PEERS_TCP, "The same downstream.", PEER_OPEN,
        S(FILL, 0), S(KILL, 0), C(READ_REST, 0), C(CLOSE, 0)),
    PEER_SCRIPT("leaked-copy", PEERS_ANY, "A forked child holds the socket: close() sends nothing.",
        PEER_OPEN, C(SEND, 10), S(READ, 10), C(LEND, 0), C(CLOSE, 0), S(LOOK, 30), C(TAKE_BACK, 0),
        S(READ_END, 0), S(CLOSE, 0)),
    PEER_SCRIPT("leaked-copy-of-the-server", PEERS_ANY, "The CLOSE_WAIT leak of a forked server.",
        PEER_OPEN, S(LEND, 0), C(SHUT_WR, 0), S(READ_END, 0), S(CLOSE, 0), C(LOOK, 30),
        S(TAKE_BACK, 0), C(READ_END, 0), C(CLOSE, 0)),
    PEER_SCRIPT("shutdown-despite-a-copy", PEERS_ANY, "shutdown() acts whoever holds the socket.",
        PEER_OPEN, C(LEND, 0), C(SHUT_WR, 0), S(READ_END, 0), S(SEND, 10), C(READ, 10), C(CLOSE, 0),
        S(LOOK, 10), C(TAKE_BACK, 0), S(CLOSE, 0)),

    /* SO_LINGER, other than zero. */
    PEER_SCRIPT("linger-off", PEERS_TCP, "close() returns at once, all is delivered.", PEER_OPEN,
        C(FILL, 0), C(CLOSE, 0), S(READ_REST, 0), S(CLOSE, 0)),
    PEER_SCRIPT("linger-n-small", PEERS_ANY, "close() waits for an acknowledgement that comes.",
        PEER_OPEN, C(SEND, 1000), C(LINGER, 5), C(CLOSE, 0), S(READ_END, 0), S(CLOSE, 0)),
    PEER_SCRIPT("linger-n-server", PEERS_ANY, "The same from the server.", PEER_OPEN, S(SEND, 1000),
        S(LINGER, 5), S(CLOSE, 0), C(READ_END, 0), C(CLOSE, 0)),
    PEER_SCRIPT("linger-n-runs-out", PEERS_TCP, "Nobody reads in time; all is delivered still.",
        PEER_OPEN, C(FILL, 0), C(LINGER, 1), C(CLOSE, 0), S(READ_REST, 0), S(CLOSE, 0)),
};

const struct peer_script_list peers_scripts_close = {
    .subject = "close",
    .scripts = scripts,
    .n = sizeof(scripts) / sizeof(scripts[0]),
};
