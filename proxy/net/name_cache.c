/* SPDX-License-Identifier: MIT */
/* All addresses are stored as IPv6, IPv4 ones as IPv4-mapped addresses. */
#include "proxy/net/name_cache.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Converts an address to IPv6. RFC 4291 2.5.5.2: IPv4-mapped addresses. */
static void map(const struct sockaddr_storage *address, unsigned char bytes[16])
{
    static const unsigned char prefix[12] = {[10] = 0xff, [11] = 0xff};
    if (address->ss_family == AF_INET6) {
        memcpy(bytes, &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr, 16);
        return;
    }
    memcpy(bytes, prefix, sizeof prefix);
    memcpy(bytes + 12, &((const struct sockaddr_in *)(const void *)address)->sin_addr, 4);
}

static size_t length_without_dot(const char *name, size_t length)
{
    return length > 1 && name[length - 1] == '.' ? length - 1 : length;
}

bool name_cache_matches(const struct cached_name *pair, const char *wanted, size_t length)
{
    const char *name = pair->name;
    size_t own = strlen(name);
    length = length_without_dot(wanted, length);
    if (length > 2 && wanted[0] == '*')
        return own >= length && strncasecmp(name + own - (length - 1), wanted + 1, length - 1) == 0;
    return own == length && strncasecmp(name, wanted, length) == 0;
}

bool name_cache_has(const struct name_cache *names, const char *name, size_t length,
    const struct sockaddr_storage *address)
{
    unsigned char bytes[16];
    map(address, bytes);
    for (size_t i = 0; i < names->count; i++)
        if (memcmp(names->pairs[i].address, bytes, sizeof bytes) == 0 &&
            name_cache_matches(&names->pairs[i], name, length))
            return true;
    return false;
}

static bool is_wanted(const struct name_cache *names, const struct cached_name *pair)
{
    return names->is_wanted != NULL && names->is_wanted(names, pair);
}

/* Returns a place for a new pair, whose name is not owned. NULL: all are taken. */
static struct cached_name *take_place(struct name_cache *names)
{
    if (names->count < NAME_CACHE_MAX)
        return &names->pairs[names->count++];
    for (size_t i = 0; i < NAME_CACHE_MAX; i++) {
        struct cached_name *pair = &names->pairs[names->next];
        names->next = (names->next + 1) % NAME_CACHE_MAX;
        if (!is_wanted(names, pair)) {
            free(pair->name);
            return pair;
        }
    }
    return NULL;
}

void name_cache_add(
    struct name_cache *names, const char *name, const struct sockaddr_storage *address)
{
    size_t length = length_without_dot(name, strlen(name));
    if (name_cache_has(names, name, length, address))
        return;
    struct cached_name pair = {.name = strndup(name, length)};
    if (pair.name == NULL)
        return;
    map(address, pair.address);
    struct cached_name *place = take_place(names);
    if (place != NULL) {
        *place = pair;
        return;
    }
    names->is_incomplete = names->is_incomplete || is_wanted(names, &pair);
    free(pair.name);
}

void name_cache_deinit(struct name_cache *names)
{
    for (size_t i = 0; i < names->count; i++)
        free(names->pairs[i].name);
    memset(names, 0, sizeof *names);
}
