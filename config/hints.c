/* SPDX-License-Identifier: MIT */
#include "config/hints.h"

#include <stddef.h>
#include <strings.h>

#include "config/config.h"

struct hint {
    const char *word; /* NULL ends a table */
    const char *write;
};

static const struct hint fault_hints[] = {
    {"match", "when = match:\"...\""},
    {"pattern", "when = match:\"...\""},
    {"trigger", "when = bytes:1k, match:\"...\", time:1s or another trigger"},
    {"on", "when = bytes:1k, match:\"...\", time:1s or another trigger"},
    {"offset", "when = bytes:1k"},
    {"bytes", "when = bytes:1k"},
    {"message", "when = message:3"},
    {"idle", "when = idle:10s"},
    {"count", "times = 3, for at most 3 connections"},
    {"limit", "times = 3, for at most 3 connections"},
    {"probability", "chance = 25%"},
    {"percent", "chance = 25%"},
    {"toxicity", "chance = 25%"},
    {"stream", "direction = upstream or downstream"},
    {"dir", "direction = upstream or downstream"},
    {"conn", "connections = 2"},
    {"source", "clients = 10.0.0.0/8"},
    {"proxies", "proxy = a, b"},
    {"fault", "type = reset"},
    {"kind", "type = reset"},
    {"toxic", "type = reset"},
    {"duration", "until = time:10s, or for = 10s where the type has it"},
    {"timeout", "until = time:10s, or for = 10s where the type has it"},
    {"window", "active = 10s-30s"},
    {"start", "active = 10s-, or when = time:10s on each connection"},
    {"required", "must_fire = yes"},
    {"disabled", "enabled = no"},
    {"wait", "trigger_delay = 5ms"},
    {NULL, NULL},
};

static const struct hint proxy_hints[] = {
    {"bind", "listen = 127.0.0.1:8080"},
    {"port", "listen = 127.0.0.1:8080"},
    {"address", "listen = 127.0.0.1:8080"},
    {"backend", "upstream = db:5432"},
    {"server", "upstream = db:5432"},
    {"target", "upstream = db:5432"},
    {"forward", "upstream = db:5432"},
    {"to", "upstream = db:5432"},
    {"timeout", "connect_timeout = 10s"},
    {"disabled", "enabled = no"},
    {"tls", "protocol = tls; connections are forwarded as they are, TLS too"},
    {NULL, NULL},
};

static const struct hint settings_hints[] = {
    {"api", "admin = 127.0.0.1:8474"},
    {"port", "admin = 127.0.0.1:8474"},
    {"token", "admin_token = TOKEN"},
    {"log_level", "log = none for no log; there are no levels"},
    {"format", "log_format = json"},
    {"timeout", "grace = 5s"},
    {"listen", "it into a [proxy NAME] section"},
    {"upstream", "it into a [proxy NAME] section"},
    {NULL, NULL},
};

static const struct {
    const struct option *table;
    const struct hint *hints;
} rows[] = {
    {fault_options, fault_hints},
    {proxy_options, proxy_hints},
    {settings_options, settings_hints},
};

const char *hint_for_key(const struct option *table, const char *name)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (const struct hint *h = rows[i].hints; rows[i].table == table && h->word != NULL; h++) {
            if (strcasecmp(h->word, name) == 0)
                return h->write;
        }
    }
    return NULL;
}
