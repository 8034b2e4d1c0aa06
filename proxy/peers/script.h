/* SPDX-License-Identifier: MIT */
/*
 * Scripts: what a client and a server do, step by step, and what each of them saw.
 *
 * A script is a constant array of steps. peers_run() carries them out in order, in the calling
 * thread, and writes one transcript line for each. Every wait is for a condition, by poll() with
 * a deadline. Steps marked `with_next` run together with the step that follows, which is how 8 MB
 * are written by one end while the other reads. What two runs of a script should have in common
 * is in the text of the lines; see transcript.h.
 *
 * The same script runs on a direct connection and through a proxy: only the route differs. A wait
 * that is to hold on both must be for something its own end can see (bytes queued, FIN or RST
 * arrived): that the far end of a proxied connection acknowledged something cannot be seen.
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
    PEER_CROWD,        /* arg: ms; others connect, until one gets no answer for so long */

    /* Writing. */
    PEER_SEND,          /* arg: bytes, size: at most so many in one call; until all are taken */
    PEER_FILL,          /* writes until the kernel takes no more */
    PEER_SEND_TO_ERROR, /* writes until a write fails */
    PEER_SEND_URGENT,   /* one byte, MSG_OOB */
    PEER_SEND_SLICES,   /* arg: bytes, size: in segments of so many */
    PEER_DRIP,          /* the same, PEERS_DRIP_MS apart */

    /* Reading. */
    PEER_READ,        /* arg: bytes; until all are there */
    PEER_READ_SENT,   /* all that the other end has sent so far */
    PEER_READ_ONCE,   /* arg: bytes at most; waits until one recv() gives anything */
    PEER_READ_END,    /* until EOF or an error; how many bytes came is part of the text */
    PEER_READ_REST,   /* the same, but says only: all of what was sent, part of it, nothing */
    PEER_READ_LULL,   /* arg: ms; until nothing has come for so long, how many bytes came before */
    PEER_READ_SLICED, /* arg: bytes, size: did no segment hold more? the first read there is */
    PEER_READ_URGENT, /* recv() with MSG_OOB, at once */
    PEER_READ_MARKED, /* the urgent byte where it stands, when it is read in line */

    /* Ending. */
    PEER_SHUT_WR,
    PEER_SHUT_RD,
    PEER_SHUT_BOTH,
    PEER_LINGER,    /* arg: seconds, for the close() to come */
    PEER_CLOSE,     /* with what is unread left unread */
    PEER_RESET,     /* SO_LINGER {1,0} and close() */
    PEER_VANISH,    /* the connection is forgotten, nothing is sent; privileged */
    PEER_DEAFEN,    /* arg: what arrives with more bytes is lost, 0: all; privileged */
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
    PEER_UNACKED,         /* arg: ms; what we wrote is not acknowledged for so long */
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
