/* SPDX-License-Identifier: MIT */
/*
 * /v1/connections and /v1/proxies/P/connections: the list is made in pieces, each in its own turn
 * of the loop, so that thousands of connections do not delay the data path. A connection is listed
 * in its state when its piece is made; one that begins or ends meanwhile may be missing.
 *
 * A list that is complete after the first piece is an ordinary answer.
 */
#include <stdlib.h>
#include <string.h>

#include "proxy/admin/v1/v1.h"
#include "proxy/base/units.h"
#include "proxy/net/connection.h"

/* Time of the loop for one piece: half of the requests' time in a turn. */
#define PIECE_US (HTTP_TURN_US / 2)

struct connection_list {
    const struct control *control;
    struct http *http;
    struct poller *poller;
    char (*names)[PROXY_NAME_MAX]; /* remaining proxies, in order; owned */
    size_t name_count, next_name;
    uint64_t last; /* serial of the last listed connection of the proxy */
    uint64_t listed, limit;
    bool begun, complete;
    bool has_piece;          /* a piece was made in this turn */
    struct poller_task turn; /* allows the next piece */
    struct text piece;
    size_t sent; /* bytes sent of it */
};

static void list_free(void *user)
{
    struct connection_list *list = user;
    list_remove(&list->turn.link);
    text_free(&list->piece);
    free(list->names);
    free(list);
}

static void on_turn(struct poller_task *task)
{
    struct connection_list *list = container_of(task, struct connection_list, turn);
    list->has_piece = false;
    http_wake_streams(list->http);
}

/* Lists connections of one proxy until the time is over. Returns whether all are listed, or as many
 * as were asked for. */
static bool put_proxy(struct connection_list *list, const struct proxy *proxy, time_us end)
{
    list_for_each(link, &proxy->connections)
    {
        const struct connection *connection = container_of(link, struct connection, link);
        if (connection->session.serial <= list->last || session_is_gone(&connection->session))
            continue;
        if (list->listed == list->limit)
            return true;
        if (list->listed++ > 0)
            text_puts(&list->piece, ",");
        v1_write_connection(&list->piece, connection);
        list->last = connection->session.serial;
        if (timers_now() >= end)
            return false;
    }
    return true;
}

static void make_piece(struct connection_list *list)
{
    time_us end = time_add(timers_now(), PIECE_US);
    list->has_piece = true;
    list->piece.size = list->sent = 0;
    if (!list->begun)
        text_puts(&list->piece, "{\"connections\":[");
    list->begun = true;
    while (list->next_name < list->name_count && timers_now() < end) {
        const struct proxy *proxy = control_proxy(list->control, list->names[list->next_name]);
        if (proxy != NULL && !put_proxy(list, proxy, end))
            return;
        list->next_name++;
        list->last = 0;
    }
    list->complete = list->next_name == list->name_count;
    if (list->complete)
        text_puts(&list->piece, "]}");
}

static ssize_t on_read(void *user, char *out, size_t size)
{
    struct connection_list *list = user;
    if (list->sent == list->piece.size) {
        if (list->complete)
            return -1;
        poller_soon(list->poller, &list->turn);
        if (list->has_piece)
            return 0;
        make_piece(list);
    }
    size_t left = list->piece.size - list->sent;
    size_t n = left < size ? left : size;
    if (list->piece.failed)
        return -1;
    memcpy(out, list->piece.bytes + list->sent, n);
    list->sent += n;
    return (ssize_t)n;
}

static const struct http_stream_calls stream_calls = {.read = on_read, .free = list_free};

/* `only` NULL: all proxies. Returns NULL if out of memory. */
static struct connection_list *list_new(
    const struct call *call, const struct proxy *only, uint64_t limit)
{
    const struct control *control = call->admin->context.control;
    struct connection_list *list = calloc(1, sizeof *list);
    size_t count = 0;
    for (const struct proxy *proxy = NULL; (proxy = control_next_proxy(control, proxy)) != NULL;)
        count++;
    char(*names)[PROXY_NAME_MAX] = calloc(count + 1, sizeof *names);
    if (list == NULL || names == NULL) {
        free(list);
        free(names);
        return NULL;
    }
    *list = (struct connection_list){.control = control,
        .http = call->request->http,
        .poller = &call->admin->context.worker->poller,
        .names = names,
        .limit = limit,
        .turn.run = on_turn};
    list_init(&list->turn.link);
    for (const struct proxy *proxy = NULL; (proxy = control_next_proxy(control, proxy)) != NULL;) {
        if (only == NULL || proxy == only)
            snprintf(names[list->name_count++], sizeof *names, "%s", proxy_name(proxy));
    }
    return list;
}

/* Reads how many connections are wanted at most. Returns false if it is not a number from 1. */
static bool read_limit(const struct call *call, uint64_t *limit)
{
    char text[24];
    struct err ignored;
    *limit = UINT64_MAX;
    if (!call_query(call, "limit", text, sizeof text))
        return true;
    return units_parse_number(text, limit, &ignored) == 0 && *limit > 0;
}

static void answer_list(const struct call *call, const struct proxy *only)
{
    uint64_t limit;
    if (!read_limit(call, &limit)) {
        answer_error(call, 400, "limit: write a number of connections, from 1");
        return;
    }
    struct connection_list *list = list_new(call, only, limit);
    if (list == NULL) {
        answer_empty(call, 500);
        return;
    }
    make_piece(list);
    if (!list->complete) {
        http_answer_stream(call->request, "application/json", &stream_calls, list);
        return;
    }
    answer_json_text(call, 200, &list->piece);
    list_free(list);
}

void v1_list_all_connections(const struct call *call)
{
    answer_list(call, NULL);
}

void v1_list_connections(const struct call *call)
{
    const struct proxy *proxy = v1_find_proxy(call);
    if (proxy != NULL)
        answer_list(call, proxy);
}
