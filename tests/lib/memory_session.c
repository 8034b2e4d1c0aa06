/* SPDX-License-Identifier: MIT */
/* A connection without a kernel: see memory_session.h. */
#include "tests/lib/memory_session.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proxy/base/list.h"

/* Wake-ups in one moment, and in one call of advance: whoever needs more spins. */
#define WAKES_MAX 1000
#define TIMERS_MAX 200000

#define MEMORY_RULES_MAX 16

static void memory_client(struct sockaddr_storage *client)
{
    struct sockaddr_in *address = (struct sockaddr_in *)client;
    memset(client, 0, sizeof *client);
    address->sin_family = AF_INET;
    address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
}

/* --- another plan --- */

/* Returns the differences between two plans. */
static size_t differences(
    const struct plan *from, const struct plan *to, struct rule_change *changes)
{
    size_t count = 0;
    for (size_t i = 0; i < from->rule_count; i++) {
        struct rule *rule = plan_find(to, from->rules[i]->fault.name);
        if (rule != from->rules[i])
            changes[count++] = (struct rule_change){.from = from->rules[i], .to = rule};
    }
    for (size_t i = 0; i < to->rule_count; i++)
        if (plan_find(from, to->rules[i]->fault.name) == NULL)
            changes[count++] = (struct rule_change){.to = to->rules[i]};
    return count;
}

int memory_session_adopt(
    struct memory_session *it, struct memory_proxy *proxy, const struct config *config)
{
    struct rule_change changes[2 * MEMORY_RULES_MAX];
    struct sockaddr_storage client;
    memory_client(&client);
    struct plan *plan = plan_compile(config, &config->proxies[0], RULE_FROM_FILE, MEMORY_START,
        &proxy->book, proxy->plan, false);
    if (plan == NULL)
        return -1;
    assert_in_range(plan->rule_count, 0, MEMORY_RULES_MAX);
    size_t count = differences(proxy->plan, plan, changes);
    if (it->open && session_adopt(&it->session, plan, changes, count, &client) != 0) {
        plan_unref(plan);
        return -1;
    }
    plan_unref(proxy->plan);
    proxy->plan = plan;
    plan_put_in_force(plan);
    if (it->open)
        memory_session_settle(it);
    return 0;
}

/* --- the host --- */

static struct memory_session *of(struct session *session)
{
    return container_of(session, struct memory_session, session);
}

static time_us host_now(struct session *session)
{
    return of(session)->now;
}

static void host_dial(struct session *session)
{
    assert_false(of(session)->dialled);
    of(session)->dialled = true;
}

static void host_set_timer(struct session *session, time_us at)
{
    of(session)->timer_at = at;
}

static void host_wake_soon(struct session *session)
{
    of(session)->wake_wanted = true;
}

static void __attribute__((format(printf, 2, 3)))
note(struct memory_session *it, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int n = vsnprintf(it->log + it->log_len, MEMORY_LOG_MAX - it->log_len, format, args);
    va_end(args);
    it->log_len += (size_t)n;
    if (it->log_len >= MEMORY_LOG_MAX)
        fail_msg("too many events:\n%s", it->log);
}

static void note_fault(struct memory_session *it, const struct event *event)
{
    const char *name = event->u.fault.name;
    struct memory_injected *injected = &it->injected[it->injected_count++];
    assert_true(it->injected_count <= MEMORY_INJECTED_MAX);
    *injected = (struct memory_injected){.kind = event->kind,
        .direction = event->u.fault.direction,
        .offset = event->u.fault.offset,
        .at = event->at};
    for (size_t i = 0; i < it->session.armed.count; i++)
        if (strcmp(it->session.armed.list[i]->rule->fault.name, name) == 0)
            injected->fault = &it->session.armed.list[i]->rule->fault;
    assert_non_null(injected->fault);
    note(it, "%s %s %s %s %ju", event_kind_name(event->kind), name, event->u.fault.type,
        direction_name(event->u.fault.direction), (uintmax_t)event->u.fault.offset);
    if (event->u.fault.message > 0)
        note(it, " message %ju %s", (uintmax_t)event->u.fault.message, event->u.fault.kind);
    note(it, "\n");
}

/* When a fault ends a connection, timing decides how much the peer had sent, how much was unread,
 * and whether a RST replaced the FIN. So the log leaves these out. */
