/* SPDX-License-Identifier: MIT */
/*
 * Paths are cut at their slashes before they are decoded, so that a name may contain one (%2F)
 * under /v1. Under Toxiproxy's paths such a name is not found, as in Toxiproxy.
 */
#include "proxy/admin/route.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/admin/access.h"
#include "proxy/admin/ui/ui.h"

#define SEGMENTS_MAX 8

/* Cleans a path in place as Go's path.Clean does: removes empty, "." and ".." segments, keeps a
 * slash at the end. Returns whether it changed. */
static bool clean(char *path)
{
    char *out = path, *copy = path;
    bool changed = false;
    while (*copy == '/') {
        size_t length = strcspn(copy + 1, "/");
        bool is_last = copy[1 + length] == '\0';
        bool is_dot = length == 1 && copy[1] == '.';
        bool is_up = length == 2 && strncmp(copy + 1, "..", 2) == 0;
        if (is_dot || is_up || (length == 0 && !is_last)) {
            while (is_up && out > path && *--out != '/')
                ;
            changed = true;
        } else {
            memmove(out, copy, length + 1);
            out += length + 1;
        }
        copy += length + 1;
    }
    if (out == path)
        *out++ = '/';
    *out = '\0';
    return changed;
}

/* A path, decoded and cut. */
struct path {
    char *segments[SEGMENTS_MAX];
    size_t count;
    bool slashed; /* a segment contains a slash */
};

static int hex_value(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *found = isxdigit((unsigned char)c) ? strchr(digits, c | 0x20) : NULL;
    return found != NULL ? (int)(found - digits) : -1;
}

/* Decodes %XX in place. Returns -1 if an escape is invalid or a NUL. */
static int decode(char *text)
{
    char *out = text;
    for (const char *p = text; *p != '\0'; p++) {
        char c = *p;
        if (c == '%') {
            int high = hex_value(p[1]), low = high < 0 ? -1 : hex_value(p[2]);
            if (low < 0 || high + low == 0)
                return -1;
            c = (char)(high << 4 | low);
            p += 2;
        }
        *out++ = c;
    }
    *out = '\0';
    return 0;
}

/* Cuts and decodes in place. Returns 0; -1: badly encoded; 1: more segments than any route has. */
static int route_split(char *text, struct path *path)
{
    *path = (struct path){0};
    if (*text != '/')
        return 1;
    for (char *segment = text + 1, *next; segment != NULL; segment = next) {
        next = strchr(segment, '/');
        if (next != NULL)
            *next++ = '\0';
        if (decode(segment) != 0)
            return -1;
        if (path->count == SEGMENTS_MAX)
            return 1;
        path->segments[path->count++] = segment;
        path->slashed = path->slashed || strchr(segment, '/') != NULL;
    }
    return 0;
}

/* Whether a path matches a pattern; sets `names` to its variables. An empty variable does not
 * match. */
static bool fits(const struct path *path, const char *pattern, const char **names)
{
    size_t i = 0;
    for (const char *p = pattern; p != NULL && *p == '/'; i++) {
        size_t length = strcspn(++p, "/");
        if (i == path->count)
            return false;
        const char *segment = path->segments[i];
        bool variable = length == 2 && strncmp(p, "{}", 2) == 0;
        if (variable && *segment == '\0')
            return false;
        if (variable)
            *names++ = segment;
        else if (strlen(segment) != length || strncmp(segment, p, length) != 0)
            return false;
        p += length;
    }
    return i == path->count;
}

static bool allows(const char *methods, const char *method)
{
    size_t length = strlen(method);
    for (const char *p = methods; *p != '\0'; p += strspn(p, " ")) {
        size_t word = strcspn(p, " ");
        if (*p == '*' || (word == length && strncmp(p, method, length) == 0))
            return true;
        p += word;
    }
    return false;
}

static bool is_own(const struct path *path)
{
    return path->count > 0 && strcmp(path->segments[0], "v1") == 0;
}

static void not_found(const struct call *call, bool own)
{
    struct text text = {0};
    if (own) {
        answer_error(
            call, 404, "there is no %s; docs/API.md lists what is there", call->request->target);
        return;
    }
    text_puts(&text, "404 page not found\n");
    answer_text(call, 404, "text/plain; charset=utf-8", &text);
    http_answer_header(call->request, "X-Content-Type-Options", "nosniff");
}

static void not_allowed(const struct call *call, bool own, const char *methods)
{
    if (own) {
        answer_error(call, 405, "%s is not allowed here, only %s", call->request->method, methods);
        http_answer_header(call->request, "Allow", methods);
    } else {
        answer_empty(call, 405);
    }
}

/* Adds an id like hlog's xid: 20 characters of 0-9a-v, unique and opaque. */
static void add_request_id(const struct call *call)
{
    static const char digits[] = "0123456789abcdefghijklmnopqrstuv";
    uint64_t parts[2] = {call->admin->boot, ++call->admin->requests};
    char id[21];
    for (size_t i = 0; i < 20; i++)
        id[i] = digits[parts[i / 10] >> (5 * (9 - i % 10)) & 31];
    id[20] = '\0';
    http_answer_header(call->request, "X-Toxiproxy-Request-Id", id);
}

