/* SPDX-License-Identifier: MIT */
/* Requests over netlink: see netlink.h. */
#include "proxy/app/intercept/netlink.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#define FIRST_CAPACITY 4096
#define ATTRIBUTE_HEADER sizeof(struct nlattr) /* NLA_HDRLEN, which is signed */

void netlink_init(struct netlink *netlink)
{
    *netlink = (struct netlink){0};
}

void netlink_deinit(struct netlink *netlink)
{
    free(netlink->bytes);
    netlink_init(netlink);
}

/* Room for `length` bytes and their padding, all zeros. NULL: out of memory. */
static void *netlink_append(struct netlink *netlink, size_t length)
{
    size_t wanted = netlink->length + NLMSG_ALIGN(length);
    size_t capacity = netlink->capacity == 0 ? FIRST_CAPACITY : netlink->capacity;
    while (capacity < wanted)
        capacity *= 2;
    if (netlink->errnum == 0 && capacity != netlink->capacity) {
        unsigned char *bytes = realloc(netlink->bytes, capacity);
        netlink->errnum = bytes == NULL ? ENOMEM : 0;
        netlink->bytes = bytes == NULL ? netlink->bytes : bytes;
        netlink->capacity = bytes == NULL ? netlink->capacity : capacity;
    }
    if (netlink->errnum != 0)
        return NULL;
    unsigned char *room = netlink->bytes + netlink->length;
    memset(room, 0, wanted - netlink->length);
    netlink->length = wanted;
    return room;
}

static struct nlmsghdr *message_of(struct netlink *netlink)
{
    return (struct nlmsghdr *)(void *)(netlink->bytes + netlink->message);
}

/* The last message ends where the buffer ends. */
static void update_length(struct netlink *netlink)
{
    if (netlink->errnum == 0)
        message_of(netlink)->nlmsg_len = (uint32_t)(netlink->length - netlink->message);
}

void netlink_begin(struct netlink *netlink, uint16_t type, uint16_t flags, const void *header,
    size_t header_length)
{
    size_t at = netlink->length;
    unsigned char *room = netlink_append(netlink, NLMSG_HDRLEN + header_length);
    if (room == NULL)
        return;
    netlink->message = at;
    *message_of(netlink) =
        (struct nlmsghdr){.nlmsg_type = type, .nlmsg_flags = (uint16_t)(flags | NLM_F_REQUEST)};
    memcpy(room + NLMSG_HDRLEN, header, header_length);
    update_length(netlink);
}

void netlink_put(struct netlink *netlink, uint16_t type, const void *data, size_t length)
{
    unsigned char *room = netlink_append(netlink, ATTRIBUTE_HEADER + length);
    const struct nlattr header = {
        .nla_type = type, .nla_len = (uint16_t)(ATTRIBUTE_HEADER + length)};
    if (room == NULL)
        return;
    memcpy(room, &header, sizeof header);
    memcpy(room + ATTRIBUTE_HEADER, data, length);
    update_length(netlink);
}

void netlink_put_text(struct netlink *netlink, uint16_t type, const char *text)
{
    netlink_put(netlink, type, text, strlen(text) + 1);
}

void netlink_put_be32(struct netlink *netlink, uint16_t type, uint32_t value)
{
    uint32_t bytes = htonl(value);
    netlink_put(netlink, type, &bytes, sizeof bytes);
}

size_t netlink_nest(struct netlink *netlink, uint16_t type)
{
    size_t at = netlink->length;
    netlink_put(netlink, type | NLA_F_NESTED, "", 0);
    return at;
}

void netlink_end(struct netlink *netlink, size_t nest)
{
    struct nlattr header;
    if (netlink->errnum != 0)
        return;
    memcpy(&header, netlink->bytes + nest, sizeof header);
    header.nla_len = (uint16_t)(netlink->length - nest);
    memcpy(netlink->bytes + nest, &header, sizeof header);
}

void netlink_want_ack(struct netlink *netlink)
{
    if (netlink->errnum == 0)
        message_of(netlink)->nlmsg_flags |= NLM_F_ACK;
}

/* The first answer that says something: an error, or the acknowledgement, an error of 0. */
static int receive_ack(int fd)
{
    union {
        struct nlmsghdr header;
        unsigned char bytes[8192];
    } answer;
    ssize_t n = recv(fd, &answer, sizeof answer, 0);
    if (n < 0)
        return -errno;
    if ((size_t)n < NLMSG_LENGTH(sizeof(struct nlmsgerr)) ||
        answer.header.nlmsg_type != NLMSG_ERROR)
        return -EPROTO;
    const struct nlmsgerr *error = NLMSG_DATA(&answer.header);
    return error->error;
}

int netlink_send(struct netlink *netlink, int fd)
{
    const struct timeval patience = {.tv_sec = 5};     /* a kernel that never answers */
    const int size = (int)netlink->length * 2 + 65536; /* a send has to fit (netlink_sendmsg) */
    if (netlink->errnum != 0)
        return -netlink->errnum;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size); /* root: beyond wmem_max */
    if (send(fd, netlink->bytes, netlink->length, 0) != (ssize_t)netlink->length)
        return -errno;
    return receive_ack(fd);
}
