/* SPDX-License-Identifier: MIT */
/*
 * An event becomes a line. Sessions and listeners emit events; on_event() of run.c passes each to
 * log_event() of log.c, which calls event_line_write(), in the thread of the loop. One function
 * writes the facts of each kind of event; fields.c turns them into JSON or text. A `closed` event
 * has a shorter text: one line that a person reads at a glance.
 */
#include "proxy/record/event_line.h"

#include <inttypes.h>
#include <time.h>

#include "proxy/base/err.h"
#include "proxy/base/quote.h"
#include "proxy/base/units.h"
#include "proxy/record/fields.h"

static int64_t clock_us(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * US_PER_S + now.tv_nsec / 1000;
}

int64_t event_line_wall_us(void)
{
    return clock_us(CLOCK_REALTIME);
}

int64_t event_line_wall_offset_us(void)
{
    return clock_us(CLOCK_REALTIME) - clock_us(CLOCK_MONOTONIC);
}

void event_line_time_text(int64_t wall, char *buf, size_t size)
{
    time_t seconds = (time_t)(wall / US_PER_S);
    struct tm utc;
    char date[32];
    gmtime_r(&seconds, &utc);
    strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(buf, size, "%s.%06dZ", date, (int)(wall % US_PER_S));
}

static void write_errno(struct fields *fields, int errnum)
{
    if (errnum == 0)
        fields_null(fields, "errno");
    else
        fields_string(fields, "errno", err_name(errnum));
}

static void write_side(struct fields *fields, enum side side, const struct side_record *record)
{
    const char *marks[END_MARKS_MAX];
    for (unsigned i = 0; i < record->mark_count; i++)
        marks[i] = end_mark_name(record->marks[i]);
    fields_open(fields, side_name(side));
    fields_string(fields, "address", record->address);
    fields_strings(fields, "ended", marks, record->mark_count);
    fields_number(fields, "bytes_in", record->bytes_in);
    fields_number(fields, "bytes_out", record->bytes_out);
    fields_number(fields, "unread", record->unread);
    fields_number(fields, "unacked", record->unacked);
    write_errno(fields, record->errnum);
    fields_close(fields);
}

/* Writes JSON. Each entry is one call, since most connections have four. */
static void write_ends(struct fields *fields, const struct event *event)
{
    time_us accepted_at = event->at - event->u.closed.duration_us;
    fields_list_begin(fields, "ends");
    for (unsigned i = 0; i < event->u.closed.end_count; i++) {
        const struct end_entry *entry = &event->u.closed.ends[i];
        fprintf(fields->out,
            "%s{\"side\":\"%s\",\"end\":\"%s\",\"at_us\":%" PRIu64 ",\"events\":%u}",
            i > 0 ? "," : "", side_name(entry->side), end_mark_name(entry->mark),
            entry->at - accepted_at, entry->events);
    }
    fields_list_end(fields);
}

/* Writes text: "cut: after 853 of 51200 bytes; late: match not seen". */
static void write_not_fired_text(struct fields *fields, const struct event *event)
{
    char text[EVENT_NOT_FIRED_MAX * (FAULT_NAME_MAX + NOT_FIRED_REASON_MAX + 4)] = "";
    size_t used = 0;
    for (unsigned i = 0; i < event->u.closed.not_fired_count; i++) {
        const struct not_fired *entry = &event->u.closed.not_fired[i];
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%s: %s", i > 0 ? "; " : "",
            entry->fault, entry->reason);
    }
    fields_string(fields, "not_fired", text);
}

static void write_not_fired(struct fields *fields, const struct event *event)
{
    fields_list_begin(fields, "not_fired");
    for (unsigned i = 0; i < event->u.closed.not_fired_count; i++) {
        fields_item_begin(fields);
        fields_string(fields, "fault", event->u.closed.not_fired[i].fault);
        fields_string(fields, "reason", event->u.closed.not_fired[i].reason);
        fields_item_end(fields);
    }
    fields_list_end(fields);
}

