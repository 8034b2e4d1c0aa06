/* SPDX-License-Identifier: MIT */
/* Converts a proxy of Toxiproxy's API from JSON to a configuration, and back. */
#ifndef RUDEPROXY_ADMIN_TOXIPROXY_PROXY_H
#define RUDEPROXY_ADMIN_TOXIPROXY_PROXY_H

#include "proxy/admin/call.h"
#include "proxy/base/must_check.h"

/* The values of a proxy in a body. The sizes allow one byte more than is valid, so that a too long
 * value is detected. */
struct toxiproxy_proxy {
    char name[PROXY_NAME_MAX + 1];
    char listen[ADDRESS_TEXT_MAX + 1];
    char upstream[ADDRESS_TEXT_MAX + 1];
    bool enabled;
    bool has_listen, has_upstream;
};

/* Reads one object. `anonymous`: an element of /populate, whose type has no name in Go. Returns 0,
 * or -1 with err in Go's words. */
MUST_CHECK int toxiproxy_proxy_read(
    struct toxiproxy_proxy *proxy, json_t *object, bool anonymous, struct err *err);

/* Makes the configuration of a new proxy. `listen` is resolved, unless the proxy is disabled.
 * Returns 0, or the status of the answer with err filled. */
MUST_CHECK unsigned toxiproxy_proxy_config(
    const struct toxiproxy_proxy *proxy, struct proxy_config *config, struct err *err);

/* Keeps `listen` as written, to be shown until the proxy is bound. It is not too long. */
void toxiproxy_keep_listen_text(const struct toxiproxy_proxy *proxy, struct proxy_config *config);

/* Writes {"name":...,"listen":...,"upstream":...,"enabled":...,"toxics":[...]}. */
void toxiproxy_proxy_write(struct text *text, const struct proxy *proxy);

/* Writes only the array of toxics. */
void toxiproxy_toxics_write(struct text *text, const struct proxy *proxy);

/* Returns the status and the text for a change that control refused. `config` is the requested
 * one. */
MUST_CHECK unsigned toxiproxy_proxy_status(const struct control *control,
    enum control_result result, const struct proxy_config *config, struct err *err);

#endif
