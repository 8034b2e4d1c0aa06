/* SPDX-License-Identifier: MIT */
/*
 * What is in force, and how it changes while it runs: the proxies, their faults, and whether they came
 * from the file or from the API. Every change builds and checks its new values first; what fails has
 * changed nothing, unless its comment says otherwise. No call waits for a peer.
 *
 * A fault that is added, changed or removed reaches open connections too, in the middle of whatever
 * they do (relay/adoption.h), or only those that are accepted from now on, as its scope says.
 *
 * The file is the truth for what it names. What the API added beside it (origin RULE_FROM_API) stays
 * when the file is loaded again; what the API changed or removed of the file's comes back.
 *
 * Life: worker_init, control_init, control_load (again for each reload), changes, proxies_close,
 * worker_close, control_deinit, worker_deinit. Not to be called from inside worker->on_event.
 */
#ifndef RUDEPROXY_CONTROL_CONTROL_H
#define RUDEPROXY_CONTROL_CONTROL_H

#include <stdint.h>
#include <stdio.h>

#include "config/config.h"
#include "proxy/base/err.h"
#include "proxy/net/proxies.h"
#include "proxy/net/worker.h"
#include "proxy/relay/plan.h"

/* How a change went. All but CONTROL_OK fill `err`. */
enum control_result {
    CONTROL_OK,
    CONTROL_INVALID,   /* the values cannot work */
    CONTROL_NOT_FOUND, /* no such proxy, fault or connection */
    CONTROL_EXISTS,    /* the name is taken */
    CONTROL_FAILED,    /* the kernel refused (control->errnum says why), or no memory */
};

/* Which connections a change of a fault concerns. */
enum control_scope { CONTROL_ALL_CONNECTIONS, CONTROL_NEW_CONNECTIONS };

/* What becomes of what the API added when the file is loaded again. */
enum reload_policy { CONTROL_KEEP_API, CONTROL_DROP_API };

struct control {
    struct worker *worker;
    struct settings settings; /* as last loaded; the seed is that of control_init for ever */
    struct fault *every; /* the file's faults with `proxy = *`: a new proxy gets them too; owned */
    size_t every_count;
    int errnum; /* of the last CONTROL_FAILED: a positive errno; 0: not the kernel */
};

/* `worker` outlives the control. The seed of the settings is that of every plan. */
void control_init(struct control *control, struct worker *worker, const struct settings *settings);
void control_deinit(struct control *control);

/* Makes what runs what the file says. Listeners whose address did not change stay open, open
 * connections keep their faults, an equal fault keeps its rule and so its shared state. The seed
 * stays. The configuration is copied. CONTROL_OK, CONTROL_INVALID or CONTROL_FAILED. */
enum control_result control_load(
    struct control *control, const struct config *config, enum reload_policy keep, struct err *err);

/* The proxy of this name, NULL: there is none. Constant time. */
struct proxy *control_proxy(const struct control *control, const char *name);
/* In order of creation; `after` NULL: the first. NULL: no more. */
struct proxy *control_next_proxy(const struct control *control, const struct proxy *after);

/* The proxy's configuration as in force, its `listen` being the real address as soon as it has one
 * (also while it is disabled): what an API shows, and what a change that leaves `listen` out repeats. */
void control_proxy_config(const struct proxy *proxy, struct proxy_config *config);
enum rule_origin control_proxy_origin(const struct proxy *proxy);

/* A fault of a proxy by its name, NULL: it has none of that name. All of them, in order:
 * proxy->plan->rules[0 .. rule_count - 1]. Valid until the next change. */
const struct rule *control_fault(const struct proxy *proxy, const char *name);

/* CONTROL_EXISTS, CONTROL_INVALID; CONTROL_FAILED: the address cannot be listened on, and there is no
 * new proxy. */
enum control_result control_add_proxy(
    struct control *control, const struct proxy_config *config, struct err *err);

/* Whether control_change_proxy() could listen where the new configuration says. CONTROL_FAILED: it could
 * not, and the proxy goes on as it is. */
enum control_result control_try_change(
    struct control *control, const char *name, const struct proxy_config *config, struct err *err);

/* Gives the proxy a new configuration (its `name` is ignored). When `listen` or `upstream` differs, or
 * `enabled` goes to no, the listener and all connections are closed (FIN), and it starts again; the
 * faults stay. `listen` is compared once resolved; port 0 always differs. CONTROL_NOT_FOUND,
 * CONTROL_INVALID; CONTROL_FAILED: the address cannot be listened on, and the proxy is left disabled,
 * with the new address. */
enum control_result control_change_proxy(
    struct control *control, const char *name, const struct proxy_config *config, struct err *err);

/* Closes the listener and all connections (FIN). CONTROL_NOT_FOUND. */
enum control_result control_remove_proxy(
    struct control *control, const char *name, struct err *err);

/* The fault comes behind those that the proxy has. Its `proxies` is ignored: it concerns this proxy.
 * `said` may be NULL. CONTROL_NOT_FOUND (the proxy), CONTROL_EXISTS, CONTROL_INVALID (a privilege is
 * missing), CONTROL_FAILED. */
enum control_result control_add_fault(struct control *control, const char *proxy,
    const struct fault *fault, const struct toxic_fields *toxic_fields, enum control_scope scope,
    struct err *err);

/* The fault of this name gets a new value and keeps its place and its name. */
enum control_result control_change_fault(struct control *control, const char *proxy,
    const char *name, const struct fault *fault, const struct toxic_fields *toxic_fields,
    enum control_scope scope, struct err *err);

enum control_result control_remove_fault(struct control *control, const char *proxy,
    const char *name, enum control_scope scope, struct err *err);

/* Removes every fault, enables every proxy (Toxiproxy's /reset). CONTROL_FAILED: a proxy could not
 * listen; those behind it were not looked at. */
enum control_result control_reset(struct control *control, struct err *err);

/* Connections are numbered from 1 again, `times` counts anew, and what `after = NAME/any` waits for has not
 * fired: for a proxy that many tests share. Open connections keep their numbers and faults. */
void control_reset_counts(struct control *control);

/* One connection gets a fault of its own, which no other sees and no later change takes away: with
 * `when = open` it happens now. CONTROL_NOT_FOUND: the proxy or the connection; CONTROL_INVALID: it concerns
 * no open connection, or this one is ending already. */
enum control_result control_inject(struct control *control, const char *proxy, uint64_t connection,
    const struct fault *fault, struct err *err);

/* What is in force as a file that config_build reads, as far as the names allow it. A fault of the file
 * is printed once for all of its proxies, one of the API as [fault PROXY.NAME]. */
void control_print(const struct control *control, FILE *out);

#endif