static void note_closed(struct memory_session *it, const struct event *event)
{
    it->cause = event->u.closed.cause;
    memcpy(it->closed, event->u.closed.sides, sizeof it->closed);
    it->not_fired_count = event->u.closed.not_fired_count;
    memcpy(it->not_fired, event->u.closed.not_fired, it->not_fired_count * sizeof it->not_fired[0]);
    note(it, "closed %s %s, %u faults", cause_name(it->cause),
        event->u.closed.cause_fault == NULL ? "-" : event->u.closed.cause_fault,
        event->u.closed.fault_count);
    for (int side = 0; side < 2; side++) {
        const struct side_record *record = &it->closed[side];
        note(it, "; %s out %ju", side_name((enum side)side), (uintmax_t)record->bytes_out);
        for (unsigned i = 0; i < record->mark_count && it->cause != CAUSE_FAULT; i++)
            note(it, " %s", end_mark_name(record->marks[i]));
    }
    note(it, "\n");
}

static void host_emit(struct session *session, const struct event *event)
{
    struct memory_session *it = of(session);
    assert_int_equal(it->ended, 0);
    assert_int_equal(event->at, it->now);
    switch (event->kind) {
    case EVENT_FAULT:
    case EVENT_FAULT_OVER:
        note_fault(it, event);
        break;
    case EVENT_FAULT_FAILED:
        note(it, "fault_failed %s %d\n", event->u.fault.name, event->u.fault.errnum);
        break;
    case EVENT_MATCH_LET_GO:
        note(it, "%s %s %s %ju\n", event_kind_name(event->kind), event->u.fault.name,
            direction_name(event->u.fault.direction), (uintmax_t)event->u.fault.offset);
        break;
    case EVENT_MESSAGE:
        note(it, "message %s %ju %ju %ju %s %s", direction_name(event->u.message.direction),
            (uintmax_t)event->u.message.number, (uintmax_t)event->u.message.offset,
            (uintmax_t)event->u.message.size, event->u.message.kind, event->u.message.line);
        for (size_t i = 0; i < event->u.message.captured_size; i++)
            note(it, "%s%02x", i == 0 ? " " : "", event->u.message.captured[i]);
        note(it, "\n");
        break;
    case EVENT_FRAMING_LOST:
        note(it, "framing_lost %s %ju\n", direction_name(event->u.message.direction),
            (uintmax_t)event->u.message.offset);
        break;
    case EVENT_EOF:
    case EVENT_RESET_SEEN:
        note(it, "%s %s %ju %d\n", event_kind_name(event->kind), side_name(event->u.seen.side),
            (uintmax_t)event->u.seen.offset, event->u.seen.errnum);
        break;
    case EVENT_CLOSED:
        note_closed(it, event);
        break;
    default:
        note(it, "%s\n", event_kind_name(event->kind));
        break;
    }
    if (it->events++ == it->stop_at)
        session_stop(session, CAUSE_STOPPED);
}

static void host_ended(struct session *session)
{
    of(session)->ended++;
    assert_int_equal(of(session)->ended, 1);
}

static bool wants_details(struct session *session)
{
    (void)session;
    return true;
}

static void host_cancel_dial(struct session *session)
{
    struct memory_session *it = of(session);
    assert_true(it->dialled);
    it->dialled = false;
}

static const struct session_host host = {
    .wants_details = wants_details,
    .now = host_now,
    .dial = host_dial,
    .cancel_dial = host_cancel_dial,
    .set_timer = host_set_timer,
    .wake_soon = host_wake_soon,
    .emit = host_emit,
    .ended = host_ended,
};

/* --- the life of a connection --- */

void memory_session_init(struct memory_session *it, size_t cap)
{
    memset(it, 0, sizeof *it);
    it->stop_at = UINT_MAX;
    memory_splice_pipes_init(&it->splice_pipes);
    for (int side = 0; side < 2; side++)
        memory_endpoint_init(&it->end[side], cap, &it->now);
}

void memory_session_deinit(struct memory_session *it)
{
    for (int side = 0; side < 2; side++)
        memory_endpoint_deinit(&it->end[side]);
    ring_pool_deinit(&it->pool);
}

static void start_afresh(struct memory_session *it)
{
    for (int side = 0; side < 2; side++)
        memory_endpoint_reset(&it->end[side]);
    it->now = MEMORY_START;
    it->timer_at = TIME_NEVER;
    it->dialled = it->wake_wanted = false;
    it->ended = it->events = it->injected_count = it->not_fired_count = 0;
    it->log_len = 0;
    it->log[0] = '\0';
    it->cause = CAUSE_NONE;
    it->open = true;
}

void memory_session_open(struct memory_session *it, struct memory_proxy *proxy, uint64_t number)
{
    struct sockaddr_storage client;
    memory_client(&client);
    assert_false(it->open);
    start_afresh(it);
    it->proxy = proxy;
    const struct session_pools pools = {
        .rings = &it->pool, .splice_pipes = it->splices ? &it->splice_pipes.pool : NULL};
    session_init(
        &it->session, &host, proxy->plan, number, &it->end[SIDE_CLIENT].ep, "client", &pools);
    session_start(&it->session, &client);
    memory_session_settle(it);
}

