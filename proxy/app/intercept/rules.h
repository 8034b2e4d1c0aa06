/* SPDX-License-Identifier: MIT */
/*
 * The rules by which the packet filter (redirect.h) gives the command's connections to the
 * listening sockets, in this order:
 *
 *   1. each proxy that intercepts: the addresses and ports that it intercepts
 *   2. DNS over TCP
 *   3. the ports of proxies with `listen`, and of the API: these listen outside the network
 *   4. the ports of 6. and 7. on which a program of the machine listens
 *   5. loopback addresses: refused
 *   6. ports of which a proxy intercepts some hosts: their other hosts
 *   7. the ports that pass
 *
 * A name stands for its known addresses, so a DNS answer with a new address changes the rules.
 */
#ifndef RUDEPROXY_APP_INTERCEPT_RULES_H
#define RUDEPROXY_APP_INTERCEPT_RULES_H

#include "proxy/app/intercept/local_ports.h"
#include "proxy/app/intercept/pass_option.h"
#include "proxy/app/intercept/redirect.h"
#include "proxy/net/proxy.h"

struct rules_input {
    const struct worker *worker; /* its proxies, and the names that it knows */
    const struct intercept_pass *pass;
    const struct proxy *passing;
    const struct proxy *dns_tcp;
    const struct local_ports
        *served;       /* ports of the machine that pass on a loopback address; NULL: all */
    uint16_t api_port; /* of our HTTP API; 0: none */
    bool any_host;     /* every host of an intercepted port: port_listeners.h cannot choose */
};

struct rules {
    struct redirect_rule *list; /* owned */
    size_t count, capacity;
    struct local_ports served; /* for rules that are served_only */
};

/* Fills `rules`, which must be all zeros. Returns 0, or -ENOMEM. */
MUST_CHECK int rules_make(struct rules *rules, const struct rules_input *input);

/* Whether both have the same rules and the same served ports. */
bool rules_are_equal(const struct rules *a, const struct rules *b);

/* The port of a proxy's listening socket, even while a fault keeps that socket closed. */
uint16_t rules_listening_port(const struct proxy *proxy);

void rules_deinit(struct rules *rules); /* idempotent */

#endif
