/* SPDX-License-Identifier: MIT */
/*
 * Refuses faults that could never act on their proxies: `destinations` if the proxy does not
 * intercept, `clients` if no client has an address, faults of segments if the sockets are UNIX
 * sockets.
 */
#include "config/check.h"

#include <string.h>

#include "config/fault_keys.h"

static bool has_destinations(const struct fault *fault)
{
    return fault->destinations.count > 0;
}

static bool has_clients(const struct fault *fault)
{
    return fault->clients.count > 0;
}

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

/* Checks that the socket has segments. */
static int check_segments(
    const struct fault *fault, const struct proxy_config *proxy, const char **key, struct err *err)
{
    if (fault->type == NULL || !fault->type->needs_net_admin)
        return 0;
    bool client = acts_on_side(fault, SIDE_CLIENT) && listens_on_unix(proxy);
    bool server = acts_on_side(fault, SIDE_SERVER) && proxy->upstream.kind == ADDRESS_UNIX;
    if (!client && !server)
        return 0;
    *key = fault->type->side_rule == SIDE_UNUSED ? "type" : "side";
    return err_set(err,
        "type = %s acts on TCP, and [proxy %.64s] has a UNIX socket %s: name other proxies with "
        "proxy =",
        fault->type->name, proxy->name, client ? "to its clients" : "to its server");
}

/* Selections that a connection of some proxies never meets. */
static const struct selected {
    const char *key;
    unsigned row;
    bool (*is_set)(const struct fault *fault);
    bool (*is_in_vain)(const struct proxy_config *proxy);
    const char *text;
} selections[] = {
    {"destinations", ROW_DESTINATIONS, has_destinations, intercepts_nobody,
        "no proxy of this fault intercepts, so that it never fires: leave destinations out, or "
        "write intercept = in the proxy"},
    {"clients", ROW_CLIENTS, has_clients, listens_on_unix,
        "the clients of a UNIX socket have no address, so that this fault never fires: leave "
        "clients out"},
};
#define SELECTIONS (sizeof selections / sizeof selections[0])

static bool is_selected(const struct selected *selected, const struct fault *fault)
{
    return suits(fault, selected->row) && selected->is_set(fault);
}

int config_check_reach(const struct fault *fault, const struct proxy_config *proxy, bool alone,
    const char **key, struct err *err)
{
    if (check_segments(fault, proxy, key, err) != 0)
        return -1;
    for (size_t i = 0; alone && i < SELECTIONS; i++) {
        if (!is_selected(&selections[i], fault) || !selections[i].is_in_vain(proxy))
            continue;
        *key = selections[i].key;
        return err_set(err, "%s", selections[i].text);
    }
    return 0;
}

/* Reports the first proxy whose socket has no segments. */
static void report_segments(struct problems *problems, const struct config *config,
    const struct fault *fault, const struct source_section *section)
{
    for (size_t i = 0; i < config->proxy_count; i++) {
        const char *key;
        struct err err;
        if (!fault_names_proxy(fault, config->proxies[i].name) ||
            check_segments(fault, &config->proxies[i], &key, &err) == 0)
            continue;
        check_report_problem(problems, section, key, err.text);
        return;
    }
}

void check_reach(struct problems *problems, const struct config *config,
    const struct source_section *const *sections, const struct key_flags *flags, bool has_api)
{
    for (size_t i = 0; i < config->fault_count; i++) {
        const struct fault *fault = &config->faults[i];
        report_segments(problems, config, fault, sections[i]);
        if (has_api && strcmp(fault->proxies, "*") == 0)
            continue;
        for (const struct selected *s = selections; s < selections + SELECTIONS; s++)
            if (is_selected(s, fault) && all_are(config, fault, flags, s->is_in_vain))
                check_report_problem(problems, sections[i], s->key, s->text);
    }
}
