/* SPDX-License-Identifier: MIT */
/* Client addresses for which a fault is selected: `127.0.0.0/8`, `::1`, and lists of them. */
#ifndef RUDEPROXY_FAULT_CIDR_H
#define RUDEPROXY_FAULT_CIDR_H

#include <stdbool.h>
#include <sys/socket.h>

#include "proxy/base/must_check.h"
#include "proxy/base/option.h"

#define CIDR_TERMS_MAX 16

struct cidr {
    unsigned char bytes[16]; /* IPv4 as an IPv4-mapped IPv6 address (RFC 4291 2.5.5.2) */
    unsigned prefix;         /* 0..128 */
};

struct cidr_list {
    unsigned count; /* 0: any client */
    struct cidr terms[CIDR_TERMS_MAX];
};

/* Whether the client is in the list. A client without an IP address (a UNIX socket) is only in the
 * empty list. */
bool cidr_list_has(const struct cidr_list *list, const struct sockaddr_storage *client);

/* Parses one address or network; may modify `text`. Returns 0, or -1 with err filled. */
MUST_CHECK int cidr_parse(char *text, struct cidr *cidr, struct err *err);
/* Whether the address is in the network. False for an address that is neither IPv4 nor IPv6. */
bool cidr_has(const struct cidr *cidr, const struct sockaddr_storage *address);
/* Whether it is a network of IPv4: its last 4 bytes, with a prefix that is 96 bits shorter. */
bool cidr_is_ipv4(const struct cidr *cidr);

extern const struct option_kind option_cidr_list; /* struct cidr_list */

#endif
