/* SPDX-License-Identifier: MIT */
/*
 * The JSON report, built with jansson. A call without memory returns NULL, and adding NULL to an
 * object or list fails too; `ok` records that.
 */
#include "proxy/record/report.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>

#include "proxy/record/event_line.h"
#include "proxy/record/json_text.h"
#include "proxy/record/output_file.h"

struct builder {
    bool ok;
};

static void set(struct builder *builder, json_t *object, const char *key, json_t *value)
{
    if (json_object_set_new(object, key, value) != 0)
        builder->ok = false;
}

static void report_append(struct builder *builder, json_t *array, json_t *value)
{
    if (json_array_append_new(array, value) != 0)
        builder->ok = false;
}

/* Makes a count, limited to a signed 64-bit integer. */
static json_t *number(uint64_t value)
{
    return json_integer((json_int_t)value);
}

static json_t *time_value(int64_t wall_us)
{
    char buf[EVENT_LINE_TIME_MAX];
    event_line_time_text(wall_us, buf, sizeof buf);
    return json_text(buf);
}

static json_t *marks_of(struct builder *builder, const uint64_t marks[END_COUNT])
{
    json_t *object = json_object();
    for (int i = 0; i < END_COUNT; i++)
        set(builder, object, end_mark_name((enum end_mark)i), number(marks[i]));
    return object;
}

static json_t *causes_of(struct builder *builder, const uint64_t ended[CAUSE_COUNT])
{
    json_t *object = json_object();
    for (int i = 0; i < CAUSE_COUNT; i++)
        set(builder, object, cause_name((enum cause)i), number(ended[i]));
    return object;
}

/* Lists the destinations that intercepted clients dialled. */
static json_t *destinations_of(struct builder *builder, const struct ledger_proxy *proxy)
{
    json_t *array = json_array();
    for (size_t i = 0; i < proxy->destination_count; i++) {
        json_t *object = json_object();
        set(builder, object, "address", json_text(proxy->destinations[i].address));
        set(builder, object, "connections", number(proxy->destinations[i].connections));
        report_append(builder, array, object);
    }
    return array;
}

static json_t *proxy_of(struct builder *builder, const struct ledger_proxy *proxy)
{
    json_t *object = json_object(), *bytes = json_object();
    set(builder, bytes, "upstream", number(proxy->bytes[DIRECTION_UPSTREAM]));
    set(builder, bytes, "downstream", number(proxy->bytes[DIRECTION_DOWNSTREAM]));
    set(builder, object, "name", json_text(proxy->name));
    set(builder, object, "listen", json_text(proxy->listen));
    set(builder, object, "upstream", json_text(proxy->upstream));
    set(builder, object, "connections", number(proxy->connections));
    if (proxy->destination_count > 0)
        set(builder, object, "destinations", destinations_of(builder, proxy));
    set(builder, object, "connect_failed", number(proxy->connect_failed));
    set(builder, object, "bytes", bytes);
    set(builder, object, "causes", causes_of(builder, proxy->ended));
    set(builder, object, "client", marks_of(builder, proxy->marks[SIDE_CLIENT]));
    set(builder, object, "server", marks_of(builder, proxy->marks[SIDE_SERVER]));
    return object;
}

static json_t *report_place_of(
    struct builder *builder, const struct ledger *ledger, const struct ledger_place *place)
{
    json_t *object = json_object();
    set(builder, object, "proxy", json_text(ledger->proxies[place->proxy].name));
    if (place->connection == 0) /* the listening socket has no bytes */
        return object;
    set(builder, object, "connection", number(place->connection));
    set(builder, object, "direction", json_text(direction_name(place->direction)));
    set(builder, object, "offset", number(place->offset));
    if (place->message > 0)
        set(builder, object, "message", number(place->message));
    if (place->kind[0] != '\0')
        set(builder, object, "kind", json_text(place->kind));
    return object;
}

static json_t *miss_of(struct builder *builder, const struct ledger *ledger,
    const struct ledger_fault *fault, const struct ledger_miss *miss)
{
    json_t *object = json_object();
    set(builder, object, "fault", json_text(fault->name));
    set(builder, object, "reason", json_text(miss->reason));
    set(builder, object, "proxy", json_text(ledger->proxies[miss->proxy].name));
    set(builder, object, "connection", number(miss->connection));
    set(builder, object, "connections", number(miss->connections));
    return object;
}

static json_t *fault_of(
    struct builder *builder, const struct ledger *ledger, const struct ledger_fault *fault)
{
    json_t *object = json_object(), *where = json_array(), *not_fired = json_array();
    for (size_t i = 0; i < fault->miss_count; i++)
        report_append(builder, not_fired, miss_of(builder, ledger, fault, &fault->misses[i]));
    for (size_t i = 0; i < fault->place_count; i++)
        report_append(builder, where, report_place_of(builder, ledger, &fault->places[i]));
    set(builder, object, "name", json_text(fault->name));
    set(builder, object, "type", json_text(fault->type));
    set(builder, object, "enabled", json_boolean(fault->enabled));
    set(builder, object, "must_fire", json_boolean(fault->must_fire));
    set(builder, object, "failed", json_boolean(ledger_fault_failed(fault)));
    set(builder, object, "armed", number(fault->armed));
    set(builder, object, "fired", number(fault->fired));
    set(builder, object, "injections", number(fault->injections));
    set(builder, object, "where", where);
    set(builder, object, "not_fired", not_fired);
    return object;
}

/* The seed is a string, as in the log. */
static json_t *report_of(struct builder *builder, const struct ledger *ledger)
{
    json_t *object = json_object(), *proxies = json_array(), *faults = json_array();
    char seed[24];
    snprintf(seed, sizeof seed, "%" PRIu64, ledger->seed);
    for (size_t i = 0; i < ledger->proxy_count; i++)
        report_append(builder, proxies, proxy_of(builder, &ledger->proxies[i]));
    for (size_t i = 0; i < ledger->fault_count; i++)
        report_append(builder, faults, fault_of(builder, ledger, &ledger->faults[i]));
    set(builder, object, "version", json_text(RUDEPROXY_VERSION));
    set(builder, object, "seed", json_text(seed));
    set(builder, object, "started", time_value(ledger->started_us));
    set(builder, object, "ended", time_value(ledger->ended_us));
    set(builder, object, "failed", json_boolean(ledger_count_failed(ledger) > 0));
    set(builder, object, "log_lost", number(ledger->log_lost));
    set(builder, object, "left_out", json_boolean(ledger->left_out));
    set(builder, object, "proxies", proxies);
    set(builder, object, "faults", faults);
    return object;
}

int report_print(const struct ledger *ledger, FILE *out)
{
    struct builder builder = {.ok = !ledger->incomplete};
    json_t *object = builder.ok ? report_of(&builder, ledger) : NULL;
    bool written =
        builder.ok &&
        (json_dumpf(object, out, JSON_INDENT(2) | JSON_ENSURE_ASCII) == 0 || ferror(out) != 0);
    json_decref(object);
    if (!written)
        return -ENOMEM;
    fputc('\n', out);
    return 0;
}

int report_write(const struct ledger *ledger, const char *path, struct err *err)
{
    struct output_file file;
    if (output_file_open(&file, "--report", path, err) != 0)
        return -1;
    if (report_print(ledger, file.out) != 0) {
        output_file_discard(&file);
        return err_set(err, "cannot write --report %s: out of memory", path);
    }
    return output_file_commit(&file, err);
}
