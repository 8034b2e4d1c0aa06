/* SPDX-License-Identifier: MIT */
/*
 * Puts the parts together: see intercept.h.
 *
 * A silent proxy takes the connections that no proxy intercepts. It leaves no record and has no
 * fault. Of the connections to a loopback address it takes only those to a port on which a program
 * of the machine listens (local_ports.h). The list of these ports is read again every SERVED_MS.
 */
#include "proxy/app/intercept/intercept.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/app/intercept/names.h"
#include "proxy/app/intercept/routes.h"
#include "proxy/net/handle.h"
#include "proxy/net/proxy.h"

#define SERVED_MS 100

static bool has_upstream(const struct proxy_config *proxy)
{
    return proxy_config_intercepts(proxy) && proxy->upstream.kind != ADDRESS_DIALLED;
}

/* --- what is too much --- */

static void tell_if_incomplete(struct intercept *intercept)
{
    if (!intercept->interception.names.is_incomplete || intercept->told_incomplete)
        return;
    intercept->told_incomplete = true;
    fprintf(stderr,
        "rudeproxy: --intercept: the listed names have more than %d addresses; connections to "
        "further ones are not taken\n",
        NAME_CACHE_MAX);
}

/* Without a list of the served ports, all connections to loopback addresses pass. */
static void read_served(struct intercept *intercept)
{
    intercept->limits_loopback = local_ports_read(&intercept->served);
    if (!intercept->served.too_many || intercept->told_too_many)
        return;
    intercept->told_too_many = true;
    fprintf(stderr,
        "rudeproxy: --intercept: servers of the machine listen on more than %d ports, so a "
        "connection to a loopback port where nobody listens is accepted, then reset\n",
        LOCAL_PORTS_MAX);
}

/* --- the life --- */

/* At the start, only names that are wanted are looked up. */
static bool name_is_wanted(const struct name_cache *names, const struct cached_name *pair)
{
    const struct intercept *intercept = container_of(names, struct intercept, interception.names);
    return intercept->worker == NULL || names_are_listed(intercept->worker, pair);
}

static int make_socket(struct interception *interception, int family, int type, int protocol)
{
    struct intercept *intercept = container_of(interception, struct intercept, interception);
    return netns_socket(&intercept->netns, family, type, protocol);
}

struct intercept *intercept_new(
    const struct config *config, const struct intercept_pass *pass, struct err *err)
{
    bool all_ipv6 = false;
    struct intercept *intercept = calloc(1, sizeof *intercept);
    if (intercept == NULL) {
        err_set(err, "out of memory");
        return NULL;
    }
    intercept->interception.make_socket = make_socket;
    intercept->interception.names.is_wanted = name_is_wanted;
    intercept->pass = *pass;
    if (netns_start(&intercept->netns, err) != 0)
        goto err_after_alloc;
    for (size_t i = 0; i < config->proxy_count; i++)
        all_ipv6 = all_ipv6 || has_upstream(&config->proxies[i]);
    if (routes_add(&intercept->netns, all_ipv6, err) != 0)
        goto err_after_netns;
    names_look_up(&intercept->interception.names, config);
    return intercept;

err_after_netns:
    netns_stop(&intercept->netns);
err_after_alloc:
    free(intercept);
    return NULL;
}

void intercept_attach(struct intercept *intercept, struct worker *worker)
{
    intercept->worker = worker;
    worker->interception = &intercept->interception;
}

void intercept_free(struct intercept *intercept)
{
    if (intercept == NULL)
        return;
    netns_stop(&intercept->netns);
    name_cache_deinit(&intercept->interception.names);
    rules_deinit(&intercept->rules);
    free(intercept);
}

/* --- silent proxies --- */

/* Takes connections to these ports. `upstream`: where they go; NULL: where the command wanted to
 * go. */
static struct proxy *start_silent(struct intercept *intercept, const char *name, const char *ports,
    const struct sockaddr_storage *upstream, struct err *err)
{
    struct plan_basis basis = {.started_at = intercept->worker->started_at};
    struct proxy_config *config = &basis.config;
    option_set_defaults(proxy_options, config);
    snprintf(config->name, sizeof config->name, "%s", name);
    config->silent = true;
    config->listen.kind = ADDRESS_DIALLED;
    config->upstream.kind = ADDRESS_DIALLED;
    if (option_intercept.parse(NULL, ports, &config->intercept, err) != 0)
        return NULL;
    if (upstream != NULL)
        address_from_sockaddr(upstream, &config->upstream);
    struct plan *plan = plan_new(&basis, NULL, 0);
    struct proxy *proxy = plan == NULL ? NULL : proxy_new(intercept->worker, plan);
    if (proxy == NULL) {
        plan_unref(plan);
        err_set(err, "out of memory");
        return NULL;
    }
    if (proxy_listen(proxy, err) == 0)
        return proxy;
    proxy_close(proxy);
    return NULL;
}