/* Writes text: how the socket ended, and how many bytes were unread, if any. */
static void write_side_text(struct fields *fields, enum side side, const struct side_record *record)
{
    const char *marks[END_MARKS_MAX];
    for (unsigned i = 0; i < record->mark_count; i++)
        marks[i] = end_mark_name(record->marks[i]);
    fields_strings(fields, side_name(side), marks, record->mark_count);
    if (record->unread > 0)
        fields_number(
            fields, side == SIDE_CLIENT ? "client_unread" : "server_unread", record->unread);
}

/* Writes text: the main facts. The JSON log has all of them. */
static void write_closed_text(struct fields *fields, const struct event *event)
{
    const struct side_record *sides = event->u.closed.sides;
    char duration[32];
    units_format_duration(event->u.closed.duration_us, duration, sizeof duration);
    fields_string(fields, "cause", cause_name(event->u.closed.cause));
    if (event->u.closed.cause == CAUSE_FAULT)
        fields_string(fields, "cause_fault", event->u.closed.cause_fault);
    if (event->u.closed.destination != NULL)
        fields_string(fields, "destination", event->u.closed.destination);
    fields_string(fields, "after", duration);
    fields_number(fields, "up", sides[SIDE_SERVER].bytes_out);
    fields_number(fields, "down", sides[SIDE_CLIENT].bytes_out);
    write_side_text(fields, SIDE_CLIENT, &sides[SIDE_CLIENT]);
    write_side_text(fields, SIDE_SERVER, &sides[SIDE_SERVER]);
    write_not_fired_text(fields, event);
}

static void write_closed(struct fields *fields, const struct event *event)
{
    if (fields->format == LOG_TEXT) {
        write_closed_text(fields, event);
        return;
    }
    unsigned count = event->u.closed.fault_count;
    fields_string(fields, "cause", cause_name(event->u.closed.cause));
    if (event->u.closed.cause == CAUSE_FAULT)
        fields_string(fields, "cause_fault", event->u.closed.cause_fault);
    if (event->u.closed.destination != NULL)
        fields_string(fields, "destination", event->u.closed.destination);
    fields_number(fields, "duration_us", event->u.closed.duration_us);
    fields_number(fields, "fault_count", count);
    fields_strings(fields, "faults", event->u.closed.faults,
        count < EVENT_FAULTS_MAX ? count : EVENT_FAULTS_MAX);
    write_not_fired(fields, event);
    write_side(fields, SIDE_CLIENT, &event->u.closed.sides[SIDE_CLIENT]);
    write_side(fields, SIDE_SERVER, &event->u.closed.sides[SIDE_SERVER]);
    fields_number(fields, "events", event->u.closed.events);
    write_ends(fields, event);
}

/* Text does without: its lines are short. */
static void write_other_offset(struct fields *fields, uint64_t other_offset)
{
    if (fields->format == LOG_JSON)
        fields_number(fields, "other_offset", other_offset);
}

/* Writes JSON only. */
static void write_fault_details(struct fields *fields, const struct event *event)
{
    write_other_offset(fields, event->u.fault.other_offset);
    if (fields->format == LOG_JSON && event->u.fault.sides != NO_BITS)
        fields_string(fields, "side", side_set_name(event->u.fault.sides));
}

static void write_message(struct fields *fields, const struct event *event)
{
    fields_string(fields, "direction", direction_name(event->u.message.direction));
    if (event->kind == EVENT_MESSAGE)
        fields_number(fields, "number", event->u.message.number);
    fields_number(fields, "offset", event->u.message.offset);
    if (event->kind != EVENT_MESSAGE)
        return;
    fields_number(fields, "size", event->u.message.size);
    fields_string(fields, "kind", event->u.message.kind);
    if (event->u.message.line[0] != '\0')
        fields_string(fields, "line", event->u.message.line);
    if (event->u.message.captured_size > 0)
        fields_hex(fields, "bytes", event->u.message.captured, event->u.message.captured_size);
}

