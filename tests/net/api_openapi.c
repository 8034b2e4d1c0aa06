/* SPDX-License-Identifier: MIT */
/*
 * docs/openapi.json against the server: every operation is called, every status that it has there
 * is brought about, and each answer is of a documented status, type and schema. Bodies that the
 * server takes fit the schema of requests.
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proxy/ctl/http.h"
#include "proxy/ctl/socket.h"
#include "tests/lib/expect.h"
#include "tests/lib/schema.h"
#include "tests/lib/wire.h"

static struct proxy_process process;
static json_t *file, *seen;

#define ECHO "{\"name\":\"a\",\"listen\":\"127.0.0.1:0\",\"upstream\":\"builtin:echo\"}"
/* An address of nobody (RFC 5737). */
#define NOWHERE "{\"name\":\"n\",\"listen\":\"192.0.2.1:1\",\"upstream\":\"h:1\"}"

static const struct step {
    const char *method, *path; /* as they stand in the file */
    const char *target;        /* what is asked for; NULL: the path */
    const char *body;          /* NULL: none */
    long status;
} steps[] = {
    {"post", "/proxies", NULL, ECHO, 201},
    {"post", "/proxies", NULL, "{", 400},
    {"post", "/proxies", NULL, ECHO, 409},
    {"post", "/proxies", NULL, NOWHERE, 500},
    {"post", "/proxies", NULL, "{\"name\":\"d\",\"upstream\":\"h:1\",\"enabled\":null}", 201},
    {"get", "/proxies", NULL, NULL, 200},
    {"post", "/populate", NULL, "[{\"name\":\"e\",\"upstream\":\"h:1\"}]", 201},
    {"post", "/populate", NULL, "[]", 201},
    {"post", "/populate", NULL, "[{}]", 400},
    {"post", "/populate", NULL, "[{\"name\":\"e\",\"upstream\":\"i:1\"}," NOWHERE "]", 500},
    {"get", "/proxies/{proxy}", "/proxies/a", NULL, 200},
    {"get", "/proxies/{proxy}", "/proxies/none", NULL, 404},
    {"post", "/proxies/{proxy}", "/proxies/d", "{\"enabled\":false}", 200},
    {"post", "/proxies/{proxy}", "/proxies/d", "", 400},
    {"post", "/proxies/{proxy}", "/proxies/none", "{}", 404},
    {"post", "/proxies/{proxy}", "/proxies/d", "{\"listen\":\"nope\"}", 500},
    {"patch", "/proxies/{proxy}", "/proxies/d", "{\"enabled\":true}", 200},
    {"patch", "/proxies/{proxy}", "/proxies/d", "{\"enabled\":1}", 400},
    {"patch", "/proxies/{proxy}", "/proxies/none", "{}", 404},
    {"patch", "/proxies/{proxy}", "/proxies/d", "{\"listen\":\"192.0.2.1:1\"}", 500},
    {"post", "/reset", NULL, "", 500}, /* d is where it cannot listen */
    {"delete", "/proxies/{proxy}", "/proxies/d", NULL, 204},
    {"delete", "/proxies/{proxy}", "/proxies/d", NULL, 404},
    {"post", "/reset", NULL, "", 204},
    {"get", "/version", NULL, NULL, 200},
    {"get", "/metrics", NULL, NULL, 200},

    {"post", "/proxies/{proxy}/toxics", "/proxies/a/toxics", "{\"type\":\"noop\"}", 200},
    {"post", "/proxies/{proxy}/toxics", "/proxies/a/toxics",
        "{\"type\":\"packet_loss\",\"stream\":\"upstream\",\"toxicity\":0.3,\"attributes\":{"
        "\"loss_rate\":0.25}}",
        200},
    {"post", "/proxies/{proxy}/toxics", "/proxies/a/toxics", "{\"type\":\"nope\"}", 400},
    {"post", "/proxies/{proxy}/toxics", "/proxies/none/toxics", "{\"type\":\"noop\"}", 404},
    {"post", "/proxies/{proxy}/toxics", "/proxies/a/toxics", "{\"type\":\"noop\"}", 409},
    {"get", "/proxies/{proxy}/toxics", "/proxies/a/toxics", NULL, 200},
    {"get", "/proxies/{proxy}/toxics", "/proxies/none/toxics", NULL, 404},
    {"get", "/proxies", NULL, NULL, 200},
    {"get", "/proxies/{proxy}/toxics/{toxic}", "/proxies/a/toxics/noop_downstream", NULL, 200},
    {"get", "/proxies/{proxy}/toxics/{toxic}", "/proxies/a/toxics/none", NULL, 404},
    {"post", "/proxies/{proxy}/toxics/{toxic}", "/proxies/a/toxics/packet_loss_upstream",
        "{\"attributes\":{\"correlation\":0.5}}", 200},
    {"post", "/proxies/{proxy}/toxics/{toxic}", "/proxies/a/toxics/noop_downstream", "x", 400},
    {"post", "/proxies/{proxy}/toxics/{toxic}", "/proxies/a/toxics/none", "{}", 404},
    {"patch", "/proxies/{proxy}/toxics/{toxic}", "/proxies/a/toxics/noop_downstream",
        "{\"toxicity\":0.5,\"attributes\":null}", 200},
    {"patch", "/proxies/{proxy}/toxics/{toxic}", "/proxies/a/toxics/packet_loss_upstream",
        "{\"attributes\":{\"loss_rate\":2}}", 400},
    {"patch", "/proxies/{proxy}/toxics/{toxic}", "/proxies/a/toxics/none", "{}", 404},
    {"delete", "/proxies/{proxy}/toxics/{toxic}", "/proxies/a/toxics/noop_downstream", NULL, 204},
    {"delete", "/proxies/{proxy}/toxics/{toxic}", "/proxies/a/toxics/noop_downstream", NULL, 404},

    {"post", "/v1/proxies", NULL,
        "{\"name\":\"b\",\"listen\":\"127.0.0.1:0\",\"upstream\":\"h:1\",\"rcvbuf\":\"64k\","
        "\"nodelay\":false,\"backlog\":10}",
        201},
    {"post", "/v1/proxies", NULL, "{\"name\":\"c\"}", 400},
    {"post", "/v1/proxies", NULL, ECHO, 409},
    {"post", "/v1/proxies", NULL, NOWHERE, 500},
    {"get", "/v1/proxies", NULL, NULL, 200},
    {"get", "/v1/proxies/{proxy}", "/v1/proxies/b", NULL, 200},
    {"get", "/v1/proxies/{proxy}", "/v1/proxies/none", NULL, 404},
    {"patch", "/v1/proxies/{proxy}", "/v1/proxies/b", "{\"buffer\":\"1M\",\"backlog\":null}", 200},
    {"patch", "/v1/proxies/{proxy}", "/v1/proxies/b", "{\"bufer\":1}", 400},
    {"patch", "/v1/proxies/{proxy}", "/v1/proxies/none", "{}", 404},
    {"patch", "/v1/proxies/{proxy}", "/v1/proxies/b", "{\"listen\":\"192.0.2.1:1\"}", 500},
    {"delete", "/v1/proxies/{proxy}", "/v1/proxies/b", NULL, 204},
    {"delete", "/v1/proxies/{proxy}", "/v1/proxies/b", NULL, 404},

    {"post", "/v1/proxies/{proxy}/faults", "/v1/proxies/echo/faults",
        "{\"name\":\"slow\",\"type\":\"latency\",\"delay\":\"1ms\",\"connections\":[1,\"3-\"],"
        "\"times\":5,\"chance\":null}",
        201},
    {"post", "/v1/proxies/{proxy}/faults", "/v1/proxies/echo/faults?connections=new",
        "{\"type\":\"inject\",\"random\":10,\"must_fire\":false}", 201},
    {"post", "/v1/proxies/{proxy}/faults", "/v1/proxies/echo/faults", "{\"type\":\"rest\"}", 400},
    {"post", "/v1/proxies/{proxy}/faults", "/v1/proxies/none/faults", "{}", 404},
    {"post", "/v1/proxies/{proxy}/faults", "/v1/proxies/echo/faults",
        "{\"name\":\"slow\",\"type\":\"reset\"}", 409},
    {"get", "/v1/proxies/{proxy}/faults", "/v1/proxies/echo/faults", NULL, 200},
    {"get", "/v1/proxies/{proxy}/faults", "/v1/proxies/none/faults", NULL, 404},
    {"get", "/v1/proxies/{proxy}/faults/{fault}", "/v1/proxies/echo/faults/slow", NULL, 200},
    {"get", "/v1/proxies/{proxy}/faults/{fault}", "/v1/proxies/echo/faults/none", NULL, 404},
    {"patch", "/v1/proxies/{proxy}/faults/{fault}", "/v1/proxies/echo/faults/slow?connections=all",
        "{\"delay\":\"2ms\",\"enabled\":true}", 200},
    {"patch", "/v1/proxies/{proxy}/faults/{fault}", "/v1/proxies/echo/faults/slow", "{\"delay\":2}",
        400},
    {"patch", "/v1/proxies/{proxy}/faults/{fault}", "/v1/proxies/echo/faults/none", "{}", 404},
    {"delete", "/v1/proxies/{proxy}/faults/{fault}", "/v1/proxies/echo/faults/inject", NULL, 204},
    {"delete", "/v1/proxies/{proxy}/faults/{fault}", "/v1/proxies/echo/faults/inject", NULL, 404},
    {"delete", "/v1/proxies/{proxy}/faults/{fault}",
        "/v1/proxies/echo/faults/slow?connections=some", NULL, 400},

    {"get", "/v1/connections", NULL, NULL, 200},
    {"get", "/v1/connections", "/v1/connections?limit=1", NULL, 200},
    {"get", "/v1/connections", "/v1/connections?limit=0", NULL, 400},
    {"get", "/v1/proxies/{proxy}/connections", "/v1/proxies/echo/connections", NULL, 200},
    {"get", "/v1/proxies/{proxy}/connections", "/v1/proxies/echo/connections?limit=x", NULL, 400},
    {"get", "/v1/proxies/{proxy}/connections", "/v1/proxies/none/connections", NULL, 404},
    {"get", "/v1/proxies/{proxy}/connections/{connection}", "/v1/proxies/echo/connections/1", NULL,
        200},
    {"get", "/v1/proxies/{proxy}/connections/{connection}", "/v1/proxies/echo/connections/9", NULL,
        404},
    {"post", "/v1/proxies/{proxy}/connections/{connection}/faults",
        "/v1/proxies/echo/connections/1/faults", "{\"type\":\"noop\"}", 204},
    {"post", "/v1/proxies/{proxy}/connections/{connection}/faults",
        "/v1/proxies/echo/connections/1/faults", "{\"type\":\"latency\"}", 400},
    {"post", "/v1/proxies/{proxy}/connections/{connection}/faults",
        "/v1/proxies/echo/connections/9/faults", "{\"type\":\"noop\"}", 404},
    {"get", "/v1/connections", NULL, NULL, 200},
    {"delete", "/v1/proxies/{proxy}/connections/{connection}",
        "/v1/proxies/echo/connections/1?how=latency", NULL, 400},
    {"delete", "/v1/proxies/{proxy}/connections/{connection}",
        "/v1/proxies/echo/connections/1?how=close&mode=plain", NULL, 204},
    {"delete", "/v1/proxies/{proxy}/connections/{connection}", "/v1/proxies/echo/connections/9",
        NULL, 404},

    {"get", "/v1/version", NULL, NULL, 200},
    {"get", "/v1/report", NULL, NULL, 200},
    {"get", "/v1/config", NULL, NULL, 200},
    {"get", "/v1/faults/catalogue", NULL, NULL, 200},
    {"get", "/v1/events", "/v1/events?follow=no", NULL, 200},
    {"get", "/v1/events", "/v1/events?after=x", NULL, 400},
    {"post", "/v1/reload", NULL, "", 204},
    {"post", "/v1/reset-counts", NULL, "", 204},
    {"post", "/v1/reload", "/v1/reload?api=some", "", 400},
};

