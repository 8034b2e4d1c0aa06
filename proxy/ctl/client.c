/* SPDX-License-Identifier: MIT */
/*
 * The usual case: the URL is parsed once. Each call is a connection, a request, and an answer that
 * is collected in memory or passed to a sink.
 *
 * If there is no server, or it breaks off, the URL is printed, then the error of socket.h or
 * http.h. Success is a status of 200 to 299. For any other, the answer's "error" is printed, and
 * its "problems" one a line. An answer that is not a JSON object (Toxiproxy's router, or no API at
 * all) is printed unchanged.
 */
#include "proxy/ctl/client.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "proxy/base/utf8.h"
#include "proxy/ctl/http.h"
#include "proxy/ctl/socket.h"

#define UNIX_PREFIX "unix:"
#define HTTP_PREFIX "http://"
#define URL_FORMS "write http://HOST:PORT or unix:PATH"

static int client_report_problem(const char *what)
{
    fprintf(stderr, "rudeproxy: %s\n", what);
    return -1;
}

void client_print(FILE *out, const char *format, ...)
{
    va_list args;
    char *text;
    va_start(args, format);
    int size = vasprintf(&text, format, args);
    va_end(args);
    if (size < 0) {
        fputs("rudeproxy: out of memory\n", stderr);
        return;
    }
    utf8_disarm(text);
    fprintf(out, "%s\n", text);
    free(text);
}

void client_disarm(char *text, size_t size)
{
    if (!isatty(STDOUT_FILENO))
        return;
    for (size_t from = 0, length; from < size; from += length + 1) {
        length = strcspn(text + from, "\t\n"); /* and the NUL */
        char end = text[from + length];
        text[from + length] = '\0';
        utf8_disarm(text + from);
        text[from + length] = end;
    }
}

static int report_failure(const struct client *client, const struct err *err)
{
    if (client->failure != NULL)
        client_print(stderr, "%s: %s: %s", client->failure, client->url, err->text);
    else
        client_print(stderr, "rudeproxy: %s: %s", client->url, err->text);
    return -1;
}

/* --- The URL --- */

static int set_headers(struct client *client, const char *token)
{
    static const char always[] = "User-Agent: rudeproxy-ctl/" RUDEPROXY_VERSION "\r\n"
                                 "Content-Type: application/json\r\n";
    int n = snprintf(client->headers, sizeof client->headers, "%s%s%s%s", always,
        token != NULL ? "Authorization: Bearer " : "", token != NULL ? token : "",
        token != NULL ? "\r\n" : "");
    if (n < 0 || (size_t)n >= sizeof client->headers ||
        (token != NULL && strpbrk(token, "\r\n") != NULL))
        return client_report_problem("--token: it is too long, or has a line break in it");
    return 0;
}

/* Parses "127.0.0.1:8474", "[::1]" or "name". The default port is 80, as in every http URL. */
static int parse_authority(struct client *client, const char *authority, struct err *err)
{
    char text[ADDRESS_TEXT_MAX];
    const char *behind_brackets = strrchr(authority, ']');
    bool has_port = strchr(behind_brackets != NULL ? behind_brackets : authority, ':') != NULL;
    int n = snprintf(text, sizeof text, "%s%s", authority, has_port ? "" : ":80");
    if (n < 0 || (size_t)n >= sizeof text)
        return err_set(err, "the host is too long");
    snprintf(client->host, sizeof client->host, "%s", authority);
    if (address_parse(text, &client->address, err) != 0)
        return -1;
    if (client->address.kind != ADDRESS_IP && client->address.kind != ADDRESS_NAME)
        return err_set(err, URL_FORMS);
    return 0;
}

/* Checks that the path cannot break the first line of the request. */
static int set_base(struct client *client, const char *path, struct err *err)
{
    size_t length = strlen(path);
    for (const char *c = path; *c != '\0'; c++) {
        if ((unsigned char)*c <= ' ' || *c == 0x7f || *c == '#')
            return err_set(
                err, "the path of the URL has a blank, a control character or a # in it");
    }
    while (length > 0 && path[length - 1] == '/')
        length--;
    client->base = strndup(path, length);
    return client->base != NULL ? 0 : err_set(err, "out of memory");
}

static int parse_http(struct client *client, const char *url, struct err *err)
{
    const char *scheme = strstr(url, "://");
    if (strncasecmp(url, "https://", strlen("https://")) == 0)
        return err_set(err, "https is not supported, " URL_FORMS);
    if (scheme != NULL && strncasecmp(url, HTTP_PREFIX, strlen(HTTP_PREFIX)) != 0)
        return err_set(err, "unknown scheme '%.*s', " URL_FORMS, (int)(scheme - url), url);
    if (scheme != NULL)
        url += strlen(HTTP_PREFIX);
    char authority[ADDRESS_TEXT_MAX];
    size_t length = strcspn(url, "/?#");
    if (length >= sizeof authority)
        return err_set(err, "the host is too long");
    memcpy(authority, url, length);
    authority[length] = '\0';
    if (parse_authority(client, authority, err) != 0)
        return -1;
    return set_base(client, url + length, err);
}

static int parse_unix(struct client *client, const char *url, struct err *err)
{
    snprintf(client->host, sizeof client->host, "localhost");
    if (address_parse(url, &client->address, err) != 0)
        return -1;
    return set_base(client, "", err);
}

