/* SPDX-License-Identifier: MIT */
/* The names by which proxies and faults select connections. */
#ifndef RUDEPROXY_APP_INTERCEPT_NAMES_H
#define RUDEPROXY_APP_INTERCEPT_NAMES_H

#include <stdbool.h>

#include "config/config.h"
#include "proxy/net/name_cache.h"
#include "proxy/net/worker.h"

/* Looks up the names of the configuration, and waits for the answers. Adds `localhost` without
 * asking a resolver. */
void names_look_up(struct name_cache *names, const struct config *config);

/* Whether a proxy or a fault in force selects connections by the name of the pair. */
bool names_are_listed(const struct worker *worker, const struct cached_name *pair);

#endif