/* --- One call --- */

struct reply {
    struct http_answer http; /* its status and type */
    char *body;              /* owned; NULL: empty */
    size_t size;
};

static bool on_bytes(struct http_answer *http, const char *bytes, size_t size, struct err *err)
{
    struct reply *reply = (struct reply *)(void *)http;
    char *grown = realloc(reply->body, reply->size + size + 1);
    if (grown == NULL) {
        err_set(err, "out of memory");
        return false;
    }
    reply->body = grown;
    memcpy(grown + reply->size, bytes, size);
    reply->size += size;
    grown[reply->size] = '\0';
    return true;
}

/* `header` NULL: no other than usual. The caller frees the body. */
static bool exchange(const char *method, const char *target, const char *body, const char *header,
    struct reply *reply)
{
    char text[128], upper[16], headers[256];
    struct address address;
    struct err err;
    *reply = (struct reply){.http = {.take = on_bytes}};
    if (!proxy_process_address(&process, "@admin", text, sizeof text) ||
        address_parse(text, &address, &err) != 0)
        return false;
    for (size_t i = 0; i <= strlen(method) && i < sizeof upper; i++)
        upper[i] = (char)(method[i] >= 'a' ? method[i] - 'a' + 'A' : method[i]);
    snprintf(headers, sizeof headers, "%s%s", header != NULL ? header : "",
        header != NULL ? "\r\n" : "");
    const struct http_request request = {.method = upper,
        .target = target,
        .host = text,
        .headers = headers,
        .body = body,
        .body_size = body != NULL ? strlen(body) : 0};
    int64_t deadline_ms = socket_deadline(WIRE_DEADLINE_MS / 1000);
    int fd = socket_connect(&address, deadline_ms, &err);
    bool fine = fd >= 0 && http_exchange(fd, &request, deadline_ms, &reply->http, &err) == 0;
    if (fd >= 0)
        close(fd);
    if (!fine)
        printf("     %s %s: %s\n", upper, target, err.text);
    return fine;
}

