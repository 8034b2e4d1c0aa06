/* SPDX-License-Identifier: MIT */
/* Shared by the routes of /v1: the proxy of a path, the body of a request, the answer to a change
 * that was refused. */
#include "proxy/admin/v1/v1.h"

struct proxy *v1_find_proxy(const struct call *call)
{
    struct proxy *proxy = control_proxy(call->admin->context.control, call->names[0]);
    if (proxy == NULL)
        answer_error(call, 404, "there is no proxy %s", call->names[0]);
    return proxy;
}

json_t *v1_read_body(const struct call *call)
{
    json_error_t error = {.line = 0};
    const struct http_request *request = call->request;
    json_t *body = request->body_size == 0 ? json_object()
                                           : json_loadb(request->body, request->body_size,
                                                 JSON_REJECT_DUPLICATES, &error);
    if (json_is_object(body))
        return body;
    if (body != NULL)
        answer_error(call, 400, "the body is no JSON object");
    else
        answer_error(call, 400, "the body is not JSON: line %d, column %d: %s", error.line,
            error.column, error.text);
    json_decref(body);
    return NULL;
}

void v1_answer_problems(const struct call *call, const struct text *problems)
{
    if (problems->failed)
        answer_empty(call, 500);
    else
        answer_error(call, 400, "%.*s", (int)problems->size, problems->bytes);
}

void v1_answer_failure(const struct call *call, enum control_result result, const struct err *err)
{
    static const unsigned statuses[] = {
        [CONTROL_OK] = 500,
        [CONTROL_INVALID] = 400,
        [CONTROL_NOT_FOUND] = 404,
        [CONTROL_EXISTS] = 409,
        [CONTROL_FAILED] = 500,
    };
    answer_error(call, statuses[result], "%s", err->text);
}
