/* SPDX-License-Identifier: MIT */
/*
 * builtin:http: GET /bytes/N gives N bytes, / a greeting, anything else 404. The framing of http
 * finds the end of each request, whatever its body is. The head of a request ends in a NUL.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "proxy/base/units.h"
#include "proxy/framing/framing.h"
#include "proxy/net/builtin_client.h"

static const char greeting[] = "Hello from rudeproxy. GET /bytes/N gives you N bytes.\n";
static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
static const char not_found[] = "Not found. There are / and /bytes/N.\n";

/* Returns the value of the next header field of this name behind `from`, or NULL: there is none. */
static const char *next_value(const char *from, const char *name)
{
    size_t len = strlen(name);
    for (const char *line = from; (line = strchr(line, '\n')) != NULL;) {
        line++;
        if (strncasecmp(line, name, len) == 0 && line[len] == ':')
            return line + len + 1 + strspn(line + len + 1, " \t");
    }
    return NULL;
}

/* Whether a list has the token. A list may stand in several fields (RFC 9110 5.3). */
static bool has_token(const struct builtin_client *client, const char *name, const char *token)
{
    const char *value = next_value(client->head, name);
    for (; value != NULL; value = next_value(value, name)) {
        size_t len;
        for (const char *at = value + strspn(value, ", \t"); (len = strcspn(at, ", \t\r\n")) > 0;
             at += len + strspn(at + len, ", \t"))
            if (len == strlen(token) && strncasecmp(at, token, len) == 0)
                return true;
    }
    return false;
}

/* Whether the request is HTTP/1.0. */
static bool is_old(const struct builtin_client *client)
{
    static const char version[] = " HTTP/1.0";
    const char *line = client->head + strspn(client->head, "\r\n");
    size_t len = strcspn(line, "\r\n");
    return len >= strlen(version) &&
           memcmp(line + len - strlen(version), version, strlen(version)) == 0;
}

static bool wants_close(const struct builtin_client *client)
{
    return has_token(client, "Connection", "close") ||
           (is_old(client) && !has_token(client, "Connection", "keep-alive"));
}

/* Whether the client waits for a 100 before it sends the body. */
static bool awaits_continue(const struct builtin_client *client)
{
    return client->begin == client->end && !is_old(client) &&
           has_token(client, "Expect", "100-continue");
}

/* The answer to a request: a text, or `size` bytes of the pattern. */
struct reply {
    const char *status;
    const char *text; /* "": the pattern */
    uint64_t length;
};

/* Returns the path of the request and its length. A client of a proxy sends a whole URL (RFC 9112
 * 3.2.2). */
static const char *request_path(const struct builtin_client *client, size_t *len)
{
    static const char scheme[] = "http://";
    const char *path = strchr(client->head, ' '); /* the framing has found the space */
    path = path == NULL ? client->head : path + 1;
    if (strncasecmp(path, scheme, strlen(scheme)) == 0) {
        path += strlen(scheme);
        path += strcspn(path, "/? \r\n");
        path = *path == '/' ? path : "/";
    }
    *len = strcspn(path, " ?\r\n");
    return path;
}

static struct reply reply_to(const struct builtin_client *client)
{
    static const char prefix[] = "/bytes/";
    size_t len;
    const char *path = request_path(client, &len);
    char word[64];
    struct err err;
    struct reply reply = {.status = "200 OK", .text = ""};
    snprintf(word, sizeof word, "%.*s", (int)(len < 63 ? len : 63), path);
    if (strncmp(word, prefix, sizeof prefix - 1) == 0 &&
        units_parse_size(word + sizeof prefix - 1, &reply.length, &err) == 0)
        return reply;
    bool root = strcmp(word, "/") == 0;
    reply.status = root ? "200 OK" : "404 Not Found";
    reply.text = root ? greeting : not_found;
    reply.length = strlen(reply.text);
    return reply;
}

static void answer(struct builtin_client *client)
{
    const struct reply reply = reply_to(client);
    const char *method = framing_message(client->request, DIRECTION_UPSTREAM)->kind;
    bool head_only = strcmp(method, "HEAD") == 0;
    client->ended = client->ended || wants_close(client);
    /* a client of HTTP/1.0 takes the connection as ending without the field (RFC 9112 9.3) */
    const char *connection = client->ended    ? "Connection: close\r\n"
                             : is_old(client) ? "Connection: keep-alive\r\n"
                                              : "";
    client->sent = 0;
    client->to_send = reply.text[0] != '\0' || head_only ? 0 : reply.length;
    int n = snprintf(client->head, sizeof client->head,
        "HTTP/1.1 %s\r\nServer: rudeproxy\r\nContent-Type: text/plain\r\n"
        "Content-Length: %llu\r\n%s\r\n%s",
        reply.status, (unsigned long long)reply.length, connection, head_only ? "" : reply.text);
    builtin_client_write(client, client->head, (size_t)n);
}

/* Answers what is no request that can be answered, and ends. */
static void refuse(struct builtin_client *client, const char *status)
{
    int n = snprintf(client->head, sizeof client->head,
        "HTTP/1.1 %s\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", status);
    client->ended = true;
    builtin_client_write(client, client->head, (size_t)n);
}

/* Keeps bytes of a head. False: it is too long. */
static bool keep_head(struct builtin_client *client, const char *bytes, size_t size)
{
    if (size >= sizeof client->head - client->head_len)
        return false;
    memcpy(client->head + client->head_len, bytes, size);
    client->head_len += size;
    client->head[client->head_len] = '\0';
    return true;
}

static int begin_request(struct builtin_client *client)
{
    client->request = framing_new(&protocol_http);
    client->head_complete = false;
    client->head_len = 0;
    return client->request != NULL ? 0 : -1;
}

/* Takes a piece of a request, at most up to its end. Returns whether there is more to take. */
static bool take_request(struct builtin_client *client)
{
    struct framing_event event;
    const char *bytes = client->buffer + client->begin;
    size_t size = client->end - client->begin;
    size = framing_scan(
        client->request, DIRECTION_UPSTREAM, (const unsigned char *)bytes, size, &event);
    client->begin += size;
    if (!client->head_complete && !keep_head(client, bytes, size)) {
        refuse(client, "431 Request Header Fields Too Large");
        return false;
    }
    bool body_begins = !client->head_complete && (event.what & FRAMING_PART) != 0;
    client->head_complete |= body_begins;
    if ((event.what & FRAMING_LOST) != 0) {
        refuse(client, "400 Bad Request");
        return false;
    }
    if (body_begins && awaits_continue(client)) {
        builtin_client_write(client, go_on, strlen(go_on));
        return false;
    }
    if ((event.what & FRAMING_END) == 0)
        return event.what != 0 || client->begin < client->end;
    answer(client);
    framing_free(client->request);
    client->request = NULL;
    return false;
}

void builtin_http_data(struct builtin_client *client)
{
    if (client->request == NULL && begin_request(client) != 0) {
        builtin_client_close(client);
        return;
    }
    while (take_request(client))
        ;
}
