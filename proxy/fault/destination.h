/* SPDX-License-Identifier: MIT */
/*
 * Where an intercepted client wanted to connect: `5432`, `db.example.com:443`, `10.0.0.0/8`,
 * `*:8000-8100`, and lists of them. A proxy intercepts such destinations (`intercept`), a fault is
 * limited to them (`destinations`).
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
    uint8_t name_start;             /* DESTINATION_NAME: where the name begins in the list's text */
    uint8_t name_length;
};

struct destination_list {
    unsigned count;                  /* 0: unset */
    char text[DESTINATION_TEXT_MAX]; /* as it was written */
    struct destination terms[DESTINATION_TERMS_MAX];
};

/* An address that a client dialled, and who knows the names that it has. */
struct dialled {
    const struct sockaddr_storage *address; /* AF_INET or AF_INET6; NULL: nobody was intercepted */
    /* Whether the name, `length` bytes without a NUL, stands for the address. */
    bool (*is_named)(const struct dialled *dialled, const char *name, size_t length);
    const void *user; /* of is_named */
};

/* Whether a term of the list stands for the address. An unset list has every destination; one
 * that is set has none that was not dialled. */
bool destination_list_has(const struct destination_list *list, const struct dialled *dialled);

/* Whether a term of the list names the port, of whatever host. */
bool destination_list_has_port(const struct destination_list *list, uint16_t port);

/* The IPv4 address in an IPv4-mapped IPv6 address takes its place (RFC 4291 2.5.5.2). */
void sockaddr_unmap(struct sockaddr_storage *address);

extern const struct option_kind option_intercept;    /* struct destination_list: each has a port */
extern const struct option_kind option_destinations; /* struct destination_list */

#endif
