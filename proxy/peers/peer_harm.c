/* SPDX-License-Identifier: MIT */
/*
 * Harm that a careful program cannot do to its peer: disappear silently, or not receive.
 *
 * A rebooted host has forgotten its connections. A socket closed in repair mode sends nothing
 * (TCP_REPAIR, tcp(7)), and later segments for it are answered with a RST. A host that is switched
 * off, or behind a NAT that has forgotten the flow, answers nothing at all: a classic BPF filter on
 * the socket drops arriving segments before TCP sees them (SO_ATTACH_FILTER, socket(7)). Both need
 * CAP_NET_ADMIN.
 */
#include "proxy/peers/peer.h"

#include <errno.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

int peer_vanish(struct peer *peer)
{
    const int on = 1;
    if (setsockopt(peer->fd, IPPROTO_TCP, TCP_REPAIR, &on, sizeof(on)) != 0)
        return -errno;
    return peer_close(peer);
}

/* A segment begins with its TCP header, whose length is in the upper half of byte 12, in words. */
int peer_deafen(struct peer *peer, size_t larger_than)
{
    struct sock_filter steps[] = {
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 12),
        BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xf0),
        BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, 2),
        BPF_STMT(BPF_MISC | BPF_TAX, 0),
        BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0),
        BPF_STMT(BPF_ALU | BPF_SUB | BPF_X, 0), /* A = bytes of data */
        BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, (unsigned)larger_than, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, 0), /* lost */
        BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
    };
    struct sock_filter all[] = {BPF_STMT(BPF_RET | BPF_K, 0)};
    const struct sock_fprog some_program = {sizeof(steps) / sizeof(steps[0]), steps};
    const struct sock_fprog all_program = {1, all};
    const struct sock_fprog *program = larger_than > 0 ? &some_program : &all_program;
    if (setsockopt(peer->fd, SOL_SOCKET, SO_ATTACH_FILTER, program, sizeof(*program)) != 0)
        return -errno;
    return 0;
}

int peer_crowd(struct peer *peer, const struct peer_address *address, int patience_ms)
{
    while (peer->spare_count < PEER_SPARES) {
        struct peer other;
        peer_init(&other, peer->actor);
        other.network = peer->network;
        int result = peer_connect(&other, address, patience_ms);
        if (result == -EINPROGRESS)
            return 0;
        if (result != 0)
            return result;
        peer->spares[peer->spare_count++] = other.fd;
    }
    return -EUSERS;
}

static int set_tcp(struct peer *peer, int name, int value)
{
    return setsockopt(peer->fd, IPPROTO_TCP, name, &value, sizeof(value)) == 0 ? 0 : -errno;
}

int peer_keepalive(struct peer *peer, int seconds)
{
    const int on = 1;
    int result = set_tcp(peer, TCP_KEEPIDLE, seconds);
    if (result == 0)
        result = set_tcp(peer, TCP_KEEPINTVL, seconds);
    if (result == 0 && setsockopt(peer->fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on)) != 0)
        result = -errno;
    return result;
}

int peer_user_timeout(struct peer *peer, int ms)
{
    return set_tcp(peer, TCP_USER_TIMEOUT, ms);
}
