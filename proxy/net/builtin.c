/* SPDX-License-Identifier: MIT */
/*
 * Small servers for a first run, a demo and a test, on plain libuv streams.
 *
 * A client either reads or writes at any moment: reading stops while an answer is written, so one
 * buffer each way bounds the memory. A client that half-closes gets the rest of its answer, then a
 * FIN. Any error closes the client silently.
 */
#include "proxy/net/builtin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "proxy/base/units.h"

#define READ_MAX 65536
#define HEAD_MAX 8192 /* of an HTTP request; a longer one is answered with 431 */

struct client;

struct service {
    const char *name;
    void (*on_start)(struct client *client);
    void (*on_data)(struct client *client, size_t size); /* the bytes are in client->buffer */
};

struct client {
    uv_tcp_t tcp;
    struct list link;
    const struct service *service;
    uv_write_t write;
    uv_shutdown_t shutdown;
    bool writing;
    bool ended;         /* the peer's FIN came, or the server closes after the answer */
    bool endless;       /* the pattern is sent for as long as the peer does not end */
    uint64_t to_send;   /* bytes of the pattern still to be written, unless it is endless */
    uint64_t sent;      /* of the pattern */
    bool answer_due;    /* HTTP: answer as soon as the whole request body has arrived */
    uint64_t body_left; /* bytes of the HTTP request's body still to be skipped */
    size_t head_len;
    char head[HEAD_MAX]; /* HTTP: the request so far, then the head of the answer */
    struct builtins *owner;
    char buffer[READ_MAX];
};

static void continue_client(struct client *client);

static void on_closed(uv_handle_t *handle)
{
    struct client *client = container_of(handle, struct client, tcp);
    list_remove(&client->link);
    free(client);
}

static void close_client(struct client *client)
{
    if (!uv_is_closing((uv_handle_t *)&client->tcp))
        uv_close((uv_handle_t *)&client->tcp, on_closed);
}

static void on_shutdown(uv_shutdown_t *request, int status)
{
    (void)status;
    close_client(container_of(request, struct client, shutdown));
}

static void on_written(uv_write_t *request, int status)
{
    struct client *client = container_of(request, struct client, write);
    client->writing = false;
    if (status != 0)
        close_client(client);
    else
        continue_client(client);
}

static void write_bytes(struct client *client, const char *bytes, size_t size)
{
    uv_buf_t buf = uv_buf_init((char *)bytes, (unsigned)size);
    uv_read_stop((uv_stream_t *)&client->tcp);
    client->writing = true;
    if (uv_write(&client->write, (uv_stream_t *)&client->tcp, &buf, 1, on_written) != 0)
        close_client(client);
}

/* Writes the next piece of the pattern. The bytes depend on the offset alone, not on the sizes of
 * the writes. */
static void write_pattern(struct client *client)
{
    size_t at = (size_t)(client->sent % BUILTIN_PATTERN_SIZE);
    size_t size = BUILTIN_PATTERN_SIZE - at;
    if (!client->endless && client->to_send < size)
        size = (size_t)client->to_send;
    client->sent += size;
    client->to_send -= client->endless ? 0 : size;
    write_bytes(client, client->owner->pattern + at, size);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    (void)suggested;
    struct client *client = container_of(handle, struct client, tcp);
    *buf = uv_buf_init(client->buffer, sizeof client->buffer);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    (void)buf;
    struct client *client = container_of(stream, struct client, tcp);
    if (n > 0) {
        client->service->on_data(client, (size_t)n);
    } else if (n == UV_EOF) {
        client->ended = true;
        client->endless = false;
        if (!client->writing)
            continue_client(client);
    } else if (n < 0) {
        close_client(client);
    }
}

/* Continues with the next step of this client. Called when no write is pending. */
static void continue_client(struct client *client)
{
    if (uv_is_closing((uv_handle_t *)&client->tcp))
        return;
    bool sends = client->endless || client->to_send > 0;
    if (sends)
        write_pattern(client);
    else if (client->ended &&
             uv_shutdown(&client->shutdown, (uv_stream_t *)&client->tcp, on_shutdown) != 0)
        close_client(client);
    /* An endless sender keeps reading, to notice the peer's end. */
    if (client->endless || (!sends && !client->ended))
        uv_read_start((uv_stream_t *)&client->tcp, on_alloc, on_read);
}

static void echo_data(struct client *client, size_t size)
{
    write_bytes(client, client->buffer, size);
}

static void drop_data(struct client *client, size_t size)
{
    (void)client;
    (void)size;
}

static void chargen_start(struct client *client)
{
    client->endless = true;
}

static void no_start(struct client *client)
{
    (void)client;
}

/* --- builtin:http: GET /bytes/N gives N bytes, / a greeting, anything else 404 --- */

static const char greeting[] = "Hello from rudeproxy. GET /bytes/N gives you N bytes.\n";
static const char not_found[] = "Not found. There are / and /bytes/N.\n";

