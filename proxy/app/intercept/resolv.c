/* SPDX-License-Identifier: MIT */
/* The name servers of the machine: see resolv.h. */
#include "proxy/app/intercept/resolv.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define LINE_MAX_BYTES 512

/* "10.0.0.1", "2001:db8::1", "fe80::1%eth0" */
static bool parse_server(char *text, struct sockaddr_storage *server)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(RESOLV_PORT)};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(RESOLV_PORT)};
    char *zone = strchr(text, '%');
    memset(server, 0, sizeof *server);
    if (inet_pton(AF_INET, text, &in.sin_addr) == 1) {
        memcpy(server, &in, sizeof in);
        return true;
    }
    if (zone != NULL) {
        *zone = '\0';
        in6.sin6_scope_id = if_nametoindex(zone + 1);
    }
    if (inet_pton(AF_INET6, text, &in6.sin6_addr) != 1)
        return false;
    memcpy(server, &in6, sizeof in6);
    return true;
}

void resolv_read(struct resolv *resolv, const char *path)
{
    char line[LINE_MAX_BYTES], word[LINE_MAX_BYTES], loopback[] = "127.0.0.1";
    FILE *file = fopen(path, "re");
    resolv->count = 0;
    while (file != NULL && resolv->count < RESOLV_SERVERS_MAX &&
           fgets(line, sizeof line, file) != NULL) {
        if (sscanf(line, "nameserver %511s", word) == 1 &&
            parse_server(word, &resolv->servers[resolv->count]))
            resolv->count++;
    }
    if (file != NULL)
        fclose(file);
    if (resolv->count == 0 && parse_server(loopback, &resolv->servers[0]))
        resolv->count = 1;
}

static bool same_host(const struct sockaddr_storage *a, const struct sockaddr_storage *b)
{
    const struct sockaddr_in *a4 = (const struct sockaddr_in *)(const void *)a;
    const struct sockaddr_in *b4 = (const struct sockaddr_in *)(const void *)b;
    const struct sockaddr_in6 *a6 = (const struct sockaddr_in6 *)(const void *)a;
    const struct sockaddr_in6 *b6 = (const struct sockaddr_in6 *)(const void *)b;
    if (a->ss_family != b->ss_family)
        return false;
    return a->ss_family == AF_INET
               ? a4->sin_addr.s_addr == b4->sin_addr.s_addr
               : memcmp(&a6->sin6_addr, &b6->sin6_addr, sizeof a6->sin6_addr) == 0;
}

const struct sockaddr_storage *resolv_choose(
    const struct resolv *resolv, const struct sockaddr_storage *asked)
{
    for (size_t i = 0; i < resolv->count; i++)
        if (same_host(&resolv->servers[i], asked))
            return &resolv->servers[i];
    return &resolv->servers[0];
}

socklen_t resolv_address_size(const struct sockaddr_storage *address)
{
    return address->ss_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
}
