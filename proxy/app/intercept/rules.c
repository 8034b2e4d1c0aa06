/* SPDX-License-Identifier: MIT */
#include "proxy/app/intercept/rules.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/net/worker.h"

#define FIRST_CAPACITY 64

/* A rule, without an address. */
static struct redirect_rule for_ports(uint16_t first, uint16_t last, uint16_t to)
{
    return (struct redirect_rule){.first_port = first, .last_port = last, .to = to};
}

/* A failed allocation shows as capacity 0. */
static void rules_add(struct rules *rules, struct redirect_rule rule)
{
    if (rules->count == rules->capacity) {
        size_t capacity = rules->capacity * 2;
        struct redirect_rule *list = reallocarray(rules->list, capacity, sizeof *list);
        if (list == NULL)
            capacity = 0;
        else
            rules->list = list;
        rules->capacity = capacity;
    }
    if (rules->count < rules->capacity)
        rules->list[rules->count++] = rule;
}

uint16_t rules_listening_port(const struct proxy *proxy)
{
    return sockaddr_port(&proxy->listener.address);
}

/* --- one kind of rule each --- */

/* Adds a rule for each address that has the name. */
static void add_name(struct rules *rules, const struct name_cache *names, const char *name,
    size_t length, struct redirect_rule rule)
{
    rule.has_network = true;
    rule.network.prefix = 128;
    for (size_t i = 0; i < names->count; i++) {
        if (!name_cache_matches(&names->pairs[i], name, length))
            continue;
        memcpy(rule.network.bytes, names->pairs[i].address, sizeof rule.network.bytes);
        rules_add(rules, rule);
    }
}

static void add_term(struct rules *rules, const struct rules_input *input,
    const struct destination_list *list, const struct destination *term, uint16_t to)
{
    struct redirect_rule rule = for_ports(term->first_port, term->last_port, to);
    rule.has_network = term->host == DESTINATION_NETWORK && !input->any_host;
    rule.network = term->network;
    if (term->host == DESTINATION_NAME && !input->any_host)
        add_name(rules, &input->worker->interception->names, list->text + term->name_start,
            term->name_length, rule);
    else
        rules_add(rules, rule);
}

static void add_destinations(struct rules *rules, const struct rules_input *input,
    const struct destination_list *list, const struct proxy *to)
{
    for (unsigned i = 0; i < list->count; i++)
        add_term(rules, input, list, &list->terms[i], rules_listening_port(to));
}

static void add_intercepted(struct rules *rules, const struct rules_input *input)
{
    list_for_each(link, &input->worker->proxies)
    {
        const struct proxy *proxy = container_of(link, struct proxy, link);
        if (proxy_intercepts(proxy))
            add_destinations(rules, input, &proxy->plan->config.intercept, proxy);
    }
}

/* Our own listeners and our API are reached at their addresses. */
static void add_own(struct rules *rules, const struct rules_input *input)
{
    uint16_t to = rules_listening_port(input->passing);
    if (input->api_port != 0)
        rules_add(rules, for_ports(input->api_port, input->api_port, to));
    list_for_each(link, &input->worker->proxies)
    {
        const struct proxy *proxy = container_of(link, struct proxy, link);
        const struct proxy_config *config = &proxy->plan->config;
        uint16_t port = rules_listening_port(proxy);
        if (config->enabled && !proxy_config_intercepts(config) &&
            proxy->listener.address.ss_family != AF_UNIX && proxy->listener.address_len > 0)
            rules_add(rules, for_ports(port, port, to));
    }
}

/* --- what passes --- */

static void pass_ports(struct rules *rules, const struct rules_input *input, uint16_t first,
    uint16_t last, bool served_only)
{
    struct redirect_rule rule = for_ports(first, last, rules_listening_port(input->passing));
    rule.served_only = served_only;
    rules_add(rules, rule);
}

static void pass_other_hosts(struct rules *rules, const struct rules_input *input, bool served_only)
{
    list_for_each(link, &input->worker->proxies)
    {
        const struct proxy *proxy = container_of(link, struct proxy, link);
        const struct destination_list *list = &proxy->plan->config.intercept;
        for (unsigned i = 0; proxy_intercepts(proxy) && i < list->count; i++)
            if (list->terms[i].host != DESTINATION_ANY_HOST)
                pass_ports(
                    rules, input, list->terms[i].first_port, list->terms[i].last_port, served_only);
    }
}

static void add_passed(struct rules *rules, const struct rules_input *input, bool served_only)
{
    const struct destination_list *listed = &input->pass->ports;
    if (input->pass->kind == PASS_ALL) {
        pass_ports(rules, input, 0, UINT16_MAX, served_only);
        return;
    }
    if (!input->any_host)
        pass_other_hosts(rules, input, served_only);
    for (unsigned i = 0; input->pass->kind == PASS_LIST && i < listed->count; i++)
        pass_ports(
            rules, input, listed->terms[i].first_port, listed->terms[i].last_port, served_only);
}

static void refuse_loopback(struct rules *rules)
{
    static const struct cidr loopback[] = {
        {.bytes = {[10] = 0xff, [11] = 0xff, [12] = IN_LOOPBACKNET}, .prefix = 96 + 8},
        {.bytes = {[15] = 1}, .prefix = 128},
    };
    struct redirect_rule rule = for_ports(0, UINT16_MAX, 0);
    rule.has_network = true;
    for (size_t i = 0; i < sizeof loopback / sizeof loopback[0]; i++) {
        rule.network = loopback[i];
        rules_add(rules, rule);
    }
}

/* On a loopback address nothing passes but the ports that are served. */
static void add_passing(struct rules *rules, const struct rules_input *input)
{
    size_t before = rules->count;
    if (input->served != NULL)
        add_passed(rules, input, true);
    if (rules->count > before) {
        rules->served = *input->served;
        refuse_loopback(rules);
    }
    add_passed(rules, input, false);
}

/* --- the list --- */

int rules_make(struct rules *rules, const struct rules_input *input)
{
    rules->list = calloc(FIRST_CAPACITY, sizeof *rules->list);
    rules->capacity = rules->list == NULL ? 0 : FIRST_CAPACITY;
    add_intercepted(rules, input);
    add_destinations(rules, input, &input->dns_tcp->plan->config.intercept, input->dns_tcp);
    add_own(rules, input);
    add_passing(rules, input);
    if (rules->capacity != 0)
        return 0;
    rules_deinit(rules);
    return -ENOMEM;
}

static bool is_same_rule(const struct redirect_rule *a, const struct redirect_rule *b)
{
    return a->first_port == b->first_port && a->last_port == b->last_port && a->to == b->to &&
           a->served_only == b->served_only && a->has_network == b->has_network &&
           (!a->has_network ||
               (a->network.prefix == b->network.prefix &&
                   memcmp(a->network.bytes, b->network.bytes, sizeof a->network.bytes) == 0));
}

bool rules_are_equal(const struct rules *a, const struct rules *b)
{
    const struct local_ports *served = &a->served;
    if (a->count != b->count || served->count != b->served.count ||
        memcmp(served->ports, b->served.ports, served->count * sizeof served->ports[0]) != 0)
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (!is_same_rule(&a->list[i], &b->list[i]))
            return false;
    return true;
}

void rules_deinit(struct rules *rules)
{
    free(rules->list);
    *rules = (struct rules){0};
}
