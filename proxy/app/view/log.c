/* SPDX-License-Identifier: MIT */
#include "proxy/app/view/log.h"

#include <stdio.h>
#include <string.h>

#include "config/config.h"
#include "proxy/app/log_lines.h"
#include "proxy/relay/event.h"

struct reader {
    struct view_log *log;
    const char *only;
    struct log_lines lines;
};

const char *view_text_of(const json_t *event, const char *key)
{
    const char *text = json_string_value(json_object_get(event, key));
    return text != NULL ? text : "";
}

uint64_t view_number_of(const json_t *event, const char *key)
{
    json_int_t value = json_integer_value(json_object_get(event, key));
    return value > 0 ? (uint64_t)value : 0;
}

enum direction view_direction_of(const json_t *event)
{
    const char *name = view_text_of(event, "direction");
    return strcmp(name, direction_name(DIRECTION_DOWNSTREAM)) == 0 ? DIRECTION_DOWNSTREAM
                                                                   : DIRECTION_UPSTREAM;
}

bool view_is(const json_t *event, const char *name)
{
    return strcmp(view_text_of(event, "event"), name) == 0;
}

static bool is_wanted(const char *only, const char *proxy, uint64_t number)
{
    char name[PROXY_NAME_MAX + 32];
    if (only == NULL || strcmp(only, proxy) == 0)
        return true;
    snprintf(name, sizeof name, "%s#%llu", proxy, (unsigned long long)number);
    return strcmp(only, name) == 0;
}

/* Writes what no other open connection has: the serial, or in the log of a version without it the
 * name, the count and the number. */
static void write_key(const struct view_log *log, const json_t *event, char *key, size_t size)
{
    const char *proxy = view_text_of(event, "proxy");
    unsigned long long serial = view_number_of(event, "serial"),
                       count = view_number_of(log->counts, proxy),
                       number = view_number_of(event, "connection");
    if (serial > 0)
        snprintf(key, size, "%llu", serial);
    else
        snprintf(key, size, "%s#%llu#%llu", proxy, count, number);
}

/* Adds a connection. Returns its events; NULL: out of memory. */
static json_t *add_connection(struct view_log *log, const char *key, const char *proxy)
{
    json_t *events = json_array();
    json_t *address = json_string(view_text_of(log->listening, proxy));
    if (json_array_append_new(log->addresses, address) != 0 ||
        json_object_set(log->index, key, events) != 0 ||
        json_array_append_new(log->connections, events) != 0)
        return NULL;
    return events;
}

/* Adds the event to those of its connection. The event `closed` is the last one: what comes with
 * the same key is another connection. */
static int add_event(struct view_log *log, json_t *event)
{
    char key[PROXY_NAME_MAX + 64];
    write_key(log, event, key, sizeof key);
    json_t *events = json_object_get(log->index, key);
    if (events == NULL)
        events = add_connection(log, key, view_text_of(event, "proxy"));
    if (events == NULL)
        return -1;
    int result = json_array_append(events, event);
    if (view_is(event, "closed"))
        json_object_del(log->index, key);
    return result;
}

static void take_lost(const struct reader *reader, const json_t *event)
{
    fprintf(stderr, "%s:%zu: %llu lines of the log were lost here: what they told is not shown\n",
        reader->lines.path, reader->lines.line, (unsigned long long)view_number_of(event, "count"));
}

static int begin_run(struct view_log *log)
{
    json_object_clear(log->index);
    json_object_clear(log->counts);
    return json_object_clear(log->listening);
}

static int take_event(void *user, json_t *event, struct err *err)
{
    struct reader *reader = user;
    struct view_log *log = reader->log;
    const char *proxy = view_text_of(event, "proxy");
    uint64_t number = view_number_of(event, "connection");
    int result = 0;
    if (number > 0 && is_wanted(reader->only, proxy, number))
        result = add_event(log, event);
    else if (view_is(event, "lost"))
        take_lost(reader, event);
    else if (view_is(event, "run"))
        result = begin_run(log);
    else if (view_is(event, "listening") && json_is_string(json_object_get(event, "address")))
        result = json_object_set(log->listening, proxy, json_object_get(event, "address"));
    else if (view_is(event, "counts_reset"))
        result = json_object_set_new(
            log->counts, proxy, json_integer((json_int_t)view_number_of(log->counts, proxy) + 1));
    return result == 0 ? 0 : err_set(err, "out of memory");
}

int view_log_read(struct view_log *log, const char *path, const char *only)
{
    struct reader reader = {.log = log, .only = only, .lines.path = path};
    *log = (struct view_log){.connections = json_array(),
        .addresses = json_array(),
        .listening = json_object(),
        .index = json_object(),
        .counts = json_object()};
    if (log_lines_read(&reader.lines, take_event, &reader) != 0)
        return -1;
    if (json_array_size(log->connections) > 0)
        return 0;
    if (only != NULL)
        fprintf(stderr, "%s: no connection '%s' in %zu lines; write PROXY or PROXY#NUMBER\n", path,
            only, reader.lines.line);
    else
        fprintf(stderr,
            "%s: no event of a connection in %zu lines: is it the log of a run with log_format = "
            "json?\n",
            path, reader.lines.line);
    return -1;
}

void view_log_free(struct view_log *log)
{
    json_decref(log->connections);
    json_decref(log->addresses);
    json_decref(log->listening);
    json_decref(log->index);
    json_decref(log->counts);
}
