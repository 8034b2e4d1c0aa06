/* SPDX-License-Identifier: MIT */
/*
 * jansson's strings are UTF-8. The log writes a byte that is not UTF-8 as a private character
 * (quote.h). The configuration's text gets these bytes back before it is parsed.
 */
#include "proxy/app/replay/log.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/app/log_lines.h"
#include "proxy/base/err.h"
#include "proxy/base/quote.h"

/* One event that is read. */
struct reader {
    struct replay_log *log;
    struct log_lines lines;
    const json_t *object;
    struct err *err;
    uint64_t last_serial; /* the highest one that an event had */
    /* Owned: of each proxy whose connections were numbered from 1 again, what that was then. */
    json_t *resets;
};

/* --- members --- */

static const char *get_string(struct reader *reader, const char *key)
{
    const char *value = json_string_value(json_object_get(reader->object, key));
    if (value == NULL)
        err_set(reader->err, "the event has no string \"%s\"", key);
    return value;
}

static int get_name(struct reader *reader, const char *key, char *name, size_t size)
{
    const char *value = get_string(reader, key);
    if (value == NULL)
        return -1;
    if (strlen(value) >= size)
        return err_set(reader->err, "\"%s\" is too long for a name", key);
    memcpy(name, value, strlen(value) + 1);
    return 0;
}

static int get_number(struct reader *reader, const char *key, uint64_t *number)
{
    const json_t *value = json_object_get(reader->object, key);
    if (!json_is_integer(value) || json_integer_value(value) < 0)
        return err_set(reader->err, "the event has no number \"%s\"", key);
    *number = (uint64_t)json_integer_value(value);
    return 0;
}

/* Of logs of older versions too, which do without: 0. */
static int get_number_or_0(struct reader *reader, const char *key, uint64_t *number)
{
    *number = 0;
    return json_object_get(reader->object, key) == NULL ? 0 : get_number(reader, key, number);
}

static int get_direction(struct reader *reader, enum direction *direction)
{
    const char *value = get_string(reader, "direction");
    if (value == NULL)
        return -1;
    for (int i = 0; i < 2; i++) {
        *direction = (enum direction)i;
        if (strcmp(value, direction_name(*direction)) == 0)
            return 0;
    }
    return err_set(reader->err, "'%.20s' is no direction", value);
}

static int get_time(struct reader *reader, int64_t *wall_us)
{
    const char *value = get_string(reader, "time");
    if (value == NULL)
        return -1;
    if (log_lines_parse_time(value, wall_us) != 0)
        return err_set(reader->err, "'%.40s' is no time", value);
    return 0;
}

/* --- events --- */

static void forget_run(struct replay_log *log)
{
    for (size_t i = 0; i < log->config_count; i++)
        config_free(&log->configs[i]);
    log->config_count = 0;
    log->injection_count = 0;
    log->counts_reset = false;
}

/* Problems of the configuration go to stderr themselves; the text says where it stands. */
static int build_config(struct reader *reader, const char *ini, struct config *config)
{
    char where[512];
    struct config_source *source = config_source_new();
    if (source == NULL)
        return err_set(reader->err, "out of memory");
    snprintf(where, sizeof where, "%.400s:%zu (config)", reader->lines.path, reader->lines.line);
    config_source_add_text(source, where, ini);
    size_t problems = config_build(source, config, stderr);
    config_source_free(source);
    return problems == 0 ? 0 : err_set(reader->err, "its configuration is not valid");
}

static int add_config(struct reader *reader, const char *ini)
{
    struct replay_log *log = reader->log;
    struct config *configs = realloc(log->configs, (log->config_count + 1) * sizeof configs[0]);
    if (configs == NULL)
        return err_set(reader->err, "out of memory");
    log->configs = configs;
    if (build_config(reader, ini, &configs[log->config_count]) != 0)
        return -1;
    log->config_count++;
    return 0;
}

static int take_config(struct reader *reader)
{
    const char *text = get_string(reader, "config");
    char *ini = text != NULL ? strdup(text) : NULL;
    if (text != NULL && ini == NULL)
        return err_set(reader->err, "out of memory");
    if (ini != NULL)
        quote_restore_bytes(ini);
    int result = ini != NULL ? add_config(reader, ini) : -1;
    free(ini);
    return result;
}

static int take_run(struct reader *reader)
{
    struct replay_log *log = reader->log;
    forget_run(log);
    json_object_clear(reader->resets);
    reader->last_serial = 0;
    log->runs++;
    if (get_name(reader, "time", log->time, sizeof log->time) != 0 ||
        get_time(reader, &log->started_us) != 0)
        return -1;
    return take_config(reader);
}

