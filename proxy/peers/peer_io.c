/* SPDX-License-Identifier: MIT */
/*
 * The bytes of one end: pattern out, pattern in.
 *
 * Each call is one send() or recv() and advances the peer's stream offset by the number of bytes.
 * An unexpected byte marks the peer as spoiled at its offset. Reading continues, because the end of
 * the stream still matters. Urgent bytes are outside the pattern, whichever way they are read.
 */
#include "proxy/peers/pattern.h"
#include "proxy/peers/peer.h"

#include <errno.h>
#include <sys/socket.h>

/* Bytes for one call; large enough that 8 MB take few calls, small enough for any stack. */
#define IO_BYTES 65536

static ssize_t send_pattern(struct peer *peer, size_t n, int flags)
{
    unsigned char bytes[IO_BYTES];
    size_t want = n < sizeof(bytes) ? n : sizeof(bytes);

    peer_pattern_fill(peer->actor, peer->sent, bytes, want);
    ssize_t taken = send(peer->fd, bytes, want, flags | MSG_NOSIGNAL | MSG_DONTWAIT);
    if (taken < 0)
        return -errno;
    peer->sent += (uint64_t)taken;
    return taken;
}

ssize_t peer_send(struct peer *peer, size_t n)
{
    return send_pattern(peer, n, 0);
}

ssize_t peer_send_segment(struct peer *peer, size_t n)
{
    return send_pattern(peer, n, MSG_EOR);
}

ssize_t peer_receive(struct peer *peer, size_t n)
{
    unsigned char bytes[IO_BYTES];
    unsigned sender = peer->actor == PEER_CLIENT ? PEER_SERVER : PEER_CLIENT;
    size_t want = n < sizeof(bytes) ? n : sizeof(bytes);

    ssize_t got = recv(peer->fd, bytes, want, MSG_DONTWAIT);
    if (got < 0)
        return -errno;
    size_t good = peer_pattern_match(sender, peer->received, bytes, (size_t)got);
    if (good < (size_t)got && !peer->spoiled) {
        peer->spoiled = true;
        peer->spoiled_at = peer->received + good;
    }
    peer->received += (uint64_t)got;
    return got;
}

int peer_send_urgent(struct peer *peer)
{
    const char byte = PEER_URGENT_BYTE;
    return send(peer->fd, &byte, 1, MSG_OOB | MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? -errno : 0;
}

int peer_receive_urgent(struct peer *peer, int flags)
{
    char byte = 0;
    ssize_t got = recv(peer->fd, &byte, 1, flags | MSG_DONTWAIT);
    if (got < 0)
        return -errno;
    if (got == 0)
        return -ENODATA;
    return byte == PEER_URGENT_BYTE ? 0 : -EILSEQ;
}