int client_open(struct client *client, const char *url, const char *token)
{
    struct err err;
    *client = (struct client){.url = url};
    bool is_unix = strncmp(url, UNIX_PREFIX, strlen(UNIX_PREFIX)) == 0;
    if ((is_unix ? parse_unix : parse_http)(client, url, &err) != 0)
        return report_failure(client, &err);
    if (set_headers(client, token) == 0)
        return 0;
    client_close(client);
    return -1;
}

void client_close(struct client *client)
{
    free(client->base);
    client->base = NULL;
}

void answer_free(struct answer *answer)
{
    free(answer->bytes);
    *answer = (struct answer){.bytes = NULL};
}

/* --- One call --- */

/* An answer that is collected, or passed to a sink as it arrives. A refusal is always collected. */
struct call {
    struct http_answer http;
    struct answer *answer;
    size_t capacity;          /* of answer->bytes */
    struct client_sink *sink; /* NULL: none */
};

static bool gather(struct call *call, const char *bytes, size_t size, struct err *err)
{
    struct answer *answer = call->answer;
    size_t needed = answer->size + size + 1;
    if (needed > (size_t)CLIENT_ANSWER_MAX_MB << 20) {
        err_set(err, "the answer is longer than %u MB", CLIENT_ANSWER_MAX_MB);
        return false;
    }
    if (needed > call->capacity) {
        char *grown = realloc(answer->bytes, 2 * needed);
        if (grown == NULL) {
            err_set(err, "out of memory");
            return false;
        }
        answer->bytes = grown;
        call->capacity = 2 * needed;
    }
    memcpy(answer->bytes + answer->size, bytes, size);
    answer->size += size;
    answer->bytes[answer->size] = '\0';
    return true;
}

/* Whether the server did what the request asks for. A redirect (3xx) did nothing. */
static bool is_success(unsigned status)
{
    return status >= 200 && status <= 299;
}

static bool on_piece(struct http_answer *http, const char *bytes, size_t size, struct err *err)
{
    struct call *call = (struct call *)(void *)http;
    if (call->sink == NULL || !is_success(http->status))
        return gather(call, bytes, size, err);
    return call->sink->take(call->sink, bytes, size, err);
}

/* Prints why the server refused. */
static void print_refusal(const struct client *client, unsigned status, const struct answer *answer)
{
    const char *bytes = answer->bytes != NULL ? answer->bytes : "";
    json_t *object = json_loads(bytes, 0, NULL), *problem;
    const char *text = json_string_value(json_object_get(object, "error"));
    size_t i;
    if (text != NULL && client->failure != NULL)
        client_print(stderr, "%s: HTTP %u: %s", client->failure, status, text);
    else if (text != NULL)
        client_print(stderr, "rudeproxy: %s", text);
    else
        client_print(stderr, "rudeproxy: the server answers %u: %.*s", status,
            (int)strcspn(bytes, "\r\n"), bytes);
    json_array_foreach(json_object_get(object, "problems"), i, problem)
    {
        client_print(stderr, "%s", json_string_value(problem));
    }
    json_decref(object);
}

/* Sends one request. `answer` is empty; the caller frees its bytes, also after a failure. */
static int exchange(
    struct client *client, struct http_request *request, const struct path *path, struct call *call)
{
    struct err err;
    char *target;
    if (path->cut)
        return client_report_problem("the names and values are too long for a path");
    int fd = socket_connect(&client->address, socket_deadline(CLIENT_CONNECT_S), &err);
    if (fd < 0)
        return report_failure(client, &err);
    if (asprintf(&target, "%s%s", client->base, path->text) < 0) {
        close(fd);
        return client_report_problem("out of memory");
    }
    request->target = target;
    request->host = client->host;
    request->headers = client->headers;
    call->http.take = on_piece;
    int result = http_exchange(fd, request, socket_deadline(CLIENT_CALL_S), &call->http, &err);
    free(target);
    close(fd);
    if (result != 0)
        return report_failure(client, &err);
    if (is_success(call->http.status))
        return 0;
    print_refusal(client, call->http.status, call->answer);
    return -1;
}

int client_call(struct client *client, const char *method, const struct path *path,
    const json_t *body, struct answer *answer)
{
    char *text = body != NULL ? json_dumps(body, JSON_COMPACT) : NULL;
    struct http_request request = {.method = method, .body = text};
    struct call call = {.answer = answer};
    *answer = (struct answer){.bytes = NULL};
    if (body != NULL && text == NULL)
        return client_report_problem("out of memory");
    /* A POST without a body has a Content-Length: 0 (RFC 9110 8.6). */
    if (text == NULL && strcmp(method, "POST") == 0)
        request.body = "";
    request.body_size = text != NULL ? strlen(text) : 0;
    int result = exchange(client, &request, path, &call);
    free(text);
    if (result != 0)
        answer_free(answer);
    return result;
}

int client_stream(
    struct client *client, const struct path *path, unsigned pause_s, struct client_sink *sink)
{
    struct http_request request = {.method = "GET", .pause_s = pause_s};
    struct answer refusal = {.bytes = NULL};
    struct call call = {.answer = &refusal, .sink = sink};
    int result = exchange(client, &request, path, &call);
    answer_free(&refusal);
    return result;
}
