/* SPDX-License-Identifier: MIT */
/* /v1/proxies/P/faults: every fault of a proxy, from the file and from the API. */
#include <string.h>

#include "proxy/admin/v1/v1.h"
#include "proxy/admin/v1/value.h"
#include "proxy/base/units.h"

/* Writes why the fault did not fire on ended connections of this proxy: the first reasons. */
static void write_not_fired(
    struct text *text, const struct call *call, const char *proxy, const char *fault)
{
    const struct ledger *ledger = call->admin->context.ledger;
    const struct ledger_fault *found = ledger_find_fault(ledger, fault);
    text_json_key(text, "not_fired");
    text_puts(text, "[");
    for (size_t i = 0; found != NULL && i < found->miss_count; i++) {
        const struct ledger_miss *miss = &found->misses[i];
        if (strcmp(ledger->proxies[miss->proxy].name, proxy) != 0)
            continue;
        text_json_comma(text);
        text_puts(text, "{");
        text_json_member(text, "fault", fault);
        text_json_member(text, "reason", miss->reason);
        text_json_number(text, "connection", miss->connection);
        text_json_number(text, "connections", miss->connections);
        text_puts(text, "}");
    }
    text_puts(text, "]");
}

static void write_fault(
    struct text *text, const struct call *call, const char *proxy, const struct rule *rule)
{
    const struct fault *fault = &rule->fault;
    text_puts(text, "{");
    text_json_member(text, "name", fault->name);
    text_json_member(text, "origin", rule->origin == RULE_FROM_FILE ? "file" : "api");
    text_json_member(text, "type", fault->type->name);
    text_json_number(text, "armed", rule->fault_counter->armed);
    text_json_number(text, "fired", rule->fault_counter->fired);
    write_not_fired(text, call, proxy, fault->name);
    v1_write_options(text, fault_options, fault, fault);
    v1_write_options(text, fault->type->options, fault->params, fault);
    text_puts(text, "}");
}

static void answer_fault(const struct call *call, unsigned status, const char *name)
{
    struct text text = {0};
    const struct proxy *proxy = control_proxy(call->admin->context.control, call->names[0]);
    write_fault(&text, call, proxy_name(proxy), control_fault(proxy, name));
    answer_json_text(call, status, &text);
}

static const struct rule *find_rule(const struct call *call)
{
    const struct proxy *proxy = v1_find_proxy(call);
    if (proxy == NULL)
        return NULL;
    const struct rule *rule = control_fault(proxy, call->names[1]);
    if (rule == NULL)
        answer_error(call, 404, "the proxy %s has no fault %s", call->names[0], call->names[1]);
    return rule;
}

/* Reads `connections` of the query: the connections that a change of a fault reaches. Returns false
 * after answering. */
static bool read_scope(const struct call *call, enum control_scope *scope)
{
    char value[16] = "all";
    call_query(call, "connections", value, sizeof value);
    *scope = strcmp(value, "new") == 0 ? CONTROL_NEW_CONNECTIONS : CONTROL_ALL_CONNECTIONS;
    if (strcmp(value, "new") == 0 || strcmp(value, "all") == 0)
        return true;
    answer_error(call, 400, "connections: '%s' is neither all nor new", value);
    return false;
}

void v1_list_faults(const struct call *call)
{
    struct text text = {0};
    const struct proxy *proxy = v1_find_proxy(call);
    if (proxy == NULL)
        return;
    text_puts(&text, "{\"faults\":[");
    for (size_t i = 0; i < proxy->plan->rule_count; i++) {
        text_json_comma(&text);
        write_fault(&text, call, proxy_name(proxy), proxy->plan->rules[i]);
    }
    text_puts(&text, "]}");
    answer_json_text(call, 200, &text);
}

void v1_show_fault(const struct call *call)
{
    if (find_rule(call) != NULL)
        answer_fault(call, 200, call->names[1]);
}

/* Reads the body of a fault, where `"connections": "next"` is the number of the proxy's next
 * connection. Returns a new reference; NULL: a 400 was sent. */
static json_t *read_fault_body(const struct call *call, const struct proxy *proxy)
{
    json_t *body = v1_read_body(call);
    const char *connections = json_string_value(json_object_get(body, "connections"));
    if (connections != NULL && strcmp(connections, "next") == 0)
        json_object_set_new(body, "connections", json_integer((json_int_t)proxy->last_number + 1));
    return body;
}

/* Adds the fault to the proxy of the path, or puts it in place of the fault of the path. */
static void store_fault(
    const struct call *call, const struct fault *fault, enum control_scope scope, bool is_new)
{
    struct control *control = call->admin->context.control;
    struct err err;
    enum control_result result =
        is_new ? control_add_fault(control, call->names[0], fault, NULL, scope, &err)
               : control_change_fault(
                     control, call->names[0], call->names[1], fault, NULL, scope, &err);
    if (result == CONTROL_OK)
        answer_fault(call, is_new ? 201 : 200, fault->name);
    else
        v1_answer_failure(call, result, &err);
}

