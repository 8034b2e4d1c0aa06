/* SPDX-License-Identifier: MIT */
/*
 * Parses and prints lists of CIDRs for client addresses. `any` is the empty list.
 *
 * All addresses are stored as IPv6. An IPv4 client, even one on a dual-stack socket, is in no
 * network that was written as IPv6: `::/0` is every IPv6 client, not every client.
 */
#include "proxy/fault/cidr.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "proxy/base/units.h"

#define ANY "any"
#define TERM_MAX 64 /* an IPv6 address, a slash and a number */
#define RIGHT "write addresses or networks such as 127.0.0.1, 10.0.0.0/8, ::1 or fe80::/10"
#define MAPPED_BITS 96

static const unsigned char mapped[MAPPED_BITS / 8] = {[10] = 0xff, [11] = 0xff};

static bool is_mapped(const unsigned char bytes[16])
{
    return memcmp(bytes, mapped, sizeof mapped) == 0;
}

static void map(unsigned char bytes[16], const void *in_addr)
{
    memcpy(bytes, mapped, sizeof mapped);
    memcpy(bytes + sizeof mapped, in_addr, 4);
}

bool cidr_is_ipv4(const struct cidr *cidr)
{
    return is_mapped(cidr->bytes) && cidr->prefix >= MAPPED_BITS;
}

static bool same_prefix(const unsigned char a[16], const unsigned char b[16], unsigned prefix)
{
    unsigned whole = prefix / 8, rest = prefix % 8;
    unsigned mask = 0xff00u >> rest & 0xffu;
    if (memcmp(a, b, whole) != 0)
        return false;
    return rest == 0 || ((a[whole] ^ b[whole]) & mask) == 0;
}

static bool cidr_term_has(const struct cidr *term, const unsigned char client[16])
{
    if (is_mapped(client) && term->prefix < MAPPED_BITS)
        return false;
    return same_prefix(term->bytes, client, term->prefix);
}

bool cidr_has(const struct cidr *cidr, const struct sockaddr_storage *address)
{
    unsigned char bytes[16];
    if (address->ss_family == AF_INET)
        map(bytes, &((const struct sockaddr_in *)(const void *)address)->sin_addr);
    else if (address->ss_family == AF_INET6)
        memcpy(bytes, &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr, 16);
    else
        return false;
    return cidr_term_has(cidr, bytes);
}

bool cidr_list_has(const struct cidr_list *list, const struct sockaddr_storage *client)
{
    for (unsigned i = 0; i < list->count; i++)
        if (cidr_has(&list->terms[i], client))
            return true;
    return list->count == 0;
}

/* Reads the address. Sets *bits to the longest prefix it may have. */
static int parse_address(const char *text, unsigned char bytes[16], unsigned *bits, struct err *err)
{
    struct in_addr v4;
    *bits = 32;
    if (inet_pton(AF_INET, text, &v4) == 1) {
        map(bytes, &v4);
        return 0;
    }
    *bits = 128;
    if (inet_pton(AF_INET6, text, bytes) == 1)
        return 0;
    return err_set(err, "'%s' is not an IP address, " RIGHT, text);
}

static void format_address(const struct cidr *term, char *buf, size_t size)
{
    const unsigned char *bytes = term->bytes;
    static const unsigned char zeros[12];
    if (is_mapped(bytes))
        inet_ntop(AF_INET, bytes + sizeof mapped, buf, (socklen_t)size);
    else if (memcmp(bytes, zeros, sizeof zeros) == 0 && (bytes[12] | bytes[13]) != 0)
        /* inet_ntop would write ::255.255.255.255, longer than the text that was read. */
        snprintf(buf, size, "::%x:%x", (unsigned)(bytes[12] << 8 | bytes[13]),
            (unsigned)(bytes[14] << 8 | bytes[15]));
    else
        inet_ntop(AF_INET6, bytes, buf, (socklen_t)size);
}

static void cidr_format_term(const struct cidr *term, char *buf, size_t size)
{
    unsigned before = is_mapped(term->bytes) ? MAPPED_BITS : 0;
    char address[INET6_ADDRSTRLEN];
    format_address(term, address, sizeof address);
    if (term->prefix == 128)
        snprintf(buf, size, "%s", address);
    else
        snprintf(buf, size, "%s/%u", address, term->prefix - before);
}

/* Refuses bits behind the prefix: the user wrote a host's address instead of a network. */
static int check_host_bits(const char *text, const struct cidr *term, struct err *err)
{
    struct cidr network = *term;
    char right[TERM_MAX];
    for (unsigned bit = term->prefix; bit < 128; bit++)
        network.bytes[bit / 8] &= (unsigned char)~(0x80u >> bit % 8);
    if (memcmp(network.bytes, term->bytes, sizeof network.bytes) == 0)
        return 0;
    cidr_format_term(&network, right, sizeof right);
    return err_set(err, "'%s' has bits after its prefix, write %s", text, right);
}

int cidr_parse(char *text, struct cidr *term, struct err *err)
{
    char *slash = strchr(text, '/');
    unsigned bits;
    uint64_t prefix;
    if (text[0] == '\0')
        return err_set(err, "an element of the list is empty, " RIGHT);
    if (slash != NULL)
        *slash = '\0';
    if (parse_address(text, term->bytes, &bits, err) != 0)
        return -1;
    prefix = bits;
    if (slash != NULL && (units_parse_number(slash + 1, &prefix, err) != 0 || prefix > bits))
        return err_set(err, "'%s' is not a prefix of %s, write 0 to %u", slash + 1, text, bits);
    term->prefix = 128 - bits + (unsigned)prefix;
    if (slash != NULL)
        *slash = '/';
    return check_host_bits(text, term, err);
}

static int cidr_list_parse(
    const struct option *option, const char *text, void *value, struct err *err)
{
    struct cidr_list list = {0};
    const char *rest = strcmp(text, ANY) == 0 ? NULL : text;
    char term[TERM_MAX];
    int more;
    (void)option;
    while ((more = units_next_element(&rest, term, sizeof term)) != 0) {
        if (list.count == CIDR_TERMS_MAX)
            return err_set(err, "the list is too long, at most %d elements", CIDR_TERMS_MAX);
        if (more < 0)
            return err_set(err, "'%s...' is not an IP address, " RIGHT, term);
        if (cidr_parse(term, &list.terms[list.count], err) != 0)
            return -1;
        list.count++;
    }
    memcpy(value, &list, sizeof list);
    return 0;
}

static void cidr_list_format(const struct option *option, const void *value, char *buf, size_t size)
{
    const struct cidr_list *list = value;
    size_t used = 0;
    (void)option;
    if (list->count == 0)
        snprintf(buf, size, ANY);
    for (unsigned i = 0; i < list->count && used < size; i++) {
        char term[TERM_MAX];
        cidr_format_term(&list->terms[i], term, sizeof term);
        used += (size_t)snprintf(buf + used, size - used, "%s%s", i > 0 ? "," : "", term);
    }
}

const struct option_kind option_cidr_list = {
    .name = "addresses",
    .form = "addresses or networks such as 127.0.0.1, 10.0.0.0/8 or ::1, a list of them, or any",
    .size = sizeof(struct cidr_list),
    .parse = cidr_list_parse,
    .format = cidr_list_format,
};
