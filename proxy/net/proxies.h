/* SPDX-License-Identifier: MIT */
/*
 * All proxies of a worker. The worker's list holds every struct proxy, a closing one too until its
 * last connection has ended. The worker's names hold only proxies that are not closing.
 */
#ifndef RUDEPROXY_NET_PROXIES_H
#define RUDEPROXY_NET_PROXIES_H

#include "proxy/net/proxy.h"
#include "proxy/net/worker.h"

/* Returns the proxy of this name that is not closing, or NULL. If one proxy replaces another of the
 * same name, returns the newer one. Constant time. */
struct proxy *proxies_find(const struct worker *worker, const char *name);

/* Closes every listener; none opens again. */
void proxies_stop_listening(struct worker *worker);

/* Ends every connection with a RST. */
void proxies_stop_connections(struct worker *worker);

/* Ends every connection with a RST and removes every proxy. Idempotent. Not from inside an
 * event. */
void proxies_close(struct worker *worker);

#endif