static int read_injection(struct reader *reader, struct injection *injection)
{
    memset(injection, 0, sizeof *injection);
    if (reader->log->config_count == 0)
        return err_set(reader->err, "a fault, but no \"run\" event before it");
    if (get_name(reader, "fault", injection->fault, sizeof injection->fault) != 0 ||
        get_name(reader, "proxy", injection->proxy, sizeof injection->proxy) != 0 ||
        get_time(reader, &injection->at_us) != 0)
        return -1;
    if (json_object_get(reader->object, "connection") == NULL)
        return 0; /* on the listening socket, which has no stream */
    if (get_direction(reader, &injection->direction) != 0 ||
        get_number(reader, "offset", &injection->offset) != 0)
        return -1;
    if (get_number_or_0(reader, "other_offset", &injection->other_offset) != 0 ||
        get_number_or_0(reader, "serial", &injection->serial) != 0)
        return -1;
    return get_number(reader, "connection", &injection->connection);
}

/* Whether the connection was open when those of its proxy were numbered from 1 again: others may
 * have its number now. */
static bool is_before_reset(const struct reader *reader, const struct injection *injection)
{
    json_int_t last = json_integer_value(json_object_get(reader->resets, injection->proxy));
    return injection->serial > 0 && injection->serial <= (uint64_t)last;
}

static int take_fault(struct reader *reader)
{
    struct replay_log *log = reader->log;
    if (log->injection_count == log->injection_capacity) {
        size_t capacity = log->injection_capacity == 0 ? 64 : 2 * log->injection_capacity;
        struct injection *injections = realloc(log->injections, capacity * sizeof injections[0]);
        if (injections == NULL)
            return err_set(reader->err, "out of memory");
        log->injections = injections;
        log->injection_capacity = capacity;
    }
    if (read_injection(reader, &log->injections[log->injection_count]) != 0)
        return -1;
    log->injection_count += !is_before_reset(reader, &log->injections[log->injection_count]);
    return 0;
}

static bool is_same(const struct injection *a, const struct injection *b)
{
    return a->connection == b->connection && a->serial == b->serial &&
           a->direction == b->direction && strcmp(a->fault, b->fault) == 0 &&
           strcmp(a->proxy, b->proxy) == 0;
}

/* The end belongs to the last beginning. */
static int take_fault_over(struct reader *reader)
{
    struct injection over;
    if (read_injection(reader, &over) != 0)
        return -1;
    for (size_t i = reader->log->injection_count; i-- > 0;) {
        struct injection *begun = &reader->log->injections[i];
        if (begun->is_over || !is_same(begun, &over))
            continue;
        begun->is_over = true;
        begun->over_offset = over.offset;
        begun->over_at_us = over.at_us;
        break;
    }
    return 0;
}

static int take_lost(struct reader *reader)
{
    uint64_t count = 0;
    if (get_number(reader, "count", &count) != 0)
        return -1;
    fprintf(stderr,
        "%s:%zu: %llu lines of the log were lost here: faults among them are left out\n",
        reader->lines.path, reader->lines.line, (unsigned long long)count);
    return 0;
}

/* The proxy's connections before have numbers that others get now: what happened to them cannot be
 * told apart from what comes. */
static int take_counts_reset(struct reader *reader)
{
    struct replay_log *log = reader->log;
    const char *proxy = get_string(reader, "proxy");
    size_t kept = 0;
    if (proxy == NULL)
        return -1;
    for (size_t i = 0; i < log->injection_count; i++)
        if (log->injections[i].connection == 0 || strcmp(log->injections[i].proxy, proxy) != 0)
            log->injections[kept++] = log->injections[i];
    log->injection_count = kept;
    log->counts_reset = true;
    json_t *last = json_integer((json_int_t)reader->last_serial);
    return json_object_set_new(reader->resets, proxy, last) == 0
               ? 0
               : err_set(reader->err, "out of memory");
}

static const struct {
    const char *event;
    int (*take)(struct reader *reader);
} event_rows[] = {
    {"run", take_run},
    {"reload", take_config},
    {"fault", take_fault},
    {"fault_over", take_fault_over},
    {"counts_reset", take_counts_reset},
    {"lost", take_lost},
};

static int take_event(void *user, json_t *object, struct err *err)
{
    struct reader *reader = user;
    reader->object = object;
    reader->err = err;
    json_int_t serial = json_integer_value(json_object_get(object, "serial"));
    if (serial > 0 && (uint64_t)serial > reader->last_serial)
        reader->last_serial = (uint64_t)serial;
    const char *event = get_string(reader, "event");
    if (event == NULL)
        return -1;
    for (size_t i = 0; i < sizeof event_rows / sizeof event_rows[0]; i++) {
        if (strcmp(event_rows[i].event, event) == 0)
            return event_rows[i].take(reader);
    }
    return 0;
}

int replay_log_read(struct replay_log *log, const char *path)
{
    struct reader reader = {.log = log, .lines.path = path, .resets = json_object()};
    *log = (struct replay_log){.config_count = 0};
    int result = log_lines_read(&reader.lines, take_event, &reader);
    json_decref(reader.resets);
    log->other_lines = reader.lines.other_lines;
    if (result == 0 && log->config_count == 0) {
        fprintf(stderr,
            "%s: no \"run\" event in %zu lines: not the log of a run with log_format = json\n",
            path, reader.lines.line);
        result = -1;
    }
    return result;
}

void replay_log_free(struct replay_log *log)
{
    forget_run(log);
    free(log->configs);
    free(log->injections);
}
