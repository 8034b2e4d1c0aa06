/* SPDX-License-Identifier: MIT */
/*
 * Numeric hosts are stored as inet_ntop writes them, so that two spellings of one address compare
 * equal. An IPv6 address with a zone (`[fe80::1%eth0]:80`) is a name: getaddrinfo resolves zones.
 */
#include "proxy/base/address.h"

#include <arpa/inet.h>
#include <assert.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "proxy/base/units.h"

#define UNIX_PREFIX "unix:"
#define BUILTIN_PREFIX "builtin:"
#define UNIX_PATH_MAX (sizeof((struct sockaddr_un *)0)->sun_path - 1) /* 107, without the NUL */
#define LABEL_MAX 63                                                  /* RFC 1035 2.3.4 */
#define FORMS "127.0.0.1:80, [::1]:80, name:80 or unix:/path/sock"

/* The host part of the text, not NUL-terminated. */
struct span {
    const char *start;
    size_t length;
};

static void keep_host(struct address *address, struct span host)
{
    assert(host.length < sizeof address->host);
    memcpy(address->host, host.start, host.length);
    address->host[host.length] = '\0';
}

static int parse_unix(const char *path, struct address *address, struct err *err)
{
    size_t length = strlen(path);
    if (length == 0)
        return err_set(err, "the path is missing, write unix:/path/sock");
    if (path[0] == '@')
        return err_set(err, "abstract sockets are not supported, write unix:/path/sock "
                            "(a path that begins with @ is ./@...)");
    if (length > UNIX_PATH_MAX)
        return err_set(err, "the path has %zu bytes, a UNIX socket's path has at most %zu", length,
            UNIX_PATH_MAX);
    address->kind = ADDRESS_UNIX;
    keep_host(address, (struct span){path, length});
    return 0;
}

static int parse_builtin(const char *service, struct address *address, struct err *err)
{
    size_t length = strlen(service);
    if (length == 0 || length >= ADDRESS_HOST_MAX)
        return err_set(err, "the service is missing, write builtin:echo");
    address->kind = ADDRESS_BUILTIN;
    keep_host(address, (struct span){service, length});
    return 0;
}

static int parse_port(const char *text, struct address *address, struct err *err)
{
    struct err inner;
    uint64_t port;
    if (units_parse_number(text, &port, &inner) != 0 || port > UINT16_MAX)
        return err_set(err, "'%.24s' is not a port, write a number from 0 to 65535", text);
    address->port = (uint16_t)port;
    return 0;
}

/* Stores `host` in canonical form if it is numeric. Returns whether it is. */
static bool take_numeric(struct address *address, int family, const char *host)
{
    unsigned char bytes[sizeof(struct in6_addr)];
    if (inet_pton(family, host, bytes) != 1)
        return false;
    address->kind = ADDRESS_IP;
    return inet_ntop(family, bytes, address->host, sizeof address->host) != NULL;
}

/* Stores an address with a zone: "fe80::1%eth0". */
static bool take_zoned(struct address *address, const char *host)
{
    unsigned char bytes[sizeof(struct in6_addr)];
    char plain[ADDRESS_HOST_MAX];
    const char *zone = strchr(host, '%');
    if (zone == NULL || zone[1] == '\0' || strcspn(zone, " \t/[]\"") != strlen(zone))
        return false;
    snprintf(plain, sizeof plain, "%.*s", (int)(zone - host), host);
    if (inet_pton(AF_INET6, plain, bytes) != 1)
        return false;
    address->kind = ADDRESS_NAME;
    snprintf(address->host, sizeof address->host, "%s", host);
    return true;
}

static bool is_name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
}

/* Whether the host is labels of letters, digits, - and _, with dots between them; one dot may end
 * the name. */
static bool is_name(const char *host)
{
    size_t label = 0;
    for (const char *c = host; *c != '\0'; c++) {
        if (*c == '.' && label == 0)
            return false;
        if (*c != '.' && !is_name_char(*c))
            return false;
        label = *c == '.' ? 0 : label + 1;
        if (label > LABEL_MAX)
            return false;
    }
    return host[0] != '\0';
}

