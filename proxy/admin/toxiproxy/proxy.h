/* SPDX-License-Identifier: MIT */
/* A proxy as Toxiproxy's API has it: from JSON to a configuration, and back. */
#ifndef RUDEPROXY_ADMIN_TOXIPROXY_PROXY_H
#define RUDEPROXY_ADMIN_TOXIPROXY_PROXY_H

#include "proxy/admin/call.h"
#include "proxy/base/must_check.h"

/* What a body says of a proxy. One byte more than may be, so that too much is seen. */
struct toxiproxy_proxy {
    char name[PROXY_NAME_MAX + 1];
    char listen[ADDRESS_TEXT_MAX + 1];
    char upstream[ADDRESS_TEXT_MAX + 1];
    bool enabled;
    bool has_listen, has_upstream;
};

/* Reads one object. `anonymous`: as an element of /populate, whose type has no name in Go. 0, or -1
 * with err in Go's words. */
MUST_CHECK int toxiproxy_proxy_read(
    struct toxiproxy_proxy *proxy, json_t *object, bool anonymous, struct err *err);

/* The configuration of a new proxy. `listen` is resolved, unless the proxy is not to listen. 0, or the
 * status of the answer with err filled. */
unsigned toxiproxy_proxy_config(
    const struct toxiproxy_proxy *proxy, struct proxy_config *config, struct err *err);

/* Writes {"name":...,"listen":...,"upstream":...,"enabled":...,"toxics":[...]}. */
void toxiproxy_proxy_write(struct text *text, const struct proxy *proxy);

/* Only the array. */
void toxiproxy_toxics_write(struct text *text, const struct proxy *proxy);

/* The status and the text for a change that control did not make. `config` as it was asked for. */
unsigned toxiproxy_proxy_status(const struct control *control, enum control_result result,
    const struct proxy_config *config, struct err *err);

#endif
