/* SPDX-License-Identifier: MIT */
/*
 * framing_scan() reports one edge of a message after another. Each is passed to the faults. If that
 * gives one of them its firing offset, no byte behind that offset is read.
 */
#include "proxy/relay/messages.h"

#include <errno.h>
#include <stdlib.h>

#include "proxy/base/min.h"
#include "proxy/framing/client_hello.h"
#include "proxy/relay/capture.h"
#include "proxy/relay/emit.h"
#include "proxy/relay/message_backlog.h"
#include "proxy/relay/message_wait.h"

/* The state of one direction. */
struct stream {
    bool peeks;         /* some fault waits for a message, or will */
    bool sized;         /* the size of the last message is known, or known to be unknown */
    uint64_t scanned;   /* offset up to which the framing has scanned */
    time_us scanned_at; /* when it last scanned a byte */
    uint64_t dropped;   /* flow->dropped, when last checked */
    bool quiet;         /* nobody looks at single messages */
    bool keeps;         /* a fault that is not armed yet will count messages */
    struct message_backlog backlog; /* those that wait, while `keeps` */
};

struct messages {
    struct session *session;
    struct protocol protocol; /* the proxy's, when the connection began */
    struct framing *framing;
    struct client_hello hello; /* as far as it has arrived upstream */
    uint64_t hello_from;       /* offset of its first byte */
    struct stream streams[2];  /* by direction */
    struct capture capture;
    bool failed; /* out of memory */
};

int messages_start(struct session *session)
{
    if (!plan_needs_messages(session->plan))
        return 0;
    struct messages *messages = calloc(1, sizeof *messages);
    struct framing *framing = framing_new(&session->plan->config.protocol);
    if (messages == NULL || framing == NULL ||
        capture_init(&messages->capture, (size_t)session->plan->config.capture) != 0) {
        free(messages);
        framing_free(framing);
        return -ENOMEM;
    }
    messages->session = session;
    messages->protocol = session->plan->config.protocol;
    messages->framing = framing;
    session->messages = messages;
    for (int d = 0; d < 2; d++) {
        session->flow[d].messages = messages;
        messages->streams[d].backlog.memory = session->flow[d].ring.pool;
    }
    messages_refresh(messages);
    return 0;
}

void messages_free(struct messages *messages)
{
    if (messages == NULL)
        return;
    for (int i = 0; i < 2; i++)
        message_backlog_clear(&messages->streams[i].backlog);
    framing_free(messages->framing);
    capture_free(&messages->capture);
    free(messages);
}

/* The beginning of the message that the direction is in, as an event; without `what`: it is in
 * none. */
static struct framing_event current_begin(const struct messages *messages, enum direction direction)
{
    bool sized = messages->streams[direction].sized;
    if (!framing_is_inside(messages->framing, direction))
        return (struct framing_event){0};
    return (struct framing_event){
        .what = FRAMING_BEGIN | (sized ? (unsigned)FRAMING_SIZED : 0u),
        .direction = direction,
        .message = framing_message(messages->framing, direction),
    };
}

/* Shows an event to one fault, unless it reports a message that has begun to be forwarded. */
static void show(
    struct messages *messages, struct armed_fault *armed, const struct framing_event *event)
{
    const struct flow *flow = &messages->session->flow[event->direction];
    if (event->what != 0 && event->message->start >= flow_forwarded(flow))
        message_waits_show(&messages->protocol, armed, event);
}

void messages_arm(struct messages *messages, struct armed_fault *armed)
{
    for (int i = 0; i < 2; i++) {
        struct stream *stream = &messages->streams[i];
        struct framing_event event = current_begin(messages, (enum direction)i);
        message_waits_reset(armed, (enum direction)i);
        if (!stream->keeps)
            show(messages, armed, &event);
        for (size_t n = 0; n < stream->backlog.count; n++) {
            event = message_backlog_event(&stream->backlog, n);
            show(messages, armed, &event);
        }
    }
}

void messages_forget_past(const struct messages *messages, struct armed_fault *armed)
{
    for (int i = 0; i < 2; i++)
        if (armed->when_match[i].edge < flow_forwarded(&messages->session->flow[i]))
            armed->when_match[i].edge = FLOW_NO_EDGE;
}

/* --- the stream --- */

/* Keeps an event for the faults that are not armed yet. */
static void keep(struct messages *messages, const struct framing_event *event)
{
    struct stream *stream = &messages->streams[event->direction];
    if (stream->keeps && event->what != 0 && message_backlog_add(&stream->backlog, event) != 0)
        messages->failed = true;
}

