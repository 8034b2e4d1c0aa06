/* SPDX-License-Identifier: MIT */
/*
 * Adds, changes and removes faults of one proxy. A change is a new plan that shares all rules but
 * one. First all open connections prepare for it. If one of them runs out of memory, the plan is
 * dropped and nothing changes. Then the proxy takes the plan, and each connection applies it.
 */
#include <stdlib.h>
#include <string.h>

#include "config/name.h"
#include "proxy/base/suggest.h"
#include "proxy/base/units.h"
#include "proxy/control/change.h"
#include "proxy/control/fault_privileges.h"
#include "proxy/net/connection.h"
#include "proxy/net/listener_faults.h"
#include "proxy/relay/adoption.h"
#include "proxy/relay/armed.h"

/* --- the adoption by open connections --- */

struct adoption_batch {
    struct adoption **adoptions; /* owned */
    size_t count;
};

static size_t count_connections(const struct proxy *proxy)
{
    size_t count = 0;
    list_for_each(link, &proxy->connections) count++;
    return count;
}

static int prepare(struct connection *connection, struct plan *plan,
    const struct rule_change *changes, size_t count, struct adoption_batch *adoption_batch)
{
    struct sockaddr_storage client;
    struct adoption *adoption;
    connection_client(connection, &client);
    int result = adoption_prepare(&connection->session, plan, changes, count, &client, &adoption);
    if (result == 0 && adoption != NULL)
        adoption_batch->adoptions[adoption_batch->count++] = adoption;
    return result;
}

static void reach_drop(struct adoption_batch *adoption_batch)
{
    for (size_t i = 0; i < adoption_batch->count; i++)
        adoption_drop(adoption_batch->adoptions[i]);
    free(adoption_batch->adoptions);
    *adoption_batch = (struct adoption_batch){0};
}

static void reach_commit(struct adoption_batch *adoption_batch)
{
    for (size_t i = 0; i < adoption_batch->count; i++)
        adoption_commit(adoption_batch->adoptions[i]);
    adoption_batch->count = 0;
    reach_drop(adoption_batch);
}

/* Prepares all connections of the proxy. Returns 0, or -1 if out of memory. */
static int reach_prepare(struct adoption_batch *adoption_batch, struct proxy *proxy,
    struct plan *plan, const struct rule_change *changes, size_t count)
{
    size_t connections = count_connections(proxy);
    *adoption_batch = (struct adoption_batch){0};
    if (connections == 0)
        return 0;
    adoption_batch->adoptions = calloc(connections, sizeof(struct adoption *));
    int result = adoption_batch->adoptions == NULL ? -1 : 0;
    list_for_each(link, &proxy->connections)
    {
        struct connection *connection = container_of(link, struct connection, link);
        if (result == 0)
            result = prepare(connection, plan, changes, count, adoption_batch);
    }
    if (result != 0)
        reach_drop(adoption_batch);
    return result;
}

/* --- changes --- */

/* Applies the plan to the proxy and its connections. Takes the reference to the plan; NULL: out of
 * memory. */
static enum control_result put_in_force(struct control *control, struct proxy *proxy,
    struct plan *plan, const struct rule_change *changes, size_t count, enum control_scope scope,
    struct err *err)
{
    struct adoption_batch adoption_batch = {0};
    if (plan == NULL || (scope == CONTROL_ALL_CONNECTIONS &&
                            reach_prepare(&adoption_batch, proxy, plan, changes, count) != 0)) {
        plan_unref(plan);
        return control_fail(control, 0, err, "out of memory");
    }
    proxy_change_faults(proxy, plan);
    reach_commit(&adoption_batch);
    return CONTROL_OK;
}

/* Returns a copy of the plan with other rules. NULL: out of memory. */
static struct plan *plan_with_rules(const struct plan *old, struct rule **rules, size_t count)
{
    const struct plan_basis basis = {
        .seed = old->seed,
        .started_at = old->started_at,
        .origin = old->origin,
        .config = old->config,
    };
    return plan_new(&basis, rules, count);
}

