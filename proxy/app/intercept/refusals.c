/* SPDX-License-Identifier: MIT */
/*
 * A classic BPF program lets two kinds of TCP segment through: RST with ACK and sequence number 0,
 * which answers a SYN to a port where nobody listens (RFC 9293 3.10.7.1), and SYN with ACK, which
 * says that somebody does. So the socket costs next to nothing while data flows.
 */
#include "proxy/app/intercept/refusals.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define IPV6_HEADER 40
#define TCP_HEADER 20
#define TCP_SEQ_AT 4
#define TCP_FLAGS_AT 13
#define FLAGS_MASK 0x17 /* FIN, SYN, RST, ACK */
#define FLAGS_RST_ACK 0x14
#define FLAGS_SYN_ACK 0x12
#define SNAP 128 /* an IP header with options, and a TCP header */

static const struct sock_filter program[] = {
    BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 0), /* 0: version */
    BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xf0),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x40, 1, 0),  /* IPv4: 4 */
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x60, 5, 11), /* IPv6: 9 */
    BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 9),            /* 4: protocol */
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_TCP, 0, 9),
    BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0),
    BPF_STMT(BPF_LD | BPF_B | BPF_IND, TCP_FLAGS_AT),
    BPF_JUMP(BPF_JMP | BPF_JA, 3, 0, 0),   /* 12 */
    BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 6), /* 9: next header */
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_TCP, 0, 4),
    BPF_STMT(BPF_LD | BPF_B | BPF_ABS, IPV6_HEADER + TCP_FLAGS_AT),
    BPF_STMT(BPF_ALU | BPF_AND | BPF_K, FLAGS_MASK), /* 12 */
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, FLAGS_RST_ACK, 2, 0),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, FLAGS_SYN_ACK, 1, 0),
    BPF_STMT(BPF_RET | BPF_K, 0), /* 15 */
    BPF_STMT(BPF_RET | BPF_K, SNAP),
};

static uint16_t read_16(const unsigned char *bytes)
{
    return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

static void set_served(struct refusals *refusals, uint16_t port)
{
    refusals->served[port / 8] |= (uint8_t)(1u << port % 8);
}

static bool is_served(const struct refusals *refusals, uint16_t port)
{
    return (refusals->served[port / 8] & 1u << port % 8) != 0;
}

static void note_refusal(struct refusals *refusals, uint16_t port, const char *address)
{
    size_t i = 0;
    while (i < refusals->count && strcmp(refusals->list[i].address, address) != 0)
        i++;
    if (i == REFUSALS_MAX)
        return;
    if (i == refusals->count) {
        refusals->count++;
        refusals->list[i].port = port;
        snprintf(refusals->list[i].address, sizeof refusals->list[i].address, "%s", address);
    }
    refusals->list[i].count++;
}

/* Where the TCP header of a packet begins, and the address that it came from; 0: it is none. */
static size_t find_tcp(const unsigned char *bytes, size_t size, struct sockaddr_storage *source)
{
    struct sockaddr_in *in = (struct sockaddr_in *)source;
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)source;
    bool is_ipv6 = size > 0 && bytes[0] >> 4 == 6;
    size_t at = is_ipv6 ? IPV6_HEADER : (bytes[0] & 0xfu) * 4u;
    memset(source, 0, sizeof *source);
    if (size < at + TCP_HEADER)
        return 0;
    source->ss_family = is_ipv6 ? AF_INET6 : AF_INET;
    if (is_ipv6)
        memcpy(&in6->sin6_addr, bytes + 8, sizeof in6->sin6_addr);
    else
        memcpy(&in->sin_addr, bytes + 12, sizeof in->sin_addr);
    /* sin_port and sin6_port lie at the same place */
    memcpy(&in->sin_port, bytes + at, sizeof in->sin_port);
    return at;
}

static void take_packet(struct refusals *refusals, const unsigned char *bytes, size_t size)
{
    static const unsigned char zero[4];
    struct sockaddr_storage source;
    char text[ADDRESS_TEXT_MAX];
    size_t at = find_tcp(bytes, size, &source);
    if (at == 0)
        return;
    uint16_t port = read_16(bytes + at);
    if ((bytes[at + TCP_FLAGS_AT] & FLAGS_MASK) == FLAGS_SYN_ACK) {
        set_served(refusals, port);
    } else if (memcmp(bytes + at + TCP_SEQ_AT, zero, sizeof zero) == 0) {
        address_format_sockaddr(&source, sizeof source, text, sizeof text);
        note_refusal(refusals, port, text);
    }
}