void messages_refresh(struct messages *messages)
{
    const struct armed_set *set = &messages->session->armed;
    const struct proxy_config *config = &messages->session->plan->config;
    bool emits = config->log_messages || config->capture > 0 || messages->capture.most > 0;
    for (int i = 0; i < 2; i++) {
        const enum direction direction = (enum direction)i;
        struct stream *stream = &messages->streams[i];
        bool kept = stream->keeps, counts = false;
        struct message_wait waits[2];
        stream->peeks = stream->keeps = false;
        for (size_t f = 0; f < set->count; f++) {
            stream->keeps |= message_waits_will_count(set->list[f], direction);
            stream->peeks |= message_wait_current(set->list[f], direction, &waits[0]);
            counts |= message_waits_counting(set->list[f], direction, waits) > 0;
        }
        const struct framing_event begin = current_begin(messages, direction);
        if (!stream->keeps)
            message_backlog_clear(&stream->backlog);
        else if (!kept)
            keep(messages, &begin);
        stream->peeks |= stream->keeps; /* so that no more is read than the backlog keeps */
        stream->quiet = !emits && !counts && !stream->peeks;
    }
    if (framing_needs_both(messages->framing))
        messages->streams[0].peeks = messages->streams[1].peeks =
            messages->streams[0].peeks || messages->streams[1].peeks;
}

bool messages_failed(const struct messages *messages)
{
    return messages->failed;
}

bool messages_peeks(const struct messages *messages, enum direction direction)
{
    return messages->streams[direction].peeks;
}

static void emit(
    const struct messages *messages, const struct framing_event *framing, enum event_kind kind)
{
    const struct framing_message *message = framing->message;
    struct event event = {
        .kind = kind, .u.message = {.direction = framing->direction, .offset = framing->offset}};
    if (kind == EVENT_MESSAGE) {
        event.u.message.number = message->number;
        event.u.message.offset = message->start;
        event.u.message.size = framing->offset - message->start;
        event.u.message.kind = message->kind;
        event.u.message.line = message->line;
        event.u.message.captured_size = capture_message(&messages->capture, framing->direction,
            message->start, event.u.message.size, &event.u.message.captured);
    }
    session_emit(messages->session, &event);
}

/* Keeps an event, and shows it to the faults. */
static void pass_event(struct messages *messages, const struct framing_event *event)
{
    struct session *session = messages->session;
    struct stream *stream = &messages->streams[event->direction];
    if ((event->what & FRAMING_BEGIN) != 0)
        stream->sized = false;
    if ((event->what & FRAMING_SIZED) != 0)
        stream->sized = true;
    keep(messages, event);
    for (size_t i = 0; i < session->armed.count; i++)
        message_waits_show(&messages->protocol, session->armed.list[i], event);
}

static void messages_take_event(struct messages *messages, const struct framing_event *event)
{
    const struct proxy_config *config = &messages->session->plan->config;
    pass_event(messages, event);
    if ((event->what & FRAMING_END) != 0 && (config->log_messages || config->capture > 0))
        emit(messages, event, EVENT_MESSAGE);
    if ((event->what & FRAMING_LOST) != 0)
        emit(messages, event, EVENT_FRAMING_LOST);
}

/* Updates the edge of a flow after an event, and has it pumped if it is not being read. If a fault
 * fires where that flow stands, the one being read stops until it has fired. */
static void set_edge(struct messages *messages, enum direction direction, enum direction reading)
{
    struct session *session = messages->session;
    struct flow *flow = &session->flow[direction];
    if (flow->cut || !messages->streams[direction].peeks)
        return;
    flow_set_edge(flow, armed_next_edge(session, direction, flow_forwarded(flow)));
    if (direction == reading)
        return;
    session_touch(session);
    if (flow->edge == flow_forwarded(flow))
        flow_set_edge(&session->flow[reading], flow_tail(&session->flow[reading]));
}

/* Before bytes or the FIN of a direction are looked at. A direction whose bytes were dropped has no
 * message from here on, and no edge is left behind it. */
