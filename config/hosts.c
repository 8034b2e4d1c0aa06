/* SPDX-License-Identifier: MIT */
#include "config/hosts.h"

#include <string.h>

#include "proxy/base/units.h"

/* Whether the text is a name or a numeric address, without a port and without blanks. */
static bool is_host(const char *host)
{
    char text[OPTION_HOSTS_MAX + 8];
    struct address address;
    struct err err;
    snprintf(text, sizeof text, strchr(host, ':') != NULL ? "[%s]:0" : "%s:0", host);
    return host[strcspn(host, " \t")] == '\0' && address_parse(text, &address, &err) == 0 &&
           (address.kind == ADDRESS_NAME || address.kind == ADDRESS_IP);
}

static int parse_hosts(const struct option *option, const char *text, void *value, struct err *err)
{
    char list[OPTION_HOSTS_MAX] = "", host[OPTION_HOSTS_MAX];
    const char *rest = text;
    size_t used = 0;
    (void)option;
    if (strlen(text) >= sizeof list)
        return err_set(err, "the list has more than %d bytes", OPTION_HOSTS_MAX - 1);
    while (units_next_element(&rest, host, sizeof host) == 1) {
        if (!is_host(host))
            return err_set(err,
                "'%.64s' is not a list of host names, write names without a port and with commas "
                "between: rudeproxy, api.test",
                text);
        used +=
            (size_t)snprintf(list + used, sizeof list - used, "%s%s", used > 0 ? "," : "", host);
    }
    memcpy(value, list, sizeof list);
    return 0;
}

static void format_hosts(const struct option *option, const void *value, char *buf, size_t size)
{
    (void)option;
    snprintf(buf, size, "%s", (const char *)value);
}

const struct option_kind option_hosts = {
    .name = "host names",
    .form = "host names with commas between",
    .size = OPTION_HOSTS_MAX,
    .parse = parse_hosts,
    .format = format_hosts,
};
