/* SPDX-License-Identifier: MIT */
#include "proxy/app/intercept/names.h"

#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "proxy/app/intercept/check.h"
#include "proxy/net/proxy.h"

/* RFC 6761 6.3: no resolver is asked for this name. */
static void add_localhost(struct name_cache *names)
{
    struct sockaddr_storage address = {.ss_family = AF_INET};
    ((struct sockaddr_in *)&address)->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    name_cache_add(names, "localhost", &address);
    address = (struct sockaddr_storage){.ss_family = AF_INET6};
    ((struct sockaddr_in6 *)&address)->sin6_addr = in6addr_loopback;
    name_cache_add(names, "localhost", &address);
}

static void resolve(struct name_cache *names, const char *name)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *list = NULL;
    if (getaddrinfo(name, NULL, &hints, &list) != 0)
        return; /* an answer that passes may tell later */
    for (const struct addrinfo *at = list; at != NULL; at = at->ai_next) {
        struct sockaddr_storage address = {0};
        memcpy(&address, at->ai_addr, at->ai_addrlen);
        name_cache_add(names, name, &address);
    }
    freeaddrinfo(list);
}

static void resolve_list(struct name_cache *names, const struct destination_list *list)
{
    char name[DESTINATION_TEXT_MAX];
    for (unsigned i = 0; i < list->count; i++) {
        const struct destination *term = &list->terms[i];
        snprintf(name, sizeof name, "%.*s", (int)term->name_length, list->text + term->name_start);
        if (intercept_looks_up(list, term) && name[0] != '*')
            resolve(names, name);
    }
}

void names_look_up(struct name_cache *names, const struct config *config)
{
    add_localhost(names);
    for (size_t i = 0; i < config->proxy_count; i++)
        resolve_list(names, &config->proxies[i].intercept);
    for (size_t i = 0; i < config->fault_count; i++)
        resolve_list(names, &config->faults[i].destinations);
}

static bool list_names(const struct destination_list *list, const struct cached_name *pair)
{
    for (unsigned i = 0; i < list->count; i++) {
        const struct destination *term = &list->terms[i];
        if (term->host == DESTINATION_NAME &&
            name_cache_matches(pair, list->text + term->name_start, term->name_length))
            return true;
    }
    return false;
}

bool names_are_listed(const struct worker *worker, const struct cached_name *pair)
{
    list_for_each(link, &worker->proxies)
    {
        const struct plan *plan = container_of(link, struct proxy, link)->plan;
        if (list_names(&plan->config.intercept, pair))
            return true;
        for (size_t i = 0; i < plan->rule_count; i++)
            if (list_names(&plan->rules[i]->fault.destinations, pair))
                return true;
    }
    return false;
}