/* DNS over TCP: a connection to one of the machine's name servers goes to that server, a connection
 * to any other address to the first of them. */
static void pass_name_servers(struct intercept *intercept)
{
    const struct resolv *resolv = &intercept->dns.resolv;
    char text[DESTINATION_TEXT_MAX] = "", server[ADDRESS_TEXT_MAX];
    size_t used = 0;
    struct err ignored;
    for (size_t i = 0; i < resolv->count; i++) {
        address_format_sockaddr(
            &resolv->servers[i], sizeof resolv->servers[i], server, sizeof server);
        used +=
            (size_t)snprintf(text + used, sizeof text - used, "%s%s", i == 0 ? "" : ", ", server);
    }
    MAY_FAIL(option_intercept.parse(NULL, text, &intercept->interception.name_servers, &ignored));
}

/* --- rules --- */

static struct proxy *proxy_at(const struct worker *worker, uint16_t port)
{
    list_for_each(link, &worker->proxies)
    {
        struct proxy *proxy = container_of(link, struct proxy, link);
        if (proxy_config_intercepts(&proxy->plan->config) && rules_listening_port(proxy) == port)
            return proxy;
    }
    return NULL;
}

/* Puts the rules in force with one socket for each port. */
static int open_ports(struct intercept *intercept, const struct rules *rules, struct err *err)
{
    int result = 0;
    port_listeners_follow(&intercept->ports);
    for (size_t i = 0; i < rules->count && result == 0; i++) {
        const struct redirect_rule *rule = &rules->list[i];
        struct proxy *owner = proxy_at(intercept->worker, rule->to);
        for (unsigned port = rule->first_port; port <= rule->last_port && result == 0; port++)
            result = owner == NULL
                         ? 0
                         : port_listeners_add(&intercept->ports, (uint16_t)port, owner, err);
    }
    return result;
}

static int redirect(struct intercept *intercept, const struct rules *rules, struct err *err)
{
    if (rules_are_equal(rules, &intercept->rules))
        return 0;
    int result = redirect_set(
        &intercept->redirect, &intercept->netns, rules->list, rules->count, &rules->served);
    return result == 0 ? 0
                       : err_set(err,
                             "--intercept: the kernel cannot redirect connections: %s; it needs "
                             "nf_tables with CONFIG_NFT_TPROXY and CONFIG_NFT_SOCKET",
                             strerror(-result));
}

static int set_rules(struct intercept *intercept, struct err *err)
{
    const struct rules_input input = {
        .worker = intercept->worker,
        .pass = &intercept->pass,
        .passing = intercept->interception.passing,
        .dns_tcp = intercept->dns_tcp,
        .api_port = intercept->api_port,
        .served = intercept->limits_loopback && !intercept->by_ports ? &intercept->served : NULL,
        .any_host = intercept->by_ports,
    };
    struct rules rules = {0};
    if (rules_make(&rules, &input) != 0)
        return err_set(err, "out of memory");
    int result =
        intercept->by_ports ? open_ports(intercept, &rules, err) : redirect(intercept, &rules, err);
    if (result != 0) {
        rules_deinit(&rules);
        return -1;
    }
    rules_deinit(&intercept->rules);
    intercept->rules = rules;
    return 0;
}

static void on_served_timer(uv_timer_t *timer)
{
    struct intercept *intercept = timer->data;
    struct err ignored;
    if (intercept->by_ports) {
        port_listeners_follow(&intercept->ports);
        return;
    }
    read_served(intercept);
    set_rules(intercept, &ignored);
}

/* A name may have an address that no rule has yet. */
static void on_names(struct dns *dns)
{
    struct intercept *intercept = container_of(dns, struct intercept, dns);
    struct err ignored;
    tell_if_incomplete(intercept);
    if (!intercept->by_ports)
        set_rules(intercept, &ignored);
}

static void on_changed_timer(uv_timer_t *timer)
{
    struct intercept *intercept = timer->data;
    struct err ignored;
    set_rules(intercept, &ignored);
    uv_timer_start(timer, on_served_timer, SERVED_MS, SERVED_MS);
}

/* Makes the rules at once, so that the API answers after they are in force. Makes them again in the
 * next turn, when a proxy that is ending has ended. The sockets of listed ports can only be closed
 * between two turns. */
void intercept_update(struct intercept *intercept)
{
    struct err ignored;
    if (intercept->timer == NULL)
        return;
    if (!intercept->by_ports)
        set_rules(intercept, &ignored);
    uv_timer_start(intercept->timer, on_changed_timer, 0, 0);
}

/* --- start and stop --- */

