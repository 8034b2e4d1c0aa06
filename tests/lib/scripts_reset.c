/* SPDX-License-Identifier: MIT */
/*
 * Scripts about RST: by SO_LINGER {1,0}, by close() with unread bytes, by death with unread bytes,
 * and in answer to bytes for a socket that is gone; in every state of the other end.
 *
 * The victim waits for HUP before it acts, so that the order of what it sees is fixed. It cannot
 * do so when more is queued for it than fits its receive queue: a proxy can pass the RST on only
 * behind the bytes, and they do not move until they are read.
 */
#include "tests/lib/scripts.h"

#define C PEER_C
#define S PEER_S
#define CW PEER_C_WITH
#define SW PEER_S_WITH

#define MB ((size_t)1 << 20)

static const struct peer_script scripts[] = {
    /* Idle, and around data. */
    PEER_SCRIPT("client-resets", PEERS_TCP, "Connect, RST.", PEER_OPEN, C(RESET, 0), S(WAIT_HUP, 0),
        S(READ_END, 0), S(CLOSE, 0)),
    PEER_SCRIPT("server-resets", PEERS_TCP, "Accept, RST.", PEER_OPEN, S(RESET, 0), C(WAIT_HUP, 0),
        C(READ_END, 0), C(CLOSE, 0)),
    PEER_SCRIPT("client-resets-after-data", PEERS_TCP, "The data can be read first.", PEER_OPEN,
        C(SEND, 1000), C(RESET, 0), S(WAIT_HUP, 0), S(READ_END, 0), S(CLOSE, 0)),
    PEER_SCRIPT("server-resets-after-data", PEERS_TCP, "The same downstream.", PEER_OPEN,
        S(SEND, 1000), S(RESET, 0), C(WAIT_HUP, 0), C(READ_END, 0), C(CLOSE, 0)),
    PEER_SCRIPT("reset-after-reply", PEERS_TCP, "All of the reply, then RST instead of FIN.",
        PEER_OPEN, C(SEND, 100), S(READ, 100), S(SEND, 5000), S(RESET, 0), C(READ_END, 0),
        C(CLOSE, 0)),
    PEER_SCRIPT("reset-after-dialogue", PEERS_TCP, "All bytes of both ends were read.", PEER_OPEN,
        C(SEND, 10), S(READ, 10), S(SEND, 10), C(READ, 10), C(RESET, 0), S(WAIT_HUP, 0),
        S(READ_END, 0), S(CLOSE, 0)),
    PEER_SCRIPT("reset-after-8-mb", PEERS_TCP, "A long transfer, all read, then RST.", PEER_OPEN,
        SW(SEND, 8 * MB), C(READ, 8 * MB), S(RESET, 0), C(WAIT_HUP, 0), C(READ_END, 0),
        C(CLOSE, 0)),
    PEER_SCRIPT("reset-in-mid-transfer", PEERS_TCP, "The reader gives up after 1 MB.", PEER_OPEN,
        CW(FILL, 0), S(READ, MB), S(RESET, 0), C(WAIT_HUP, 0), C(SEND, 10), C(CLOSE, 0)),
    PEER_SCRIPT("reset-with-unread", PEERS_TCP, "The resetting end had bytes unread, too.",
        PEER_OPEN, C(SEND, 500), S(WAIT_QUEUED, 500), S(SEND, 700), S(RESET, 0), C(WAIT_HUP, 0),
        C(READ_END, 0), C(CLOSE, 0)),

    /* How the victim learns of it. */
    PEER_SCRIPT("reset-once-then-eof", PEERS_TCP, "recv(): ECONNRESET once, then EOF.", PEER_OPEN,
        S(SEND, 10), S(RESET, 0), C(WAIT_HUP, 0), C(READ_ONCE, 100), C(READ_ONCE, 100),
        C(READ_ONCE, 100), C(READ_ONCE, 100), C(SEND, 1), C(CLOSE, 0)),
    PEER_SCRIPT("reset-seen-by-write", PEERS_TCP, "send(): ECONNRESET, then EPIPE; recv(): EOF.",
        PEER_OPEN, S(RESET, 0), C(WAIT_HUP, 0), C(SEND, 10), C(SEND, 10), C(READ_ONCE, 10),
        C(CLOSE, 0)),
    PEER_SCRIPT("reset-seen-by-so-error", PEERS_TCP, "SO_ERROR takes it from the next recv().",
        PEER_OPEN, S(RESET, 0), C(WAIT_HUP, 0), C(LOOK, 0), C(SO_ERROR, 0), C(SO_ERROR, 0),
        C(LOOK, 0), C(READ_ONCE, 10), C(SEND, 10), C(CLOSE, 0)),
    PEER_SCRIPT("write-fails-data-stays", PEERS_TCP, "A failed write loses no bytes to read.",
        PEER_OPEN, S(SEND, 10), C(WAIT_QUEUED, 10), S(RESET, 0), C(WAIT_HUP, 0), C(SEND, 10),
        C(READ_END, 0), C(SEND, 10), C(CLOSE, 0)),

    /* Around a FIN. */
    PEER_SCRIPT("client-fin-then-reset", PEERS_TCP, "Reads say EOF; poll and write see EPIPE.",
        PEER_OPEN, C(SEND, 10), C(SHUT_WR, 0), S(READ_END, 0), C(RESET, 0), S(WAIT_HUP, 0),
        S(READ_ONCE, 10), S(SEND, 10), S(SEND, 10), S(CLOSE, 0)),
    PEER_SCRIPT("server-fin-then-reset", PEERS_TCP, "The same downstream.", PEER_OPEN, S(SEND, 10),
        S(SHUT_WR, 0), C(READ_END, 0), S(RESET, 0), C(WAIT_HUP, 0), C(READ_ONCE, 10), C(SEND, 10),
        C(SEND, 10), C(CLOSE, 0)),
    PEER_SCRIPT("fin-then-reset-so-error", PEERS_TCP, "SO_ERROR says EPIPE.", PEER_OPEN,
        S(SHUT_WR, 0), C(READ_END, 0), S(RESET, 0), C(WAIT_HUP, 0), C(SO_ERROR, 0), C(SEND, 10),
        C(CLOSE, 0)),
    PEER_SCRIPT("fin-and-reset-at-once", PEERS_TCP, "Data, FIN and RST before anyone reads.",
        PEER_OPEN, C(SEND, 1000), C(SHUT_WR, 0), S(WAIT_EOF, 0), C(RESET, 0), S(WAIT_HUP, 0),
        S(READ_END, 0), S(SEND, 10), S(CLOSE, 0)),
    PEER_SCRIPT("data-fin-and-reset-in-one-go", PEERS_TCP, "The same, nobody waits in between.",
        PEER_OPEN, S(SEND, 1000), S(SHUT_WR, 0), S(RESET, 0), C(WAIT_HUP, 0), C(SO_ERROR, 0),
        C(READ_END, 0), C(SEND, 10), C(CLOSE, 0)),
    PEER_SCRIPT("server-resets-half-closed-client", PEERS_TCP,
        "RST after the client's half-close reaches it: ECONNRESET.", PEER_OPEN, C(SEND, 10),
        C(SHUT_WR, 0), S(READ_END, 0), S(RESET, 0), C(WAIT_HUP, 0), C(READ_END, 0), C(CLOSE, 0)),
    PEER_SCRIPT("server-resets-mid-reply", PEERS_TCP, "So does one behind part of the reply.",
        PEER_OPEN, C(SEND, 10), C(SHUT_WR, 0), S(READ_END, 0), S(SEND, 1000), S(RESET, 0),
        C(WAIT_HUP, 0), C(READ_END, 0), C(CLOSE, 0)),
    PEER_SCRIPT("client-resets-half-closed-server", PEERS_TCP, "The same the other way round.",
        PEER_OPEN, S(SEND, 10), S(SHUT_WR, 0), C(READ_END, 0), C(SEND, 1000), C(RESET, 0),
        S(WAIT_HUP, 0), S(READ_END, 0), S(CLOSE, 0)),
    PEER_SCRIPT("reset-after-both-fins", PEERS_TCP, "Nothing is left to reset.", PEER_OPEN,
        C(SHUT_WR, 0), S(READ_END, 0), S(SHUT_WR, 0), C(READ_END, 0), S(WAIT_ACKED, 0), C(RESET, 0),
        S(LOOK, 20), S(SO_ERROR, 0), S(CLOSE, 0)),

    /* Nobody reads: the direction is paused, megabytes are queued. */
    PEER_SCRIPT("blocked-client-is-reset", PEERS_TCP, "The server resets a writer it never read.",
        PEER_OPEN, C(FILL, 0), S(RESET, 0), C(WAIT_HUP, 0), C(READ_END, 0), C(CLOSE, 0)),
    PEER_SCRIPT("blocked-server-is-reset", PEERS_TCP, "The same downstream.", PEER_OPEN, S(FILL, 0),
        C(RESET, 0), S(WAIT_HUP, 0), S(READ_END, 0), S(CLOSE, 0)),
    PEER_SCRIPT("blocked-client-resets", PEERS_TCP, "RST with a full queue loses bytes.", PEER_OPEN,
        C(FILL, 0), C(RESET, 0), S(READ_REST, 0), S(CLOSE, 0)),
    PEER_SCRIPT("blocked-server-resets", PEERS_TCP, "The same downstream.", PEER_OPEN, S(FILL, 0),
        S(RESET, 0), C(READ_REST, 0), C(CLOSE, 0)),
    PEER_SCRIPT("both-blocked-client-resets", PEERS_TCP, "Both directions are full.", PEER_OPEN,
        C(FILL, 0), S(FILL, 0), C(RESET, 0), S(READ_REST, 0), S(CLOSE, 0)),
    PEER_SCRIPT("both-blocked-server-resets", PEERS_TCP, "The same the other way round.", PEER_OPEN,
        C(FILL, 0), S(FILL, 0), S(RESET, 0), C(READ_REST, 0), C(CLOSE, 0)),
    PEER_SCRIPT("blocked-write-fails", PEERS_TCP, "A writer waiting for room gets ECONNRESET.",
        PEER_OPEN, C(FILL, 0), CW(SEND_TO_ERROR, 0), S(RESET, 0), C(SEND, 10), C(READ_END, 0),
        C(CLOSE, 0)),
    PEER_SCRIPT("blocked-write-of-server-fails", PEERS_TCP, "The same downstream.", PEER_OPEN,
        S(FILL, 0), SW(SEND_TO_ERROR, 0), C(RESET, 0), S(SEND, 10), S(READ_END, 0), S(CLOSE, 0)),
    PEER_SCRIPT("blocked-write-after-half-close", PEERS_TCP,
        "The reader half-closed, then resets: EPIPE.", PEER_OPEN, C(FILL, 0), S(SHUT_WR, 0),
        C(READ_END, 0), CW(SEND_TO_ERROR, 0), S(RESET, 0), C(CLOSE, 0)),

    /* close() with unread bytes. */
    PEER_SCRIPT("client-closes-unread", PEERS_TCP, "A welcome was left unread: RST.", PEER_OPEN,
        S(SEND, 9), C(WAIT_QUEUED, 9), C(CLOSE, 0), S(WAIT_HUP, 0), S(READ_END, 0), S(CLOSE, 0)),
    PEER_SCRIPT("server-closes-unread", PEERS_TCP, "A request was left unread: RST.", PEER_OPEN,
        C(SEND, 100), S(WAIT_QUEUED, 100), S(CLOSE, 0), C(WAIT_HUP, 0), C(READ_END, 0),
        C(CLOSE, 0)),
    PEER_SCRIPT("unread-on-both-sides", PEERS_TCP, "Both have bytes unread.", PEER_OPEN,
        C(SEND, 100), S(SEND, 200), C(WAIT_QUEUED, 200), S(WAIT_QUEUED, 100), C(CLOSE, 0),
        S(WAIT_HUP, 0), S(READ_END, 0), S(CLOSE, 0)),
    PEER_SCRIPT("unread-welcome", PEERS_TCP, "Megabytes are lost for 9 unread bytes.", PEER_OPEN,
        S(SEND, 9), C(WAIT_QUEUED, 9), C(FILL, 0), C(CLOSE, 0), S(READ_REST, 0), S(CLOSE, 0)),
    PEER_SCRIPT("unread-welcome-fixed", PEERS_ANY, "SHUT_WR, read to EOF, close: nothing is lost.",
        PEER_OPEN, S(SEND, 9), C(WAIT_QUEUED, 9), CW(SEND, MB), S(READ, MB), C(SHUT_WR, 0),
        S(READ_END, 0), S(CLOSE, 0), C(READ_END, 0), C(CLOSE, 0)),
    PEER_SCRIPT("early-response", PEERS_TCP, "413: answered, then closed on the unread request.",
        PEER_OPEN, C(SEND, 10000), S(READ, 1000), S(WAIT_QUEUED, 9000), S(SEND, 200), S(CLOSE, 0),
        C(WAIT_HUP, 0), C(READ_END, 0), C(CLOSE, 0)),
    PEER_SCRIPT("half-closed-client-leaves-reply", PEERS_TCP, "Its close() resets: EPIPE.",
        PEER_OPEN, C(SHUT_WR, 0), S(READ_END, 0), S(SEND, 1000), C(WAIT_QUEUED, 1000), C(CLOSE, 0),
        S(WAIT_HUP, 0), S(SEND, 10), S(CLOSE, 0)),
    PEER_SCRIPT("close-unread-after-peer-fin", PEERS_TCP, "Bytes before a FIN were left unread.",
        PEER_OPEN, S(SEND, 1000), S(SHUT_WR, 0), C(WAIT_EOF, 0), C(CLOSE, 0), S(WAIT_HUP, 0),
        S(READ_END, 0), S(CLOSE, 0)),
    PEER_SCRIPT("close-unread-megabytes", PEERS_TCP, "The reader closes on a full direction.",
        PEER_OPEN, C(FILL, 0), S(CLOSE, 0), C(WAIT_HUP, 0), C(SEND, 10), C(READ_END, 0),
        C(CLOSE, 0)),

    /* Death. */
    PEER_SCRIPT("server-killed-with-unread", PEERS_TCP, "The kernel resets.", PEER_OPEN,
        C(SEND, 100), S(WAIT_QUEUED, 100), S(KILL, 0), C(WAIT_HUP, 0), C(READ_END, 0), C(CLOSE, 0)),
    PEER_SCRIPT("client-killed-with-unread", PEERS_TCP, "The same the other way round.", PEER_OPEN,
        S(SEND, 100), C(WAIT_QUEUED, 100), C(KILL, 0), S(WAIT_HUP, 0), S(READ_END, 0), S(CLOSE, 0)),
    PEER_SCRIPT("reader-killed-writer-blocked", PEERS_TCP, "A blocked writer learns of it.",
        PEER_OPEN, C(FILL, 0), CW(SEND_TO_ERROR, 0), S(KILL, 0), C(CLOSE, 0)),

    /* Before accept(). */
    PEER_SCRIPT("reset-before-accept", PEERS_TCP, "accept() works, the read fails.", S(LISTEN, 16),
        C(CONNECT, 0), C(RESET, 0), S(WAIT_PENDING, 0), S(ACCEPT, 0), S(WAIT_HUP, 0),
        S(READ_END, 0), S(CLOSE, 0)),
    PEER_SCRIPT("data-and-reset-before-accept", PEERS_TCP, "Its bytes can still be read.",
        S(LISTEN, 16), C(CONNECT, 0), C(SEND, 1000), C(RESET, 0), S(WAIT_PENDING, 0), S(ACCEPT, 0),
        S(WAIT_HUP, 0), S(READ_END, 0), S(CLOSE, 0)),
    PEER_SCRIPT("listener-closed-before-accept", PEERS_TCP, "What nobody accepted is reset.",
        S(LISTEN, 16), C(CONNECT, 0), S(WAIT_PENDING, 0), S(UNLISTEN, 0), C(WAIT_HUP, 0),
        C(READ_END, 0), C(CLOSE, 0)),

    /* In answer to bytes. */
    PEER_SCRIPT("keepalive-race", PEERS_TCP, "A request for a connection closed as idle.",
        PEER_OPEN, C(SEND, 100), S(READ, 100), S(SEND, 100), C(READ, 100), S(CLOSE, 0),
        C(WAIT_EOF, 0), C(SEND, 100), C(WAIT_HUP, 0), C(READ_END, 0), C(CLOSE, 0)),
    PEER_SCRIPT("late-bytes-after-half-close", PEERS_TCP, "The half-closed end closes fully.",
        PEER_OPEN, C(SHUT_WR, 0), S(READ_END, 0), S(SEND, 10), C(READ, 10), C(CLOSE, 0),
        S(LOOK, 10), S(SEND, 10), S(WAIT_HUP, 0), S(SEND, 10), S(CLOSE, 0)),
};

const struct peer_script_list peers_scripts_reset = {
    .subject = "reset",
    .scripts = scripts,
    .n = sizeof(scripts) / sizeof(scripts[0]),
};