/* "256.0.0.1" and "127.1" are typing errors, not names: no top-level domain is a number (RFC 3696
 * 2). */
static bool is_only_digits_and_dots(const char *host)
{
    return host[strspn(host, "0123456789.")] == '\0';
}

static int parse_host(const char *host, struct address *address, struct err *err)
{
    if (take_numeric(address, AF_INET, host))
        return 0;
    if (is_only_digits_and_dots(host))
        return err_set(
            err, "'%.64s' is not an IPv4 address, write four numbers from 0 to 255", host);
    if (!is_name(host))
        return err_set(err, "'%.64s' is not a host, write %s", host, FORMS);
    address->kind = ADDRESS_NAME;
    snprintf(address->host, sizeof address->host, "%s", host);
    return 0;
}

/* Parses "[::1]:80". */
static int parse_bracketed(const char *text, struct address *address, struct err *err)
{
    char host[ADDRESS_HOST_MAX];
    const char *end = strchr(text, ']');
    if (end == NULL)
        return err_set(err, "the ] is missing, write [::1]:80");
    if (end[1] != ':')
        return err_set(err, "the port is missing, write [::1]:80");
    snprintf(host, sizeof host, "%.*s", (int)(end - text - 1), text + 1);
    if (!take_numeric(address, AF_INET6, host) && !take_zoned(address, host))
        return err_set(err, "'%.64s' is not an IPv6 address, write one such as [::1]:80", host);
    return parse_port(end + 2, address, err);
}

static int report_no_colon(const char *text, struct err *err)
{
    if (text[0] != '\0' && text[strspn(text, "0123456789")] == '\0')
        return err_set(err, "the host is missing, write 127.0.0.1:%.24s", text);
    return err_set(err, "'%.64s' has no port, write %s", text, FORMS);
}

static int parse_host_and_port(const char *text, struct address *address, struct err *err)
{
    char host[ADDRESS_HOST_MAX];
    const char *colon = strrchr(text, ':');
    if (colon == NULL)
        return report_no_colon(text, err);
    struct span span = {text, (size_t)(colon - text)};
    if (span.length == 0 || (span.length == 1 && text[0] == '*'))
        return err_set(err,
            "the host is missing, write 127.0.0.1%.24s, or 0.0.0.0%.24s for every interface", colon,
            colon);
    if (memchr(text, ':', span.length) != NULL)
        return err_set(err,
            "'%.64s' has more than one colon, an IPv6 address stands in brackets: "
            "[::1]:80",
            text);
    if (span.length >= sizeof host)
        return err_set(err, "the host has %zu bytes, a name has at most %d", span.length,
            ADDRESS_HOST_MAX - 1);
    memcpy(host, text, span.length);
    host[span.length] = '\0';
    if (parse_port(colon + 1, address, err) != 0)
        return -1;
    return parse_host(host, address, err);
}

/* Refuses "http://db:80/x", and suggests db:80. */
static int report_scheme(const char *text, const char *colon, struct err *err)
{
    char host[ADDRESS_HOST_MAX];
    size_t scheme = (size_t)(colon - text);
    const char *rest = colon + strlen("://");
    if (scheme == strlen("unix") && strncasecmp(text, "unix", scheme) == 0)
        return err_set(
            err, "the path of a UNIX socket has no // before it, write unix:%.100s", rest);
    snprintf(host, sizeof host, "%.*s", (int)strcspn(rest, "/?#"), rest);
    if (host[0] == '\0')
        return err_set(err, "an address has no scheme, write %s", FORMS);
    const char *inner = host[0] == '[' ? strchr(host, ']') : host;
    bool has_port = inner != NULL && strchr(inner, ':') != NULL;
    const char *port = has_port                                                 ? ""
                       : scheme == 5 && strncasecmp(text, "https", scheme) == 0 ? ":443"
                                                                                : ":80";
    return err_set(
        err, "an address has no scheme, write %.64s%s instead of '%.64s'", host, port, text);
}

