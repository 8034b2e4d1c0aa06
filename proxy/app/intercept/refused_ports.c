/* SPDX-License-Identifier: MIT */
/*
 * A classic BPF program lets two kinds of TCP segment through: RST with ACK and sequence number 0,
 * which answers a SYN to a port where nobody listens (RFC 9293 3.10.7.1), and SYN with ACK, which
 * says that somebody does. So the socket costs next to nothing while data flows.
 *
 * A packet socket would do as well, but its close(2) waits for all CPUs, about 10 ms
 * (packet_release in net/packet/af_packet.c).
 */
#include "proxy/app/intercept/refused_ports.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proxy/net/handle.h"

#define TCP_HEADER 20
#define TCP_SEQ_AT 4
#define TCP_FLAGS_AT 13
#define FLAGS_MASK 0x17 /* FIN, SYN, RST, ACK */
#define FLAGS_RST_ACK 0x14
#define FLAGS_SYN_ACK 0x12
#define SNAP 128 /* an IP header with options, and a TCP header */

/* The end of both programs: the flags are in the accumulator. */
#define TAKE_BY_FLAGS                                                                              \
    BPF_STMT(BPF_ALU | BPF_AND | BPF_K, FLAGS_MASK),                                               \
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, FLAGS_RST_ACK, 2, 0),                                  \
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, FLAGS_SYN_ACK, 1, 0), BPF_STMT(BPF_RET | BPF_K, 0),    \
        BPF_STMT(BPF_RET | BPF_K, SNAP)

/* raw(7): with IPv4 the IP header comes first, with IPv6 none does. */
static const struct sock_filter program4[] = {
    BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0),
    BPF_STMT(BPF_LD | BPF_B | BPF_IND, TCP_FLAGS_AT),
    TAKE_BY_FLAGS,
};
static const struct sock_filter program6[] = {
    BPF_STMT(BPF_LD | BPF_B | BPF_ABS, TCP_FLAGS_AT),
    TAKE_BY_FLAGS,
};

static const struct watched {
    int family;
    struct sock_fprog filter;
} watched[REFUSED_PORTS_SOCKETS] = {
    {AF_INET, {sizeof program4 / sizeof program4[0], (struct sock_filter *)(uintptr_t)program4}},
    {AF_INET6, {sizeof program6 / sizeof program6[0], (struct sock_filter *)(uintptr_t)program6}},
};