/* Returns the value of a header field, or NULL if the request has none. The head ends in a NUL. */
static const char *header(const struct client *client, const char *name)
{
    size_t len = strlen(name);
    for (const char *line = strstr(client->head, "\r\n"); line != NULL;
         line = strstr(line + 2, "\r\n")) {
        if (strncasecmp(line + 2, name, len) == 0 && line[2 + len] == ':')
            return line + 3 + len + strspn(line + 3 + len, " \t");
    }
    return NULL;
}

static uint64_t content_length(const struct client *client)
{
    const char *value = header(client, "Content-Length");
    return value == NULL ? 0 : strtoull(value, NULL, 10);
}

static bool wants_close(const struct client *client)
{
    const char *value = header(client, "Connection");
    bool old = strstr(client->head, " HTTP/1.0\r\n") != NULL;
    return (value != NULL && strncasecmp(value, "close", 5) == 0) ||
           (old && (value == NULL || strncasecmp(value, "keep-alive", 10) != 0));
}

/* The answer to a request: a text, or `size` bytes of the pattern. */
struct reply {
    const char *status;
    const char *text; /* "": the pattern */
    uint64_t length;
};

static struct reply reply_to(const struct client *client)
{
    static const char prefix[] = "/bytes/";
    const char *path = strchr(client->head, ' ');
    size_t len = path == NULL ? 0 : strcspn(path + 1, " ?\r\n");
    char word[64];
    struct err err;
    struct reply reply = {.status = "200 OK", .text = ""};
    snprintf(word, sizeof word, "%.*s", (int)(len < 63 ? len : 63), path == NULL ? "" : path + 1);
    if (strncmp(word, prefix, sizeof prefix - 1) == 0 &&
        units_parse_size(word + sizeof prefix - 1, &reply.length, &err) == 0)
        return reply;
    bool root = strcmp(word, "/") == 0;
    reply.status = root ? "200 OK" : "404 Not Found";
    reply.text = root ? greeting : not_found;
    reply.length = strlen(reply.text);
    return reply;
}

static void answer(struct client *client)
{
    const struct reply reply = reply_to(client);
    bool head_only = strncmp(client->head, "HEAD ", 5) == 0;
    client->ended = client->ended || wants_close(client);
    client->sent = 0;
    client->to_send = reply.text[0] != '\0' || head_only ? 0 : reply.length;
    int n = snprintf(client->head, sizeof client->head,
        "HTTP/1.1 %s\r\nServer: rudeproxy\r\nContent-Type: text/plain\r\n"
        "Content-Length: %llu\r\n%s\r\n%s",
        reply.status, (unsigned long long)reply.length,
        client->ended ? "Connection: close\r\n" : "", head_only ? "" : reply.text);
    client->head_len = 0;
    write_bytes(client, client->head, (size_t)n);
}

static void refuse_head(struct client *client)
{
    static const char text[] = "HTTP/1.1 431 Request Header Fields Too Large\r\n"
                               "Content-Length: 0\r\nConnection: close\r\n\r\n";
    client->ended = true;
    write_bytes(client, text, sizeof text - 1);
}

/* Answers one request. Further requests pipelined in the same read are ignored: no client of a demo
 * sends them. */
static void http_data(struct client *client, size_t size)
{
    size_t skip = client->body_left < size ? (size_t)client->body_left : size;
    client->body_left -= skip;
    size -= skip;
    if (client->answer_due) {
        client->answer_due = client->body_left > 0;
        if (!client->answer_due)
            answer(client);
        return;
    }
    size_t room = sizeof client->head - 1 - client->head_len;
    size_t copied = size < room ? size : room; /* the rest can only be body */
    memcpy(client->head + client->head_len, client->buffer + skip, copied);
    client->head_len += copied;
    client->head[client->head_len] = '\0';
    const char *end = strstr(client->head, "\r\n\r\n");
    if (end == NULL && copied < size)
        refuse_head(client);
    if (end == NULL)
        return;
    size_t body_here = client->head_len - (size_t)(end + 4 - client->head) + size - copied;
    uint64_t length = content_length(client);
    client->body_left = length > body_here ? length - body_here : 0;
    client->answer_due = client->body_left > 0;
    if (!client->answer_due)
        answer(client);
}

static const struct service services[BUILTIN_COUNT] = {
    {.name = "echo", .on_start = no_start, .on_data = echo_data},
    {.name = "discard", .on_start = no_start, .on_data = drop_data},
    {.name = "chargen", .on_start = chargen_start, .on_data = drop_data},
    {.name = "http", .on_start = no_start, .on_data = http_data},
};

static void fill_pattern(char *pattern)
{
    for (int line = 0; line < BUILTIN_PATTERN_LINES; line++) {
        for (int column = 0; column < BUILTIN_PATTERN_LINE - 2; column++)
            *pattern++ = (char)(' ' + (line + column) % BUILTIN_PATTERN_LINES);
        *pattern++ = '\r';
        *pattern++ = '\n';
    }
}

static void on_connection(uv_stream_t *listener, int status);