/* Returns a copy of the plan with one rule added, replaced or removed. NULL: out of memory. */
static struct plan *edit(const struct plan *old, const struct rule_change *change)
{
    struct rule **rules = calloc(old->rule_count + 1, sizeof(struct rule *));
    size_t count = 0;
    if (rules == NULL)
        return NULL;
    for (size_t i = 0; i < old->rule_count; i++) {
        struct rule *rule = old->rules[i] == change->from ? change->to : old->rules[i];
        if (rule != NULL)
            rules[count++] = rule;
    }
    if (change->from == NULL)
        rules[count++] = change->to;
    struct plan *plan = plan_with_rules(old, rules, count);
    free(rules);
    return plan;
}

static enum control_result change_rule(struct control *control, struct proxy *proxy,
    const struct rule_change *change, enum control_scope scope, struct err *err)
{
    struct plan *plan = edit(proxy->plan, change);
    return put_in_force(control, proxy, plan, change, 1, scope, err);
}

/* --- chains --- */

/* Whether any proxy has a fault of this name. */
static bool exists_anywhere(const struct control *control, const char *name)
{
    for (struct proxy *proxy = NULL; (proxy = control_next_proxy(control, proxy)) != NULL;)
        if (plan_find(proxy->plan, name) != NULL)
            return true;
    return false;
}

static int faults_report_unknown(const struct plan *plan, const char *name, struct err *err)
{
    struct suggest suggest;
    char meant[SUGGEST_TEXT_MAX];
    suggest_init(&suggest, name);
    for (size_t i = 0; i < plan->rule_count; i++)
        suggest_offer(&suggest, plan->rules[i]->fault.name);
    return err_set(err,
        "after: the proxy has no fault '%.64s'%s write the name of one that fires before", name,
        suggest.best == NULL ? "," : suggest_text(&suggest, meant, sizeof meant));
}

/* Whether the fault's `after` would lead back to the fault itself in this plan. */
static bool is_circle(const struct plan *plan, const char *name, const struct after *after)
{
    for (size_t steps = 0; after->name[0] != '\0' && steps <= plan->rule_count; steps++) {
        if (strcmp(after->name, name) == 0)
            return true;
        const struct rule *first = plan_find(plan, after->name);
        if (first == NULL)
            return false;
        after = &first->fault.after;
    }
    return false;
}

/* Checks that the fault named in `after` exists and does not wait for this one. Returns 0, or -1
 * with err. */
static int check_after(const struct control *control, const struct plan *plan,
    const struct fault *fault, struct err *err)
{
    const struct after *after = &fault->after;
    struct err why;
    if (after->name[0] == '\0')
        return 0;
    if (is_circle(plan, fault->name, after))
        return err_set(
            err, "after: a circle: %.64s waits for itself, name another fault", fault->name);
    const struct rule *first = plan_find(plan, after->name);
    if (first == NULL && !(after->any && exists_anywhere(control, after->name)))
        return faults_report_unknown(plan, after->name, err);
    if (first != NULL && config_check_after(fault, &first->fault, &why) != 0)
        return err_set(err, "after: %.480s", why.text);
    return 0;
}

static int check_privilege(const struct control *control, const struct proxy *proxy,
    const struct fault *fault, struct err *err)
{
    return fault_privileges_check_one(
        fault, &proxy->plan->config, control->worker->interception, err);
}

/* Checks that the proxy's protocol has the messages for which the fault waits. A fault of the file
 * with `proxy = *` may have had no messages to wait for already (`before`); NULL: it is new.
 * Returns 0, or -1 with err. */
static int check_messages(const struct proxy *proxy, const struct fault *fault,
    const struct rule *before, struct err *err)
{
    const struct proxy_config *config = &proxy->plan->config;
    const char *key;
    struct err why;
    if (before != NULL && config_check_messages(&before->fault, config, &key, &why) != 0)
        return 0;
    if (config_check_messages(fault, config, &key, &why) == 0)
        return 0;
    return err_set(err, "%s: %.480s", key, why.text);
}

/* Checks that the time of a fault of the listening socket is not over, so that it begins. `before`:
 * the rule it replaces; its time may be over and stay so. Returns 0, or -1 with err. */