static uint16_t read_16(const unsigned char *bytes)
{
    return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

static void set_served(struct refused_ports *refusals, uint16_t port)
{
    refusals->served[port / 8] |= (uint8_t)(1u << port % 8);
}

static bool is_served(const struct refused_ports *refusals, uint16_t port)
{
    return (refusals->served[port / 8] & 1u << port % 8) != 0;
}

static void note_refusal(struct refused_ports *refusals, uint16_t port, const char *address)
{
    size_t i = 0;
    while (i < refusals->count && strcmp(refusals->list[i].address, address) != 0)
        i++;
    if (i == REFUSED_PORTS_MAX)
        return;
    if (i == refusals->count) {
        refusals->count++;
        refusals->list[i].port = port;
        snprintf(refusals->list[i].address, sizeof refusals->list[i].address, "%s", address);
    }
    refusals->list[i].count++;
}

/* `source`: the packet's, without its port. */
static void take_packet(struct refused_ports *refusals, const unsigned char *bytes, size_t size,
    struct sockaddr_storage *source)
{
    static const unsigned char zero[4];
    char text[ADDRESS_TEXT_MAX];
    size_t at = source->ss_family == AF_INET && size > 0 ? (bytes[0] & 0xfu) * 4u : 0;
    if (size < at + TCP_HEADER)
        return;
    uint16_t port = read_16(bytes + at);
    if ((bytes[at + TCP_FLAGS_AT] & FLAGS_MASK) == FLAGS_SYN_ACK) {
        set_served(refusals, port);
    } else if (memcmp(bytes + at + TCP_SEQ_AT, zero, sizeof zero) == 0) {
        sockaddr_set_port(source, port);
        address_format_sockaddr(source, sizeof *source, text, sizeof text);
        note_refusal(refusals, port, text);
    }
}

static void take_packets(struct refused_ports *refusals, int fd)
{
    unsigned char bytes[SNAP];
    struct sockaddr_storage source = {0};
    socklen_t source_size = sizeof source;
    ssize_t n;
    while ((n = recvfrom(fd, bytes, sizeof bytes, MSG_DONTWAIT, (struct sockaddr *)&source,
                &source_size)) >= 0) {
        take_packet(refusals, bytes, (size_t)n, &source);
        source_size = sizeof source;
    }
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    struct refused_ports *refusals = poll->data;
    (void)status;
    (void)events;
    for (size_t i = 0; i < REFUSED_PORTS_SOCKETS; i++)
        if (refusals->polls[i] == poll)
            take_packets(refusals, refusals->fds[i]);
}

/* Before the command starts: no packet comes before the filter. */
static int open_socket(struct netns *netns, const struct watched *kind)
{
    int fd = netns_socket(netns, kind->family, SOCK_RAW | SOCK_NONBLOCK, IPPROTO_TCP);
    if (fd < 0)
        return fd;
    if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &kind->filter, sizeof kind->filter) == 0)
        return fd;
    int result = -errno;
    close(fd);
    return result;
}

static int refused_ports_watch(
    struct refused_ports *refusals, size_t index, uv_loop_t *loop, int fd)
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

int refused_ports_start(
    struct refused_ports *refusals, uv_loop_t *loop, struct netns *netns, struct err *err)
{
    memset(refusals, 0, sizeof *refusals);
    for (size_t i = 0; i < REFUSED_PORTS_SOCKETS; i++) {
        int fd = open_socket(netns, &watched[i]);
        if (fd == -EAFNOSUPPORT) /* a kernel without IPv6 */
            continue;
        int result = fd < 0 ? fd : refused_ports_watch(refusals, i, loop, fd);
        if (result != 0)
            return err_set(err, "no raw socket: %s", strerror(-result));
    }
    return 0;
}

void refused_ports_stop(struct refused_ports *refusals)
{
    for (size_t i = 0; i < REFUSED_PORTS_SOCKETS; i++) {
        if (refusals->polls[i] == NULL)
            continue;
        take_packets(refusals, refusals->fds[i]);
        uv_poll_stop(refusals->polls[i]);
        handle_free((uv_handle_t *)refusals->polls[i]);
        refusals->polls[i] = NULL;
        close(refusals->fds[i]);
    }
}

/* Whether an entry before this one has the same port. */
static bool is_repeated(const struct refused_ports *refusals, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (refusals->list[i].port == refusals->list[index].port)
            return true;
    return false;
}

void refused_ports_print(const struct refused_ports *refusals,
    bool (*is_ours)(const void *user, uint16_t port), const void *user, FILE *out)
{
    char ports[REFUSED_PORTS_MAX * 8] = "";
    size_t used = 0;
    for (size_t i = 0; i < refusals->count; i++) {
        const struct refused_port *refusal = &refusals->list[i];
        if (is_served(refusals, refusal->port) || is_ours(user, refusal->port))
            continue;
        fprintf(out, "%s%s (refused, %ju)",
            used == 0 ? "rudeproxy: ports that refused the command: " : ", ", refusal->address,
            (uintmax_t)refusal->count);
        if (used == 0 || !is_repeated(refusals, i))
            used += (size_t)snprintf(ports + used, sizeof ports - used, "%s%u",
                used == 0 ? "" : ",", (unsigned)refusal->port);
    }
    if (used > 0)
        fprintf(out, "; to let them through: --pass %s\n", ports);
}
