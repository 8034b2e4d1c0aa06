/* SPDX-License-Identifier: MIT */
/*
 * Faults that could be accepted and never act, because of what their proxies are: `destinations`
 * where nobody is intercepted, `clients` where no client has an address, segments that a UNIX
 * socket does not have.
 */
#include <stdio.h>

#include "config/check.h"
#include "config/fault_keys.h"

static bool intercepts_nobody(const struct proxy_config *proxy)
{
    return !proxy_config_intercepts(proxy);
}

static bool listens_on_unix(const struct proxy_config *proxy)
{
    return proxy->listen.kind == ADDRESS_UNIX;
}

/* Whether it is certain how clients come to the proxy. */
static bool is_known(const struct key_flags *flags)
{
    return !check_is_bad(flags, proxy_options, "intercept") &&
           !check_is_bad(flags, proxy_options, "listen");
}

/* Whether the fault has proxies, and each is certainly such a one. */
static bool all_are(const struct config *config, const struct fault *fault,
    const struct key_flags *flags, bool (*is_such)(const struct proxy_config *proxy))
{
    size_t count = 0;
    for (size_t i = 0; i < config->proxy_count; i++) {
        if (!fault_names_proxy(fault, config->proxies[i].name))
            continue;
        if (!is_such(&config->proxies[i]) || !is_known(&flags[i]))
            return false;
        count++;
    }
    return count > 0;
}

static bool suits(const struct fault *fault, unsigned row)
{
    return fault->type != NULL && fault_key_suits(&fault_options[row], fault->type);
}

/* Whether a fault with `needs_net_admin` acts on the socket of this side. */
static bool acts_on_side(const struct fault *fault, enum side side)
{
    bool listener = fault->type->listener != LISTENER_OPEN;
    return listener ? side == SIDE_CLIENT : bits_have(fault->sides, (int)side);
}

/* Reports the first proxy whose socket has no segments. */
static void check_segments(struct problems *problems, const struct config *config,
    const struct fault *fault, const struct source_section *section)
{
    if (fault->type == NULL || !fault->type->needs_net_admin)
        return;
    for (size_t i = 0; i < config->proxy_count; i++) {
        const struct proxy_config *proxy = &config->proxies[i];
        bool client = acts_on_side(fault, SIDE_CLIENT) && listens_on_unix(proxy);
        bool server = acts_on_side(fault, SIDE_SERVER) && proxy->upstream.kind == ADDRESS_UNIX;
        char text[ERR_TEXT_MAX];
        if (!fault_names_proxy(fault, proxy->name) || (!client && !server))
            continue;
        snprintf(text, sizeof text,
            "type = %s acts on TCP, and [proxy %s] has a UNIX socket %s: name other proxies with "
            "proxy =",
            fault->type->name, proxy->name, client ? "to its clients" : "to its server");
        check_report_problem(
            problems, section, fault->type->side_rule == SIDE_UNUSED ? "type" : "side", text);
        return;
    }
}

void check_reach(struct problems *problems, const struct config *config,
    const struct source_section *const *sections, const struct key_flags *flags)
{
    for (size_t i = 0; i < config->fault_count; i++) {
        const struct fault *fault = &config->faults[i];
        check_segments(problems, config, fault, sections[i]);
        if (fault->destinations.count > 0 && suits(fault, ROW_DESTINATIONS) &&
            all_are(config, fault, flags, intercepts_nobody))
            check_report_problem(problems, sections[i], "destinations",
                "no proxy of this fault intercepts, so that it never fires: leave it out, or write "
                "intercept = in the proxy");
        if (fault->clients.count > 0 && suits(fault, ROW_CLIENTS) &&
            all_are(config, fault, flags, listens_on_unix))
            check_report_problem(problems, sections[i], "clients",
                "the clients of a UNIX socket have no address, so that this fault never fires: "
                "leave it out");
    }
}
