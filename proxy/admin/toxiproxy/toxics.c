/* SPDX-License-Identifier: MIT */
/* Toxiproxy's routes for toxics. Faults that cannot be expressed as a toxic are not listed. */
#include <string.h>

#include "proxy/admin/toxiproxy/proxy.h"
#include "proxy/admin/toxiproxy/routes.h"
#include "proxy/admin/toxiproxy/toxic.h"

static void answer_toxic(const struct call *call, const struct toxic *toxic)
{
    struct text text = {0};
    text_json_value(&text, toxic_to_json(toxic), JSON_COMPACT | TOXIC_JSON_FLAGS);
    answer_json_text(call, 200, &text);
}

/* Finds the toxic of the path. Returns false after sending a 404. */
static bool find_toxic(const struct call *call, const struct proxy *proxy, struct toxic *toxic)
{
    const struct rule *rule = control_fault(proxy, call->names[1]);
    const struct toxic_fields *toxic_fields =
        rule != NULL && rule->toxic_fields.stream[0] != '\0' ? &rule->toxic_fields : NULL;
    if (rule != NULL && toxic_of_fault(toxic, &rule->fault, toxic_fields))
        return true;
    answer_go_error(call, 404, "toxic not found");
    return false;
}

void toxiproxy_list_toxics(const struct call *call)
{
    struct text text = {0};
    const struct proxy *proxy = toxiproxy_find_proxy(call);
    if (proxy == NULL)
        return;
    toxiproxy_toxics_write(&text, proxy);
    answer_json_text(call, 200, &text);
}

void toxiproxy_show_toxic(const struct call *call)
{
    struct toxic toxic;
    const struct proxy *proxy = toxiproxy_find_proxy(call);
    if (proxy != NULL && find_toxic(call, proxy, &toxic))
        answer_toxic(call, &toxic);
}

static unsigned status_of(enum control_result result, struct err *err)
{
    switch (result) {
    case CONTROL_OK:
        return 0;
    case CONTROL_NOT_FOUND:
        err_set(err, "toxic not found");
        return 404;
    case CONTROL_EXISTS:
        err_set(err, "toxic already exists");
        return 409;
    case CONTROL_INVALID:
        return 400;
    case CONTROL_FAILED:
        break;
    }
    return 500;
}

static unsigned create(const struct call *call, const struct proxy *proxy, const json_t *body,
    struct toxic *toxic, struct err *err)
{
    struct control *control = call->admin->context.control;
    if (toxic_read_head(toxic, call->names[0], body, err) != 0)
        return 400;
    if (control_fault(proxy, toxic->fault.name) != NULL)
        return status_of(CONTROL_EXISTS, err);
    if (toxic_read_attributes(toxic, body, err) != 0)
        return 400;
    return status_of(control_add_fault(control, call->names[0], &toxic->fault, &toxic->toxic_fields,
                         CONTROL_ALL_CONNECTIONS, err),
        err);
}

void toxiproxy_create_toxic(const struct call *call)
{
    struct toxic toxic;
    struct err err;
    const struct proxy *proxy = toxiproxy_find_proxy(call);
    json_t *body = proxy != NULL ? toxiproxy_read_body(call) : NULL;
    if (body == NULL)
        return;
    unsigned status = create(call, proxy, body, &toxic, &err);
    if (status == 0)
        answer_toxic(call, &toxic);
    else
        answer_go_error(call, status, "%s", err.text);
    json_decref(body);
}

static void update(const struct call *call, struct toxic *toxic, const json_t *body)
{
    struct err err;
    if (toxic_update(toxic, body, &err) != 0) {
        answer_go_error(call, 400, "%s", err.text);
        return;
    }
    unsigned status =
        status_of(control_change_fault(call->admin->context.control, call->names[0], call->names[1],
                      &toxic->fault, &toxic->toxic_fields, CONTROL_ALL_CONNECTIONS, &err),
            &err);
    if (status == 0)
        answer_toxic(call, toxic);
    else
        answer_go_error(call, status, "%s", err.text);
}

void toxiproxy_update_toxic(const struct call *call)
{
    struct toxic toxic;
    const struct proxy *proxy = toxiproxy_find_proxy(call);
    if (proxy == NULL || !find_toxic(call, proxy, &toxic))
        return;
    json_t *body = toxiproxy_read_body(call);
    if (body != NULL)
        update(call, &toxic, body);
    json_decref(body);
}

void toxiproxy_delete_toxic(const struct call *call)
{
    struct toxic toxic;
    struct err err;
    const struct proxy *proxy = toxiproxy_find_proxy(call);
    if (proxy == NULL || !find_toxic(call, proxy, &toxic))
        return;
    unsigned status = status_of(control_remove_fault(call->admin->context.control, call->names[0],
                                    call->names[1], CONTROL_ALL_CONNECTIONS, &err),
        &err);
    if (status == 0)
        answer_empty(call, 204);
    else
        answer_go_error(call, status, "%s", err.text);
}
