/* SPDX-License-Identifier: MIT */
/*
 * `rudeproxy health`: GET /version within a few seconds. Any answer of an API counts, also one that
 * asks for a token. Every failure is CTL_FAILED: Docker reserves the status 2.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proxy/ctl/client.h"
#include "proxy/ctl/ctl.h"
#include "proxy/ctl/http.h"
#include "proxy/ctl/socket.h"

#define HEALTH_S 5u /* for connecting and the whole answer; probes wait at least that long */
#define DEFAULT_ADDRESS "localhost:8474"

static bool drop_body(struct http_answer *answer, const char *bytes, size_t size, struct err *err)
{
    (void)answer;
    (void)bytes;
    (void)size;
    (void)err;
    return true;
}

/* Replaces "any address" by the loopback address, to connect to. */
static void make_reachable(struct address *address)
{
    if (address->kind == ADDRESS_IP && strcmp(address->host, "0.0.0.0") == 0)
        snprintf(address->host, sizeof address->host, "127.0.0.1");
    else if (address->kind == ADDRESS_IP && strcmp(address->host, "::") == 0)
        snprintf(address->host, sizeof address->host, "::1");
}

static int ask(
    struct client *client, const char *target, struct http_answer *answer, struct err *err)
{
    const struct http_request request = {
        .method = "GET",
        .target = target,
        .host = client->address.kind == ADDRESS_NAME ? "localhost" : client->host,
        .headers = client->headers,
    };
    int64_t deadline_ms = socket_deadline(HEALTH_S);
    int fd = socket_connect(&client->address, deadline_ms, err);
    if (fd < 0)
        return -1;
    int result = http_exchange(fd, &request, deadline_ms, answer, err);
    close(fd);
    return result;
}

enum ctl_status ctl_health(const char *address)
{
    struct http_answer answer = {.take = drop_body};
    struct client client;
    struct err err;
    char *target = NULL;
    if (client_open(&client, address != NULL ? address : DEFAULT_ADDRESS, NULL) != 0)
        return CTL_FAILED;
    make_reachable(&client.address);
    int result = asprintf(&target, "%s/version", client.base) < 0
                     ? err_set(&err, "out of memory")
                     : ask(&client, target, &answer, &err);
    if (result == 0 && answer.status != 200 && answer.status != 401)
        result = err_set(&err, "GET %s is answered with %u", target, answer.status);
    if (result != 0)
        client_print(stderr, "rudeproxy: %s: %s", client.url, err.text);
    free(target);
    client_close(&client);
    return result == 0 ? CTL_FINE : CTL_FAILED;
}
