/* SPDX-License-Identifier: MIT */
/*
 * /v1/events: Server-Sent Events (https://html.spec.whatwg.org/multipage/server-sent-events.html).
 *
 * Begins with new events; with Last-Event-ID or ?after=N behind that event; with ?after=0 or
 * ?follow=no at the oldest event still kept. If the next event is no longer kept, the reader gets a
 * `gap` event with the number of missed events, and continues with the oldest.
 *
 * Ids begin at 1 in each run. X-Rudeproxy-Run names the run; with ?run=R of another one the stream
 * begins at the oldest event.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/admin/v1/v1.h"
#include "proxy/base/units.h"

struct event_stream {
    const struct event_ring *ring;
    uint64_t next; /* number of the event to send next */
    uint64_t last; /* the last event to send; UINT64_MAX: no end */
    time_us quiet_since;
    struct text left; /* rest of an event that did not fit */
    size_t left_sent;
};

static void put_gap(struct event_stream *stream)
{
    uint64_t first = event_ring_first(stream->ring);
    text_printf(&stream->left, "id: %" PRIu64 "\nevent: gap\ndata: {\"missed\":%" PRIu64 "}\n\n",
        first - 1, first - stream->next);
    stream->next = first;
}

/* Puts the next piece into `left`. Returns false if there is none now. */
static bool put_next(struct event_stream *stream)
{
    stream->left.size = stream->left_sent = 0;
    if (stream->next < event_ring_first(stream->ring)) {
        put_gap(stream);
        return true;
    }
    if (stream->next > stream->ring->last || stream->next > stream->last)
        return false;
    const struct event_line *line = event_ring_line(stream->ring, stream->next);
    text_printf(&stream->left, "id: %" PRIu64 "\nevent: %s\ndata: %s\n\n", stream->next,
        event_kind_name(line->kind), line->json != NULL ? line->json : "{}");
    stream->next++;
    return true;
}

static bool put_keep_alive(struct event_stream *stream)
{
    if (stream->last != UINT64_MAX ||
        timers_now() - stream->quiet_since < EVENT_STREAM_KEEP_ALIVE_US / 2)
        return false;
    text_puts(&stream->left, ":\n\n");
    return true;
}

static ssize_t on_read(void *user, char *out, size_t size)
{
    struct event_stream *stream = user;
    size_t used = 0;
    while (used < size) {
        if (stream->left_sent == stream->left.size && !put_next(stream) &&
            (used > 0 || !put_keep_alive(stream)))
            break;
        size_t n = stream->left.size - stream->left_sent;
        n = n < size - used ? n : size - used;
        memcpy(out + used, stream->left.bytes + stream->left_sent, n);
        stream->left_sent += n;
        used += n;
        if (stream->left.failed)
            return -1;
    }
    if (used > 0)
        stream->quiet_since = timers_now();
    return used > 0 || stream->last == UINT64_MAX ? (ssize_t)used : -1;
}

static void on_free(void *user)
{
    struct event_stream *stream = user;
    text_free(&stream->left);
    free(stream);
}

static const struct http_stream_calls stream_calls = {.read = on_read, .free = on_free};

/* Reads the event behind which to begin. Returns false if it is not a number. */
static bool read_after(const struct call *call, bool follow, uint64_t *after)
{
    char buf[24];
    struct err ignored;
    const char *text = http_header(call->request, "Last-Event-ID");
    *after = follow ? call->admin->events.last : 0;
    if (text == NULL)
        text = call_query(call, "after", buf, sizeof buf) ? buf : NULL;
    if (text == NULL)
        return true;
    return units_parse_number(text, after, &ignored) == 0;
}

/* Whether the reader's ids are those of another run than `run`. */
static bool is_of_another_run(const struct call *call, const char *run)
{
    char its_run[24];
    return call_query(call, "run", its_run, sizeof its_run) && strcmp(its_run, run) != 0;
}

void v1_events(const struct call *call)
{
    char follow[8] = "yes", run[24];
    uint64_t after;
    const struct event_ring *ring = &call->admin->events;
    call_query(call, "follow", follow, sizeof follow);
    bool follows = strcmp(follow, "yes") == 0;
    if (!follows && strcmp(follow, "no") != 0) {
        answer_error(call, 400, "follow: '%s' is neither yes nor no", follow);
        return;
    }
    if (!read_after(call, follows, &after)) {
        answer_error(call, 400, "after: write the id of an event, or 0 for the oldest");
        return;
    }
    snprintf(run, sizeof run, "%016" PRIx64, call->admin->boot);
    if (is_of_another_run(call, run))
        after = 0;
    struct event_stream *stream = calloc(1, sizeof *stream);
    if (stream == NULL) {
        answer_empty(call, 500);
        return;
    }
    /* An id from an earlier run: begin with the oldest event of this run. There is no gap if the
     * client asked for the oldest. */
    stream->next = after > ring->last ? 1 : after + 1;
    if (after == 0)
        stream->next = event_ring_first(ring);
    stream->ring = ring;
    stream->last = follows ? UINT64_MAX : ring->last;
    stream->quiet_since = timers_now();
    http_answer_stream(call->request, "text/event-stream", &stream_calls, stream);
    http_answer_header(call->request, "X-Rudeproxy-Run", run);
}
