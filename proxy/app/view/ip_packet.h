/* SPDX-License-Identifier: MIT */
/* One IP packet with a TCP segment: RFC 791 and RFC 8200, RFC 9293. Pure. */
#ifndef RUDEPROXY_APP_VIEW_IP_PACKET_H
#define RUDEPROXY_APP_VIEW_IP_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Flags of TCP. */
enum {
    IP_FIN = 0x01,
    IP_SYN = 0x02,
    IP_RST = 0x04,
    IP_PSH = 0x08,
    IP_ACK = 0x10,
};

#define IP_HEADERS_MAX 60u /* IPv6 and TCP, without options */

struct ip_end {
    uint8_t address[16]; /* in network order; the first 4 of IPv4 */
    bool is_ipv6;
    bool is_made_up; /* the text was no IP address: a loopback address stands for it */
    uint16_t port;
};

/* Reads "127.0.0.1:80" or "[::1]:80". Anything else, a UNIX socket for one, becomes 127.0.0.1 with
 * `port`. */
void ip_end_parse(struct ip_end *end, const char *text, uint16_t port);

/* A loopback address. */
void ip_end_make_up(struct ip_end *end, bool is_ipv6, uint16_t port);

struct ip_packet {
    struct ip_end from, to; /* of the same family */
    uint32_t sequence, acknowledged;
    unsigned flags;
    uint32_t payload_size;   /* bytes, at most 65,000 */
    const char *payload_hex; /* its first bytes, two digits each; NULL: none is known */
};

/* Bytes of the whole packet. */
size_t ip_packet_size(const struct ip_packet *packet);

/* Writes the headers and at most `most` bytes of the payload, as far as they are known, into
 * `bytes`, which has room for IP_HEADERS_MAX and `most`. Returns how many bytes. The checksums are
 * right if the whole packet is written, else that of TCP is 0. */
size_t ip_packet_build(const struct ip_packet *packet, uint8_t *bytes, size_t most);

#endif
