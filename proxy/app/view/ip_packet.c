/* SPDX-License-Identifier: MIT */
#include "proxy/app/view/ip_packet.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/base/address.h"

#define TCP_SIZE 20u
#define IPV4_SIZE 20u
#define IPV6_SIZE 40u
#define HOPS 64
#define WINDOW 65535 /* of every segment: more than any piece that is not acknowledged */

void ip_end_make_up(struct ip_end *end, bool is_ipv6, uint16_t port)
{
    static const uint8_t ipv4[16] = {127, 0, 0, 1};
    *end = (struct ip_end){.is_ipv6 = is_ipv6, .is_made_up = true, .port = port};
    memcpy(end->address, is_ipv6 ? in6addr_loopback.s6_addr : ipv4, sizeof end->address);
}

void ip_end_parse(struct ip_end *end, const char *text, uint16_t port)
{
    struct address address;
    struct err err;
    ip_end_make_up(end, false, port);
    if (address_parse(text, &address, &err) != 0 || address.kind != ADDRESS_IP)
        return;
    bool is_ipv6 = inet_pton(AF_INET, address.host, end->address) != 1;
    if (is_ipv6 && inet_pton(AF_INET6, address.host, end->address) != 1)
        return; /* one with a zone */
    end->is_ipv6 = is_ipv6;
    end->is_made_up = false;
    end->port = address.port;
}

/* --- Fields --- */

static void put_16(uint8_t *at, uint32_t number)
{
    at[0] = (uint8_t)(number >> 8);
    at[1] = (uint8_t)number;
}

static void put_32(uint8_t *at, uint32_t number)
{
    put_16(at, number >> 16);
    put_16(at + 2, number & 0xffff);
}

/* The ones' complement sum of RFC 1071, continued from `sum`. */
static uint32_t add_up(uint32_t sum, const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        sum += i % 2 == 0 ? (uint32_t)bytes[i] << 8 : bytes[i];
    return sum;
}

static uint16_t checksum(uint32_t sum)
{
    while (sum >> 16 != 0)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)~sum;
}

static size_t ip_size(const struct ip_packet *packet)
{
    return packet->from.is_ipv6 ? IPV6_SIZE : IPV4_SIZE;
}

size_t ip_packet_size(const struct ip_packet *packet)
{
    return ip_size(packet) + TCP_SIZE + packet->payload_size;
}

static void put_ipv4(const struct ip_packet *packet, uint8_t *at)
{
    at[0] = 0x45;
    put_16(at + 2, (uint32_t)ip_packet_size(packet));
    at[6] = 0x40; /* do not fragment */
    at[8] = HOPS;
    at[9] = IPPROTO_TCP;
    memcpy(at + 12, packet->from.address, 4);
    memcpy(at + 16, packet->to.address, 4);
    put_16(at + 10, checksum(add_up(0, at, IPV4_SIZE)));
}

static void put_ipv6(const struct ip_packet *packet, uint8_t *at)
{
    at[0] = 0x60;
    put_16(at + 4, TCP_SIZE + packet->payload_size);
    at[6] = IPPROTO_TCP;
    at[7] = HOPS;
    memcpy(at + 8, packet->from.address, 16);
    memcpy(at + 24, packet->to.address, 16);
}

static size_t put_payload(const struct ip_packet *packet, uint8_t *at, size_t most)
{
    const char *hex = packet->payload_hex != NULL ? packet->payload_hex : "";
    size_t size = strlen(hex) / 2;
    most = most < packet->payload_size ? most : packet->payload_size;
    size = size < most ? size : most;
    for (size_t i = 0; i < size; i++) {
        const char digits[3] = {hex[2 * i], hex[2 * i + 1], '\0'};
        at[i] = (uint8_t)strtoul(digits, NULL, 16);
    }
    return size;
}

size_t ip_packet_build(const struct ip_packet *packet, uint8_t *bytes, size_t most)
{
    uint8_t *tcp = bytes + ip_size(packet);
    memset(bytes, 0, IP_HEADERS_MAX);
    if (packet->from.is_ipv6)
        put_ipv6(packet, bytes);
    else
        put_ipv4(packet, bytes);
    put_16(tcp, packet->from.port);
    put_16(tcp + 2, packet->to.port);
    put_32(tcp + 4, packet->sequence);
    put_32(tcp + 8, packet->acknowledged);
    tcp[12] = TCP_SIZE / 4 << 4;
    tcp[13] = (uint8_t)packet->flags;
    put_16(tcp + 14, WINDOW);
    size_t known = put_payload(packet, tcp + TCP_SIZE, most);
    if (known == packet->payload_size) {
        size_t length = packet->from.is_ipv6 ? 16 : 4;
        uint32_t sum = IPPROTO_TCP + TCP_SIZE + packet->payload_size;
        sum = add_up(sum, packet->from.address, length);
        sum = add_up(sum, packet->to.address, length);
        put_16(tcp + 16, checksum(add_up(sum, tcp, TCP_SIZE + known)));
    }
    return ip_size(packet) + TCP_SIZE + known;
}
