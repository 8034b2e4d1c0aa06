/* SPDX-License-Identifier: MIT */
/*
 * Private to the builtin servers: one of their clients.
 *
 * Life: allocated and accepted by builtin.c, builtin_client_continue, builtin_client_close; freed
 * by the loop.
 */
#ifndef RUDEPROXY_NET_BUILTIN_CLIENT_H
#define RUDEPROXY_NET_BUILTIN_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "proxy/base/list.h"

struct builtin_client;
struct builtins;
struct framing;

#define BUILTIN_READ_MAX 65536
#define BUILTIN_HEAD_MAX 8192 /* of an HTTP request; a longer one is answered with 431 */

struct builtin_service {
    const char *name;
    void (*on_start)(struct builtin_client *client);
    /* takes bytes of client->buffer from `begin` on; all of them, unless it writes */
    void (*on_data)(struct builtin_client *client);
};

struct builtin_client {
    uv_tcp_t tcp;
    struct list link;
    const struct builtin_service *service;
    uv_write_t write;
    uv_shutdown_t shutdown;
    bool writing;
    bool ended;              /* the peer's FIN came, or the server closes after the answer */
    bool endless;            /* the pattern is sent for as long as the peer does not end */
    uint64_t to_send;        /* bytes of the pattern still to be written, unless it is endless */
    uint64_t sent;           /* of the pattern */
    struct framing *request; /* HTTP: finds the end of the request that comes; owned, or NULL */
    bool head_complete;      /* HTTP: its body has begun */
    size_t head_len;
    char head[BUILTIN_HEAD_MAX]; /* HTTP: the head so far, then the head of the answer */
    struct builtins *owner;
    size_t begin, end; /* bytes of the buffer that are not taken yet */
    char buffer[BUILTIN_READ_MAX];
};

/* Writes bytes, which stay as they are until all are written, and reads nothing meanwhile. Not
 * while another write is pending. */
void builtin_client_write(struct builtin_client *client, const char *bytes, size_t size);

/* Continues with the next step. Called when no write is pending. */
void builtin_client_continue(struct builtin_client *client);

/* Idempotent. */
void builtin_client_close(struct builtin_client *client);

/* The bytes of builtin:http: answers the first request. Those behind it wait in the buffer until
 * its answer is written. */
void builtin_http_data(struct builtin_client *client);

#endif
