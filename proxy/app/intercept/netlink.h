/* SPDX-License-Identifier: MIT */
/*
 * Requests to the kernel over netlink(7): a buffer of messages that is built front to back, sent
 * at once, and acknowledged. The little that routes and redirect need, so that no library is.
 *
 * Life: netlink_init, netlink_begin and the put functions for each message, netlink_send,
 * netlink_deinit. Out of memory is kept and reported by netlink_send.
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
    int errnum;     /* ENOMEM: what follows is not written */
};

void netlink_init(struct netlink *netlink);
void netlink_deinit(struct netlink *netlink);

/* A message with a header of its family. NLM_F_REQUEST is added. */
void netlink_begin(struct netlink *netlink, uint16_t type, uint16_t flags, const void *header,
    size_t header_length);

/* Attributes of the message. Numbers of 32 bits: in the network's byte order, as nf_tables has
 * them. */
void netlink_put(struct netlink *netlink, uint16_t type, const void *data, size_t length);
void netlink_put_text(struct netlink *netlink, uint16_t type, const char *text);
void netlink_put_be32(struct netlink *netlink, uint16_t type, uint32_t value);

/* Attributes in an attribute, up to netlink_end with what netlink_nest returned. */
size_t netlink_nest(struct netlink *netlink, uint16_t type);
void netlink_end(struct netlink *netlink, size_t nest);

/* Asks the kernel to acknowledge the message that was built last; errors it reports in any case. */
void netlink_want_ack(struct netlink *netlink);

/* Sends everything over a netlink socket and waits for the acknowledgement: the kernel answers
 * within the call of sendmsg(2). 0 or -errno. */
MUST_CHECK int netlink_send(struct netlink *netlink, int fd);

#endif
