/* SPDX-License-Identifier: MIT */
/*
 * All proxies of a worker. Its list holds every struct proxy, a closing one too until its last
 * connection has ended; its names hold those that are not closing.
 */
#ifndef RUDEPROXY_NET_PROXIES_H
#define RUDEPROXY_NET_PROXIES_H

#include "proxy/net/proxy.h"
#include "proxy/net/worker.h"

/* The proxy of this name, unless it is closing. While one proxy replaces another of the same name,
 * the newer one. NULL: none. Constant time. */
struct proxy *proxies_find(const struct worker *worker, const char *name);

/* Closes every listener; none opens again. */
void proxies_stop_listening(struct worker *worker);

/* Ends every connection with a RST. */
void proxies_stop_connections(struct worker *worker);

/* Ends every connection with a RST and removes every proxy. Idempotent. Not from inside an event. */
void proxies_close(struct worker *worker);

#endif
