/* SPDX-License-Identifier: MIT */
#include "config/hosts.h"

#include <string.h>

/* Whether the text is a name or a numeric address, without a port. */
static bool is_host(const char *host)
{
    char text[OPTION_HOSTS_MAX + 8];
    struct address address;
    struct err err;
    snprintf(text, sizeof text, strchr(host, ':') != NULL ? "[%s]:0" : "%s:0", host);
    return address_parse(text, &address, &err) == 0 &&
           (address.kind == ADDRESS_NAME || address.kind == ADDRESS_IP);
}

static int parse_hosts(const struct option *option, const char *text, void *value, struct err *err)
{
    char list[OPTION_HOSTS_MAX] = "", host[OPTION_HOSTS_MAX];
    size_t used = 0;
    (void)option;
    if (strlen(text) >= sizeof list)
        return err_set(err, "the list has more than %d bytes", OPTION_HOSTS_MAX - 1);
    for (const char *p = text; p != NULL; p = strchr(p, ',') != NULL ? strchr(p, ',') + 1 : NULL) {
        const char *start = p + strspn(p, " \t");
        size_t length = strcspn(start, ", \t");
        snprintf(host, sizeof host, "%.*s", (int)length, start);
        const char *rest = start + length + strspn(start + length, " \t");
        if ((*rest != ',' && *rest != '\0') || !is_host(host))
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
