/* SPDX-License-Identifier: MIT */
/*
 * The configuration in use, and how it changes while it runs: the proxies, their faults, and
 * whether they came from the file or from the API. Every change first builds and checks its new
 * values. A change that fails has no effect, unless its comment says otherwise. No call waits for a
 * peer.
 *
 * An added, changed or removed fault also reaches open connections, in whatever state they are
 * (relay/adoption.h), or only new connections, as its scope says.
 *
 * The file decides about everything it names. Loading it again restores what the API changed or
 * removed of the file's objects. Objects that the API added (origin RULE_FROM_API) stay.
 *
 * Life: worker_init, control_init, control_load (again for each reload), changes, proxies_close,
 * worker_close, control_deinit, worker_deinit. Never call it from inside worker->on_event.
 */
#ifndef RUDEPROXY_CONTROL_CONTROL_H
#define RUDEPROXY_CONTROL_CONTROL_H

#include <stdint.h>
#include <stdio.h>

#include "config/config.h"
#include "proxy/base/err.h"
#include "proxy/base/must_check.h"
#include "proxy/control/past_names.h"
#include "proxy/net/proxies.h"
#include "proxy/net/worker.h"
#include "proxy/relay/plan.h"

/* The result of a change. All but CONTROL_OK fill `err`. */
enum control_result {
    CONTROL_OK,
    CONTROL_INVALID,   /* the values cannot be used */
    CONTROL_NOT_FOUND, /* there is no such proxy, fault or connection */
    CONTROL_EXISTS,    /* the name is taken */
    CONTROL_FAILED,    /* the kernel refused (control->errnum says why), or out of memory */
};

/* The connections that a change of a fault reaches. */
enum control_scope { CONTROL_ALL_CONNECTIONS, CONTROL_NEW_CONNECTIONS };

/* Whether objects that the API added survive when the file is loaded again. */
enum reload_policy { CONTROL_KEEP_API, CONTROL_DROP_API };

struct control {
    struct worker *worker;
    struct settings settings; /* as last loaded; the seed is always the one of control_init */
    struct fault
        *wildcard_faults; /* the file's faults with `proxy = *`, for new proxies too; owned */
    size_t wildcard_fault_count;
    struct past_names past_names;
    int errnum;       /* of the last CONTROL_FAILED: a positive errno; 0: not the kernel */
    bool awaits_name; /* see control_take_awaits_name() */
};

/* `worker` outlives the control. The seed of `settings` is the seed of every plan. */
void control_init(struct control *control, struct worker *worker, const struct settings *settings);
void control_deinit(struct control *control);

/* Applies a configuration to the running proxies. Listeners whose address did not change stay open.
 * Open connections keep their faults. An equal fault keeps its rule, and so its shared state. The
 * seed stays. Copies the configuration. Returns CONTROL_OK, CONTROL_INVALID or CONTROL_FAILED. */
MUST_CHECK enum control_result control_load(
    struct control *control, const struct config *config, enum reload_policy keep, struct err *err);

/* Whether a change since the last call failed (CONTROL_FAILED) only because the name of a `listen`
 * is still being looked up. That change can be asked for again when a watcher of the resolver
 * (resolver_watch) is called. Nothing waits for a name in here. */
bool control_take_awaits_name(struct control *control);

/* CONTROL_FAILED as above unless the address, or each `listen` of the file that is new, is
 * known. */
MUST_CHECK enum control_result control_ask_name(
    struct control *control, const struct address *listen, struct err *err);
MUST_CHECK enum control_result control_ask_names(
    struct control *control, const struct config *config, struct err *err);

/* To be asked before anything that listens is closed for this configuration. Returns CONTROL_FAILED
 * as above, or if the proxy is to listen on a name that has no address; else CONTROL_OK. */
MUST_CHECK enum control_result control_check_listen(
    struct control *control, const struct proxy_config *config, struct err *err);

/* Returns the proxy of this name. NULL: there is none, or it is silent. Constant time. */
struct proxy *control_proxy(const struct control *control, const char *name);
/* Returns the proxy created after `after` (NULL: the first), or NULL after the last. */
struct proxy *control_next_proxy(const struct control *control, const struct proxy *after);

/* Copies the proxy's configuration in use. Its `listen` is the real address as soon as the proxy
 * has one, also while it is disabled. An API shows this value, and a change without `listen`
 * repeats it. */
