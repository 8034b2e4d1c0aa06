/* SPDX-License-Identifier: MIT */
/*
 * Finds the server name in a TLS ClientHello (RFC 8446 4.1.2, RFC 6066 3) that comes in pieces of
 * any size. Constant memory, one step for each byte.
 */
#ifndef RUDEPROXY_FRAMING_CLIENT_HELLO_H
#define RUDEPROXY_FRAMING_CLIENT_HELLO_H

#include <stddef.h>
#include <stdint.h>

#define CLIENT_HELLO_NAME_MAX 256 /* of a host name with its NUL: DNS allows 253 */

enum client_hello_state {
    CLIENT_HELLO_READING, /* more bytes are needed */
    CLIENT_HELLO_NAMED,   /* `name` is complete */
    CLIENT_HELLO_NONE,    /* it has no server name, or is no ClientHello */
};

/* All zero at the beginning. */
struct client_hello {
    enum client_hello_state state;
    unsigned record_have,
        record_left; /* bytes of the record's header, and of its payload to come */
    unsigned char record[5];
    uint32_t message_left; /* bytes of the message to come, once its length is known */
    unsigned field;        /* the one that is being read: enum field in client_hello.c */
    unsigned have;         /* bytes of the field that were read */
    uint32_t value;        /* of these bytes */
    uint32_t skip;         /* bytes to pass over before the next field */
    uint32_t left;         /* bytes of extensions behind the current one */
    uint32_t extension;    /* type of the current one */
    uint32_t name_size;
    char name[CLIENT_HELLO_NAME_MAX];
};

/* Looks at the next bytes; those behind the name are ignored. */
enum client_hello_state client_hello_scan(
    struct client_hello *hello, const unsigned char *bytes, size_t n);

#endif