static void note_drops(struct messages *messages, enum direction reading)
{
    for (int i = 0; i < 2; i++) {
        const enum direction direction = (enum direction)i;
        const struct flow *flow = &messages->session->flow[i];
        struct framing_event event;
        if (flow->dropped == messages->streams[i].dropped ||
            (direction != reading && !framing_needs_both(messages->framing)))
            continue;
        messages->streams[i].dropped = flow->dropped;
        if (framing_abandon(messages->framing, direction, flow_tail(flow), &event))
            messages_take_event(messages, &event);
        else
            pass_event(messages, &event);
        set_edge(messages, direction, reading);
    }
}

/* Whether bytes of the direction may belong to a ClientHello. */
static bool reads_hello(const struct messages *messages, enum direction direction)
{
    return direction == DIRECTION_UPSTREAM && messages->hello.state == CLIENT_HELLO_READING;
}

/* Looks for the server's name. Faults that wait for it are armed before these bytes are forwarded:
 * the flow stops at an edge before them. */
static void scan_hello(
    struct messages *messages, struct flow *flow, const unsigned char *bytes, size_t n)
{
    struct session *session = messages->session;
    if (!reads_hello(messages, flow->direction) ||
        client_hello_scan(&messages->hello, bytes, n) != CLIENT_HELLO_NAMED)
        return;
    session->server_name = messages->hello.name;
    session->named = true;
    if (!flow->cut)
        flow_set_edge(flow, flow_forwarded(flow));
}

/* The client's bytes are no messages from bytes[from] on: a ClientHello may begin there. Those from
 * bytes[seen] up to it were not looked at. Returns `from`. */
static size_t restart_hello(struct messages *messages, struct flow *flow,
    const unsigned char *bytes, size_t seen, size_t from)
{
    bool upstream = flow->direction == DIRECTION_UPSTREAM;
    scan_hello(messages, flow, bytes + seen, from - seen);
    if (messages->hello.state != CLIENT_HELLO_NAMED) {
        messages->hello = (struct client_hello){0};
        messages->hello_from =
            upstream ? flow->ring.tail + from : messages->streams[DIRECTION_UPSTREAM].scanned;
    }
    return from;
}

bool messages_may_read(struct messages *messages, const struct flow *flow)
{
    const struct flow *other = &messages->session->flow[!flow->direction];
    if (framing_needs_both(messages->framing) && !other->cut && !other->finished &&
        other->edge == flow_forwarded(other))
        return false; /* a fault fires there first */
    struct message_backlog *backlog = &messages->streams[flow->direction].backlog;
    message_backlog_forward(backlog, flow_forwarded(flow));
    return !message_backlog_is_full(backlog, flow_pending(flow));
}

size_t messages_scan(
    struct messages *messages, struct flow *flow, const unsigned char *bytes, size_t n)
{
    const enum direction direction = flow->direction;
    struct stream *stream = &messages->streams[direction];
    uint64_t offset = flow->ring.tail;
    struct framing_event event;
    size_t seen = 0, hello_from = 0;
    if (n > 0)
        note_drops(messages, direction);
    framing_set_quiet(messages->framing, direction, stream->quiet);
    do {
        const bool over = framing_is_over(messages->framing, DIRECTION_UPSTREAM);
        uint64_t raw_from = offset + seen;
        size_t more = framing_scan(messages->framing, direction, bytes + seen, n - seen, &event);
        capture_forget(
            &messages->capture, direction, framing_message_from(messages->framing, direction));
        capture_take(&messages->capture, direction, offset + seen, bytes + seen, more);
        seen += more;
        if (event.what != 0) {
            messages_take_event(messages, &event);
            set_edge(messages, event.direction, direction);
        }
        if ((event.what & FRAMING_LOST) != 0)
            raw_from = event.offset;
        if (!over && framing_is_over(messages->framing, DIRECTION_UPSTREAM) && raw_from >= offset)
            hello_from =
                restart_hello(messages, flow, bytes, hello_from, (size_t)(raw_from - offset));
        if (event.what == 0)
            break;
        if (stream->peeks && flow->edge < offset + n)
            n = flow->edge > offset + seen ? (size_t)(flow->edge - offset) : seen;
    } while (!message_backlog_is_full(&stream->backlog, flow_pending(flow) + seen));
    if (seen > hello_from)
        scan_hello(messages, flow, bytes + hello_from, seen - hello_from);
    stream->scanned = offset + seen;
    stream->scanned_at = messages->session->now;
    return seen;
}