static void refuse_browser(const struct call *call, bool own)
{
    struct text text = {0};
    if (own) {
        answer_error(call, 403, "User agent not allowed");
        return;
    }
    text_puts(&text, "User agent not allowed\n");
    answer_text(call, 403, "text/plain; charset=utf-8", &text);
    http_answer_header(call->request, "X-Content-Type-Options", "nosniff");
}

/* Returns the serial of the proxy that the path names first; 0: none. */
static uint64_t proxy_serial(const struct call *call)
{
    const struct proxy *proxy =
        call->names[0] == NULL ? NULL : control_proxy(call->admin->context.control, call->names[0]);
    return proxy == NULL ? 0 : proxy->serial;
}

static void answer_replaced(const struct call *call, bool own)
{
    if (own)
        answer_error(
            call, 404, "the proxy %s was removed while a name was looked up", call->names[0]);
    else
        answer_go_error(call, 404, "proxy not found");
}

/* A change that waits for a name has failed by now, without a trace: the request is asked again
 * later. Its client may have given up meanwhile, and the proxy may be another one of that name. */
static void handle(const struct call *call, const struct route *route, bool own)
{
    uint64_t serial = proxy_serial(call), before = call->request->subject;
    if (access_is_browser(call) && !access_is_own_page(call))
        refuse_browser(call, own);
    else if (before != 0 && before != serial)
        answer_replaced(call, own);
    else
        route->handle(call);
    call->request->subject = serial;
    if (control_take_awaits_name(call->admin->context.control))
        http_postpone(call->request);
    else
        add_request_id(call);
}

static void dispatch(struct call *call, const struct path *path)
{
    const char *methods = NULL;
    bool own = is_own(path);
    for (const struct route *route = routes; route->pattern != NULL; route++) {
        if (!fits(path, route->pattern, call->names) || (path->slashed && !own))
            continue;
        if (allows(route->methods, call->request->method)) {
            handle(call, route, own);
            return;
        }
        if (methods == NULL)
            methods = route->methods;
    }
    if (methods != NULL)
        not_allowed(call, own, methods);
    else
        not_found(call, own);
}

/* Redirects a client to the clean path, as Toxiproxy's router does. `path` is clean. */
static void redirect(const struct call *call, const char *path)
{
    char *location;
    const char *mark = call->query[0] != '\0' ? "?" : "";
    if (asprintf(&location, "%s%s%s", path, mark, call->query) < 0) {
        answer_empty(call, 500);
        return;
    }
    answer_empty(call, 301);
    http_answer_header(call->request, "Location", location);
    free(location);
}

/* `text`: the path as sent, which is modified. */
static void route_path(struct call *call, char *text)
{
    struct path path;
    /* A segment of a /v1 path may be "..", as a name. */
    if (*text == '/' && strncmp(text, "/v1/", 4) != 0 && clean(text)) {
        redirect(call, text);
        return;
    }
    int result = route_split(text, &path);
    if (result == 0)
        dispatch(call, &path);
    else if (result < 0)
        answer_error(call, 400, "the path is not encoded as RFC 3986 has it");
    else
        not_found(call, strncmp(text, "/v1", 3) == 0);
}

void route_call(struct admin *admin, struct http_request *request)
{
    struct call call = {.admin = admin, .request = request, .query = ""};
    if (ui_answer(&call))
        return;
    char *copy = strdup(request->target);
    if (copy == NULL) {
        answer_empty(&call, 500);
        return;
    }
    char *query = strchr(copy, '?');
    if (query != NULL) {
        *query = '\0';
        call.query = query + 1;
    }
    route_path(&call, copy);
    free(copy);
}

/* A pair of a query as sent; a key may have no value. */
struct pair {
    const char *key, *value;
    size_t key_length, value_length;
};

/* Removes the first pair. Returns false if there is none. */
static bool next_pair(const char **query, struct pair *pair)
{
    const char *text = *query;
    size_t length = strcspn(text, "&");
    pair->key = text;
    pair->key_length = strcspn(text, "=&");
    pair->value = text + pair->key_length + (text[pair->key_length] == '=');
    pair->value_length = (size_t)(text + length - pair->value);
    *query += length + (text[length] == '&');
    return *text != '\0';
}

int call_query_next(const char **query, char *key, size_t key_size, char *value, size_t value_size)
{
    struct pair pair;
    if (!next_pair(query, &pair))
        return 0;
    snprintf(key, key_size, "%.*s", (int)pair.key_length, pair.key);
    snprintf(value, value_size, "%.*s", (int)pair.value_length, pair.value);
    bool fits = pair.key_length < key_size && pair.value_length < value_size;
    return fits && decode(key) == 0 && decode(value) == 0 ? 1 : -1;
}

bool call_query(const struct call *call, const char *key, char *buf, size_t size)
{
    const char *query = call->query;
    struct pair pair;
    while (next_pair(&query, &pair)) {
        if (pair.key_length != strlen(key) || strncmp(pair.key, key, pair.key_length) != 0)
            continue;
        snprintf(buf, size, "%.*s", (int)pair.value_length, pair.value);
        return decode(buf) == 0;
    }
    return false;
}
