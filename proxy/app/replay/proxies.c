/* SPDX-License-Identifier: MIT */
#include "proxy/app/replay/proxies.h"

#include <string.h>

#include "proxy/app/replay/section.h"

uint64_t replay_proxies_find(const struct config *config, const char *name)
{
    for (size_t i = 0; i < config->proxy_count; i++) {
        if (strcmp(config->proxies[i].name, name) == 0)
            return i;
    }
    return ANY;
}

static bool has_injection(const struct replay_log *log, const char *proxy)
{
    for (size_t i = 0; i < log->injection_count; i++)
        if (strcmp(log->injections[i].proxy, proxy) == 0)
            return true;
    return false;
}

void replay_proxies_add(struct replay_config *replay, const struct replay_log *log)
{
    for (size_t i = log->config_count; i-- > 0;) {
        const struct config *config = &log->configs[i];
        for (size_t k = 0; k < config->proxy_count; k++) {
            const struct proxy_config *proxy = &config->proxies[k];
            bool fired = has_injection(log, proxy->name), removed = i + 1 < log->config_count;
            if (replay_proxies_find(&replay->config, proxy->name) != ANY || (removed && !fired))
                continue;
            struct proxy_config *added = &replay->config.proxies[replay->config.proxy_count++];
            *added = *proxy;
            added->enabled |= fired;
        }
    }
}
