/* SPDX-License-Identifier: MIT */
/*
 * A web page can make its browser send requests to 127.0.0.1. If the page is another site's, the
 * browser says so: by Origin, at least for everything but GET and HEAD, and by Sec-Fetch-Site. If
 * the page's own name resolves to 127.0.0.1 (DNS rebinding), Host is that name: so Host must be an
 * IP address, localhost, or a name that the user configured. A token stops both, because the page
 * does not know it. With admin_open the rule for Host is off, and the rules for pages stay.
 *
 * rudeproxy's own page holds a token, which a rebinding page could read there. So the page's files
 * have the rules for Host only, and with admin_open they are served only to a Host that names this
 * machine or is in admin_hosts.
 */
#include "proxy/admin/access.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

#include "proxy/admin/ui/ui.h"

/* Compares in a time that does not depend on where two texts of one length differ. */
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

/* Copies the host of "host:port", "[::1]:port" or "host". */
static void host_of(const char *value, char *buf, size_t size)
{
    bool bracket = *value == '[';
    size_t length = bracket ? strcspn(value + 1, "]") : strcspn(value, ":");
    const char *end = value + length + (bracket ? 2 : 0);
    if (bracket && (value[length + 1] == '\0' || (*end != '\0' && *end != ':'))) {
        bracket = false; /* no address in brackets: keep the whole text, which is no host */
        length = strlen(value);
    }
    snprintf(buf, size, "%.*s", (int)(length < size ? length : size - 1), value + bracket);
}

static bool is_ip(const char *host)
{
    unsigned char address[sizeof(struct in6_addr)];
    return inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1;
}

static bool is_loopback(const char *host)
{
    struct in_addr v4;
    struct in6_addr v6;
    if (inet_pton(AF_INET, host, &v4) == 1)
        return ntohl(v4.s_addr) >> 24 == IN_LOOPBACKNET;
    if (inet_pton(AF_INET6, host, &v6) == 1)
        return IN6_IS_ADDR_LOOPBACK(&v6);
    return strcasecmp(host, "localhost") == 0;
}

/* Whether `list` ("a,b") has the host. */
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

/* HTTP/1.0 may omit Host; no browser does. */
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

/* Sec-Fetch-Site "none" means that the user typed the address
 * (https://www.w3.org/TR/fetch-metadata/). */
static bool is_from_page(const struct call *call)
{
    const char *site = http_header(call->request, "Sec-Fetch-Site");
    return http_header(call->request, "Origin") != NULL ||
           (site != NULL && strcasecmp(site, "none") != 0);
}

/* Whether the page may be used under the request's Host. */
static bool page_host_is_right(const struct call *call)
{
    char host[ADDRESS_HOST_MAX];
    const char *value = http_header(call->request, "Host");
    const struct admin *admin = call->admin;
    if (admin->token[0] != '\0' || admin->address.kind == ADDRESS_UNIX)
        return true;
    if (!admin->open)
        return host_is_right(call);
    if (value == NULL)
        return false;
    host_of(value, host, sizeof host);
    return is_loopback(host) || is_listed(admin->hosts, host);
}

/* Whether the browser says that the request comes from a page of this origin, or from the user. */
static bool is_same_origin(const struct call *call)
{
    const char *site = http_header(call->request, "Sec-Fetch-Site");
    const char *origin = http_header(call->request, "Origin");
    const char *host = http_header(call->request, "Host");
    if (site != NULL && strcasecmp(site, "none") != 0 && strcasecmp(site, "same-origin") != 0)
        return false;
    if (origin == NULL)
        return true;
    size_t scheme = strncmp(origin, "https://", strlen("https://")) == 0 ? strlen("https://")
                                                                         : strlen("http://");
    return host != NULL && http_header_count(call->request, "Origin") == 1 &&
           strncmp(origin, "http", strlen("http")) == 0 && strlen(origin) > scheme &&
           strcasecmp(origin + scheme, host) == 0;
}

bool access_is_browser(const struct call *call)
{
    const char *agent = http_header(call->request, "User-Agent");
    return agent != NULL && strncmp(agent, "Mozilla/", strlen("Mozilla/")) == 0;
}

bool access_is_own_page(const struct call *call)
{
    const struct admin *admin = call->admin;
    const char *given = http_header(call->request, ACCESS_PAGE_HEADER);
    if (!is_same_origin(call) || !page_host_is_right(call))
        return false;
    if (admin->token[0] != '\0')
        return has_token(call);
    return given != NULL && admin->page_token[0] != '\0' && equal_secret(admin->page_token, given);
}

static void check_page_file(const struct call *call)
{
    if (!is_same_origin(call))
        answer_error(call, 403, "another page must not use this one: type its address");
    else if (!page_host_is_right(call) && call->admin->open)
        answer_error(call, 403,
            "with admin_open the page is only for a Host that is localhost, a loopback address or "
            "a "
            "name in admin_hosts");
    else if (!page_host_is_right(call))
        answer_error(call, 403,
            "Host is neither an IP address nor localhost nor a configured name; admin_hosts lets "
            "further names in");
}

static void check_token(const struct call *call)
{
    if (has_token(call))
        return;
    answer_error(call, 401, "send the admin_token: Authorization: Bearer TOKEN");
    http_answer_header(call->request, "WWW-Authenticate", "Bearer");
}

void access_check(const struct call *call)
{
    if (http_header_count(call->request, "Host") > 1) /* RFC 9112, section 3.2 */
        answer_error(call, 400, "the request has more than one Host");
    else if (ui_has_target(call->request->target))
        check_page_file(call);
    else if (call->admin->token[0] != '\0')
        check_token(call);
    else if (access_is_own_page(call))
        return;
    else if (is_from_page(call))
        answer_error(call, 403,
            "web pages are not allowed here (the request has an Origin or a Sec-Fetch-Site)");
    else if (!host_is_right(call))
        answer_error(call, 403,
            "Host is neither an IP address nor localhost nor a configured name: web pages are not "
            "allowed here; admin_hosts lets further names in");
}
