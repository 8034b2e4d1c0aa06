/* SPDX-License-Identifier: MIT */
/* Toxiproxy's routes of proxies, /reset and /version. */
#include <stdlib.h>
#include <string.h>

#include "proxy/admin/toxiproxy/address.h"
#include "proxy/admin/toxiproxy/json.h"
#include "proxy/admin/toxiproxy/proxy.h"
#include "proxy/admin/toxiproxy/routes.h"

struct proxy *toxiproxy_find_proxy(const struct call *call)
{
    struct proxy *proxy = control_proxy(call->admin->context.control, call->names[0]);
    if (proxy == NULL)
        answer_go_error(call, 404, "proxy not found");
    return proxy;
}

json_t *toxiproxy_read_body(const struct call *call)
{
    struct err err;
    json_t *body = toxiproxy_json_read(call->request->body, call->request->body_size, &err);
    if (body == NULL)
        answer_go_error(call, 400, "bad request body: %s", err.text);
    return body;
}

static void answer_proxy(const struct call *call, unsigned status, const char *name)
{
    struct text text = {0};
    toxiproxy_proxy_write(&text, control_proxy(call->admin->context.control, name));
    answer_json_text(call, status, &text);
}

/* Go prints maps in the order of their keys. */
static int compare_names(const void *left, const void *right)
{
    const struct proxy *const *a = left, *const *b = right;
    return strcmp(proxy_name(*a), proxy_name(*b));
}

void toxiproxy_list_proxies(const struct call *call)
{
    const struct control *control = call->admin->context.control;
    struct text text = {0};
    size_t count = 0, room = 0;
    for (struct proxy *p = NULL; (p = control_next_proxy(control, p)) != NULL;)
        room++;
    const struct proxy **proxies = calloc(room + 1, sizeof(void *));
    text.failed = proxies == NULL;
    for (struct proxy *p = NULL; proxies != NULL && (p = control_next_proxy(control, p)) != NULL;)
        proxies[count++] = p;
    if (count > 1)
        qsort(proxies, count, sizeof(void *), compare_names);
    text_puts(&text, "{");
    for (size_t i = 0; i < count; i++) {
        text_json_key(&text, proxy_name(proxies[i]));
        toxiproxy_proxy_write(&text, proxies[i]);
    }
    text_puts(&text, "}");
    free(proxies);
    answer_json_text(call, 200, &text);
}

static unsigned create(
    const struct call *call, const struct toxiproxy_proxy *proxy, struct err *err)
{
    struct control *control = call->admin->context.control;
    struct proxy_config config;
    if (proxy->name[0] == '\0' || proxy->upstream[0] == '\0') {
        err_set(err, "missing required field: %s", proxy->name[0] == '\0' ? "name" : "upstream");
        return 400;
    }
    if (control_proxy(control, proxy->name) != NULL) {
        err_set(err, "proxy already exists");
        return 409;
    }
    unsigned status = toxiproxy_proxy_config(proxy, &config, err);
    if (status != 0)
        return status;
    enum control_result result = control_add_proxy(control, &config, err);
    if (result == CONTROL_OK)
        return 0;
    return toxiproxy_proxy_status(control, result, &config, err);
}

void toxiproxy_create_proxy(const struct call *call)
{
    struct toxiproxy_proxy proxy = {.enabled = true};
    struct err err;
    json_t *body = toxiproxy_read_body(call);
    if (body == NULL)
        return;
    if (toxiproxy_proxy_read(&proxy, body, false, &err) != 0) {
        answer_go_error(call, 400, "bad request body: %s", err.text);
    } else {
        unsigned status = create(call, &proxy, &err);
        if (status == 0)
            answer_proxy(call, 201, proxy.name);
        else
            answer_go_error(call, status, "%s", err.text);
    }
    json_decref(body);
}

void toxiproxy_show_proxy(const struct call *call)
{
    if (toxiproxy_find_proxy(call) != NULL)
        answer_proxy(call, 200, call->names[0]);
}

/* Values that the body omits stay as they are; the name always does. */
static unsigned update(const struct call *call, struct proxy *proxy, json_t *body, struct err *err)
{
    struct control *control = call->admin->context.control;
    struct proxy_config config;
    struct err inner;
    control_proxy_config(proxy, &config);
    struct toxiproxy_proxy input = {.enabled = config.enabled};
    if (toxiproxy_proxy_read(&input, body, false, &inner) != 0) {
        err_set(err, "bad request body: %s", inner.text);
        return 400;
    }
    if (!input.has_listen && config.listen.kind == ADDRESS_NOWHERE)
        snprintf(input.listen, sizeof input.listen, "%s", config.listen.host);
    if ((input.has_listen || config.listen.kind == ADDRESS_NOWHERE) &&
        toxiproxy_listen_parse(input.listen, &config.listen, err) != 0)
        return 500;
    if (input.has_listen)
        toxiproxy_keep_listen_text(&input, &config);
    if (input.has_upstream && toxiproxy_upstream_parse(input.upstream, &config.upstream, err) != 0)
        return 400;
    config.enabled = input.enabled;
    enum control_result result = control_change_proxy(control, call->names[0], &config, err);
    return result == CONTROL_OK ? 0 : toxiproxy_proxy_status(control, result, &config, err);
}

void toxiproxy_update_proxy(const struct call *call)
{
    struct err err;
    struct proxy *proxy = toxiproxy_find_proxy(call);
    json_t *body = proxy != NULL ? toxiproxy_read_body(call) : NULL;
    if (body == NULL)
        return;
    unsigned status = update(call, proxy, body, &err);
    if (status == 0)
        answer_proxy(call, 200, call->names[0]);
    else
        answer_go_error(call, status, "%s", err.text);
    json_decref(body);
}

void toxiproxy_delete_proxy(const struct call *call)
{
    struct err err;
    if (control_remove_proxy(call->admin->context.control, call->names[0], &err) == CONTROL_OK)
        answer_empty(call, 204);
    else
        answer_go_error(call, 404, "proxy not found");
}

/* The first proxy that is not enabled is the one that could not listen. */
static void report_cannot_listen(const struct call *call, struct err *err)
{
    const struct control *control = call->admin->context.control;
    struct proxy_config config;
    for (struct proxy *p = NULL; (p = control_next_proxy(control, p)) != NULL;) {
        control_proxy_config(p, &config);
        if (config.enabled)
            continue;
        MAY_FAIL(toxiproxy_proxy_status(control, CONTROL_FAILED, &config, err)); /* for its text */
        break;
    }
    answer_go_error(call, 500, "%s", err->text);
}

void toxiproxy_reset(const struct call *call)
{
    struct err err;
    enum control_result result = control_reset(call->admin->context.control, &err);
    if (result == CONTROL_OK)
        answer_empty(call, 204);
    else if (result == CONTROL_FAILED)
        report_cannot_listen(call, &err);
    else
        answer_go_error(call, 400, "%s", err.text);
}

void toxiproxy_version(const struct call *call)
{
    struct text text = {0};
    text_puts(&text, "{\"version\": \"" TOXIPROXY_VERSION "\"}\n");
    answer_text(call, 200, "application/json;charset=utf-8", &text);
}
