/* SPDX-License-Identifier: MIT */
/*
 * The known names of addresses, from a lookup at the start and from DNS answers that passed
 * through. The newest HOST_NAMES_MAX pairs are kept.
 *
 * Life: all zeros, host_names_add, host_names_deinit.
 */
#ifndef RUDEPROXY_NET_HOST_NAMES_H
#define RUDEPROXY_NET_HOST_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

/* A test suite asks for fewer names; looked through one by one for each connection that a name
 * selects. */
#define HOST_NAMES_MAX 1024

struct host_name {
    char *name;                /* owned; without a final dot */
    unsigned char address[16]; /* IPv4 as an IPv4-mapped IPv6 address */
};

struct host_names {
    struct host_name pairs[HOST_NAMES_MAX];
    size_t count; /* pairs that are in use */
    size_t next;  /* index of the pair that is overwritten next, once all are in use */
};

/* Adds a pair. Does nothing if out of memory: the name is then unknown. `address`: AF_INET or
 * AF_INET6. */
void host_names_add(
    struct host_names *names, const char *name, const struct sockaddr_storage *address);

/* Whether the address has the name of `length` bytes. `*.example.com` matches every name below
 * example.com. */
bool host_names_has(const struct host_names *names, const char *name, size_t length,
    const struct sockaddr_storage *address);

/* Whether the pair has the name of `length` bytes, which may begin with `*.` */
bool host_name_matches(const struct host_name *pair, const char *name, size_t length);

void host_names_deinit(struct host_names *names);

#endif