static void write_fault(struct fields *fields, const struct event *event)
{
    fields_string(fields, "fault", event->u.fault.name);
    fields_string(fields, "type", event->u.fault.type);
    if (event->kind == EVENT_FAULT_FAILED)
        write_errno(fields, event->u.fault.errnum);
    if (event->connection == 0)
        return; /* a listening socket has no stream */
    fields_string(fields, "direction", direction_name(event->u.fault.direction));
    fields_number(fields, "offset", event->u.fault.offset);
    if (event->u.fault.message != 0)
        fields_number(fields, "message", event->u.fault.message);
    if (event->u.fault.message != 0 && event->u.fault.kind[0] != '\0')
        fields_string(fields, "kind", event->u.fault.kind);
    write_fault_details(fields, event);
}

static void write_facts(struct fields *fields, const struct event *event)
{
    switch (event->kind) {
    case EVENT_LISTENING:
    case EVENT_NOT_LISTENING:
        fields_string(fields, "address", event->u.listening.address);
        break;
    case EVENT_ACCEPT_FAILED:
        write_errno(fields, event->u.accept_failed.errnum);
        break;
    case EVENT_ACCEPT_RECOVERED:
        break;
    case EVENT_OPEN:
        fields_string(fields, "client", event->u.open.client);
        fields_string(fields, "server", event->u.open.server);
        break;
    case EVENT_CONNECT_FAILED:
        fields_string(fields, "address", event->u.connect_failed.address);
        write_errno(fields, event->u.connect_failed.errnum);
        fields_string(fields, "reason", event->u.connect_failed.reason);
        break;
    case EVENT_FAULT:
    case EVENT_FAULT_OVER:
    case EVENT_FAULT_FAILED:
    case EVENT_MATCH_LET_GO:
        write_fault(fields, event);
        break;
    case EVENT_MESSAGE:
    case EVENT_FRAMING_LOST:
        write_message(fields, event);
        break;
    case EVENT_EOF:
    case EVENT_RESET_SEEN:
        fields_string(fields, "side", side_name(event->u.seen.side));
        fields_number(fields, "offset", event->u.seen.offset);
        if (event->kind == EVENT_RESET_SEEN)
            write_errno(fields, event->u.seen.errnum);
        write_other_offset(fields, event->u.seen.other_offset);
        break;
    case EVENT_CLOSED:
        write_closed(fields, event);
        break;
    case EVENT_COUNTS_RESET:
    case EVENT_COUNT:
        break;
    }
}

/* Text begins with `TIME PROXY#CONNECTION EVENT`, without keys. */
static void write_text_head(FILE *out, const char *time, const struct event *event)
{
    char name[QUOTE_NAME_MAX];
    fprintf(out, "%s %s", time, quote_name(event->proxy, name));
    if (event->connection != 0)
        fprintf(out, "#%llu", (unsigned long long)event->connection);
    fprintf(out, " %s", event_kind_name(event->kind));
}

static void write_json_head(struct fields *fields, const char *time, const struct event *event)
{
    fields_string(fields, "time", time);
    fields_string(fields, "event", event_kind_name(event->kind));
    fields_string(fields, "proxy", event->proxy);
    if (event->connection != 0)
        fields_number(fields, "connection", event->connection);
}

void event_line_write(FILE *out, enum log_format format, int64_t wall_us, const struct event *event)
{
    struct fields fields;
    char time[EVENT_LINE_TIME_MAX];
    event_line_time_text(wall_us, time, sizeof time);
    fields_begin(&fields, out, format);
    if (format == LOG_JSON) {
        write_json_head(&fields, time, event);
    } else {
        write_text_head(out, time, event);
        fields.first = false;
    }
    write_facts(&fields, event);
    fields_end(&fields);
}
