/* SPDX-License-Identifier: MIT */
/*
 * Toxiproxy's /populate: a list of proxies that shall exist. All of them are checked first, and
 * nothing happens if one has no name or no upstream. Then they are made in order, up to the first
 * failure. An existing proxy with the same addresses stays as it is, with all its toxics; one with
 * other addresses is replaced.
 *
 * Each pass reads the elements again, one at a time: a body of 1 MB may have 300,000 of them.
 */
#include <string.h>

#include "proxy/admin/toxiproxy/json.h"
#include "proxy/admin/toxiproxy/proxy.h"
#include "proxy/admin/toxiproxy/routes.h"
#include "proxy/net/listen_address.h"

static int read_element(struct toxiproxy_proxy *proxy, json_t *element, struct err *err)
{
    *proxy = (struct toxiproxy_proxy){.enabled = true};
    return toxiproxy_proxy_read(proxy, element, true, err);
}

/* Answers with the first `count` proxies of the body, which were made, also after an error. */
static void answer(
    const struct call *call, json_t *body, size_t count, unsigned status, const struct err *err)
{
    struct text text = {0};
    struct toxiproxy_proxy proxy;
    struct err ignored;
    text_puts(&text, "{");
    if (err != NULL) {
        text_json_member(&text, "error", err->text);
        text_json_number(&text, "status", status);
    }
    text_json_key(&text, "proxies");
    text_puts(&text, count > 0 ? "[" : "null");
    for (size_t i = 0; i < count; i++) {
        MAY_FAIL(read_element(&proxy, json_array_get(body, i), &ignored)); /* it was checked */
        const struct proxy *made = control_proxy(call->admin->context.control, proxy.name);
        if (made == NULL)
            continue; /* it was listed twice, and the second time there was no memory for it */
        text_json_comma(&text);
        toxiproxy_proxy_write(&text, made);
    }
    text_puts(&text, count > 0 ? "]}" : "}");
    answer_json_text(call, status, &text);
}

static int check_list(json_t *body, struct err *err)
{
    struct toxiproxy_proxy proxy;
    struct err inner;
    size_t i;
    json_t *element;
    json_array_foreach(body, i, element)
    {
        if (read_element(&proxy, element, &inner) != 0)
            return err_set(err, "bad request body: %s", inner.text);
    }
    json_array_foreach(body, i, element)
    {
        MAY_FAIL(read_element(&proxy, element, &inner)); /* it was checked */
        const char *missing = proxy.name[0] == '\0'       ? "name"
                              : proxy.upstream[0] == '\0' ? "upstream"
                                                          : NULL;
        if (missing != NULL)
            return err_set(err, "missing required field: %s at proxy %zu", missing, i + 1);
    }
    return 0;
}

/* Whether both are the same address after resolving. Port 0 is a different port each time. */
static bool same_listen(
    const struct address *now, const struct address *wanted, struct resolver *resolver)
{
    struct sockaddr_storage resolved;
    socklen_t length;
    struct err ignored;
    char a[ADDRESS_TEXT_MAX], b[ADDRESS_TEXT_MAX];
    if (wanted->kind != ADDRESS_UNIX && wanted->port == 0)
        return false;
    if (wanted->kind != ADDRESS_NAME)
        return address_equal(now, wanted);
    if (listen_address_resolve(wanted, resolver, &resolved, &length, &ignored) != 0)
        return address_equal(now, wanted);
    address_format(now, a, sizeof a);
    address_format_sockaddr(&resolved, length, b, sizeof b);
    return strcmp(a, b) == 0;
}

static bool is_same(
    const struct proxy_config *now, const struct proxy_config *wanted, struct resolver *resolver)
{
    return same_listen(&now->listen, &wanted->listen, resolver) &&
           address_equal(&now->upstream, &wanted->upstream);
}

/* A name without an address changes nothing. Then the existing proxy is stopped, so that its own
 * socket is not in the way of the trial. If the new proxy fails, the existing one stays, stopped,
 * with its toxics. */
static unsigned replace(struct control *control, const struct proxy_config *now,
    const struct proxy_config *wanted, struct err *err)
{
    struct proxy_config stopped = *now;
    struct err ignored;
    stopped.enabled = false;
    enum control_result result = control_check_listen(control, wanted, err);
    if (result == CONTROL_OK)
        result = control_change_proxy(control, now->name, &stopped, err);
    if (result == CONTROL_OK)
        result = control_try_change(control, now->name, wanted, err);
    if (result == CONTROL_OK) {
        MAY_FAIL(control_remove_proxy(control, now->name, &ignored)); /* it is there */
        result = control_add_proxy(control, wanted, err);
    }
    return result == CONTROL_OK ? 0 : toxiproxy_proxy_status(control, result, wanted, err);
}

static unsigned populate_put(struct control *control, json_t *element, struct err *err)
{
    struct toxiproxy_proxy proxy;
    struct proxy_config config, now;
    unsigned status = 400;
    if (read_element(&proxy, element, err) == 0)
        status = toxiproxy_proxy_config(&proxy, &config, err);
    if (status != 0)
        return status;
    const struct proxy *existing = control_proxy(control, proxy.name);
    if (existing == NULL) {
        enum control_result result = control_add_proxy(control, &config, err);
        return result == CONTROL_OK ? 0 : toxiproxy_proxy_status(control, result, &config, err);
    }
    control_proxy_config(existing, &now);
    return is_same(&now, &config, &control->worker->resolver)
               ? 0
               : replace(control, &now, &config, err);
}

/* Asks for all names before anything is changed. 0, or the status of an answer that is never sent:
 * the request is asked again. */
static unsigned ask_names(struct control *control, json_t *body, struct err *err)
{
    struct toxiproxy_proxy proxy;
    struct proxy_config config;
    unsigned status = 0;
    size_t i;
    json_t *element;
    json_array_foreach(body, i, element)
    {
        if (read_element(&proxy, element, err) == 0 &&
            toxiproxy_proxy_config(&proxy, &config, err) == 0 &&
            control_ask_name(control, &config.listen, err) != CONTROL_OK)
            status = 500;
    }
    return status;
}

static void populate(const struct call *call, json_t *body)
{
    struct control *control = call->admin->context.control;
    struct err err;
    size_t count = json_array_size(body), done = 0;
    if (check_list(body, &err) != 0) {
        answer(call, body, 0, 400, &err);
        return;
    }
    unsigned status = ask_names(control, body, &err);
    while (done < count && status == 0) {
        status = populate_put(control, json_array_get(body, done), &err);
        done += status == 0;
    }
    answer(call, body, done, status == 0 ? 201 : status, status == 0 ? NULL : &err);
}

void toxiproxy_populate(const struct call *call)
{
    struct err err, inner;
    json_t *body = toxiproxy_json_read(call->request->body, call->request->body_size, &inner);
    if (body != NULL && (json_is_array(body) || json_is_null(body))) {
        populate(call, body);
        json_decref(body);
        return;
    }
    if (body != NULL)
        err_set(&inner,
            "json: cannot unmarshal %s into Go value of type []struct { toxiproxy.Proxy; "
            "Enabled *bool \"json:\\\"enabled\\\"\" }",
            toxiproxy_json_kind(body));
    err_set(&err, "bad request body: %s", inner.text);
    answer(call, NULL, 0, 400, &err);
    json_decref(body);
}
