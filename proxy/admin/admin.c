/* SPDX-License-Identifier: MIT */
/*
 * The API as a whole: opens the HTTP server, checks the access of each request, passes it to its
 * route, and wakes event streams once in a turn of the loop.
 */
#include "proxy/admin/admin.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "proxy/admin/access.h"
#include "proxy/admin/call.h"
#include "proxy/admin/route.h"

static void on_head(void *user, struct http_request *request)
{
    const struct call call = {.admin = user, .request = request, .query = ""};
    access_check(&call);
}

static void on_request(void *user, struct http_request *request)
{
    route_call(user, request);
}

static const struct http_calls http_calls = {
    .on_head = on_head,
    .on_request = on_request,
};

static void on_wake_streams(struct poller_task *task)
{
    http_wake_streams(&container_of(task, struct admin, wake_streams)->http);
}

/* Sends something regularly, because only a failed send shows that a reader is gone. */
static void on_keep_alive(struct timer *timer)
{
    struct admin *admin = container_of(timer, struct admin, keep_alive);
    http_wake_streams(&admin->http);
    timer_set(
        &admin->context.worker->timers, timer, time_add(timers_now(), EVENT_STREAM_KEEP_ALIVE_US));
}

static void on_name(struct resolver_watcher *names)
{
    http_resume_postponed(&container_of(names, struct admin, names)->http);
}

static int open_parts(struct admin *admin, struct err *err)
{
    struct worker *worker = admin->context.worker;
    err_set(err, "out of memory");
    if (event_ring_init(&admin->events, admin->context.wall_offset_us) != 0)
        return -1;
    if (loop_lag_init(&admin->lag, &worker->timers) != 0)
        goto err_after_events;
    if (timer_init(&worker->timers, &admin->keep_alive, on_keep_alive) != 0)
        goto err_after_lag;
    if (http_open(&admin->http, &worker->poller, &worker->timers, &worker->resolver,
            &admin->address, &http_calls, admin, err) == 0)
        return 0;

    timer_deinit(&worker->timers, &admin->keep_alive);
err_after_lag:
    loop_lag_deinit(&admin->lag);
err_after_events:
    event_ring_deinit(&admin->events);
    return -1;
}

/* Leaves it empty if the kernel has no random bytes yet: then the page cannot be used. */
static void make_page_token(char token[PAGE_TOKEN_SIZE])
{
    unsigned char random[(PAGE_TOKEN_SIZE - 1) / 2];
    if (getrandom(random, sizeof random, GRND_NONBLOCK) != sizeof random)
        return;
    for (size_t i = 0; i < sizeof random; i++)
        snprintf(token + 2 * i, 3, "%02x", random[i]);
}

struct admin *admin_open(
    const struct admin_context *context, const struct settings *settings, struct err *err)
{
    struct admin *admin = calloc(1, sizeof *admin);
    if (admin == NULL) {
        err_set(err, "out of memory");
        return NULL;
    }
    admin->context = *context;
    admin->address = settings->admin;
    snprintf(admin->token, sizeof admin->token, "%s", settings->admin_token);
    admin->open = settings->admin_open;
    snprintf(admin->hosts, sizeof admin->hosts, "%s", settings->admin_hosts);
    if (getrandom(&admin->boot, sizeof admin->boot, GRND_NONBLOCK) != sizeof admin->boot)
        admin->boot = timers_now();
    make_page_token(admin->page_token);
    admin->wake_streams.run = on_wake_streams;
    list_init(&admin->wake_streams.link);
    if (open_parts(admin, err) == 0) {
        admin->names.on_answer = on_name;
        resolver_watch(&admin->context.worker->resolver, &admin->names);
        on_keep_alive(&admin->keep_alive);
        return admin;
    }
    free(admin);
    return NULL;
}

void admin_close(struct admin *admin)
{
    if (admin == NULL)
        return;
    struct timers *timers = &admin->context.worker->timers;
    list_remove(&admin->names.link);
    http_close(&admin->http);
    list_remove(&admin->wake_streams.link);
    timer_deinit(timers, &admin->keep_alive);
    loop_lag_deinit(&admin->lag);
    event_ring_deinit(&admin->events);
    free(admin);
}

void admin_note_event(struct admin *admin, const struct event *event)
{
    event_ring_add(&admin->events, event);
    if (!list_empty(&admin->http.streams))
        poller_soon(&admin->context.worker->poller, &admin->wake_streams);
}

void admin_address(const struct admin *admin, char *buf, size_t size)
{
    const struct listener *listener = &admin->http.listener;
    address_format_sockaddr(&listener->address, listener->address_len, buf, size);
}

uint16_t admin_port(const struct admin *admin)
{
    return sockaddr_port(&admin->http.listener.address);
}
