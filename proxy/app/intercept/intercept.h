/* SPDX-License-Identifier: MIT */
/*
 * `exec --intercept`: the command runs in a network of its own, where what it connects to is ours.
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
    bool told_incomplete; /* that there are more names than can be known */
    bool told_too_many;   /* that there are more served ports than can be known */
    bool verbose;         /* the user wants to know how it is done; set by the caller */
    bool by_ports;        /* the packet filter cannot redirect: */
    struct port_listeners ports;
    struct local_ports served;
    bool limits_loopback; /* `served` is known */
    struct rules rules;   /* in force */
    struct redirect redirect;
    uint16_t api_port; /* of our HTTP API; 0: none */
    uv_timer_t *timer; /* until the rules are looked at again; allocated, as libuv wants it */
};

/* Makes the command's network. NULL: err says what forbids it and what to do. */
MUST_CHECK struct intercept *intercept_new(
    const struct config *config, const struct intercept_pass *pass, struct err *err);

/* From now on proxies of this worker can intercept. */
void intercept_attach(struct intercept *intercept, struct worker *worker);

/* Steers the command's connections to the proxies, and those to our HTTP API to it. `api_port` 0:
 * no API over TCP. 0, or -1 with err filled; then intercept_stop all the same. */
MUST_CHECK int intercept_start(struct intercept *intercept, uint16_t api_port, struct err *err);

/* Call when a proxy began or ceased to listen: the rules follow. */
void intercept_update(struct intercept *intercept);

/* Idempotent. NULL is allowed. */
void intercept_stop(struct intercept *intercept);

/* Prints the ports that refused the command: one line, or none. After intercept_stop,
 * while the configuration of the proxies still stands. */
void intercept_report(const struct intercept *intercept, const struct config *config, FILE *out);

void intercept_free(struct intercept *intercept); /* NULL is allowed */

#endif