static void check_socket(const struct memory_session *it, enum side side)
{
    const struct memory_endpoint *end = &it->end[side];
    const struct side_record *record = &it->closed[side];
    if (!end->closed)
        return; /* never stood, or never handed over */
    if (record->bytes_out != end->out_len)
        fail_msg("the record says %ju bytes out, the %s got %zu", (uintmax_t)record->bytes_out,
            side_name(side), end->out_len);
    if (record->bytes_in != end->in_read)
        fail_msg("the record says %ju bytes in, from the %s %zu were read",
            (uintmax_t)record->bytes_in, side_name(side), end->in_read);
}

void memory_session_close(struct memory_session *it)
{
    assert_true(it->open);
    session_stop(&it->session, CAUSE_STOPPED);
    assert_int_equal(it->ended, 1);
    assert_true(it->end[SIDE_CLIENT].closed);
    check_socket(it, SIDE_CLIENT);
    check_socket(it, SIDE_SERVER);
    session_deinit(&it->session);
    assert_int_equal(it->splice_pipes.taken, 0);
    it->open = false;
}

/* --- time --- */

static void __attribute__((noreturn)) say(const struct memory_session *it, const char *what)
{
    fail_msg("%s, at %ju us\n%s\nevents:\n%s", what, (uintmax_t)(it->now - MEMORY_START),
        it->proxy->text, it->log);
    __builtin_unreachable();
}

static void answer_dial(struct memory_session *it)
{
    it->dialled = false;
    if (it->refuses)
        session_on_connect_failed(&it->session, "server", ECONNREFUSED, "refused");
    else
        session_on_connected(&it->session, &it->end[SIDE_SERVER].ep, "server");
}

void memory_session_settle(struct memory_session *it)
{
    for (int side = 0; side < 2; side++)
        it->end[side].calls = 0;
    for (unsigned wakes = 0; it->ended == 0; wakes++) {
        if (wakes > WAKES_MAX)
            say(it, "it is woken up in one moment again and again");
        if (it->dialled && !it->hangs) {
            answer_dial(it);
        } else if (it->wake_wanted) {
            it->wake_wanted = false;
            session_wake(&it->session);
        } else if (it->timer_at <= it->now) {
            it->timer_at = TIME_NEVER;
            session_on_timer(&it->session);
        } else {
            return;
        }
    }
}

void memory_session_advance(struct memory_session *it, time_us by)
{
    time_us end = it->now + by;
    for (unsigned timers = 0; it->ended == 0 && it->timer_at <= end; timers++) {
        if (timers > TIMERS_MAX)
            say(it, "its timer runs out again and again");
        it->now = it->timer_at;
        memory_session_settle(it);
    }
    it->now = end;
}

/* --- the peers --- */

static void wake(struct memory_session *it, enum side side)
{
    bool stands = it->session.side[side].ep != NULL;
    if (it->ended == 0 && stands)
        session_wake(&it->session);
    memory_session_settle(it);
}

void memory_session_feed(struct memory_session *it, enum side side, const void *bytes, size_t n)
{
    memory_endpoint_feed(&it->end[side], bytes, n);
    wake(it, side);
}

void memory_session_feed_fin(struct memory_session *it, enum side side)
{
    memory_endpoint_feed_fin(&it->end[side]);
    wake(it, side);
}

void memory_session_feed_rst(struct memory_session *it, enum side side)
{
    memory_endpoint_feed_rst(&it->end[side]);
    wake(it, side);
}

void memory_session_open_window(struct memory_session *it, enum side side, size_t window)
{
    memory_endpoint_open_window(&it->end[side], window);
    wake(it, side);
}

/* --- looking --- */

void memory_session_expect(
    const struct memory_session *it, enum side side, const void *bytes, size_t n)
{
    const struct memory_endpoint *end = &it->end[side];
    const unsigned char *want = bytes;
    size_t at = 0;
    while (at < n && at < end->out_len && want[at] == end->out[at])
        at++;
    if (at < n || end->out_len != n)
        fail_msg(
            "the %s got %zu bytes, want %zu; they differ at %zu: %02x, want %02x\n%s\nevents:\n%s",
            side_name(side), end->out_len, n, at, at < end->out_len ? end->out[at] : 0u,
            at < n ? want[at] : 0u, it->proxy->text, it->log);
}

const struct memory_injected *memory_session_injected(
    const struct memory_session *it, enum event_kind kind, unsigned n)
{
    for (unsigned i = 0; i < it->injected_count; i++)
        if (it->injected[i].kind == kind && n-- == 0)
            return &it->injected[i];
    return NULL;
}
