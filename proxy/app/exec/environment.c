/* SPDX-License-Identifier: MIT */
/* The environment of a command: see environment.h. */
#include "proxy/app/exec/environment.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proxy/app/cli/environment.h"
#include "proxy/net/proxy.h"

#define STEM "RUDEPROXY_"
#define STEM_MAX (sizeof STEM + PROXY_NAME_MAX)
#define VARIABLES_MAX 3 /* of one proxy */

static void make_stem(const char *name, char stem[STEM_MAX])
{
    size_t used = (size_t)snprintf(stem, STEM_MAX, STEM);
    for (; *name != '\0' && used + 1 < STEM_MAX; name++) {
        char c = *name;
        if (c >= 'a' && c <= 'z')
            c = (char)(c - 'a' + 'A');
        bool plain = (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        stem[used++] = plain ? c : '_';
    }
    stem[used] = '\0';
}

/* A command dials what it always dials where we intercept it. A disabled proxy has no address. */
static bool has_variables(const struct proxy_config *proxy)
{
    return proxy->enabled && !proxy_config_intercepts(proxy);
}

int exec_environment_check(const struct config *config, struct err *err)
{
    for (size_t i = 0; i < config->proxy_count; i++) {
        for (size_t k = 0; k < i; k++) {
            if (!has_variables(&config->proxies[i]) || !has_variables(&config->proxies[k]))
                continue;
            char one[STEM_MAX], other[STEM_MAX];
            make_stem(config->proxies[i].name, one);
            make_stem(config->proxies[k].name, other);
            if (strcmp(one, other) == 0)
                return err_set(err,
                    "[proxy %s] and [proxy %s] would both be %s_ADDR to the command: rename one",
                    config->proxies[k].name, config->proxies[i].name, one);
        }
    }
    return 0;
}

/* Where a command reaches a listener: one on any address is reached on the loopback device. */
static void reachable(const struct listener *listener, struct sockaddr_storage *address)
{
    memcpy(address, &listener->address, sizeof *address);
    struct sockaddr_in *in = (struct sockaddr_in *)address;
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)address;
    if (address->ss_family == AF_INET && in->sin_addr.s_addr == htonl(INADDR_ANY))
        in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (address->ss_family == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED(&in6->sin6_addr))
        in6->sin6_addr = in6addr_loopback;
}

/* The host without brackets and the port; false for a UNIX socket, which has neither. */
static bool environment_split(
    const struct sockaddr_storage *address, char host[INET6_ADDRSTRLEN], int *port)
{
    const struct sockaddr_in *in = (const struct sockaddr_in *)address;
    const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)address;
    if (address->ss_family == AF_INET) {
        *port = ntohs(in->sin_port);
        return inet_ntop(AF_INET, &in->sin_addr, host, INET6_ADDRSTRLEN) != NULL;
    }
    if (address->ss_family != AF_INET6)
        return false;
    *port = ntohs(in6->sin6_port);
    return inet_ntop(AF_INET6, &in6->sin6_addr, host, INET6_ADDRSTRLEN) != NULL;
}

/* Adds `STEM_KEY=VALUE` in place of what has that name. -1: out of memory. */
static int environment_put(char **environment, const char *stem, const char *key, const char *value)
{
    char *entry;
    size_t i = 0;
    int name = asprintf(&entry, "%s_%s=%s", stem, key, value);
    if (name < 0)
        return -1;
    name = (int)(strlen(stem) + strlen(key) + 2);
    while (environment[i] != NULL && strncmp(environment[i], entry, (size_t)name) != 0)
        i++;
    free(environment[i]);
    environment[i] = entry;
    return 0;
}

static int put_proxy(char **environment, const struct proxy *proxy)
{
    struct sockaddr_storage address;
    char stem[STEM_MAX], text[ADDRESS_TEXT_MAX], host[INET6_ADDRSTRLEN], port_text[8];
    int port;
    if (!has_variables(&proxy->plan->config))
        return 0;
    make_stem(proxy_name(proxy), stem);
    reachable(&proxy->listener, &address);
    address_format_sockaddr(&address, proxy->listener.address_len, text, sizeof text);
    if (environment_put(environment, stem, "ADDR", text) != 0)
        return -1;
    if (!environment_split(&address, host, &port))
        return 0;
    snprintf(port_text, sizeof port_text, "%d", port);
    return environment_put(environment, stem, "HOST", host) != 0 ||
                   environment_put(environment, stem, "PORT", port_text) != 0
               ? -1
               : 0;
}

static size_t count_places(const struct worker *worker)
{
    size_t count = 1;
    for (size_t i = 0; environ[i] != NULL; i++)
        count++;
    if (worker != NULL)
        list_for_each(link, &worker->proxies) count += VARIABLES_MAX;
    return count;
}

/* -1: out of memory. */
static int copy_ours(char **environment)
{
    for (size_t i = 0, count = 0; environ[i] != NULL; i++) {
        if (environment_is_ours(environ[i]))
            continue;
        environment[count] = strdup(environ[i]);
        if (environment[count++] == NULL)
            return -1;
    }
    return 0;
}

/* -1: out of memory. */
static int put_proxies(char **environment, const struct worker *worker)
{
    list_for_each(link, &worker->proxies)
    {
        if (put_proxy(environment, container_of(link, struct proxy, link)) != 0)
            return -1;
    }
    return 0;
}

char **exec_environment_new(const struct worker *worker)
{
    char **environment = calloc(count_places(worker), sizeof environment[0]);
    if (environment == NULL)
        return NULL;
    if (copy_ours(environment) == 0 && (worker == NULL || put_proxies(environment, worker) == 0))
        return environment;
    exec_environment_free(environment);
    return NULL;
}

void exec_environment_free(char **environment)
{
    for (size_t i = 0; environment != NULL && environment[i] != NULL; i++)
        free(environment[i]);
    free(environment);
}
