/* SPDX-License-Identifier: MIT */
#include "proxy/app/status_line.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "proxy/admin/counters.h"
#include "proxy/net/proxy.h"

#define PERIOD_MS 500
#define WIDTH_MAX 256
#define WIDTH_DEFAULT 80

bool status_line_wanted(const struct run_options *options, const struct settings *settings)
{
    const char *terminal = getenv("TERM");
    bool is_shared = strcmp(settings->log, "stdout") == 0 && isatty(STDOUT_FILENO);
    return isatty(STDERR_FILENO) && !options->quiet && options->child == NULL && !is_shared &&
           terminal != NULL && strcmp(terminal, "dumb") != 0;
}

struct counts {
    uint64_t open, connections, fired;
    uint64_t bytes[2]; /* by enum direction */
};

static struct counts count(const struct status_line *line)
{
    struct counts counts = {0};
    struct counters open = {0};
    for (size_t i = 0; i < line->ledger->proxy_count; i++) {
        const struct ledger_proxy *proxy = &line->ledger->proxies[i];
        counts.connections += proxy->connections;
        for (int d = 0; d < 2; d++)
            counts.bytes[d] += proxy->bytes[d];
    }
    for (size_t i = 0; i < line->ledger->fault_count; i++)
        counts.fired += line->ledger->faults[i].injections;
    list_for_each(link, &line->worker->proxies)
        counters_add_open(&open, container_of(link, struct proxy, link));
    counts.open = open.open;
    counts.connections += open.open;
    for (int d = 0; d < 2; d++)
        counts.bytes[d] += open.sent[d];
    return counts;
}

static const char *rate_text(uint64_t bytes, time_us us, char text[32])
{
    static const char *const units[] = {"B/s", "kB/s", "MB/s", "GB/s", NULL};
    double rate = us > 0 ? (double)bytes * 1e6 / (double)us : 0;
    size_t unit = 0;
    for (; rate >= 1000 && units[unit + 1] != NULL; unit++)
        rate /= 1000;
    snprintf(text, 32, "%.*f %s", unit == 0 || rate >= 10 ? 0 : 1, rate, units[unit]);
    return text;
}

/* A longer line would wrap, and could not be cleared. */
static size_t width(void)
{
    struct winsize size;
    size_t columns = WIDTH_DEFAULT;
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        columns = size.ws_col;
    return columns < WIDTH_MAX ? columns - 1 : WIDTH_MAX - 1;
}

/* Behind `&` and bg the last line of the terminal is the shell's. */
static bool is_in_background(void)
{
    pid_t group = tcgetpgrp(STDERR_FILENO); /* -1: not our controlling terminal */
    return group > 0 && group != getpgrp();
}

static void on_time(uv_timer_t *timer)
{
    struct status_line *line = container_of(timer, struct status_line, timer);
    struct counts now = count(line);
    time_us at = timers_now(), passed = at - line->drawn_at;
    char text[WIDTH_MAX], rates[2][32];
    for (int d = 0; d < 2; d++) {
        uint64_t moved = now.bytes[d] > line->bytes[d] ? now.bytes[d] - line->bytes[d] : 0;
        rate_text(moved, passed, rates[d]);
        line->bytes[d] = now.bytes[d];
    }
    line->drawn_at = at;
    if (is_in_background()) {
        stderr_stream_leave_status(line->stream);
        return;
    }
    snprintf(text, sizeof text,
        "%" PRIu64 " open, %" PRIu64 " connections in all; %s upstream, %s downstream; faults "
        "fired: %" PRIu64,
        now.open, now.connections, rates[DIRECTION_UPSTREAM], rates[DIRECTION_DOWNSTREAM],
        now.fired);
    text[width()] = '\0';
    stderr_stream_show_status(line->stream, text);
}

void status_line_start(struct status_line *line, const struct worker *worker,
    const struct ledger *ledger, struct stderr_stream *stream)
{
    if (stream->above == NULL)
        return;
    *line = (struct status_line){
        .worker = worker, .ledger = ledger, .stream = stream, .drawn_at = timers_now()};
    uv_timer_init(worker->loop, &line->timer);
    line->started = uv_timer_start(&line->timer, on_time, PERIOD_MS, PERIOD_MS) == 0;
}

void status_line_close(struct status_line *line)
{
    if (line->started)
        uv_close((uv_handle_t *)&line->timer, NULL);
    line->started = false;
}
