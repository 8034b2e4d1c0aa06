/* SPDX-License-Identifier: MIT */
/*
 * One function writes the facts of each kind of event; writer.c turns them into JSON or text, so
 * both formats say the same. A log that cannot be written is reported once on stderr: the proxy
 * goes on.
 */
#include "proxy/app/log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "proxy/app/writer.h"

/* Room for many lines; what is left of it is more than the longest one, so that no write ends in the middle of
 * a line. */
#define LOG_BUFFER (64 * 1024)
#define LOG_LINES (LOG_BUFFER / 2)

static int64_t clock_us(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * US_PER_S + now.tv_nsec / 1000;
}

int64_t log_wall_us(void)
{
    return clock_us(CLOCK_REALTIME);
}

static FILE *open_append(const char *path, struct err *err)
{
    FILE *out = fopen(path, "ae");
    if (out == NULL)
        err_set(err, "cannot open the log %s: %s", path, strerror(errno));
    return out;
}

int log_open(struct log *log, const struct settings *settings, struct err *err)
{
    *log =
        (struct log){.format = (enum log_format)settings->log_format, .pending_since = TIME_NEVER};
    log->wall_offset_us = clock_us(CLOCK_REALTIME) - clock_us(CLOCK_MONOTONIC);
    if (strcmp(settings->log, "stderr") == 0)
        log->out = stderr;
    else if (strcmp(settings->log, "stdout") == 0)
        log->out = stdout;
    else if (strcmp(settings->log, "none") != 0)
        log->path = settings->log;
    if (log->path != NULL && (log->out = open_append(log->path, err)) == NULL)
        return -1;
    if (log->out != NULL)
        setvbuf(log->out, NULL, _IOFBF, LOG_BUFFER);
    return 0;
}

int log_reopen(struct log *log, struct err *err)
{
    if (log->path == NULL)
        return 0;
    FILE *out = open_append(log->path, err);
    if (out == NULL)
        return -1;
    fclose(log->out);
    log->out = out;
    setvbuf(log->out, NULL, _IOFBF, LOG_BUFFER);
    return 0;
}

void log_flush(struct log *log)
{
    if (log->out == NULL || fflush(log->out) == 0 || log->failed)
        return;
    log->failed = true;
    fprintf(stderr, "rudeproxy: cannot write the log: %s; events are lost\n", strerror(errno));
}

int log_flush_if_due(struct log *log, time_us now)
{
    bool pending = log->out != NULL && __fpending(log->out) > 0;
    if (pending && log->pending_since == TIME_NEVER)
        log->pending_since = now;
    if (pending && now - log->pending_since < LOG_LAG_US)
        return (int)((log->pending_since + LOG_LAG_US - now + US_PER_MS - 1) / US_PER_MS);
    log->pending_since = TIME_NEVER;
    if (pending)
        log_flush(log);
    return -1;
}

void log_close(struct log *log)
{
    log_flush(log);
    if (log->path != NULL)
        fclose(log->out);
}

void log_time_text(int64_t wall, char *buf, size_t size)
{
    time_t seconds = (time_t)(wall / US_PER_S);
    struct tm utc;
    char date[32];
    gmtime_r(&seconds, &utc);
    strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(buf, size, "%s.%06dZ", date, (int)(wall % US_PER_S));
}

static void write_errno(struct writer *writer, int errnum)
{
    if (errnum == 0)
        writer_null(writer, "errno");
    else
        writer_string(writer, "errno", err_name(errnum));
}

static void write_side(struct writer *writer, enum side side, const struct side_record *record)
{
    const char *marks[END_MARKS_MAX];
    for (unsigned i = 0; i < record->mark_count; i++)
        marks[i] = end_mark_name(record->marks[i]);
    writer_open(writer, side_name(side));
    writer_string(writer, "address", record->address);
    writer_strings(writer, "ended", marks, record->mark_count);
    writer_number(writer, "bytes_in", record->bytes_in);
    writer_number(writer, "bytes_out", record->bytes_out);
    writer_number(writer, "unread", record->unread);
    writer_number(writer, "unacked", record->unacked);
    write_errno(writer, record->errnum);
    writer_close(writer);
}

