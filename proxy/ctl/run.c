/* SPDX-License-Identifier: MIT */
/* The open connections, and the run as a whole. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/base/memory_file.h"
#include "proxy/base/quote.h"
#include "proxy/ctl/commands.h"
#include "proxy/ctl/http.h"
#include "proxy/ctl/table.h"

/* --- connections --- */

/* "slow:active,cut:waiting" */
static char *phases_of(const json_t *connection)
{
    struct memory_file file;
    size_t i;
    json_t *fault;
    if (memory_file_open(&file) != 0)
        return NULL;
    json_array_foreach(json_object_get(connection, "faults"), i, fault)
    {
        char name[QUOTE_NAME_MAX];
        fprintf(file.out, "%s%s:%s", i > 0 ? "," : "", quote_name(ctl_text(fault, "name"), name),
            ctl_text(fault, "phase"));
    }
    return memory_file_close(&file, NULL);
}

static void add_connection(struct table *table, const json_t *connection)
{
    static const char *const directions[] = {"upstream", "downstream"};
    char *phases = phases_of(connection);
    table_name(table, ctl_text(connection, "proxy"));
    table_cell(table, "%lld", ctl_number(connection, "number"));
    table_cell(table, "%s", ctl_text(connection, "state"));
    table_cell(table, "%.3fs", (double)ctl_number(connection, "age_us") / 1e6);
    table_cell(table, "%s", ctl_text(json_object_get(connection, "client"), "address"));
    table_cell(table, "%s", ctl_text(json_object_get(connection, "server"), "address"));
    for (size_t i = 0; i < 2; i++)
        table_cell(
            table, "%lld", ctl_number(json_object_get(connection, directions[i]), "forwarded"));
    table_cell(table, "%s", phases != NULL ? phases : "");
    free(phases);
}

enum ctl_status ctl_connections(struct ctl *ctl)
{
    static const char *const heads[] = {"PROXY", "NUMBER", "STATE", "AGE", "CLIENT", "SERVER",
        "UPSTREAM", "DOWNSTREAM", "FAULTS", NULL};
    struct path path;
    struct table table;
    json_t *answer, *connection;
    size_t i;
    path_begin(&path, "/v1");
    if (ctl->operand_count > 0) {
        path_add(&path, "/proxies");
        path_add_name(&path, ctl->operands[0]);
    }
    path_add(&path, "/connections");
    enum ctl_status status = ctl_call(ctl, "GET", &path, NULL, &answer);
    if (answer == NULL)
        return status;
    table_init(&table, heads);
    json_array_foreach(json_object_get(answer, "connections"), i, connection)
    {
        add_connection(&table, connection);
    }
    json_decref(answer);
    return table_finish(&table);
}

/* --- events --- */

#define EVENT_LINE_MAX (1u << 20) /* an event is a few hundred bytes */

/* Parses Server-Sent Events. Only the data lines matter: each is a whole JSON object. */
struct events {
    struct client_sink sink;
    char *line; /* its beginning; owned */
    size_t size, capacity;
    bool gap; /* the current event reports that others were dropped */
};

static void print_event(char *event)
{
    client_disarm(event, strlen(event));
    puts(event);
}

static void ctl_take_line(struct events *events)
{
    static const char event[] = "event: ", data[] = "data: ";
    char *line = events->line;
    if (strncmp(line, event, strlen(event)) == 0)
        events->gap = strcmp(line + strlen(event), "gap") == 0;
    else if (strncmp(line, data, strlen(data)) == 0 && events->gap)
        client_print(stderr, "rudeproxy: some events are gone: %s", line + strlen(data));
    else if (strncmp(line, data, strlen(data)) == 0)
        print_event(line + strlen(data));
}

static bool take_byte(struct events *events, char byte, struct err *err)
{
    if (events->size == events->capacity) {
        size_t capacity = events->capacity == 0 ? 1024 : 2 * events->capacity;
        char *grown = capacity <= EVENT_LINE_MAX ? realloc(events->line, capacity) : NULL;
        if (grown == NULL) {
            err_set(err,
                capacity <= EVENT_LINE_MAX ? "out of memory" : "a line of the events is too long");
            return false;
        }
        events->line = grown;
        events->capacity = capacity;
    }
    events->line[events->size++] = byte == '\n' ? '\0' : byte;
    if (byte != '\n')
        return true;
    ctl_take_line(events);
    events->size = 0;
    return true;
}

static bool on_bytes(struct client_sink *sink, const char *bytes, size_t size, struct err *err)
{
    struct events *events = (struct events *)(void *)sink;
    for (size_t i = 0; i < size; i++) {
        if (!take_byte(events, bytes[i], err))
            return false;
    }
    if (fflush(stdout) == 0)
        return true;
    err_set(err, "cannot write the events: %s", strerror(errno));
    return false;
}

enum ctl_status ctl_events(struct ctl *ctl)
{
    struct path path;
    struct events events = {.sink = {.take = on_bytes}};
    bool follows = ctl_option(ctl, "follow") != NULL;
    path_begin(&path, "/v1/events");
    path_add_query(&path, "follow", follows ? "yes" : "no");
    if (ctl_option(ctl, "after") != NULL)
        path_add_query(&path, "after", ctl_option(ctl, "after"));
    int result =
        client_stream(&ctl->client, &path, follows ? HTTP_ANY_PAUSE : CLIENT_CALL_S, &events.sink);
    free(events.line);
    return result == 0 ? CTL_FINE : CTL_FAILED;
}

/* --- the rest --- */

enum ctl_status ctl_report(struct ctl *ctl)
{
    struct path path;
    path_begin(&path, "/v1/report");
    return ctl_show(ctl, &path);
}

enum ctl_status ctl_config(struct ctl *ctl)
{
    struct path path;
    path_begin(&path, "/v1/config");
    return ctl_show(ctl, &path);
}

enum ctl_status ctl_reload(struct ctl *ctl)
{
    struct path path;
    path_begin(&path, "/v1/reload");
    if (ctl_option(ctl, "drop") != NULL)
        path_add_query(&path, "api", "drop");
    return ctl_do(ctl, "POST", &path, NULL, "Reloaded\n");
}

enum ctl_status ctl_reset(struct ctl *ctl)
{
    struct path path;
    path_begin(&path, "/reset");
    return ctl_do(ctl, "POST", &path, NULL, "Enabled every proxy, took every fault away\n");
}

enum ctl_status ctl_reset_counts(struct ctl *ctl)
{
    struct path path;
    path_begin(&path, "/v1/reset-counts");
    return ctl_do(ctl, "POST", &path, NULL, "Connections are numbered from 1 again\n");
}

enum ctl_status ctl_version(struct ctl *ctl)
{
    static const char *const keys[] = {"version", "toxiproxy", "seed", NULL};
    char text[QUOTE_NAME_MAX];
    struct path path;
    json_t *answer;
    path_begin(&path, "/v1/version");
    enum ctl_status status = ctl_call(ctl, "GET", &path, NULL, &answer);
    for (size_t i = 0; answer != NULL && keys[i] != NULL; i++)
        printf("%s\t%s\n", keys[i], quote_name(ctl_text(answer, keys[i]), text));
    if (answer != NULL)
        printf("uptime\t%.3fs\n", (double)ctl_number(answer, "uptime_us") / 1e6);
    json_decref(answer);
    return status;
}