uint64_t messages_skippable(const struct messages *messages, const struct flow *flow)
{
    const enum direction direction = flow->direction;
    const struct stream *stream = &messages->streams[direction];
    bool captures = framing_is_inside(messages->framing, direction) &&
                    capture_has_room(&messages->capture, direction);
    bool missing = flow->dropped != stream->dropped || reads_hello(messages, direction);
    return missing || captures ? 0 : framing_skippable(messages->framing, direction);
}

void messages_skip(struct messages *messages, struct flow *flow, size_t n)
{
    struct stream *stream = &messages->streams[flow->direction];
    struct framing_event event;
    framing_skip(messages->framing, flow->direction, n);
    while (framing_scan(messages->framing, flow->direction, NULL, 0, &event), event.what != 0) {
        messages_take_event(messages, &event);
        set_edge(messages, event.direction, flow->direction);
    }
    stream->scanned = flow->ring.tail + n;
    stream->scanned_at = messages->session->now;
}

void messages_end(struct messages *messages, struct flow *flow)
{
    struct framing_event event;
    bool whole = flow->dropped == messages->streams[flow->direction].dropped;
    if (!framing_is_inside(messages->framing, flow->direction) || (flow->cut && !whole))
        return; /* no message ends here; or what is left of one was dropped by an ending */
    note_drops(messages, flow->direction);
    framing_fin(messages->framing, flow->direction, &event);
    if (event.what == 0)
        return;
    messages_take_event(messages, &event);
    set_edge(messages, event.direction, flow->direction);
}

/* --- held beginnings of messages, and of a ClientHello --- */

/* The bytes that one fault holds: from `from` on (FLOW_NO_EDGE: none), until `until`. */
struct hold {
    uint64_t from;
    time_us until;
    struct match *match;
};

static struct hold hold_of(
    const struct messages *messages, struct armed_fault *armed, const struct flow *flow)
{
    const enum direction direction = flow->direction;
    const struct stream *stream = &messages->streams[direction];
    struct hold hold = {.from = FLOW_NO_EDGE, .until = TIME_NEVER};
    struct message_wait wait;
    if (flow->end != FLOW_OPEN || !armed_may_hold(armed))
        return hold;
    if (message_wait_current(armed, direction, &wait)) {
        hold.match = wait.match;
        hold.from = message_wait_held_from(&wait, messages->framing, direction, stream->sized);
    } else if (armed->phase == ARMED_UNNAMED && reads_hello(messages, direction) &&
               messages->hello_from < stream->scanned) {
        hold.match = &armed->until_match[direction];
        hold.from = messages->hello_from;
    }
    if (hold.match == NULL || hold.match->let_go == stream->scanned ||
        hold.from < flow_forwarded(flow))
        hold.from = FLOW_NO_EDGE;
    /* Held bytes that fill the buffer leave no room for a further one. Bytes before them do, once
     * they are forwarded. */
    bool full = hold.from != FLOW_NO_EDGE && flow_tail(flow) - hold.from >= flow->buffer;
    hold.until = full ? stream->scanned_at : armed_lets_go_at(armed, stream->scanned_at);
    return hold;
}

uint64_t messages_hold(const struct messages *messages, const struct flow *flow)
{
    const struct armed_set *set = &messages->session->armed;
    uint64_t from = FLOW_NO_EDGE;
    for (size_t i = 0; i < set->count && !flow->cut; i++) {
        from = min_u64(from, hold_of(messages, set->list[i], flow).from);
    }
    return from;
}

time_us messages_next_time(const struct messages *messages, const struct flow *flow)
{
    const struct armed_set *set = &messages->session->armed;
    time_us next = TIME_NEVER;
    for (size_t i = 0; i < set->count && !flow->cut; i++) {
        const struct hold hold = hold_of(messages, set->list[i], flow);
        next = hold.from != FLOW_NO_EDGE ? time_min(next, hold.until) : next;
    }
    return next;
}

bool messages_let_go(struct messages *messages, const struct flow *flow, time_us now)
{
    const struct armed_set *set = &messages->session->armed;
    bool any = false;
    for (size_t i = 0; i < set->count && !flow->cut; i++) {
        const struct hold hold = hold_of(messages, set->list[i], flow);
        if (hold.from == FLOW_NO_EDGE || now < hold.until)
            continue;
        hold.match->let_go = messages->streams[flow->direction].scanned;
        any = true;
    }
    return any;
}

uint64_t messages_number_at(
    const struct messages *messages, enum direction direction, uint64_t offset, const char **kind)
{
    return framing_number_at(messages->framing, direction, offset, kind);
}
