/* SPDX-License-Identifier: MIT */
/*
 * Requests to the kernel over netlink(7): a buffer of messages, built front to back, sent in one
 * call and acknowledged. It can do what routes.c and redirect.c need, so they need no library.
 *
 * Life: netlink_init, netlink_begin and the put functions for each message, netlink_send,
 * netlink_deinit. If an allocation fails, netlink_send reports it.
 */
#ifndef RUDEPROXY_APP_INTERCEPT_NETLINK_H
#define RUDEPROXY_APP_INTERCEPT_NETLINK_H

#include <stddef.h>
#include <stdint.h>

#include "proxy/base/must_check.h"

struct netlink {
    unsigned char *bytes; /* owned */
    size_t length, capacity;
    size_t message; /* where the last message begins */
    int errnum;     /* ENOMEM: later calls write nothing */
};

void netlink_init(struct netlink *netlink);
void netlink_deinit(struct netlink *netlink);

/* Begins a message with the header of its family. Adds NLM_F_REQUEST to `flags`. */
void netlink_begin(struct netlink *netlink, uint16_t type, uint16_t flags, const void *header,
    size_t header_length);

/* Add an attribute to the message. Numbers of 32 bits are written in network byte order, as
 * nf_tables wants them. */
void netlink_put(struct netlink *netlink, uint16_t type, const void *data, size_t length);
void netlink_put_text(struct netlink *netlink, uint16_t type, const char *text);
void netlink_put_be32(struct netlink *netlink, uint16_t type, uint32_t value);

/* Begin and end an attribute that holds attributes. netlink_end takes the value that netlink_nest
 * returned. */
size_t netlink_nest(struct netlink *netlink, uint16_t type);
void netlink_end(struct netlink *netlink, size_t nest);

/* Asks the kernel to acknowledge the last message. The kernel reports errors in any case. */
void netlink_want_ack(struct netlink *netlink);

/* Sends all messages over a netlink socket and waits for the acknowledgement. The wait is short:
 * the kernel answers before sendmsg(2) returns. Returns 0 or -errno. */
MUST_CHECK int netlink_send(struct netlink *netlink, int fd);

#endif