static int check_time(const struct control *control, const struct fault *fault,
    const struct rule *before, struct err *err)
{
    time_us started_at = control->worker->started_at, age = timers_now() - started_at;
    time_us end = listener_fault_ends_at(fault, started_at);
    char ended[32], now[32];
    bool was_so = before != NULL && before->fault.enabled &&
                  listener_fault_ends_at(&before->fault, started_at) == end;
    if (!fault->enabled || end > started_at + age || was_so)
        return 0;
    units_format_duration(end - started_at, ended, sizeof ended);
    units_format_duration(age - age % US_PER_MS, now, sizeof now);
    return err_set(err,
        "active: the time of this fault ended %s after the start of the run, which is %s old: "
        "write a later active, such as %jus-",
        ended, now, (uintmax_t)(age / US_PER_S + 5));
}

/* Makes a rule for this proxy. It inherits the name and the origin of `before`, the rule it
 * replaces; NULL: it is new. */
static enum control_result make_rule(struct control *control, const struct proxy *proxy,
    const struct fault *fault, const struct toxic_fields *toxic_fields, const struct rule *before,
    struct rule **rule, struct err *err)
{
    struct fault own = *fault;
    enum rule_origin origin = before == NULL ? RULE_FROM_API : before->origin;
    if (before != NULL)
        memcpy(own.name, before->fault.name, sizeof own.name);
    snprintf(own.proxies, sizeof own.proxies, "%s", proxy_name(proxy));
    if (name_check_any(own.name, err) != 0 || check_after(control, proxy->plan, &own, err) != 0 ||
        check_messages(proxy, &own, before, err) != 0 ||
        check_time(control, &own, before, err) != 0 ||
        check_privilege(control, proxy, &own, err) != 0)
        return CONTROL_INVALID;
    *rule =
        rule_new(&own, origin, toxic_fields, proxy_name(proxy), before, &control->worker->counters);
    return *rule == NULL ? control_fail(control, 0, err, "out of memory") : CONTROL_OK;
}

enum control_result control_add_fault(struct control *control, const char *proxy_name,
    const struct fault *fault, const struct toxic_fields *toxic_fields, enum control_scope scope,
    struct err *err)
{
    struct proxy *proxy = control_proxy(control, proxy_name);
    struct rule *rule = NULL;
    if (proxy == NULL)
        return control_no_proxy(proxy_name, err);
    if (plan_find(proxy->plan, fault->name) != NULL) {
        err_set(err, "proxy '%s' has a fault '%s' already", proxy_name, fault->name);
        return CONTROL_EXISTS;
    }
    enum control_result result = make_rule(control, proxy, fault, toxic_fields, NULL, &rule, err);
    if (result == CONTROL_OK)
        result = change_rule(control, proxy, &(struct rule_change){.to = rule}, scope, err);
    rule_unref(rule);
    return result;
}

/* Finds the rule to change or remove. */
static enum control_result find_rule(struct control *control, const char *proxy_name,
    const char *name, struct proxy **proxy, struct rule **rule, struct err *err)
{
    *proxy = control_proxy(control, proxy_name);
    if (*proxy == NULL)
        return control_no_proxy(proxy_name, err);
    *rule = plan_find((*proxy)->plan, name);
    if (*rule != NULL)
        return CONTROL_OK;
    err_set(err, "proxy '%s' has no fault '%s'", proxy_name, name);
    return CONTROL_NOT_FOUND;
}

enum control_result control_change_fault(struct control *control, const char *proxy_name,
    const char *name, const struct fault *fault, const struct toxic_fields *toxic_fields,
    enum control_scope scope, struct err *err)
{
    struct proxy *proxy;
    struct rule_change change = {0};
    enum control_result result = find_rule(control, proxy_name, name, &proxy, &change.from, err);
    if (result == CONTROL_OK)
        result = make_rule(control, proxy, fault, toxic_fields, change.from, &change.to, err);
    if (result == CONTROL_OK)
        result = change_rule(control, proxy, &change, scope, err);
    rule_unref(change.to);
    return result;
}

