/* SPDX-License-Identifier: MIT */
#include "proxy/record/log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proxy/base/memory_file.h"
#include "proxy/record/event_line.h"
#include "proxy/record/field_writer.h"

static struct line_queue *open_queue(
    const struct settings *settings, struct line_queue *messages, struct err *err)
{
    if (strcmp(settings->log, "stderr") == 0)
        return messages != NULL ? messages : line_queue_open_fd(STDERR_FILENO, _IOFBF, err);
    if (strcmp(settings->log, "stdout") == 0)
        return line_queue_open_fd(STDOUT_FILENO, _IOFBF, err);
    return line_queue_open(settings->log, "the log", err);
}

int log_open(
    struct log *log, const struct settings *settings, struct line_queue *messages, struct err *err)
{
    *log = (struct log){.format = (enum log_format)settings->log_format,
        .pending_since = TIME_NEVER,
        .wall_offset_us = event_line_wall_offset_us()};
    if (strcmp(settings->log, "none") == 0)
        return 0;
    log->queue = open_queue(settings, messages, err);
    if (log->queue == NULL)
        return -1;
    log->is_stderr = strcmp(settings->log, "stderr") == 0;
    log->is_messages = log->queue == messages;
    log->out = log->is_messages ? stderr : line_queue_stream(log->queue);
    return 0;
}

int log_reopen(struct log *log, struct err *err)
{
    if (log->out == NULL)
        return 0;
    log->failed = false;
    return line_queue_reopen(log->queue, "the log", LINE_QUEUE_MOVE_REST, err);
}

uint64_t log_lost(const struct log *log)
{
    return log->out == NULL ? 0 : line_queue_lost(log->queue);
}

static void write_lost(struct log *log)
{
    struct field_writer writer;
    char time[EVENT_LINE_TIME_MAX];
    uint64_t lost = log_lost(log);
    event_line_time_text(event_line_now_us(log->wall_offset_us), time, sizeof time);
    field_writer_begin(&writer, log->out, log->format);
    if (log->format == LOG_JSON) {
        field_writer_string(&writer, "time", time);
        field_writer_string(&writer, "event", "lost");
    } else {
        fprintf(log->out, "%s lost", time);
        writer.first = false;
    }
    field_writer_number(&writer, "count", lost - log->lost_logged);
    field_writer_number(&writer, "total", lost);
    field_writer_end(&writer);
    log->lost_logged = lost;
}

/* Reports on stderr that the log fails, once until it works again; not if stderr is the log. */
static void note_failure(struct log *log)
{
    int errnum = line_queue_errnum(log->queue);
    bool lost = !line_queue_has_room(log->queue);
    bool failed = errnum != 0 || lost;
    if (failed && !log->failed && !log->is_stderr)
        fprintf(stderr, "rudeproxy: cannot write the log: %s; it is tried again%s\n",
            errnum == 0       ? "nobody reads it"
            : errnum == ENXIO ? "the FIFO has no reader"
                              : strerror(errnum),
            lost ? ", events are lost" : "");
    log->failed = failed;
}

void log_flush(struct log *log)
{
    if (log->out != NULL)
        fflush(log->out);
}

void log_sync(struct log *log)
{
    if (log->out != NULL && line_queue_is_file(log->queue))
        line_queue_drain(log->queue, LOG_SYNC_MS);
    log_flush(log);
}

/* Logs the losses if there is room. Returns whether a `lost` event is still pending. */
static bool log_losses(struct log *log)
{
    if (log_lost(log) != log->lost_logged && line_queue_has_room(log->queue))
        write_lost(log);
    note_failure(log);
    return log_lost(log) != log->lost_logged;
}

/* Whether nothing is to be written or reported. */
static bool is_settled(const struct log *log)
{
    return !log->failed && log_lost(log) == log->lost_logged && __fpending(log->out) == 0 &&
           line_queue_is_settled(log->queue);
}

int log_flush_if_due(struct log *log, time_us now)
{
    if (log->out == NULL)
        return -1;
    if (is_settled(log)) {
        log->pending_since = TIME_NEVER;
        return -1;
    }
    bool lost = log_losses(log);
    bool pending = __fpending(log->out) > 0;
    if (pending && log->pending_since == TIME_NEVER)
        log->pending_since = now;
    if (pending && now - log->pending_since < LOG_LAG_US)
        return (int)((log->pending_since + LOG_LAG_US - now + US_PER_MS - 1) / US_PER_MS);
    log->pending_since = TIME_NEVER;
    if (pending)
        log_flush(log);
    return lost || !line_queue_is_idle(log->queue) ? LINE_QUEUE_RETRY_MS : -1;
}

void log_finish(struct log *log)
{
    if (log->out != NULL)
        line_queue_finish(log->queue, LOG_FINISH_MS);
}

void log_close(struct log *log)
{
    if (!log->is_messages)
        line_queue_close(log->queue);
    log->out = NULL;
    log->queue = NULL;
}

void log_event(struct log *log, const struct event *event)
{
    if (log->out == NULL)
        return;
    if (!line_queue_has_room(log->queue)) {
        line_queue_lose(log->queue);
        return;
    }
    if (log_lost(log) != log->lost_logged)
        write_lost(log);
    event_line_write(log->out, log->format, (int64_t)event->at + log->wall_offset_us, event);
    if (__fpending(log->out) > LINE_QUEUE_BUFFER / 2)
        log_flush(log);
}

/* The seed is a string, because many readers of JSON cannot hold integers above 2^53. */
static void write_config(
    FILE *out, int64_t wall_us, const char *event, const struct config *config, const char *ini)
{
    struct field_writer writer;
    char time[EVENT_LINE_TIME_MAX], seed[24];
    event_line_time_text(wall_us, time, sizeof time);
    snprintf(seed, sizeof seed, "%" PRIu64, config->settings.seed);
    field_writer_begin(&writer, out, LOG_JSON);
    field_writer_string(&writer, "time", time);
    field_writer_string(&writer, "event", event);
    field_writer_string(&writer, "version", RUDEPROXY_VERSION);
    field_writer_string(&writer, "seed", seed);
    field_writer_string(&writer, "config", ini);
    field_writer_end(&writer);
}

/* Returns the configuration without the API, which a repetition does not need and whose token is
 * secret. The caller frees it. NULL: out of memory. */
static char *config_text(const struct config *config)
{
    struct memory_file file;
    if (memory_file_open(&file) != 0)
        return NULL;
    struct config without = *config;
    memset(&without.settings.admin, 0, sizeof without.settings.admin);
    without.settings.admin_open = false;
    memset(without.settings.admin_hosts, 0, sizeof without.settings.admin_hosts);
    memset(without.settings.user, 0, sizeof without.settings.user);
    memset(without.settings.admin_token, 0, sizeof without.settings.admin_token);
    config_print(&without, file.out);
    return memory_file_close(&file, NULL);
}

void log_config(struct log *log, const char *event, const struct config *config)
{
    struct memory_file file;
    size_t size;
    if (log->out == NULL || log->format != LOG_JSON)
        return;
    char *ini = config_text(config), *line = NULL;
    if (ini != NULL && memory_file_open(&file) == 0) {
        write_config(file.out, event_line_now_us(log->wall_offset_us), event, config, ini);
        line = memory_file_close(&file, &size);
    }
    /* the line may be longer than the stream's buffer */
    if (line != NULL)
        line_queue_put(log->queue, line, size);
    else
        fputs("rudeproxy: out of memory: the log has no configuration for replay\n", stderr);
    free(line);
    free(ini);
}
