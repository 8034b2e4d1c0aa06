/* SPDX-License-Identifier: MIT */
/*
 * Scripts: what a client and a server do, step by step, and what each of them saw.
 *
 * A script is a constant array of steps. peers_run() runs them in order, in the calling thread, and
 * writes one transcript line for each. Every wait is for a condition, by poll() with a deadline. A
 * step marked `with_next` runs together with the next step: so one end can write 8 MB while the
 * other reads. The text of the lines contains only what two runs of a script have in common; see
 * transcript.h.
 *
 * A script runs unchanged on a direct connection and through a proxy: only the route differs. A
 * wait that must hold on both can only be for something that its own end can see (bytes queued, FIN
 * or RST arrived). That the far end of a proxied connection acknowledged something cannot be seen.
 */
#ifndef RUDEPROXY_PEERS_SCRIPT_H
#define RUDEPROXY_PEERS_SCRIPT_H

#include "proxy/peers/peer.h"
#include "proxy/peers/transcript.h"

enum peer_op {
    /* Opening. */
    PEER_LISTEN,       /* arg: backlog */
    PEER_CONNECT,      /* for at most the deadline */
    PEER_WAIT_PENDING, /* until a connection waits to be accepted */
    PEER_ACCEPT,       /* waits for a connection and takes it */
    PEER_UNLISTEN,     /* closes the listening socket */
    PEER_CONNECT_FOR,  /* arg: ms to wait for an answer */
    PEER_CONNECT_UP,   /* tries again and again, until it succeeds */
    PEER_TRY_REFUSED,  /* other connections, until connect() fails: with what */
    PEER_CROWD,        /* arg: ms; others connect until one gets no answer within that time */

    /* Writing. */
    PEER_SEND,          /* arg: bytes, size: limit of one call; until all are written */
    PEER_FILL,          /* writes until the kernel takes no more */
    PEER_SEND_TO_ERROR, /* writes until a write fails */
    PEER_SEND_URGENT,   /* one byte, MSG_OOB */
    PEER_SEND_SLICES,   /* arg: bytes, size: bytes in a segment */
    PEER_DRIP,          /* like PEER_SEND_SLICES, PEERS_DRIP_MS apart */

    /* Reading. */
    PEER_READ,      /* arg: bytes; until all are there */
    PEER_READ_SENT, /* all that the other end has sent so far */
    PEER_READ_ONCE, /* arg: bytes at most; waits until one recv() returns anything */
    PEER_READ_END,  /* until EOF or an error; how many bytes came is part of the text */
    /* until EOF or an error; the text only says all, part or nothing was received */
    PEER_READ_REST,
    /* arg: ms; until nothing has arrived for that time; says how many bytes came before */
    PEER_READ_LULL,
    PEER_READ_SLICED, /* arg: bytes, size: did no segment hold more? the first read there is */
    PEER_READ_URGENT, /* recv() with MSG_OOB, at once */
    PEER_READ_MARKED, /* the urgent byte where it stands, when it is read in line */

    /* Ending. */
    PEER_SHUT_WR,
    PEER_SHUT_RD,
    PEER_SHUT_BOTH,
    PEER_LINGER,    /* arg: seconds, for the close() to come */
    PEER_CLOSE,     /* with unread bytes left unread */
    PEER_RESET,     /* SO_LINGER {1,0} and close() */
    PEER_VANISH,    /* the connection is forgotten, nothing is sent; privileged */
    PEER_DEAFEN,    /* arg: segments with more bytes are dropped, 0: all; privileged */
    PEER_KILL,      /* the process dies by SIGKILL */
    PEER_LEND,      /* a forked child holds a copy from here on ... */
    PEER_TAKE_BACK, /* ... until here, where it is killed */

    /* Waiting and looking. */
    PEER_INLINE,          /* SO_OOBINLINE on */
    PEER_WAIT_QUEUED,     /* arg: bytes in our receive queue, unread */
    PEER_WAIT_ACKED,      /* all we wrote, FIN included, is acknowledged (by the next hop!) */
    PEER_WAIT_URGENT,     /* poll says PRI */
    PEER_WAIT_EOF,        /* poll says RDHUP: a FIN is here, perhaps behind unread bytes */
    PEER_WAIT_HUP,        /* poll says HUP without being asked: reset, or closed both ways */
    PEER_WAIT_FIN_WAIT2,  /* our FIN is acknowledged, the other end's has not come */
    PEER_WAIT_CLOSE_WAIT, /* the other end's FIN is here, ours was not sent */
    PEER_AT_MARK,         /* sockatmark() */
    PEER_SO_ERROR,        /* getsockopt(SO_ERROR), which takes the error away */
    PEER_UNACKED,         /* arg: ms; the bytes written are not acknowledged within that time */
    PEER_SINCE_SEND,      /* arg: ms; is it that long since our last send? */
    PEER_KEEPALIVE,       /* arg: seconds */
    PEER_USER_TIMEOUT,    /* arg: ms */
    PEER_LOOK,            /* arg: ms; then what poll says. Only where nothing is to arrive */
    PEER_OPS
};

struct peer_step {
    enum peer_actor actor;
    enum peer_op op;
    size_t arg;
    size_t size;
    bool with_next;
};

/* Families a script makes sense in, as bits. */
#define PEERS_TCP 1u
#define PEERS_UNIX 2u
#define PEERS_ANY (PEERS_TCP | PEERS_UNIX)

struct peer_script {
    const char *name;  /* lower case and hyphens, fit for a proxy's section name */
    const char *story; /* one sentence */
    unsigned families; /* PEERS_* */
    const struct peer_step *steps;
    size_t n;
};

struct peers_route {
    struct peer_address listen; /* the server's; port 0: the kernel chooses */
    struct peer_address dial;   /* the client's; length 0: straight to where the server listens */
    int client_network;         /* a descriptor of the client's network namespace; 0: ours */
    int deadline_ms;            /* for each step, or group of steps that run together */
};

/* Between two segments of a drip. */
#define PEERS_DRIP_MS 20

/* Deadline that is right unless a machine is very slow. */
#define PEERS_DEADLINE_MS 10000

/* Runs `script` and fills out[PEER_CLIENT] and out[PEER_SERVER]. Closes everything it opened and
 * reaps every child, whatever happens. 0, or -ETIMEDOUT if a wait ran out; the script ends there
 * and the transcripts say at which line. Forks (see peer_lend); otherwise touches no global state,
 * so runs may go on in several threads. */
int peers_run(const struct peer_script *script, const struct peers_route *route,
    struct transcript out[PEER_ACTORS]);

#endif