void control_proxy_config(const struct proxy *proxy, struct proxy_config *config);
enum rule_origin control_proxy_origin(const struct proxy *proxy);

/* Returns a fault of a proxy by its name, or NULL. All of them, in order, are proxy->plan->rules[0
 * .. rule_count - 1]. Valid until the next change. */
const struct rule *control_fault(const struct proxy *proxy, const char *name);

/* Returns CONTROL_OK, CONTROL_EXISTS or CONTROL_INVALID; or CONTROL_FAILED if the address cannot be
 * listened on: then no proxy was added. */
MUST_CHECK enum control_result control_add_proxy(
    struct control *control, const struct proxy_config *config, struct err *err);

/* Tests whether control_change_proxy() could listen at the new address. Returns CONTROL_FAILED if
 * it could not. The proxy stays as it is. */
MUST_CHECK enum control_result control_try_change(
    struct control *control, const char *name, const struct proxy_config *config, struct err *err);

/* Gives the proxy a new configuration, ignoring its `name`. If `listen` or `upstream` differs, or
 * `enabled` becomes no, the listener and all connections are closed (FIN), and the proxy starts
 * again with the same faults. `listen` is compared after resolving; port 0 always differs. Returns
 * CONTROL_OK, CONTROL_NOT_FOUND or CONTROL_INVALID; or CONTROL_FAILED: as control_check_listen(),
 * or if the address cannot be bound. Only then the proxy is disabled, with the new address. */
MUST_CHECK enum control_result control_change_proxy(
    struct control *control, const char *name, const struct proxy_config *config, struct err *err);

/* Removes the proxy. Closes its listener and all connections (FIN). Returns CONTROL_OK or
 * CONTROL_NOT_FOUND. */
MUST_CHECK enum control_result control_remove_proxy(
    struct control *control, const char *name, struct err *err);

/* Adds a fault to this proxy, after its other faults. The fault's `proxies` is ignored.
 * `toxic_fields` may be NULL. Returns CONTROL_OK, CONTROL_NOT_FOUND (the proxy), CONTROL_EXISTS,
 * CONTROL_INVALID (a privilege is missing, or it is over before it begins) or CONTROL_FAILED. */
MUST_CHECK enum control_result control_add_fault(struct control *control, const char *proxy,
    const struct fault *fault, const struct toxic_fields *toxic_fields, enum control_scope scope,
    struct err *err);

/* Replaces the value of the fault with this name. The fault keeps its place and its name. */
MUST_CHECK enum control_result control_change_fault(struct control *control, const char *proxy,
    const char *name, const struct fault *fault, const struct toxic_fields *toxic_fields,
    enum control_scope scope, struct err *err);

MUST_CHECK enum control_result control_remove_fault(struct control *control, const char *proxy,
    const char *name, enum control_scope scope, struct err *err);

/* Removes every fault and enables every proxy (Toxiproxy's /reset). Open connections also lose the
 * faults that only they still have; faults of one connection stay. Returns CONTROL_FAILED or
 * CONTROL_INVALID at the first proxy that cannot listen; the later ones stay as they are. While the
 * name of a `listen` is looked up nothing is changed. */
MUST_CHECK enum control_result control_reset(struct control *control, struct err *err);

/* Prepares a proxy that many tests share for the next one: numbers connections from 1, counts
 * `times` from 0, and forgets that the faults in `after = NAME/any` fired. Open connections keep
 * their numbers and faults. */
void control_reset_counts(struct control *control);

/* Gives a fault to one open connection. No other connection sees it and no later change removes it.
 * With `when = open` it triggers now. Returns CONTROL_OK; CONTROL_NOT_FOUND (the proxy or the
 * connection); or CONTROL_INVALID if the fault cannot act on an open connection, its own keys
 * exclude this one, or the connection is already ending. A `reset` of both sides with mode = abrupt
 * ends that one, too, whatever it waits for. */
MUST_CHECK enum control_result control_inject(struct control *control, const char *proxy,
    uint64_t connection, const struct fault *fault, struct err *err);

/* Prints the configuration in use as a file for config_build, as far as the names allow. A fault of
 * the file is printed once for all of its proxies, a fault of the API as [fault PROXY.NAME]. */
void control_print(const struct control *control, FILE *out);

#endif