static int start_timer(struct intercept *intercept, struct err *err)
{
    intercept->timer = calloc(1, sizeof *intercept->timer);
    if (intercept->timer == NULL)
        return err_set(err, "out of memory");
    uv_timer_init(intercept->worker->loop, intercept->timer);
    intercept->timer->data = intercept;
    uv_timer_start(intercept->timer, on_served_timer, SERVED_MS, SERVED_MS);
    return 0;
}

/* Such a port has one socket for all hosts, and a fault of the socket is a fault of all of them. */
static void warn_of_shared_ports(const struct worker *worker)
{
    list_for_each(link, &worker->proxies)
    {
        const struct plan *plan = container_of(link, struct proxy, link)->plan;
        if (!destination_list_has_hosts(&plan->config.intercept))
            continue;
        for (size_t i = 0; i < plan->rule_count; i++)
            if (plan->rules[i]->fault.type->listener != LISTENER_OPEN)
                fprintf(stderr, "rudeproxy: %s: here %s meets every host of the port\n",
                    plan->config.name, plan->rules[i]->fault.type->name);
    }
}

/* The packet filter cannot redirect, so only the listed ports are taken. `err` has the reason. If
 * the ports cannot be taken either, `err` says why. */
static int fall_back(struct intercept *intercept, struct err *err)
{
    if (intercept->pass.is_explicit && intercept->pass.kind == PASS_ALL)
        return -1;
    fprintf(stderr,
        "rudeproxy: %s; only the ports that are listed are taken, as with --pass none, and the "
        "command cannot listen there itself\n",
        err->text);
    if (intercept->pass.kind == PASS_ALL)
        intercept->pass.kind = PASS_NONE;
    intercept->by_ports = true;
    warn_of_shared_ports(intercept->worker);
    return set_rules(intercept, err);
}

int intercept_start(struct intercept *intercept, uint16_t api_port, struct err *err)
{
    uv_loop_t *loop = intercept->worker->loop;
    struct err ignored;
    intercept->api_port = api_port;
    if (dns_start(&intercept->dns, loop, &intercept->netns, &intercept->interception.names, err) !=
        0)
        return -1;
    intercept->dns_tcp =
        start_silent(intercept, "(dns)", "53", &intercept->dns.resolv.servers[0], err);
    if (intercept->dns_tcp == NULL)
        return -1;
    intercept->interception.passing = start_silent(intercept, "(passed)", "1-65535", NULL, err);
    if (intercept->interception.passing == NULL)
        return -1;
    pass_name_servers(intercept);
    intercept->dns.on_names = on_names;
    port_listeners_init(&intercept->ports, intercept->worker, &intercept->netns);
    read_served(intercept);
    if (set_rules(intercept, err) != 0 && fall_back(intercept, err) != 0)
        return -1;
    if (intercept->pass.kind != PASS_ALL)
        intercept->watches_refusals =
            refused_ports_start(&intercept->refusals, loop, &intercept->netns, &ignored) == 0;
    if (intercept->verbose)
        fprintf(stderr, "rudeproxy: interception by %s in a %s; other ports: %s\n",
            intercept->by_ports ? "a socket for each port" : "the packet filter (tproxy)",
            intercept->netns.namespaces[NETNS_USER] < 0 ? "network namespace"
                                                        : "user and network namespace",
            intercept_pass_name(&intercept->pass));
    return start_timer(intercept, err);
}

void intercept_stop(struct intercept *intercept)
{
    if (intercept == NULL)
        return;
    dns_stop(&intercept->dns);
    refused_ports_stop(&intercept->refusals);
    redirect_close(&intercept->redirect);
    if (intercept->by_ports)
        port_listeners_close(&intercept->ports);
    intercept->by_ports = false;
    if (intercept->timer == NULL)
        return;
    uv_timer_stop(intercept->timer);
    handle_free((uv_handle_t *)intercept->timer);
    intercept->timer = NULL;
}

/* --- refused ports --- */

struct taken {
    const struct intercept *intercept;
    const struct config *config;
};

/* Whether the port was intercepted or passed. Then another `--pass` would not help. */
static bool is_taken(const void *user, uint16_t port)
{
    const struct taken *taken = user;
    if (port == RESOLV_PORT || destination_list_has_port(&taken->intercept->pass.ports, port))
        return true;
    for (size_t i = 0; i < taken->config->proxy_count; i++)
        if (destination_list_has_port(&taken->config->proxies[i].intercept, port))
            return true;
    return false;
}

void intercept_report(const struct intercept *intercept, const struct config *config, FILE *out)
{
    const struct taken taken = {.intercept = intercept, .config = config};
    if (intercept->watches_refusals)
        refused_ports_print(&intercept->refusals, is_taken, &taken, out);
}
