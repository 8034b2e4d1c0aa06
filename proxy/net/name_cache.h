/* SPDX-License-Identifier: MIT */
/*
 * The known names of addresses, from a lookup at the start and from DNS answers that passed
 * through. When NAME_CACHE_MAX pairs are known, a new one takes the place of the oldest that nobody
 * wants. A wanted one is never forgotten.
 *
 * Life: all zeros, with `is_wanted` set or not; name_cache_add; name_cache_deinit.
 */
#ifndef RUDEPROXY_NET_NAME_CACHE_H
#define RUDEPROXY_NET_NAME_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

/* A test suite asks for fewer names; looked through one by one for each connection that a name
 * selects. */
#define NAME_CACHE_MAX 1024

struct cached_name {
    char *name;                /* owned; without a final dot */
    unsigned char address[16]; /* IPv4 as an IPv4-mapped IPv6 address */
};

struct name_cache {
    /* Whether somebody selects connections by the name of the pair. NULL: nobody does. */
    bool (*is_wanted)(const struct name_cache *names, const struct cached_name *pair);
    bool is_incomplete; /* a wanted pair found all places taken by wanted ones */
    struct cached_name pairs[NAME_CACHE_MAX];
    size_t count; /* pairs that are in use */
    size_t next;  /* once all are in use: index of the pair that is overwritten next, or kept */
};

/* Adds a pair. Does nothing if out of memory or places: the name is then unknown. `address`:
 * AF_INET or AF_INET6. */
void name_cache_add(
    struct name_cache *names, const char *name, const struct sockaddr_storage *address);

/* Whether the address has the name of `length` bytes. `*.example.com` matches every name below
 * example.com. */
bool name_cache_has(const struct name_cache *names, const char *name, size_t length,
    const struct sockaddr_storage *address);

/* Whether the pair has the name of `length` bytes, which may begin with `*.` */
bool name_cache_matches(const struct cached_name *pair, const char *name, size_t length);

void name_cache_deinit(struct name_cache *names);

#endif
