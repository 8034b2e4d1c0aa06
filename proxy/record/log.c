/* SPDX-License-Identifier: MIT */
/* The log: see log.h. One that cannot be written is reported once on stderr: the proxy goes on. */
#include "proxy/record/log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/base/memory_file.h"
#include "proxy/record/line.h"
#include "proxy/record/writer.h"

static FILE *open_append(const char *path, struct err *err)
{
    FILE *out = fopen(path, "ae");
    if (out == NULL)
        err_set(err, "cannot open the log %s: %s", path, strerror(errno));
    return out;
}

int log_open(struct log *log, const struct settings *settings, struct err *err)
{
    memset(log, 0, sizeof *log);
    log->format = (enum log_format)settings->log_format;
    log->pending_since = TIME_NEVER;
    log->wall_offset_us = line_wall_offset_us();
    if (strcmp(settings->log, "stderr") == 0)
        log->out = stderr;
    else if (strcmp(settings->log, "stdout") == 0)
        log->out = stdout;
    else if (strcmp(settings->log, "none") != 0)
        log->path = settings->log;
    if (log->path != NULL && (log->out = open_append(log->path, err)) == NULL)
        return -1;
    if (log->out != NULL)
        setvbuf(log->out, log->buffer, _IOFBF, sizeof log->buffer);
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
    setvbuf(log->out, log->buffer, _IOFBF, sizeof log->buffer);
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
    else if (log->out != NULL)
        setvbuf(log->out, NULL, _IONBF, 0); /* the buffer is ours and goes */
}

void log_event(struct log *log, const struct event *event)
{
    if (log->out == NULL)
        return;
    line_write(log->out, log->format, (int64_t)event->at + log->wall_offset_us, event);
    if (__fpending(log->out) > sizeof log->buffer / 2)
        log_flush(log);
}

/* The seed is a string: half of all 64-bit numbers are beyond what readers of JSON can hold. */
static void write_config(struct log *log, const char *event, const struct config *config, char *ini)
{
    struct writer writer;
    char time[LINE_TIME_MAX], seed[24];
    line_time_text(line_wall_us(), time, sizeof time);
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
    struct memory_file file;
    char *ini = NULL;
    if (log->out == NULL || log->format != LOG_JSON)
        return;
    if (memory_file_open(&file) == 0) {
        /* The API is not needed to repeat a run, and its token is nobody's business. */
        struct config without = *config;
        memset(&without.settings.admin, 0, sizeof without.settings.admin);
        without.settings.admin_open = false;
        memset(without.settings.admin_hosts, 0, sizeof without.settings.admin_hosts);
        memset(without.settings.admin_token, 0, sizeof without.settings.admin_token);
        config_print(&without, file.out);
        ini = memory_file_close(&file, NULL);
    }
    if (ini != NULL)
        write_config(log, event, config, ini);
    else
        fputs("rudeproxy: out of memory: the log has no configuration for replay\n", stderr);
    free(ini);
}
