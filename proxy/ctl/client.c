/* SPDX-License-Identifier: MIT */
/*
 * Happy path: a handle with the few options that never change, an address and a method for each call,
 * the answer gathered in memory or handed on.
 *
 * No server, or one that breaks off: libcurl's own words. An answer of 400 or more: its "error", and
 * its "problems" one a line; what is no JSON object (Toxiproxy's router, something that is no API at
 * all) is shown as it is.
 */
#include "proxy/ctl/client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define UNIX_PREFIX "unix:"

static int report_problem(const char *what)
{
    fprintf(stderr, "rudeproxy: %s\n", what);
    return -1;
}

static int add_header(struct client *client, const char *header)
{
    struct curl_slist *headers = curl_slist_append(client->headers, header);
    if (headers == NULL)
        return report_problem("out of memory");
    client->headers = headers;
    return 0;
}

static int add_token(struct client *client, const char *token)
{
    char header[1024];
    int n = snprintf(header, sizeof header, "Authorization: Bearer %s", token);
    if (n < 0 || (size_t)n >= sizeof header || strpbrk(token, "\r\n") != NULL)
        return report_problem("--token: it is too long, or has a line break in it");
    return add_header(client, header);
}

/* A UNIX socket has no name to be asked for by. */
static int set_url(struct client *client, const char *url)
{
    size_t length = strlen(url);
    client->url = url;
    if (strncmp(url, UNIX_PREFIX, strlen(UNIX_PREFIX)) == 0) {
        curl_easy_setopt(client->curl, CURLOPT_UNIX_SOCKET_PATH, url + strlen(UNIX_PREFIX));
        client->base = strdup("http://localhost");
    } else {
        while (length > 0 && url[length - 1] == '/')
            length--;
        client->base = strndup(url, length);
    }
    return client->base != NULL ? 0 : report_problem("out of memory");
}

int client_open(struct client *client, const char *url, const char *token)
{
    *client = (struct client){.curl = NULL};
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK ||
        (client->curl = curl_easy_init()) == NULL)
        return report_problem("libcurl does not start");
    CURL *curl = client->curl;
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, client->error);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_DEFAULT_PROTOCOL, "http");
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, CLIENT_CONNECT_S);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "rudeproxy-ctl/" RUDEPROXY_VERSION);
    /* Without it a body of more than 1 MB waits a second for a "100 Continue". */
    if (set_url(client, url) == 0 && add_header(client, "Expect:") == 0 &&
        add_header(client, "Content-Type: application/json") == 0 &&
        (token == NULL || add_token(client, token) == 0)) {
        curl_easy_setopt(curl, CURLOPT_HTTPHEADER, client->headers);
        return 0;
    }
    client_close(client);
    return -1;
}

void client_close(struct client *client)
{
    curl_slist_free_all(client->headers);
    curl_easy_cleanup(client->curl);
    free(client->base);
    curl_global_cleanup();
}

void answer_free(struct answer *answer)
{
    free(answer->bytes);
    *answer = (struct answer){.bytes = NULL};
}

/* --- One call ----------------------------------------------------------------------------------- */

static size_t on_bytes(char *bytes, size_t one, size_t count, void *user)
{
    struct answer *answer = user;
    size_t size = one * count;
    if (answer->size + size > CLIENT_ANSWER_MAX)
        return 0;
    char *grown = realloc(answer->bytes, answer->size + size + 1);
    if (grown == NULL)
        return 0;
    answer->bytes = grown;
    memcpy(grown + answer->size, bytes, size);
    answer->size += size;
    grown[answer->size] = '\0';
    return size;
}

/* A stream under way, or what came in its place. */
struct stream {
    CURL *curl;
    struct client_sink *sink;
    struct answer refusal;
};

static size_t on_piece(char *bytes, size_t one, size_t count, void *user)
{
    struct stream *stream = user;
    long status = 0;
    curl_easy_getinfo(stream->curl, CURLINFO_RESPONSE_CODE, &status);
    if (status >= 400)
        return on_bytes(bytes, one, count, &stream->refusal);
    return stream->sink->take(stream->sink, bytes, one * count) ? one * count : 0;
}

/* What the server said no with. */
static void say_refusal(long status, const struct answer *answer)
{
    const char *bytes = answer->bytes != NULL ? answer->bytes : "";
    json_t *object = json_loads(bytes, 0, NULL), *problem;
    const char *text = json_string_value(json_object_get(object, "error"));
    size_t i;
    if (text != NULL)
        fprintf(stderr, "rudeproxy: %s\n", text);
    else
        fprintf(stderr, "rudeproxy: the server answers %ld: %.*s\n", status,
            (int)strcspn(bytes, "\r\n"), bytes);
    json_array_foreach(json_object_get(object, "problems"), i, problem)
    {
        fprintf(stderr, "%s\n", json_string_value(problem));
    }
    json_decref(object);
}

static int say_failure(const struct client *client, CURLcode result)
{
    const char *why = client->error[0] != '\0' ? client->error : curl_easy_strerror(result);
    fprintf(stderr, "rudeproxy: %s: %s\n", client->url, why);
    return -1;
}

static int set_target(struct client *client, const char *method, const struct path *path)
{
    if (path->cut)
        return report_problem("the names and values are too long for a path");
    size_t size = strlen(client->base) + path->used + 1;
    char *url = malloc(size);
    if (url == NULL)
        return report_problem("out of memory");
    snprintf(url, size, "%s%s", client->base, path->text);
    curl_easy_setopt(client->curl, CURLOPT_URL, url); /* it keeps a copy */
    free(url);
    curl_easy_setopt(client->curl, CURLOPT_CUSTOMREQUEST, method);
    return 0;
}

int client_call(struct client *client, const char *method, const struct path *path,
    const json_t *body, struct answer *answer)
{
    CURL *curl = client->curl;
    long status = 0;
    *answer = (struct answer){.bytes = NULL};
    if (set_target(client, method, path) != 0)
        return -1;
    char *text = body != NULL ? json_dumps(body, JSON_COMPACT) : NULL;
    if (body != NULL && text == NULL)
        return report_problem("out of memory");
    /* A POST without a body has a Content-Length: 0. */
    bool has_body = text != NULL || strcmp(method, "POST") == 0;
    curl_easy_setopt(curl, CURLOPT_HTTPGET, 1L);
    if (has_body)
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, text != NULL ? text : "");
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, CLIENT_CALL_S);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_bytes);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
    CURLcode result = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    free(text);
    if (result == CURLE_OK && status < 400)
        return 0;
    if (result == CURLE_OK)
        say_refusal(status, answer);
    else
        say_failure(client, result);
    answer_free(answer);
    return -1;
}

int client_stream(struct client *client, const struct path *path, struct client_sink *sink)
{
    CURL *curl = client->curl;
    struct stream stream = {.curl = curl, .sink = sink};
    long status = 0;
    if (set_target(client, "GET", path) != 0)
        return -1;
    curl_easy_setopt(curl, CURLOPT_HTTPGET, 1L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, 0L);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_piece);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &stream);
    CURLcode result = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    if (result != CURLE_OK)
        say_failure(client, result);
    else if (status >= 400)
        say_refusal(status, &stream.refusal);
    answer_free(&stream.refusal);
    return result == CURLE_OK && status < 400 ? 0 : -1;
}