/* --- Against the file --- */

static const json_t *operation_of(const char *method, const char *path)
{
    return json_object_get(json_object_get(json_object_get(file, "paths"), path), method);
}

static bool body_fits(const json_t *schema, const struct reply *reply, struct err *err)
{
    const char *type = json_string_value(json_object_get(schema, "type"));
    json_error_t error;
    if (type != NULL && strcmp(type, "string") == 0)
        return true; /* a text, whatever it says */
    json_t *value = json_loadb(
        reply->body != NULL ? reply->body : "", reply->size, JSON_REJECT_DUPLICATES, &error);
    if (value == NULL) {
        err_set(err, "no JSON: %s", error.text);
        return false;
    }
    bool good = schema_fits(file, schema, value, "answer", err);
    json_decref(value);
    return good;
}

/* Whether an answer is one that the file has for the operation; then it is noted. */
static bool is_documented(
    const char *method, const char *path, const struct reply *reply, struct err *err)
{
    char status[16], key[256], type[64] = "";
    const json_t *operation = operation_of(method, path);
    snprintf(status, sizeof status, "%u", reply->http.status);
    const json_t *response =
        schema_resolve(file, json_object_get(json_object_get(operation, "responses"), status));
    if (response == NULL) {
        err_set(err, "the status %s is not documented", status);
        return false;
    }
    const json_t *content = json_object_get(response, "content");
    if (reply->http.type[0] != '\0')
        snprintf(type, sizeof type, "%.*s", (int)strcspn(reply->http.type, ";"), reply->http.type);
    const json_t *media = json_object_get(content, type);
    if (content == NULL ? reply->size > 0 : media == NULL) {
        err_set(err, "the content type '%s' is not documented", type);
        return false;
    }
    if (media != NULL && !body_fits(json_object_get(media, "schema"), reply, err))
        return false;
    snprintf(key, sizeof key, "%s %s %s", method, path, status);
    json_object_set_new(seen, key, json_true());
    return true;
}

