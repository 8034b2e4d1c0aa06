/* SPDX-License-Identifier: MIT */
/* The name servers of the machine: /etc/resolv.conf (resolv.conf(5)). */
#ifndef RUDEPROXY_APP_INTERCEPT_RESOLV_H
#define RUDEPROXY_APP_INTERCEPT_RESOLV_H

#include <stddef.h>
#include <sys/socket.h>

#define RESOLV_SERVERS_MAX 3 /* MAXNS in resolv.h: a resolver asks no more */
#define RESOLV_PORT 53

struct resolv {
    size_t count; /* at least 1 */
    struct sockaddr_storage servers[RESOLV_SERVERS_MAX];
};

/* Reads the file. The server is 127.0.0.1 if the file is missing or names none, as in the C
 * library. */
void resolv_read(struct resolv *resolv, const char *path);

/* Returns the server whose address is `asked`, else the first server. */
const struct sockaddr_storage *resolv_choose(
    const struct resolv *resolv, const struct sockaddr_storage *asked);

socklen_t resolv_address_size(const struct sockaddr_storage *address);

#endif
