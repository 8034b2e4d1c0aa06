/* SPDX-License-Identifier: MIT */
/*
 * A web page can make its browser send requests to 127.0.0.1. Where it is another site's page the
 * browser says so: by Origin, at least for everything but GET and HEAD, and by Sec-Fetch-Site. Where
 * the page's own name was made to resolve to 127.0.0.1 (DNS rebinding), Host is that name: so a Host
 * has to be an IP address, localhost, or what the user configured. With a token neither can hurt: the
 * page does not know it. With admin_open the rule for Host is off, those for pages stay.
 */
#include "proxy/admin/guard.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

/* In a time that tells nothing of where two texts differ, except for the length. */
static bool equal_secret(const char *a, const char *b)
{
    size_t length = strlen(a);
    unsigned char difference = 0;
    if (strlen(b) != length)
        return false;
    for (size_t i = 0; i < length; i++)
        difference |= (unsigned char)(a[i] ^ b[i]);
    return *(volatile unsigned char *)&difference == 0;
}

static bool has_token(const struct call *call)
{
    const char *given = http_header(call->request, "Authorization");
    if (given == NULL || strncasecmp(given, "Bearer ", strlen("Bearer ")) != 0)
        return false;
    given += strlen("Bearer ");
    return equal_secret(call->admin->token, given + strspn(given, " "));
}

/* The host of "host:port", "[::1]:port", "host". */
static void host_of(const char *value, char *buf, size_t size)
{
    bool bracket = *value == '[';
    size_t length = bracket ? strcspn(value + 1, "]") : strcspn(value, ":");
    const char *end = value + length + (bracket ? 2 : 0);
    if (bracket && (value[length + 1] == '\0' || (*end != '\0' && *end != ':'))) {
        bracket = false; /* no address in brackets: it is taken as a whole, and is none */
        length = strlen(value);
    }
    snprintf(buf, size, "%.*s", (int)(length < size ? length : size - 1), value + bracket);
}

static bool is_ip(const char *host)
{
    unsigned char address[sizeof(struct in6_addr)];
    return inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1;
}

/* "a,b" */
static bool is_listed(const char *list, const char *host)
{
    size_t length = strlen(host);
    for (const char *p = list; *p != '\0'; p += strspn(p, ",")) {
        size_t name = strcspn(p, ",");
        if (name == length && strncasecmp(p, host, length) == 0)
            return true;
        p += name;
    }
    return false;
}

/* HTTP/1.0 may leave Host out; no browser does. */
static bool host_is_right(const struct call *call)
{
    char host[ADDRESS_HOST_MAX];
    const char *value = http_header(call->request, "Host");
    const struct address *own = &call->admin->address;
    if (value == NULL || own->kind == ADDRESS_UNIX || call->admin->open)
        return true;
    host_of(value, host, sizeof host);
    return is_ip(host) || strcasecmp(host, "localhost") == 0 || strcasecmp(host, own->host) == 0 ||
           is_listed(call->admin->hosts, host);
}

/* https://www.w3.org/TR/fetch-metadata/: "none" is a user who typed the address. */
static bool is_from_page(const struct call *call)
{
    const char *site = http_header(call->request, "Sec-Fetch-Site");
    return http_header(call->request, "Origin") != NULL ||
           (site != NULL && strcasecmp(site, "none") != 0);
}

void guard_check(const struct call *call)
{
    if (http_header_count(call->request, "Host") > 1) { /* RFC 9112, section 3.2 */
        answer_error(call, 400, "the request has more than one Host");
        return;
    }
    if (call->admin->token[0] != '\0') {
        if (has_token(call))
            return;
        answer_error(call, 401, "send the admin_token: Authorization: Bearer TOKEN");
        http_answer_header(call->request, "WWW-Authenticate", "Bearer");
        return;
    }
    if (is_from_page(call))
        answer_error(call, 403,
            "web pages are not allowed here (the request has an Origin or a Sec-Fetch-Site)");
    else if (!host_is_right(call))
        answer_error(call, 403,
            "Host is neither an IP address nor localhost nor a configured name: web pages are not "
            "allowed here; admin_hosts lets further names in");
}