/* A body that was taken has to be one that the file describes. */
static bool request_fits(const struct step *step, struct err *err)
{
    const json_t *body = json_object_get(operation_of(step->method, step->path), "requestBody");
    const json_t *schema = json_object_get(
        json_object_get(json_object_get(body, "content"), "application/json"), "schema");
    if (step->body == NULL || step->body[0] == '\0' || step->status >= 300)
        return true;
    json_t *value = json_loads(step->body, 0, NULL);
    bool good = schema_fits(file, schema, value, "request", err);
    json_decref(value);
    return good;
}

static bool call(const char *method, const char *path, const char *target, const char *body,
    const char *header, long status)
{
    struct reply reply;
    struct err err = {""};
    bool good = exchange(method, target, body, header, &reply);
    if (good && (long)reply.http.status != status)
        good = expect_number("status", (long)reply.http.status, status);
    if (good && !is_documented(method, path, &reply, &err))
        good = expect_true(err.text, false);
    if (!good)
        printf("     of %s %s: %.300s\n", method, target, reply.body != NULL ? reply.body : "");
    free(reply.body);
    return good;
}

/* "/proxies/{proxy}" with a name in it. */
static void fill_in(const char *path, char *target, size_t size)
{
    size_t used = 0;
    for (; *path != '\0' && used + 1 < size; path++) {
        target[used++] = *path == '{' ? '1' : *path;
        if (*path == '{')
            path += strcspn(path, "}");
    }
    target[used] = '\0';
}

