/* SPDX-License-Identifier: MIT */
/*
 * An address as the user writes it: `127.0.0.1:80`, `[::1]:80`, `name:80`, `unix:/path/sock`,
 * `builtin:echo`. Nothing is resolved here.
 */
#ifndef RUDEPROXY_BASE_ADDRESS_H
#define RUDEPROXY_BASE_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "proxy/base/err.h"
#include "proxy/base/must_check.h"

enum address_kind {
    ADDRESS_IP,      /* numeric IPv4 or IPv6, converted without a lookup */
    ADDRESS_NAME,    /* host name, to be resolved */
    ADDRESS_UNIX,    /* a path */
    ADDRESS_BUILTIN, /* a service inside the process; `host` is its name */
    /* The address an intercepted client dialled; `host` is a text for messages, or "". */
    ADDRESS_DIALLED,
    /* A text that is not an address. Only the API accepts it: it is shown, and connecting fails. */
    ADDRESS_NOWHERE,
};

#define ADDRESS_HOST_MAX                                                                           \
    254 /* longest DNS name (RFC 1035 2.3.4) and NUL; covers sun_path's 108                        \
         */
#define ADDRESS_TEXT_MAX (ADDRESS_HOST_MAX + 16) /* brackets, colon, port, NUL */

struct address {
    enum address_kind kind;
    char host[ADDRESS_HOST_MAX]; /* without brackets; the path of a UNIX socket */
    uint16_t port; /* ADDRESS_IP and ADDRESS_NAME; 0: the kernel chooses (listen only) */
};

MUST_CHECK int address_parse(const char *text, struct address *address, struct err *err);
/* Makes an ADDRESS_NOWHERE from a text, truncated if too long. */
void address_nowhere(const char *text, struct address *address);
void address_format(const struct address *address, char *buf, size_t size);
/* Whether only this machine can connect to it: a loopback address, `localhost`, or a UNIX
 * socket. */
bool address_is_private(const struct address *address);
/* Whether the address is 127.0.0.0/8, also mapped into IPv6, or ::1. */
bool address_is_loopback(const struct sockaddr_storage *addr);
bool address_equal(const struct address *a, const struct address *b);

/* Converts ADDRESS_IP or ADDRESS_UNIX for bind() and connect(). Returns the length. */
socklen_t address_to_sockaddr(const struct address *address, struct sockaddr_storage *out);

/* Makes an ADDRESS_IP from an AF_INET or AF_INET6 address. */
void address_from_sockaddr(const struct sockaddr_storage *addr, struct address *address);

/* Writes "127.0.0.1:80", "[::1]:80", "unix:/path", or "unix:" for an unnamed socket. An IPv4
 * address that is mapped into IPv6, as a listener on [::] gets it, is written as IPv4. */
void address_format_sockaddr(
    const struct sockaddr_storage *addr, socklen_t len, char *buf, size_t size);

/* Returns the port in the byte order of this machine; 0 if the address is neither IPv4 nor IPv6. */
uint16_t sockaddr_port(const struct sockaddr_storage *addr);
/* Sets the port of an IPv4 or IPv6 address. */
void sockaddr_set_port(struct sockaddr_storage *addr, uint16_t port);

/* Replaces an IPv4-mapped IPv6 address by the IPv4 address (RFC 4291 2.5.5.2). */
void sockaddr_unmap(struct sockaddr_storage *addr);

#endif
