/* SPDX-License-Identifier: MIT */
/*
 * A socket address and its text form: "127.0.0.1:80", "[::1]:80", "unix:/path/sock".
 *
 * Numeric only: the peers resolve nothing. A plain value; copy it freely. A length of 0 means "no
 * address".
 */
#ifndef RUDEPROXY_PEERS_ADDRESS_H
#define RUDEPROXY_PEERS_ADDRESS_H

#include <stddef.h>
#include <sys/socket.h>

#include "proxy/base/must_check.h"

/* Room for "unix:" and the longest sun_path, or for any bracketed IPv6 address and port. */
#define PEER_ADDRESS_TEXT 128

struct peer_address {
    struct sockaddr_storage storage;
    socklen_t length;
};

/* Parses `text` into `out`. Returns 0, or -EINVAL if it has none of the three forms. */
int peer_address_parse(const char *text, struct peer_address *out);

/* Writes the text form of `address`, always NUL-terminated. Returns 0, or -EINVAL for an unknown
 * family. */
int peer_address_format(const struct peer_address *address, char *text, size_t size);

/* Sets *out to the address `fd` is bound to. Returns 0 or -errno. */
MUST_CHECK int peer_address_of_socket(int fd, struct peer_address *out);

/* Reserves a free port for an address with port 0 ("127.0.0.1:0") by a socket that is bound and
 * never listens. A listener with SO_REUSEADDR can share the port. Returns the socket, to be closed
 * when the port is no longer needed, or -errno. */
MUST_CHECK int peer_address_reserve(const char *any, struct peer_address *out);

/* Returns AF_INET, AF_INET6 or AF_UNIX. */
int peer_address_family(const struct peer_address *address);

/* Returns the path of a UNIX address; NULL for the other families. */
const char *peer_address_path(const struct peer_address *address);

#endif