int address_parse(const char *text, struct address *address, struct err *err)
{
    struct address parsed = {.kind = ADDRESS_NAME};
    const char *scheme = strstr(text, "://");
    int rc;
    if (scheme != NULL && strchr(text, '/') == scheme + 1)
        rc = report_scheme(text, scheme, err);
    else if (strncmp(text, UNIX_PREFIX, strlen(UNIX_PREFIX)) == 0)
        rc = parse_unix(text + strlen(UNIX_PREFIX), &parsed, err);
    else if (strncmp(text, BUILTIN_PREFIX, strlen(BUILTIN_PREFIX)) == 0)
        rc = parse_builtin(text + strlen(BUILTIN_PREFIX), &parsed, err);
    else if (text[0] == '[')
        rc = parse_bracketed(text, &parsed, err);
    else
        rc = parse_host_and_port(text, &parsed, err);
    if (rc == 0)
        *address = parsed;
    return rc;
}

void address_nowhere(const char *text, struct address *address)
{
    *address = (struct address){.kind = ADDRESS_NOWHERE};
    snprintf(address->host, sizeof address->host, "%s", text);
}

void address_format(const struct address *address, char *buf, size_t size)
{
    switch (address->kind) {
    case ADDRESS_DIALLED:
    case ADDRESS_NOWHERE:
        snprintf(buf, size, "%s", address->host);
        return;
    case ADDRESS_UNIX:
        snprintf(buf, size, UNIX_PREFIX "%s", address->host);
        return;
    case ADDRESS_BUILTIN:
        snprintf(buf, size, BUILTIN_PREFIX "%s", address->host);
        return;
    case ADDRESS_IP:
    case ADDRESS_NAME:
        if (strchr(address->host, ':') != NULL)
            snprintf(buf, size, "[%s]:%u", address->host, (unsigned)address->port);
        else
            snprintf(buf, size, "%s:%u", address->host, (unsigned)address->port);
    }
}

bool address_is_loopback(const struct sockaddr_storage *addr)
{
    const struct sockaddr_in *in = (const struct sockaddr_in *)addr;
    const struct in6_addr *in6 = &((const struct sockaddr_in6 *)addr)->sin6_addr;
    if (addr->ss_family == AF_INET)
        return ntohl(in->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
    return addr->ss_family == AF_INET6 &&
           (IN6_IS_ADDR_LOOPBACK(in6) ||
               (IN6_IS_ADDR_V4MAPPED(in6) && in6->s6_addr[12] == IN_LOOPBACKNET));
}

bool address_is_private(const struct address *address)
{
    struct sockaddr_storage addr;
    if (address->kind == ADDRESS_NAME)
        return strcasecmp(address->host, "localhost") == 0;
    if (address->kind == ADDRESS_IP) {
        address_to_sockaddr(address, &addr);
        return address_is_loopback(&addr);
    }
    return address->kind == ADDRESS_UNIX;
}

bool address_equal(const struct address *a, const struct address *b)
{
    if (a->kind != b->kind || a->port != b->port)
        return false;
    if (a->kind == ADDRESS_NAME)
        return strcasecmp(a->host, b->host) == 0;
    return strcmp(a->host, b->host) == 0;
}

socklen_t address_to_sockaddr(const struct address *address, struct sockaddr_storage *out)
{
    assert(address->kind == ADDRESS_IP || address->kind == ADDRESS_UNIX);
    memset(out, 0, sizeof *out);
    if (address->kind == ADDRESS_UNIX) {
        struct sockaddr_un *un = (struct sockaddr_un *)out;
        un->sun_family = AF_UNIX;
        memcpy(un->sun_path, address->host, strlen(address->host)); /* at most 107: parse_unix */
        return sizeof *un;
    }
    struct sockaddr_in *in = (struct sockaddr_in *)out;
    if (inet_pton(AF_INET, address->host, &in->sin_addr) == 1) {
        in->sin_family = AF_INET;
        in->sin_port = htons(address->port);
        return sizeof *in;
    }
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)out;
    memset(out, 0, sizeof *out);
    inet_pton(AF_INET6, address->host, &in6->sin6_addr);
    in6->sin6_family = AF_INET6;
    in6->sin6_port = htons(address->port);
    return sizeof *in6;
}

