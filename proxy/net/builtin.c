/* SPDX-License-Identifier: MIT */
/*
 * Small servers for a first run, a demo and a test, on plain libuv streams. Their clients are those
 * of builtin_client.h.
 */
#include "proxy/net/builtin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/net/builtin_client.h"
#include "proxy/net/handle.h"

static void echo_data(struct builtin_client *client)
{
    client->begin = client->end;
    builtin_client_write(client, client->buffer, client->end);
}

static void drop_data(struct builtin_client *client)
{
    client->begin = client->end;
}

static void chargen_start(struct builtin_client *client)
{
    client->endless = true;
}

static void no_start(struct builtin_client *client)
{
    (void)client;
}

static const struct builtin_service services[BUILTIN_COUNT] = {
    {.name = "echo", .on_start = no_start, .on_data = echo_data},
    {.name = "discard", .on_start = no_start, .on_data = drop_data},
    {.name = "chargen", .on_start = chargen_start, .on_data = drop_data},
    {.name = "http", .on_start = no_start, .on_data = builtin_http_data},
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
    struct builtin_client *client = status == 0 ? malloc(sizeof *client) : NULL;
    if (status != 0)
        return;
    if (client == NULL) {
        builtin_refuse(builtin);
        return;
    }
    memset(client, 0, offsetof(struct builtin_client, buffer));
    client->owner = builtin->owner;
    client->service = &services[builtin - builtin->owner->services];
    uv_tcp_init(builtin->owner->loop, &client->tcp);
    list_append(&builtin->owner->clients, &client->link);
    if (uv_accept(listener, (uv_stream_t *)&client->tcp) != 0) {
        builtin_client_close(client);
        return;
    }
    set_linger(&client->tcp, false);
    uv_tcp_nodelay(&client->tcp, 1);
    client->service->on_start(client);
    builtin_client_continue(client);
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
    handle_free((uv_handle_t *)builtin->listener);
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
            handle_free((uv_handle_t *)builtins->services[i].listener);
        builtins->services[i].running = false;
    }
    list_for_each(link, &builtins->clients)
        builtin_client_close(container_of(link, struct builtin_client, link));
}
