/* SPDX-License-Identifier: MIT */
/*
 * `exec --intercept`: the command runs in a network of its own, in which our listeners get its
 * connections.
 *
 *   command's network (netns.h)                      our network
 *   ----------------------------                      -----------
 *   program --SYN--> packet filter (redirect.h) --> transparent listener of a proxy --> upstream
 *           --UDP 53--> our socket (dns.h)      -------------------------------------> name server
 *
 * Life: intercept_parse_pass, intercept_check, intercept_new before the first thread,
 * intercept_attach before proxies are made, intercept_start once they are, the loop runs,
 * intercept_stop, the loop runs until libuv has closed its handles, intercept_free.
 */
#ifndef RUDEPROXY_APP_INTERCEPT_INTERCEPT_H
#define RUDEPROXY_APP_INTERCEPT_INTERCEPT_H

#include <stdio.h>
#include <uv.h>

#include "config/config.h"
#include "proxy/app/intercept/check.h"
#include "proxy/app/intercept/dns.h"
#include "proxy/app/intercept/local_ports.h"
#include "proxy/app/intercept/netns.h"
#include "proxy/app/intercept/pass_option.h"
#include "proxy/app/intercept/port_listeners.h"
#include "proxy/app/intercept/refused_ports.h"
#include "proxy/app/intercept/rules.h"
#include "proxy/base/must_check.h"
#include "proxy/net/worker.h"

struct intercept {
    struct interception interception;
    struct netns netns;
    struct intercept_pass pass;
    struct worker *worker;
    struct proxy *dns_tcp; /* silent */
    struct dns dns;
    struct refused_ports refusals;
    bool watches_refusals;
    bool told_incomplete; /* warned that the names have more than NAME_CACHE_MAX addresses */
    bool told_too_many;   /* warned that more than LOCAL_PORTS_MAX ports are served */
    bool verbose;         /* print how connections are intercepted; set by the caller */
    bool by_ports;        /* the packet filter cannot redirect, so `ports` is used */
    struct port_listeners ports;
    struct local_ports served;
    bool limits_loopback; /* `served` is known */
    struct rules rules;   /* in force */
    struct redirect redirect;
    uint16_t api_port; /* of our HTTP API; 0: none */
    /* Makes the rules again. Allocated, because libuv uses a handle until its close callback. */
    uv_timer_t *timer;
};

/* Makes the command's network. NULL: err says what forbids it and what to do. */
MUST_CHECK struct intercept *intercept_new(
    const struct config *config, const struct intercept_pass *pass, struct err *err);

/* From now on proxies of this worker can intercept. */
void intercept_attach(struct intercept *intercept, struct worker *worker);

/* Steers the command's connections to the proxies and to our HTTP API. `api_port` 0: the API has no
 * TCP port. Returns 0, or -1 with err filled; call intercept_stop after a failure, too. */
MUST_CHECK int intercept_start(struct intercept *intercept, uint16_t api_port, struct err *err);

/* Makes the rules again. Call it when a proxy begins or ceases to listen. */
void intercept_update(struct intercept *intercept);

/* Idempotent. NULL is allowed. */
void intercept_stop(struct intercept *intercept);

/* Prints one line with the ports that refused the command, or nothing. Call it after
 * intercept_stop. `config`: the configuration of the proxies that ran. */
void intercept_report(const struct intercept *intercept, const struct config *config, FILE *out);

void intercept_free(struct intercept *intercept); /* NULL is allowed */

#endif
