/* SPDX-License-Identifier: MIT */
/*
 * Addresses that an intercepted client dialled: `5432`, `db.example.com:443`, `10.0.0.0/8`,
 * `*:8000-8100`, and lists of them. A proxy intercepts such destinations (`intercept`), and a fault
 * is limited to them (`destinations`).
 */
#ifndef RUDEPROXY_FAULT_DESTINATION_H
#define RUDEPROXY_FAULT_DESTINATION_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "proxy/base/option.h"
#include "proxy/fault/cidr.h"

#define DESTINATION_TERMS_MAX 16
#define DESTINATION_TEXT_MAX 200 /* longer than a line of the file */

enum destination_host {
    DESTINATION_ANY_HOST,
    DESTINATION_NETWORK,
    DESTINATION_NAME, /* also *.example.com: every name below example.com */
};

struct destination {
    enum destination_host host;
    uint16_t first_port, last_port; /* inclusive; 0 and 65535: any port */
    struct cidr network;            /* DESTINATION_NETWORK */
    uint8_t name_start;             /* DESTINATION_NAME: offset of the name in the list's text */
    uint8_t name_length;
};

struct destination_list {
    unsigned count;                  /* 0: unset */
    char text[DESTINATION_TEXT_MAX]; /* as written by the user */
    struct destination terms[DESTINATION_TERMS_MAX];
};

/* An address that a client dialled, with a way to look up its names. */
struct dialled {
    /* AF_INET or AF_INET6; NULL: the client was not intercepted */
    const struct sockaddr_storage *address;
    /* Whether the address has the name, which is `length` bytes without a NUL. */
    bool (*is_named)(const struct dialled *dialled, const char *name, size_t length);
    const void *user; /* for is_named */
};

/* Whether a term of the list matches the address. An unset list matches everything, a set one never
 * a client that was not intercepted. */
bool destination_list_has(const struct destination_list *list, const struct dialled *dialled);

/* Whether a term of the list has the port, on any host. */
bool destination_list_has_port(const struct destination_list *list, uint16_t port);

/* Whether a term of the list has a host, and not any. */
bool destination_list_has_hosts(const struct destination_list *list);

/* Whether both lists have the same terms, in any order and any spelling. */
bool destination_list_equal(const struct destination_list *a, const struct destination_list *b);

extern const struct option_kind option_intercept;    /* struct destination_list: each has a port */
extern const struct option_kind option_destinations; /* struct destination_list */

#endif
