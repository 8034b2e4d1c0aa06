/* SPDX-License-Identifier: MIT */
/* Checks one proxy: its keys, then the rules between them. */
#include <stdio.h>

#include "config/check.h"

/* A proxy that intercepts does not listen, and its upstream is the address that the client
 * dialled. */
static void settle_intercept(struct proxy_config *proxy)
{
    proxy->listen = (struct address){.kind = ADDRESS_DIALLED};
    if (proxy->upstream.host[0] != '\0')
        return;
    proxy->upstream.kind = ADDRESS_DIALLED;
    snprintf(proxy->upstream.host, sizeof proxy->upstream.host, "what was dialled");
}

/* Each client would be accepted again and again, until there is no descriptor left. */
static bool connects_to_itself(const struct proxy_config *proxy)
{
    const struct address *listen = &proxy->listen;
    bool is_known = listen->host[0] != '\0' && (listen->kind == ADDRESS_UNIX || listen->port != 0);
    return proxy->enabled && is_known && address_equal(listen, &proxy->upstream);
}

struct key_flags check_proxy(
    struct problems *problems, const struct source_section *section, struct proxy_config *proxy)
{
    struct key_flags flags = check_table(problems, section, proxy_options, proxy);
    bool has_no_messages =
        protocol_is_raw(&proxy->protocol) && !check_is_bad(&flags, proxy_options, "protocol");
    check_unknown_keys(problems, section, proxy_options, NULL, "a proxy");
    if (proxy->log_messages && has_no_messages)
        check_report_problem(problems, section, "log_messages",
            "there are no messages without a protocol, write one such as protocol = http");
    if (proxy->capture > 0 && has_no_messages)
        check_report_problem(problems, section, "capture",
            "there are no messages without a protocol, write one such as protocol = http or turns");
    if (connects_to_itself(proxy))
        check_report_problem(problems, section, "upstream",
            "the proxy listens there and would connect to itself, write the address of the server");
    if (!proxy_config_intercepts(proxy))
        return flags;
    if (proxy->listen.host[0] != '\0')
        check_report_problem(problems, section, "listen",
            "is used together with intercept, which does not listen: leave one of them out");
    if (proxy->unreachable == UNREACHABLE_REFUSE && proxy->upstream.host[0] == '\0' &&
        !check_is_bad(&flags, proxy_options, "upstream"))
        check_report_problem(problems, section, "unreachable",
            "refuse watches one address: write upstream = as well, or unreachable = reset");
    settle_intercept(proxy);
    return flags;
}
