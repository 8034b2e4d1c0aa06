/* SPDX-License-Identifier: MIT */
/* The proxies of a replay. Private to replay/. */
#ifndef RUDEPROXY_APP_REPLAY_PROXIES_H
#define RUDEPROXY_APP_REPLAY_PROXIES_H

#include "proxy/app/replay/config.h"

/* Adds the proxies of the last configuration and, of those that a reload has removed, the ones on
 * which a fault fired: another proxy may have the address of the rest. A proxy on which a fault
 * fired is enabled, because the API had enabled it. `replay` has room for all. */
void replay_proxies_add(struct replay_config *replay, const struct replay_log *log);

/* Returns the index of the proxy of this name, or ANY. */
uint64_t replay_proxies_find(const struct config *config, const char *name);

#endif
