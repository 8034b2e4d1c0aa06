/* SPDX-License-Identifier: MIT */
/*
 * An event becomes a line. Sessions and listeners emit events; on_event() of run.c passes each to
 * log_event() of log.c, which calls event_line_write(), in the thread of the loop. One function
 * writes the facts of each kind of event; field_writer.c turns them into JSON or text. A `closed`
 * event has a shorter text: one line that a person reads at a glance.
 */
#include "proxy/record/event_line.h"

#include <inttypes.h>
#include <time.h>

#include "proxy/base/err.h"
#include "proxy/base/quote.h"
#include "proxy/base/units.h"
#include "proxy/record/field_writer.h"

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

int64_t event_line_now_us(int64_t wall_offset_us)
{
    return clock_us(CLOCK_MONOTONIC) + wall_offset_us;
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

static void write_errno(struct field_writer *writer, int errnum)
{
    if (errnum == 0)
        field_writer_null(writer, "errno");
    else
        field_writer_string(writer, "errno", err_name(errnum));
}

static void write_side(struct field_writer *writer, enum side side, const struct event *event)
{
    const struct side_record *record = &event->u.closed.sides[side];
    const char *marks[END_MARKS_MAX];
    for (unsigned i = 0; i < record->mark_count; i++)
        marks[i] = end_mark_name(record->marks[i]);
    field_writer_open(writer, side_name(side));
    field_writer_string(writer, "address", record->address);
    field_writer_strings(writer, "ended", marks, record->mark_count);
    field_writer_number(writer, "bytes_in", record->bytes_in);
    field_writer_number(writer, "bytes_out", record->bytes_out);
    if (event->u.closed.inserted[side] > 0)
        field_writer_number(writer, "inserted", event->u.closed.inserted[side]);
    field_writer_number(writer, "unread", record->unread);
    field_writer_number(writer, "unacked", record->unacked);
    write_errno(writer, record->errnum);
    field_writer_close(writer);
}

/* Writes JSON. Each entry is one call, since most connections have four. */
static void write_ends(struct field_writer *writer, const struct event *event)
{
    time_us accepted_at = event->at - event->u.closed.duration_us;
    field_writer_list_begin(writer, "ends");
    for (unsigned i = 0; i < event->u.closed.end_count; i++) {
        const struct end_entry *entry = &event->u.closed.ends[i];
        fprintf(writer->out,
            "%s{\"side\":\"%s\",\"end\":\"%s\",\"at_us\":%" PRIu64 ",\"events\":%u}",
            i > 0 ? "," : "", side_name(entry->side), end_mark_name(entry->mark),
            entry->at - accepted_at, entry->events);
    }
    field_writer_list_end(writer);
}

/* Writes text: "cut: after 853 of 51200 bytes; late: match not seen". */
static void write_not_fired_text(struct field_writer *writer, const struct event *event)
{
    char text[EVENT_NOT_FIRED_MAX * (FAULT_NAME_MAX + NOT_FIRED_REASON_MAX + 4)] = "";
    size_t used = 0;
    for (unsigned i = 0; i < event->u.closed.not_fired_count; i++) {
        const struct not_fired *entry = &event->u.closed.not_fired[i];
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%s: %s", i > 0 ? "; " : "",
            entry->fault, entry->reason);
    }
    field_writer_string(writer, "not_fired", text);
}

static void write_not_fired(struct field_writer *writer, const struct event *event)
{
    field_writer_list_begin(writer, "not_fired");
    for (unsigned i = 0; i < event->u.closed.not_fired_count; i++) {
        field_writer_item_begin(writer);
        field_writer_string(writer, "fault", event->u.closed.not_fired[i].fault);
        field_writer_string(writer, "reason", event->u.closed.not_fired[i].reason);
        field_writer_item_end(writer);
    }
    field_writer_list_end(writer);
}

/* Writes text: how the socket ended, and how many bytes were unread, if any. */
static void write_side_text(
    struct field_writer *writer, enum side side, const struct side_record *record)
{
    const char *marks[END_MARKS_MAX];
    for (unsigned i = 0; i < record->mark_count; i++)
        marks[i] = end_mark_name(record->marks[i]);
    field_writer_strings(writer, side_name(side), marks, record->mark_count);
    if (record->unread > 0)
        field_writer_number(
            writer, side == SIDE_CLIENT ? "client_unread" : "server_unread", record->unread);
}

/* Writes text: the main facts. The JSON log has all of them. */
static void write_closed_text(struct field_writer *writer, const struct event *event)
{
    const struct side_record *sides = event->u.closed.sides;
    char duration[32];
    units_format_duration(event->u.closed.duration_us, duration, sizeof duration);
    field_writer_string(writer, "cause", cause_name(event->u.closed.cause));
    if (event->u.closed.cause == CAUSE_FAULT)
        field_writer_string(writer, "cause_fault", event->u.closed.cause_fault);
    if (event->u.closed.destination != NULL)
        field_writer_string(writer, "destination", event->u.closed.destination);
    field_writer_string(writer, "after", duration);
    field_writer_number(writer, "up", sides[SIDE_SERVER].bytes_out);
    field_writer_number(writer, "down", sides[SIDE_CLIENT].bytes_out);
    write_side_text(writer, SIDE_CLIENT, &sides[SIDE_CLIENT]);
    write_side_text(writer, SIDE_SERVER, &sides[SIDE_SERVER]);
    write_not_fired_text(writer, event);
}