/* Reads a fault from the body, and stores it. `old`: what the body changes; NULL: a new fault. */
static void accept_fault(
    const struct call *call, const struct proxy *proxy, const struct fault *old)
{
    struct fault fault;
    struct text problems = {0};
    enum control_scope scope;
    json_t *body = read_scope(call, &scope) ? read_fault_body(call, proxy) : NULL;
    if (body == NULL)
        return;
    int result = old == NULL ? v1_read_fault(body, NULL, &fault, &problems)
                             : v1_patch_fault(body, old, &fault, &problems);
    if (result == 0)
        store_fault(call, &fault, scope, old == NULL);
    else
        v1_answer_problems(call, &problems);
    text_free(&problems);
    json_decref(body);
}

void v1_add_fault(const struct call *call)
{
    const struct proxy *proxy = v1_find_proxy(call);
    if (proxy != NULL)
        accept_fault(call, proxy, NULL);
}

void v1_change_fault(const struct call *call)
{
    const struct rule *rule = find_rule(call);
    if (rule != NULL)
        accept_fault(
            call, control_proxy(call->admin->context.control, call->names[0]), &rule->fault);
}

/* Answers a change that leaves nothing to show. */
static void answer_done(const struct call *call, enum control_result result, const struct err *err)
{
    if (result == CONTROL_OK)
        answer_empty(call, 204);
    else
        v1_answer_failure(call, result, err);
}

void v1_remove_fault(const struct call *call)
{
    enum control_scope scope;
    struct err err;
    if (find_rule(call) == NULL || !read_scope(call, &scope))
        return;
    enum control_result result = control_remove_fault(
        call->admin->context.control, call->names[0], call->names[1], scope, &err);
    answer_done(call, result, &err);
}

static bool read_number(const struct call *call, uint64_t *number)
{
    struct err ignored;
    if (units_parse_number(call->names[1], number, &ignored) == 0 && *number > 0)
        return true;
    answer_error(call, 404, "invalid connection number '%s'", call->names[1]);
    return false;
}

static void inject(const struct call *call, const struct fault *fault)
{
    uint64_t number;
    struct err err;
    if (!read_number(call, &number))
        return;
    enum control_result result =
        control_inject(call->admin->context.control, call->names[0], number, fault, &err);
    answer_done(call, result, &err);
}

void v1_inject(const struct call *call)
{
    struct fault fault;
    struct text problems = {0};
    if (v1_find_proxy(call) == NULL)
        return;
    json_t *body = v1_read_body(call);
    if (body == NULL)
        return;
    if (v1_read_fault(body, NULL, &fault, &problems) != 0)
        v1_answer_problems(call, &problems);
    else
        inject(call, &fault);
    text_free(&problems);
    json_decref(body);
}

/* An ending by hand waits for nothing, unless the query asks for it: a reset is abrupt. 0, or -1 if
 * out of memory. */
static int make_reset_abrupt(json_t *fault)
{
    const char *type = json_string_value(json_object_get(fault, "type"));
    if (strcmp(type, "reset") != 0 || json_object_get(fault, "mode") != NULL)
        return 0;
    return json_object_set_new(fault, "mode", json_string("abrupt"));
}

/* Reads a fault from the query, where `how` is its type: ?how=close&side=client. Returns NULL if it
 * is badly encoded. */
static json_t *fault_of_query(const struct call *call)
{
    json_t *object = json_pack("{s:s}", "type", "reset");
    const char *query = call->query;
    char key[64], value[OPTION_TEXT_MAX];
    int found = object == NULL ? -1 : 1;
    while (
        found > 0 && (found = call_query_next(&query, key, sizeof key, value, sizeof value)) > 0) {
        json_t *text = json_string(value);
        if (text == NULL ||
            json_object_set_new(object, strcmp(key, "how") == 0 ? "type" : key, text) != 0)
            found = -1;
    }
    if (found == 0 && make_reset_abrupt(object) == 0)
        return object;
    json_decref(object);
    return NULL;
}

void v1_end_connection(const struct call *call)
{
    struct fault fault;
    struct text problems = {0};
    if (v1_find_proxy(call) == NULL)
        return;
    json_t *object = fault_of_query(call);
    if (object == NULL) {
        answer_error(call, 400, "the query is badly encoded, or a value in it is too long");
        return;
    }
    const char *how = json_string_value(json_object_get(object, "type"));
    const struct fault_type *type = fault_type_find(how);
    bool may_end = type == NULL || type->group == GROUP_ENDING; /* NULL: a problem of the fault */
    bool valid = may_end && v1_read_fault(object, "end", &fault, &problems) == 0;
    /* hold_fin, half_close and shut_rd mode=discard are of the group, and end nothing */
    if (!may_end || (valid && !fault_ends_connection(&fault)))
        answer_error(call, 400, "how: %s does not end a connection", how);
    else if (valid)
        inject(call, &fault);
    else
        v1_answer_problems(call, &problems);
    text_free(&problems);
    json_decref(object);
}
