/* SPDX-License-Identifier: MIT */
/* The proxies of a replay. Private to replay/. */
#ifndef RUDEPROXY_APP_REPLAY_PROXIES_H
#define RUDEPROXY_APP_REPLAY_PROXIES_H

#include "proxy/app/replay/config.h"

/* Adds the proxies of the last configuration, and those that a reload removed if a fault fired on
 * them. The other removed ones are left out: another proxy may have their address. A proxy on which
 * a fault fired is enabled, even if its configuration is not: then the API had enabled it. `replay`
 * must have room for all. */
void replay_proxies_add(struct replay_config *replay, const struct replay_log *log);

/* Returns the index of the proxy of this name, or ANY. */
uint64_t replay_proxies_find(const struct config *config, const char *name);

#endif