static void write_closed(struct field_writer *writer, const struct event *event)
{
    if (writer->format == LOG_TEXT) {
        write_closed_text(writer, event);
        return;
    }
    unsigned count = event->u.closed.fault_count;
    field_writer_string(writer, "cause", cause_name(event->u.closed.cause));
    if (event->u.closed.cause == CAUSE_FAULT)
        field_writer_string(writer, "cause_fault", event->u.closed.cause_fault);
    if (event->u.closed.destination != NULL)
        field_writer_string(writer, "destination", event->u.closed.destination);
    field_writer_number(writer, "duration_us", event->u.closed.duration_us);
    field_writer_number(writer, "fault_count", count);
    field_writer_strings(writer, "faults", event->u.closed.faults,
        count < EVENT_FAULTS_MAX ? count : EVENT_FAULTS_MAX);
    write_not_fired(writer, event);
    write_side(writer, SIDE_CLIENT, event);
    write_side(writer, SIDE_SERVER, event);
    field_writer_number(writer, "events", event->u.closed.events);
    write_ends(writer, event);
}

/* Text does without: its lines are short. */
static void write_other_offset(struct field_writer *writer, uint64_t other_offset)
{
    if (writer->format == LOG_JSON)
        field_writer_number(writer, "other_offset", other_offset);
}

/* Writes JSON only. */
static void write_fault_details(struct field_writer *writer, const struct event *event)
{
    write_other_offset(writer, event->u.fault.other_offset);
    if (writer->format == LOG_JSON && event->u.fault.sides != NO_BITS)
        field_writer_string(writer, "side", side_set_name(event->u.fault.sides));
}

static void write_message(struct field_writer *writer, const struct event *event)
{
    field_writer_string(writer, "direction", direction_name(event->u.message.direction));
    if (event->kind == EVENT_MESSAGE)
        field_writer_number(writer, "number", event->u.message.number);
    field_writer_number(writer, "offset", event->u.message.offset);
    if (event->kind != EVENT_MESSAGE)
        return;
    field_writer_number(writer, "size", event->u.message.size);
    field_writer_string(writer, "kind", event->u.message.kind);
    if (event->u.message.line[0] != '\0')
        field_writer_string(writer, "line", event->u.message.line);
    if (event->u.message.captured_size > 0)
        field_writer_hex(
            writer, "bytes", event->u.message.captured, event->u.message.captured_size);
}

static void write_fault(struct field_writer *writer, const struct event *event)
{
    field_writer_string(writer, "fault", event->u.fault.name);
    field_writer_string(writer, "type", event->u.fault.type);
    if (event->kind == EVENT_FAULT_FAILED)
        write_errno(writer, event->u.fault.errnum);
    if (event->connection == 0)
        return; /* a listening socket has no stream */
    field_writer_string(writer, "direction", direction_name(event->u.fault.direction));
    field_writer_number(writer, "offset", event->u.fault.offset);
    if (event->u.fault.message != 0)
        field_writer_number(writer, "message", event->u.fault.message);
    if (event->u.fault.message != 0 && event->u.fault.kind[0] != '\0')
        field_writer_string(writer, "kind", event->u.fault.kind);
    write_fault_details(writer, event);
}

static void write_facts(struct field_writer *writer, const struct event *event)
{
    switch (event->kind) {
    case EVENT_LISTENING:
    case EVENT_NOT_LISTENING:
        field_writer_string(writer, "address", event->u.listening.address);
        break;
    case EVENT_ACCEPT_FAILED:
    case EVENT_CLIENT_DROPPED:
        write_errno(writer, event->u.accept_failed.errnum);
        break;
    case EVENT_ACCEPT_RECOVERED:
        break;
    case EVENT_OPEN:
        field_writer_string(writer, "client", event->u.open.client);
        field_writer_string(writer, "server", event->u.open.server);
        break;
    case EVENT_CONNECT_FAILED:
        field_writer_string(writer, "address", event->u.connect_failed.address);
        write_errno(writer, event->u.connect_failed.errnum);
        field_writer_string(writer, "reason", event->u.connect_failed.reason);
        break;
    case EVENT_FAULT:
    case EVENT_FAULT_OVER:
    case EVENT_FAULT_FAILED:
    case EVENT_MATCH_LET_GO:
        write_fault(writer, event);
        break;
    case EVENT_MESSAGE:
    case EVENT_FRAMING_LOST:
        write_message(writer, event);
        break;
    case EVENT_EOF:
    case EVENT_RESET_SEEN:
        field_writer_string(writer, "side", side_name(event->u.seen.side));
        field_writer_number(writer, "offset", event->u.seen.offset);
        if (event->kind == EVENT_RESET_SEEN)
            write_errno(writer, event->u.seen.errnum);
        write_other_offset(writer, event->u.seen.other_offset);
        break;
    case EVENT_CLOSED:
        write_closed(writer, event);
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

static void write_json_head(
    struct field_writer *writer, const char *time, const struct event *event)
{
    field_writer_string(writer, "time", time);
    field_writer_string(writer, "event", event_kind_name(event->kind));
    field_writer_string(writer, "proxy", event->proxy);
    if (event->connection != 0)
        field_writer_number(writer, "connection", event->connection);
    if (event->connection != 0 || event->serial != 0)
        field_writer_number(writer, "serial", event->serial);
}

void event_line_write(FILE *out, enum log_format format, int64_t wall_us, const struct event *event)
{
    struct field_writer writer;
    char time[EVENT_LINE_TIME_MAX];
    event_line_time_text(wall_us, time, sizeof time);
    field_writer_begin(&writer, out, format);
    if (format == LOG_JSON) {
        write_json_head(&writer, time, event);
    } else {
        write_text_head(out, time, event);
        writer.first = false;
    }
    write_facts(&writer, event);
    field_writer_end(&writer);
}