static void take_packets(struct refusals *refusals, int fd)
{
    unsigned char bytes[SNAP];
    ssize_t n;
    while ((n = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT)) >= 0)
        take_packet(refusals, bytes, (size_t)n);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    struct refusals *refusals = poll->data;
    (void)status;
    (void)events;
    for (size_t i = 0; i < REFUSALS_SOCKETS; i++)
        if (refusals->polls[i] == poll)
            take_packets(refusals, refusals->fds[i]);
}

/* The filter comes before the protocol, so that no packet slips in between. A socket of one
 * protocol sees what arrives; one of all protocols would have each packet copied that is sent
 * (dev_queue_xmit_nit). */
static int open_socket(struct holder *holder, uint16_t protocol)
{
    const struct sock_fprog filter = {
        .len = sizeof program / sizeof program[0],
        .filter = (struct sock_filter *)(uintptr_t)program,
    };
    const struct sockaddr_ll all = {.sll_family = AF_PACKET, .sll_protocol = htons(protocol)};
    int fd = holder_socket(holder, AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return fd;
    if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter) == 0 &&
        bind(fd, (const struct sockaddr *)&all, sizeof all) == 0)
        return fd;
    int result = -errno;
    close(fd);
    return result;
}

static int watch(struct refusals *refusals, size_t index, uv_loop_t *loop, int fd)
{
    uv_poll_t *poll = calloc(1, sizeof *poll);
    if (poll == NULL || uv_poll_init(loop, poll, fd) != 0) {
        free(poll);
        close(fd);
        return -ENOMEM;
    }
    poll->data = refusals;
    refusals->polls[index] = poll;
    refusals->fds[index] = fd;
    uv_poll_start(poll, UV_READABLE, on_readable);
    return 0;
}

int refusals_start(
    struct refusals *refusals, uv_loop_t *loop, struct holder *holder, struct err *err)
{
    static const uint16_t protocols[REFUSALS_SOCKETS] = {ETH_P_IP, ETH_P_IPV6};
    memset(refusals, 0, sizeof *refusals);
    for (size_t i = 0; i < REFUSALS_SOCKETS; i++) {
        int fd = open_socket(holder, protocols[i]);
        int result = fd < 0 ? fd : watch(refusals, i, loop, fd);
        if (result != 0)
            return err_set(err, "no packet socket: %s", strerror(-result));
    }
    return 0;
}

static void on_freed(uv_handle_t *handle)
{
    free(handle);
}

void refusals_stop(struct refusals *refusals)
{
    for (size_t i = 0; i < REFUSALS_SOCKETS; i++) {
        if (refusals->polls[i] == NULL)
            continue;
        take_packets(refusals, refusals->fds[i]);
        uv_poll_stop(refusals->polls[i]);
        uv_close((uv_handle_t *)refusals->polls[i], on_freed);
        refusals->polls[i] = NULL;
        close(refusals->fds[i]);
    }
}

/* Whether an entry before this one has the same port. */
static bool is_repeated(const struct refusals *refusals, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (refusals->list[i].port == refusals->list[index].port)
            return true;
    return false;
}

void refusals_print(const struct refusals *refusals,
    bool (*is_ours)(const void *user, uint16_t port), const void *user, FILE *out)
{
    char ports[REFUSALS_MAX * 8] = "";
    size_t used = 0;
    for (size_t i = 0; i < refusals->count; i++) {
        const struct refusal *refusal = &refusals->list[i];
        if (is_served(refusals, refusal->port) || is_ours(user, refusal->port))
            continue;
        fprintf(out, "%s%s (refused, %ju)", used == 0 ? "rudeproxy: asked for in vain: " : ", ",
            refusal->address, (uintmax_t)refusal->count);
        if (used == 0 || !is_repeated(refusals, i))
            used += (size_t)snprintf(ports + used, sizeof ports - used, "%s%u",
                used == 0 ? "" : ",", (unsigned)refusal->port);
    }
    if (used > 0)
        fprintf(out, "; to let them through: --pass %s\n", ports);
}