static void write_closed(struct writer *writer, const struct event *event)
{
    unsigned count = event->u.closed.fault_count;
    writer_string(writer, "cause", cause_name(event->u.closed.cause));
    if (event->u.closed.cause == CAUSE_FAULT)
        writer_string(writer, "cause_fault", event->u.closed.cause_fault);
    writer_number(writer, "duration_us", event->u.closed.duration_us);
    writer_number(writer, "fault_count", count);
    writer_strings(writer, "faults", event->u.closed.faults,
        count < EVENT_FAULTS_MAX ? count : EVENT_FAULTS_MAX);
    write_side(writer, SIDE_CLIENT, &event->u.closed.sides[SIDE_CLIENT]);
    write_side(writer, SIDE_SERVER, &event->u.closed.sides[SIDE_SERVER]);
}

static void write_facts(struct writer *writer, const struct event *event)
{
    switch (event->kind) {
    case EVENT_LISTENING:
    case EVENT_NOT_LISTENING:
        writer_string(writer, "address", event->u.listening.address);
        break;
    case EVENT_ACCEPT_FAILED:
        write_errno(writer, event->u.accept_failed.errnum);
        break;
    case EVENT_OPEN:
        writer_string(writer, "client", event->u.open.client);
        writer_string(writer, "server", event->u.open.server);
        break;
    case EVENT_CONNECT_FAILED:
        writer_string(writer, "address", event->u.connect_failed.address);
        write_errno(writer, event->u.connect_failed.errnum);
        writer_string(writer, "reason", event->u.connect_failed.reason);
        break;
    case EVENT_FAULT:
    case EVENT_FAULT_OVER:
        writer_string(writer, "fault", event->u.fault.name);
        writer_string(writer, "type", event->u.fault.type);
        if (event->connection == 0)
            break; /* a listening socket has no stream */
        writer_string(writer, "direction", direction_name(event->u.fault.direction));
        writer_number(writer, "offset", event->u.fault.offset);
        break;
    case EVENT_EOF:
    case EVENT_RESET_SEEN:
        writer_string(writer, "side", side_name(event->u.seen.side));
        writer_number(writer, "offset", event->u.seen.offset);
        if (event->kind == EVENT_RESET_SEEN)
            write_errno(writer, event->u.seen.errnum);
        break;
    case EVENT_CLOSED:
        write_closed(writer, event);
        break;
    case EVENT_COUNT:
        break;
    }
}

/* Text starts with `TIME PROXY#CONNECTION EVENT`, without keys. */
static void write_text_head(FILE *out, const char *time, const struct event *event)
{
    fprintf(out, "%s %s", time, event->proxy);
    if (event->connection != 0)
        fprintf(out, "#%llu", (unsigned long long)event->connection);
    fprintf(out, " %s", event_kind_name(event->kind));
}

static void write_json_head(struct writer *writer, const char *time, const struct event *event)
{
    writer_string(writer, "time", time);
    writer_string(writer, "event", event_kind_name(event->kind));
    writer_string(writer, "proxy", event->proxy);
    if (event->connection != 0)
        writer_number(writer, "connection", event->connection);
}

void log_event(struct log *log, const struct event *event)
{
    struct writer writer;
    char time[LOG_TIME_MAX];
    if (log->out == NULL)
        return;
    log_time_text((int64_t)event->at + log->wall_offset_us, time, sizeof time);
    writer_begin(&writer, log->out, log->format);
    if (log->format == LOG_JSON) {
        write_json_head(&writer, time, event);
    } else {
        write_text_head(log->out, time, event);
        writer.first = false;
    }
    write_facts(&writer, event);
    writer_end(&writer);
    if (__fpending(log->out) > LOG_LINES)
        log_flush(log);
}

/* The seed is a string: half of all 64-bit numbers are beyond what readers of JSON can hold. */
static void write_config(struct log *log, const char *event, const struct config *config, char *ini)
{
    struct writer writer;
    char time[LOG_TIME_MAX], seed[24];
    log_time_text(log_wall_us(), time, sizeof time);
    snprintf(seed, sizeof seed, "%" PRIu64, config->settings.seed);
    writer_begin(&writer, log->out, LOG_JSON);
    writer_string(&writer, "time", time);
    writer_string(&writer, "event", event);
    writer_string(&writer, "version", RUDEPROXY_VERSION);
    writer_string(&writer, "seed", seed);
    writer_string(&writer, "config", ini);
    writer_end(&writer);
}

void log_config(struct log *log, const char *event, const struct config *config)
{
    char *ini = NULL;
    size_t size;
    if (log->out == NULL || log->format != LOG_JSON)
        return;
    FILE *out = open_memstream(&ini, &size);
    if (out != NULL) {
        config_print(config, out);
        if (fclose(out) == 0)
            write_config(log, event, config, ini);
    }
    free(ini);
}
