/* SPDX-License-Identifier: MIT */
/*
 * A packet socket on lo sees each segment twice: where it leaves and where it arrives (packet(7)).
 * The second one is taken: that is the order in which the receiver saw them.
 */
#include "tests/lib/sniffer.h"

#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Segments lie there with their data until they are taken. */
#define SNIFFER_BUFFER (512 << 20)

int sniffer_open(struct sniffer *sniffer)
{
    const int size = SNIFFER_BUFFER;
    struct sockaddr_ll any = {.sll_family = AF_PACKET,
        .sll_protocol = htons(ETH_P_IP),
        .sll_ifindex = (int)if_nametoindex("lo")};
    *sniffer = (struct sniffer){0};
    sniffer->fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (sniffer->fd < 0)
        return -errno;
    (void)setsockopt(sniffer->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    (void)setsockopt(sniffer->fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size);
    if (bind(sniffer->fd, (struct sockaddr *)&any, sizeof any) == 0)
        return 0;
    int error = -errno;
    close(sniffer->fd);
    return error;
}

static void add_word(struct sniffed *connection, bool from_server, const char *word)
{
    char marked[8];
    snprintf(marked, sizeof marked, "%c%s", from_server ? '<' : '>', word);
    size_t used = strlen(connection->words), length = strlen(marked);
    bool again = used >= length && strcmp(connection->words + used - length, marked) == 0;
    if (!again && used + length + 2 < sizeof connection->words)
        snprintf(connection->words + used, sizeof connection->words - used, "%s%s",
            used > 0 ? " " : "", marked);
}

static struct sniffed *find(struct sniffer *sniffer, uint16_t from, uint16_t to, bool *from_server)
{
    for (size_t i = sniffer->count; i-- > 0;) {
        struct sniffed *connection = &sniffer->connections[i];
        *from_server = connection->server == from && connection->client == to;
        if (*from_server || (connection->client == from && connection->server == to))
            return connection;
    }
    return NULL;
}

/* The connection of a first SYN. */
static struct sniffed *add(struct sniffer *sniffer, const struct tcphdr *tcp)
{
    if (sniffer->count == SNIFFER_CONNECTIONS) {
        sniffer->full = true;
        return NULL;
    }
    struct sniffed *connection = &sniffer->connections[sniffer->count++];
    *connection = (struct sniffed){.client = ntohs(tcp->source), .server = ntohs(tcp->dest)};
    return connection;
}

/* Whether the segment has a sequence number that was not seen; SYN, FIN and bytes have one. */
static bool is_new(struct sniffed *connection, bool from_server, const struct tcphdr *tcp, size_t n)
{
    uint32_t end = ntohl(tcp->seq) + (uint32_t)n + (tcp->syn != 0) + (tcp->fin != 0);
    uint32_t *next = &connection->next[from_server];
    if (connection->seen[from_server] && (int32_t)(end - *next) <= 0)
        return false;
    connection->seen[from_server] = true;
    *next = end;
    return true;
}

static void take(struct sniffer *sniffer, const struct tcphdr *tcp, size_t data)
{
    bool from_server = false;
    struct sniffed *connection = find(sniffer, ntohs(tcp->source), ntohs(tcp->dest), &from_server);
    bool opens = tcp->syn != 0 && tcp->ack == 0;
    /* The kernel may use the ports again: then the SYN has another sequence number. */
    if (opens && (connection == NULL || connection->next[0] != ntohl(tcp->seq) + 1)) {
        bool retried = connection != NULL && !connection->seen[1];
        if (!retried)
            connection = add(sniffer, tcp);
        from_server = false;
    }
    if (connection == NULL)
        return;
    bool fresh = is_new(connection, from_server, tcp, data);
    if (fresh && tcp->syn != 0)
        add_word(connection, from_server, "SYN");
    if (fresh && data > 0)
        add_word(connection, from_server, "data");
    if (fresh && tcp->fin != 0)
        add_word(connection, from_server, "FIN");
    if (tcp->rst != 0)
        add_word(connection, from_server, "RST");
}

static void take_packet(struct sniffer *sniffer, const unsigned char *bytes, size_t n)
{
    struct iphdr ip;
    struct tcphdr tcp;
    if (n < sizeof ip)
        return;
    memcpy(&ip, bytes, sizeof ip);
    size_t head = ip.ihl * 4u;
    if (ip.protocol != IPPROTO_TCP || n < head + sizeof tcp)
        return;
    memcpy(&tcp, bytes + head, sizeof tcp);
    take(sniffer, &tcp, ntohs(ip.tot_len) - head - tcp.doff * 4u);
}

bool sniffer_read(struct sniffer *sniffer)
{
    unsigned char bytes[128];
    struct sockaddr_ll from;
    struct tpacket_stats stats = {0};
    socklen_t size = sizeof stats;
    for (;;) {
        socklen_t from_size = sizeof from;
        ssize_t n =
            recvfrom(sniffer->fd, bytes, sizeof bytes, 0, (struct sockaddr *)&from, &from_size);
        if (n < 0)
            break;
        if (from.sll_pkttype == PACKET_HOST)
            take_packet(sniffer, bytes, (size_t)n);
    }
    (void)getsockopt(sniffer->fd, SOL_PACKET, PACKET_STATISTICS, &stats, &size);
    return stats.tp_drops == 0 && !sniffer->full;
}

void sniffer_clear(struct sniffer *sniffer)
{
    sniffer->count = 0;
    sniffer->full = false;
}

void sniffer_close(struct sniffer *sniffer)
{
    close(sniffer->fd);
}