/* Calls every operation, or every one with a body; each has to be refused with that status. */
static bool all_are_refused(const char *header, const char *body, bool only_bodies, long status)
{
    const char *path, *method;
    json_t *operations, *operation;
    bool good = true;
    json_object_foreach(json_object_get(file, "paths"), path, operations)
    {
        json_object_foreach(operations, method, operation)
        {
            char target[256];
            fill_in(path, target, sizeof target);
            if (!only_bodies || json_object_get(operation, "requestBody") != NULL)
                good = call(method, path, target, body, header, status) && good;
        }
    }
    return good;
}

/* --- The cases --- */

static bool every_step_is_as_documented(void)
{
    bool good = true;
    int fd = wire_connect_proxy(&process, "echo");
    good = expect_number("bytes to the echo", wire_send(fd, 0, 10), 0) &&
           expect_number("and back", wire_read(fd, 0, 10), 0);
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        const struct step *step = &steps[i];
        struct err err;
        if (!expect_true(step->path, operation_of(step->method, step->path) != NULL))
            return false;
        good = call(step->method, step->path, step->target != NULL ? step->target : step->path,
                   step->body, NULL, step->status) &&
               good;
        if (!request_fits(step, &err))
            good = expect_true(err.text, false);
    }
    close(fd);
    return good;
}

static bool web_pages_are_refused(void)
{
    return all_are_refused("Origin: http://example.com", NULL, false, 403) &&
           all_are_refused("User-Agent: Mozilla/5.0", NULL, false, 403);
}

static bool large_bodies_are_refused(void)
{
    size_t size = 1100000;
    char *body = malloc(size + 1);
    if (body == NULL)
        return false;
    memset(body, ' ', size);
    body[size] = '\0';
    bool good = all_are_refused(NULL, body, true, 413);
    free(body);
    return good;
}

static bool start(const char *globals)
{
    return proxy_process_start(
        &process, globals, "[proxy echo]\nlisten = 127.0.0.1:0\nupstream = builtin:echo\n");
}

static bool nobody_without_the_token_is_let_in(void)
{
    return proxy_process_stop(&process) &&
           start("admin = 127.0.0.1:0\nadmin_token = sesame-open-7\n") &&
           all_are_refused(NULL, NULL, false, 401) &&
           all_are_refused("Authorization: Bearer sesame-open-8", NULL, false, 401) &&
           call("get", "/version", "/version", NULL, "Authorization: Bearer sesame-open-7", 200);
}

static bool every_documented_answer_was_seen(void)
{
    const char *path, *method, *status;
    json_t *operations, *operation, *response;
    bool good = true;
    json_object_foreach(json_object_get(file, "paths"), path, operations)
    {
        json_object_foreach(operations, method, operation)
        {
            json_object_foreach(json_object_get(operation, "responses"), status, response)
            {
                char key[256];
                snprintf(key, sizeof key, "%s %s %s", method, path, status);
                good = expect_true(key, json_object_get(seen, key) != NULL) && good;
            }
        }
    }
    return good;
}

static const struct expect_case cases[] = {
    {"every_step_is_as_documented", every_step_is_as_documented},
    {"web_pages_are_refused", web_pages_are_refused},
    {"large_bodies_are_refused", large_bodies_are_refused},
    {"nobody_without_the_token_is_let_in", nobody_without_the_token_is_let_in},
    {"every_documented_answer_was_seen", every_documented_answer_was_seen},
};

#define CASE_COUNT (sizeof cases / sizeof cases[0])

int main(void)
{
    json_error_t error;
    file = json_load_file(RUDEPROXY_SOURCE_DIR "/docs/openapi.json", 0, &error);
    if (file == NULL)
        printf("docs/openapi.json:%d: %s\n", error.line, error.text);
    seen = json_object();
    if (file == NULL || seen == NULL || !start("admin = 127.0.0.1:0\n"))
        return EXIT_FAILURE;
    size_t passed = expect_run(cases, CASE_COUNT);
    bool stopped = proxy_process_stop(&process);
    json_decref(file);
    json_decref(seen);
    return passed == CASE_COUNT && stopped ? EXIT_SUCCESS : EXIT_FAILURE;
}