enum control_result control_remove_fault(struct control *control, const char *proxy_name,
    const char *name, enum control_scope scope, struct err *err)
{
    struct proxy *proxy;
    struct rule_change change = {0};
    enum control_result result = find_rule(control, proxy_name, name, &proxy, &change.from, err);
    return result == CONTROL_OK ? change_rule(control, proxy, &change, scope, err) : result;
}

/* Open connections may have faults that the plan has no more: a reload leaves them there, and so
 * does a removal for new connections only. */
enum control_result control_remove_all_faults(
    struct control *control, struct proxy *proxy, struct err *err)
{
    const struct plan *old = proxy->plan;
    const struct rule_change all = {.from = NULL, .to = NULL};
    if (old->rule_count == 0 && list_empty(&proxy->connections))
        return CONTROL_OK;
    return put_in_force(
        control, proxy, plan_with_rules(old, NULL, 0), &all, 1, CONTROL_ALL_CONNECTIONS, err);
}

/* --- one connection --- */

/* Whether the fault needs nothing to wait for: it resets both sockets now. */
static bool resets_at_once(const struct fault *fault)
{
    struct action on[2];
    fault_actions_at_trigger(fault, on);
    return fault->when.kind == TRIGGER_OPEN && fault->trigger_delay_us == 0 &&
           on[SIDE_CLIENT].kind == ACTION_RESET_ABRUPT &&
           on[SIDE_SERVER].kind == ACTION_RESET_ABRUPT;
}

static enum control_result inject_into_ending(
    struct connection *connection, const struct fault *fault, struct err *err)
{
    if (resets_at_once(fault)) {
        session_stop(&connection->session, CAUSE_STOPPED);
        return CONTROL_OK;
    }
    err_set(err, "connection %ju is ending already; only an abrupt reset of both sides ends it now",
        (uintmax_t)connection->session.number);
    return CONTROL_INVALID;
}

static enum control_result inject(
    struct control *control, struct connection *connection, struct rule *rule, struct err *err)
{
    struct session *session = &connection->session;
    struct sockaddr_storage client;
    connection_client(connection, &client);
    if (!armed_concerns(session, rule, &client, false)) {
        err_set(err,
            "its connections, concurrent, clients, destinations, times, chance or enabled "
            "exclude connection %ju",
            (uintmax_t)session->number);
        return CONTROL_INVALID;
    }
    if (session->over)
        return inject_into_ending(connection, &rule->fault, err);
    const struct rule_change change = {.to = rule};
    if (session_adopt(session, NULL, &change, 1, &client) != 0)
        return control_fail(control, 0, err, "out of memory");
    return CONTROL_OK;
}

enum control_result control_inject(struct control *control, const char *proxy_name, uint64_t number,
    const struct fault *fault, struct err *err)
{
    struct proxy *proxy = control_proxy(control, proxy_name);
    if (proxy == NULL)
        return control_no_proxy(proxy_name, err);
    struct connection *connection = proxy_find_connection(proxy, number);
    if (connection == NULL) {
        err_set(err, "proxy '%s' has no open connection %ju", proxy_name, (uintmax_t)number);
        return CONTROL_NOT_FOUND;
    }
    if (fault->type->listener != LISTENER_OPEN || fault->type->at_accept) {
        err_set(err, "type = %s concerns no open connection", fault->type->name);
        return CONTROL_INVALID;
    }
    if (fault->when.kind == TRIGGER_ACCEPT) {
        err_set(err, "when = accept is past on an open connection, leave it out");
        return CONTROL_INVALID;
    }
    if (name_check_any(fault->name, err) != 0 ||
        check_after(control, proxy->plan, fault, err) != 0 ||
        check_messages(proxy, fault, NULL, err) != 0 ||
        check_privilege(control, proxy, fault, err) != 0)
        return CONTROL_INVALID;
    struct rule *rule =
        rule_new(fault, RULE_FOR_CONNECTION, NULL, proxy_name, NULL, &control->worker->counters);
    if (rule == NULL)
        return control_fail(control, 0, err, "out of memory");
    enum control_result result = inject(control, connection, rule, err);
    rule_unref(rule);
    return result;
}
