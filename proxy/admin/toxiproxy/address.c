/* SPDX-License-Identifier: MIT */
#include "proxy/admin/toxiproxy/address.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "config/kind.h"
#include "proxy/base/must_check.h"
#include "proxy/base/units.h"
#include "proxy/net/listen_address.h"
#include "proxy/net/listener.h"

static bool begins_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* Splits "host:port" and "[host]:port". */
static int address_split(
    const char *text, char *host, size_t size, const char **port, struct err *err)
{
    const char *colon = strrchr(text, ':');
    if (colon == NULL || (text[0] == '[' && strchr(text, ']') == NULL))
        return err_set(
            err, "address %s: missing %s in address", text, colon == NULL ? "port" : "']'");
    bool bracket = text[0] == '[';
    const char *end = bracket ? strchr(text, ']') : colon;
    if (bracket && end + 1 != colon)
        return err_set(err, "address %s: missing port in address", text);
    if (!bracket && strchr(text, ':') != colon)
        return err_set(err, "address %s: too many colons in address", text);
    snprintf(host, size, "%.*s", (int)(end - text) - bracket, text + bracket);
    *port = colon + 1;
    return 0;
}

static int check_port(const char *port, struct err *err)
{
    struct err inner;
    uint64_t number;
    if (units_parse_number(port, &number, &inner) != 0)
        return err_set(err, "lookup tcp/%s: unknown port", port);
    if (number > UINT16_MAX)
        return err_set(err, "address %s: invalid port", port);
    return 0;
}

/* Returns the address of every interface, in both families if the kernel has IPv6 (as net.Listen in
 * Go). */
static const char *any_host(void)
{
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return "0.0.0.0";
    close(fd);
    return "::";
}

int toxiproxy_listen_parse(const char *text, struct address *address, struct err *err)
{
    char host[ADDRESS_HOST_MAX], whole[ADDRESS_TEXT_MAX];
    const char *port = "";
    struct err inner;
    if (*text == '\0')
        return address_parse("127.0.0.1:0", address, err);
    if (begins_with(text, "unix:"))
        return address_parse(text, address, err);
    if (address_split(text, host, sizeof host, &port, err) != 0)
        return -1;
    port = *port != '\0' ? port : "0";
    if (check_port(port, err) != 0)
        return -1;
    if (host[0] == '\0' || strcmp(host, "0.0.0.0") == 0)
        snprintf(host, sizeof host, "%s", any_host());
    bool colon = strchr(host, ':') != NULL;
    snprintf(whole, sizeof whole, colon ? "[%s]:%s" : "%s:%s", host, port);
    return address_parse(whole, address, &inner) == 0
               ? 0
               : err_set(err, "lookup %s: no such host", host);
}

int toxiproxy_upstream_parse(const char *text, struct address *address, struct err *err)
{
    struct err inner;
    if (begins_with(text, "unix:") || begins_with(text, "builtin:"))
        return option_upstream.parse(NULL, text, address, err);
    if (strlen(text) >= ADDRESS_HOST_MAX)
        return err_set(err, "upstream is longer than %d bytes", ADDRESS_HOST_MAX - 1);
    if (address_parse(text, address, &inner) != 0 || address->port == 0)
        address_nowhere(text, address);
    return 0;
}

void toxiproxy_listen_nowhere(const char *text, struct err *err)
{
    struct err inner = {""};
    struct address ignored;
    MAY_FAIL(toxiproxy_listen_parse(text, &ignored, &inner));
    err_set(err, "listen tcp: %s", inner.text);
}

/* Go's texts are the kernel's in lower case, with the resolved address. */
void toxiproxy_listen_error(
    const struct address *address, struct resolver *resolver, int errnum, struct err *err)
{
    char text[ADDRESS_TEXT_MAX], why[128];
    struct sockaddr_storage resolved;
    socklen_t length;
    struct err ignored;
    if (address->kind == ADDRESS_NAME &&
        listen_address_resolve(address, resolver, &resolved, &length, &ignored) == 0)
        address_format_sockaddr(&resolved, length, text, sizeof text);
    else
        address_format(address, text, sizeof text);
    snprintf(why, sizeof why, "%s", strerror(errnum));
    why[0] = (char)tolower((unsigned char)why[0]);
    err_set(err, "listen tcp %s: %s: %s", text,
        errnum == EMFILE || errnum == ENFILE ? "socket" : "bind", why);
}