void address_from_sockaddr(const struct sockaddr_storage *addr, struct address *address)
{
    const struct sockaddr_in *in = (const struct sockaddr_in *)addr;
    const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)addr;
    *address = (struct address){.kind = ADDRESS_IP};
    assert(addr->ss_family == AF_INET || addr->ss_family == AF_INET6);
    if (addr->ss_family == AF_INET)
        inet_ntop(AF_INET, &in->sin_addr, address->host, sizeof address->host);
    else
        inet_ntop(AF_INET6, &in6->sin6_addr, address->host, sizeof address->host);
    address->port = sockaddr_port(addr);
}

static void format_unix(const struct sockaddr_un *un, socklen_t len, char *buf, size_t size)
{
    size_t used = len > offsetof(struct sockaddr_un, sun_path)
                      ? len - offsetof(struct sockaddr_un, sun_path)
                      : 0;
    /* An abstract name begins with a NUL. The kernel adds no NUL behind a path of full length. */
    if (used > 1 && un->sun_path[0] == '\0')
        snprintf(buf, size, UNIX_PREFIX "@%.*s", (int)used - 1, un->sun_path + 1);
    else
        snprintf(buf, size, UNIX_PREFIX "%.*s", (int)used, used > 0 ? un->sun_path : "");
}

void address_format_sockaddr(
    const struct sockaddr_storage *addr, socklen_t len, char *buf, size_t size)
{
    char host[INET6_ADDRSTRLEN] = "";
    if (len >= sizeof(sa_family_t) && addr->ss_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)addr;
        inet_ntop(AF_INET, &in->sin_addr, host, sizeof host);
        snprintf(buf, size, "%s:%u", host, (unsigned)ntohs(in->sin_port));
    } else if (len >= sizeof(sa_family_t) && addr->ss_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)addr;
        bool is_mapped = IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr);
        inet_ntop(is_mapped ? AF_INET : AF_INET6, in6->sin6_addr.s6_addr + (is_mapped ? 12 : 0),
            host, sizeof host);
        snprintf(buf, size, is_mapped ? "%s:%u" : "[%s]:%u", host, (unsigned)ntohs(in6->sin6_port));
    } else {
        format_unix((const struct sockaddr_un *)addr, len, buf, size);
    }
}

static_assert(offsetof(struct sockaddr_in, sin_port) == offsetof(struct sockaddr_in6, sin6_port),
    "sin_port stands for the port of both families");

uint16_t sockaddr_port(const struct sockaddr_storage *addr)
{
    bool has_port = addr->ss_family == AF_INET || addr->ss_family == AF_INET6;
    return has_port ? ntohs(((const struct sockaddr_in *)addr)->sin_port) : 0;
}

void sockaddr_set_port(struct sockaddr_storage *addr, uint16_t port)
{
    ((struct sockaddr_in *)addr)->sin_port = htons(port);
}

void sockaddr_unmap(struct sockaddr_storage *addr)
{
    const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)addr;
    struct sockaddr_in in = {.sin_family = AF_INET};
    if (addr->ss_family != AF_INET6 || !IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr))
        return;
    in.sin_port = in6->sin6_port;
    memcpy(&in.sin_addr, &in6->sin6_addr.s6_addr[12], sizeof in.sin_addr);
    memset(addr, 0, sizeof *addr);
    memcpy(addr, &in, sizeof in);
}
