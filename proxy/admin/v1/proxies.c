/* SPDX-License-Identifier: MIT */
/* /v1/proxies: proxies with every key of the file, also those that Toxiproxy's objects lack. */
#include <stdlib.h>
#include <string.h>

#include "proxy/admin/proxy_counts.h"
#include "proxy/admin/v1/v1.h"
#include "proxy/admin/v1/value.h"

static void write_counts(
    struct text *text, const char *key, const char *(*name)(int), const uint64_t *counts, int size)
{
    text_json_key(text, key);
    text_puts(text, "{");
    for (int i = 0; i < size; i++) {
        if (counts[i] > 0)
            text_json_number(text, name(i), counts[i]);
    }
    text_puts(text, "}");
}

static const char *name_of_cause(int value)
{
    return cause_name((enum cause)value);
}

static const char *name_of_mark(int value)
{
    return end_mark_name((enum end_mark)value);
}

static void write_state(struct text *text, const struct proxy_counts *counts)
{
    const struct proxy *proxy = counts->proxy;
    const struct ledger_proxy *totals = counts->past;
    const uint64_t *past = totals->bytes, *now = counts->now.sent;
    text_json_key(text, "state");
    text_puts(text, "{");
    text_json_bool(text, "listening", listener_is_open(&proxy->listener));
    text_json_number(text, "open", proxy->open_count);
    text_json_number(text, "closed", totals->connections);
    text_json_number(text, "connect_failed", totals->connect_failed);
    text_json_number(text, "bytes_upstream", past[DIRECTION_UPSTREAM] + now[DIRECTION_UPSTREAM]);
    text_json_number(
        text, "bytes_downstream", past[DIRECTION_DOWNSTREAM] + now[DIRECTION_DOWNSTREAM]);
    write_counts(text, "causes", name_of_cause, totals->ended, CAUSE_COUNT);
    write_counts(text, "client", name_of_mark, totals->marks[SIDE_CLIENT], END_COUNT);
    write_counts(text, "server", name_of_mark, totals->marks[SIDE_SERVER], END_COUNT);
    text_puts(text, "}");
}

static void write_proxy(struct text *text, const struct proxy_counts *counts)
{
    const struct proxy *proxy = counts->proxy;
    struct proxy_config config;
    control_proxy_config(proxy, &config);
    text_json_comma(text);
    text_puts(text, "{");
    text_json_member(text, "name", config.name);
    text_json_member(
        text, "origin", control_proxy_origin(proxy) == RULE_FROM_FILE ? "file" : "api");
    v1_write_options(text, proxy_options, &config, NULL);
    text_json_key(text, "faults");
    text_puts(text, "[");
    for (size_t i = 0; i < proxy->plan->rule_count; i++) {
        text_json_comma(text);
        text_json_string(text, proxy->plan->rules[i]->fault.name);
    }
    text_puts(text, "]");
    write_state(text, counts);
    text_puts(text, "}");
}

static void answer_proxy(const struct call *call, unsigned status, const char *name)
{
    const struct admin_context *context = &call->admin->context;
    struct proxy_counts counts = proxy_counts_of(context, control_proxy(context->control, name));
    struct text text = {0};
    write_proxy(&text, &counts);
    answer_json_text(call, status, &text);
}

void v1_list_proxies(const struct call *call)
{
    struct text text = {0};
    text_puts(&text, "{\"proxies\":[");
    struct proxy_counts_list counts = proxy_counts_of_all(&call->admin->context);
    text.failed = counts.list == NULL;
    for (size_t i = 0; i < counts.count; i++)
        write_proxy(&text, &counts.list[i]);
    free(counts.list);
    text_puts(&text, "]}");
    answer_json_text(call, 200, &text);
}

void v1_show_proxy(const struct call *call)
{
    if (v1_find_proxy(call) != NULL)
        answer_proxy(call, 200, call->names[0]);
}

/* Answers for a change that control made, or refused. */
static void answer_change(const struct call *call, enum control_result result,
    const struct err *err, unsigned status, const char *name)
{
    if (result == CONTROL_OK)
        answer_proxy(call, status, name);
    else
        v1_answer_failure(call, result, err);
}

void v1_create_proxy(const struct call *call)
{
    struct proxy_config config;
    struct text problems = {0};
    struct err err;
    json_t *body = v1_read_body(call);
    if (body == NULL)
        return;
    if (v1_read_proxy(body, &config, &problems) != 0)
        v1_answer_problems(call, &problems);
    else
        answer_change(call, control_add_proxy(call->admin->context.control, &config, &err), &err,
            201, config.name);
    text_free(&problems);
    json_decref(body);
}

void v1_change_proxy(const struct call *call)
{
    struct control *control = call->admin->context.control;
    struct proxy_config now, config;
    struct text problems = {0};
    struct err err;
    const struct proxy *proxy = v1_find_proxy(call);
    json_t *body = proxy != NULL ? v1_read_body(call) : NULL;
    if (body == NULL)
        return;
    control_proxy_config(proxy, &now);
    if (v1_patch_proxy(body, &now, &config, &problems) != 0) {
        v1_answer_problems(call, &problems);
    } else {
        enum control_result result = control_try_change(control, config.name, &config, &err);
        if (result == CONTROL_OK)
            result = control_change_proxy(control, config.name, &config, &err);
        answer_change(call, result, &err, 200, config.name);
    }
    text_free(&problems);
    json_decref(body);
}

void v1_delete_proxy(const struct call *call)
{
    struct err err;
    enum control_result result =
        control_remove_proxy(call->admin->context.control, call->names[0], &err);
    if (result == CONTROL_OK)
        answer_empty(call, 204);
    else
        v1_answer_failure(call, result, &err);
}