static void set_linger(uv_tcp_t *tcp, bool reset)
{
    const struct linger linger = {.l_onoff = reset};
    uv_os_fd_t fd;
    if (uv_fileno((uv_handle_t *)tcp, &fd) == 0)
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
}

static void on_refused(uv_handle_t *handle)
{
    struct builtin *builtin = container_of(handle, struct builtin, refused);
    builtin->refusing = false;
    if (builtin->refuse_again && builtin->running)
        on_connection((uv_stream_t *)builtin->listener, 0);
}

/* Resets the connection that waits to be accepted, because libuv offers no other before this one is
 * accepted. Needs no memory. */
static void builtin_refuse(struct builtin *builtin)
{
    builtin->refuse_again = builtin->refusing;
    if (builtin->refusing)
        return;
    builtin->refusing = true;
    uv_tcp_init(builtin->owner->loop, &builtin->refused);
    if (uv_accept((uv_stream_t *)builtin->listener, (uv_stream_t *)&builtin->refused) == 0)
        set_linger(&builtin->refused, true);
    uv_close((uv_handle_t *)&builtin->refused, on_refused);
}

/* With status UV_EMFILE (no descriptors), libuv has accepted the connection and closed it. The peer
 * got a RST, because a socket inherits SO_LINGER from its listener (sk_clone_lock). */
static void on_connection(uv_stream_t *listener, int status)
{
    struct builtin *builtin = listener->data;
    struct client *client = status == 0 ? malloc(sizeof *client) : NULL;
    if (status != 0)
        return;
    if (client == NULL) {
        builtin_refuse(builtin);
        return;
    }
    memset(client, 0, offsetof(struct client, buffer));
    client->owner = builtin->owner;
    client->service = &services[builtin - builtin->owner->services];
    uv_tcp_init(builtin->owner->loop, &client->tcp);
    list_append(&builtin->owner->clients, &client->link);
    if (uv_accept(listener, (uv_stream_t *)&client->tcp) != 0) {
        close_client(client);
        return;
    }
    set_linger(&client->tcp, false);
    uv_tcp_nodelay(&client->tcp, 1);
    client->service->on_start(client);
    continue_client(client);
}

static int builtin_find(const char *name)
{
    for (int i = 0; i < BUILTIN_COUNT; i++) {
        if (strcmp(services[i].name, name) == 0)
            return i;
    }
    return -1;
}

void builtins_init(struct builtins *builtins, uv_loop_t *loop)
{
    memset(builtins, 0, sizeof *builtins);
    builtins->loop = loop;
    list_init(&builtins->clients);
    fill_pattern(builtins->pattern);
}

static void on_listener_closed(uv_handle_t *handle)
{
    free(handle);
}

static int listen_on_loopback(struct builtin *builtin)
{
    struct sockaddr_in address;
    int len = sizeof address;
    uv_ip4_addr("127.0.0.1", 0, &address);
    int result = uv_tcp_bind(builtin->listener, (struct sockaddr *)&address, 0);
    /* for connections that are closed as soon as they arrive */
    set_linger(builtin->listener, true);
    if (result == 0)
        result = uv_listen((uv_stream_t *)builtin->listener, SOMAXCONN, on_connection);
    if (result == 0)
        result = uv_tcp_getsockname(builtin->listener, (struct sockaddr *)&address, &len);
    builtin->address = (struct address){.kind = ADDRESS_IP, .host = "127.0.0.1"};
    builtin->address.port = ntohs(address.sin_port);
    return result;
}

int builtins_start(struct builtins *builtins, const char *name, struct err *err)
{
    int index = builtin_find(name);
    if (index < 0)
        return err_set(err, "there is no builtin:%s", name);
    struct builtin *builtin = &builtins->services[index];
    if (builtin->running)
        return 0;
    builtin->owner = builtins;
    builtin->listener = calloc(1, sizeof *builtin->listener);
    if (builtin->listener == NULL)
        return err_set(err, "cannot start builtin:%s: out of memory", name);
    builtin->listener->data = builtin;
    uv_tcp_init(builtins->loop, builtin->listener);
    int result = listen_on_loopback(builtin);
    builtin->running = result == 0;
    if (result == 0)
        return 0;
    uv_close((uv_handle_t *)builtin->listener, on_listener_closed);
    return err_set(err, "cannot start builtin:%s: %s", name, uv_strerror(result));
}

const struct address *builtins_address(const struct builtins *builtins, const char *name)
{
    int index = builtin_find(name);
    return index >= 0 && builtins->services[index].running ? &builtins->services[index].address
                                                           : NULL;
}

void builtins_close(struct builtins *builtins)
{
    for (int i = 0; i < BUILTIN_COUNT; i++) {
        if (builtins->services[i].running)
            uv_close((uv_handle_t *)builtins->services[i].listener, on_listener_closed);
        builtins->services[i].running = false;
    }
    list_for_each(link, &builtins->clients) close_client(container_of(link, struct client, link));
}
