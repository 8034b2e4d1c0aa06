/* SPDX-License-Identifier: MIT */
/*
 * Describes how far each fault got that did not fire. The words are those of the manual, because
 * scripts search for them.
 */
#include "proxy/relay/not_fired.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "proxy/base/units.h"

/* A fault that did not fire, with room for its reason. */
struct miss {
    const struct session *session;
    const struct armed_fault *armed;
    char *text;
    size_t size;
};

#define SAY(miss, ...) snprintf((miss)->text, (miss)->size, __VA_ARGS__)

/* Returns the watched direction in which most bytes were forwarded since the fault was armed. */
static enum direction busiest_direction(const struct miss *miss)
{
    enum direction best = DIRECTION_DOWNSTREAM;
    uint64_t most = 0;
    for (int d = 0; d < 2; d++) {
        uint64_t n = flow_forwarded(&miss->session->flow[d]) - miss->armed->counts_at[d];
        if (!bits_have(miss->armed->watched, d) || (most > 0 && n <= most))
            continue;
        best = (enum direction)d;
        most = n;
    }
    return best;
}

static void describe_bytes(const struct miss *miss, const struct trigger *when)
{
    enum direction direction = busiest_direction(miss);
    SAY(miss, "after %" PRIu64 " of %" PRIu64 " bytes",
        flow_forwarded(&miss->session->flow[direction]) - miss->armed->counts_at[direction],
        when->value);
}

static void describe_match(const struct miss *miss, const struct trigger *when)
{
    const struct match *match = NULL;
    int direction = 0;
    for (int d = 0; d < 2; d++) {
        const struct match *one = &miss->armed->when_match[d];
        if (!bits_have(miss->armed->watched, d) ||
            (match != NULL && one->progress.occurrences <= match->progress.occurrences))
            continue;
        match = one;
        direction = d;
    }
    if (match == NULL || match->progress.occurrences == 0)
        SAY(miss, "match not seen");
    else if (match->edge == FLOW_NO_EDGE)
        SAY(miss, "match seen %" PRIu64 " of %" PRIu64 " times", match->progress.occurrences,
            when->nth);
    else if (when->plus > 0)
        SAY(miss, "match seen, and %" PRIu64 " of %" PRIu64 " bytes after it",
            flow_forwarded(&miss->session->flow[direction]) + when->plus - match->edge, when->plus);
    else
        SAY(miss, "match seen, but not forwarded");
}

static void describe_message(const struct miss *miss, const struct trigger *when)
{
    uint64_t seen = 0;
    for (int d = 0; d < 2; d++)
        if (bits_have(miss->armed->watched, d) &&
            miss->armed->when_match[d].progress.occurrences > seen)
            seen = miss->armed->when_match[d].progress.occurrences;
    const struct protocol *protocol = &miss->session->plan->config.protocol;
    bool part = trigger_is_part(when->word) && protocol_has_parts(protocol);
    const char *what = when->word[0] == '\0' || part ? "messages" : when->word;
    if (seen < when->nth)
        SAY(miss, "after %" PRIu64 " of %" PRIu64 " %s", seen, when->nth, what);
    else
        SAY(miss, "message seen, but not as far as that");
}

/* Writes "250ms": whole milliseconds from 1 ms on, so that the text stays short. */
static const char *span(uint64_t us, char buf[24])
{
    units_format_duration(us < US_PER_MS ? us : us - us % US_PER_MS, buf, 24);
    return buf;
}

static void describe_time(const struct miss *miss, const struct trigger *when)
{
    char came[24], whole[24];
    const struct armed_fault *armed = miss->armed;
    time_us from = armed->counts_from != TIME_NEVER ? armed->counts_from : miss->session->opened_at;
    units_format_duration(when->value, whole, sizeof whole);
    SAY(miss, "after %s of %s", span(miss->session->now - from, came), whole);
}

static void describe_idle(const struct miss *miss, const struct trigger *when)
{
    char whole[24];
    units_format_duration(when->value, whole, sizeof whole);
    SAY(miss, "never idle for %s", whole);
}

static void describe_run(const struct miss *miss, const struct trigger *when)
{
    char whole[24];
    time_us at = time_add(miss->session->plan->started_at, when->value);
    units_format_duration(when->value, whole, sizeof whole);
    SAY(miss, "%s %s of the run", miss->session->opened_at > at ? "opened after" : "closed before",
        whole);
}

static void describe_eof(const struct miss *miss, const struct trigger *when)
{
    bool seen = false;
    (void)when;
    for (int d = 0; d < 2; d++)
        seen |= bits_have(miss->armed->watched, d) && miss->session->flow[d].end == FLOW_END_FIN;
    SAY(miss, seen ? "FIN seen, but not forwarded" : "no FIN seen");
}

static void describe_open(const struct miss *miss, const struct trigger *when)
{
    (void)when;
    SAY(miss, "the connection never opened");
}

/* For faults whose trigger did not come, by enum trigger_kind. No `when` is TRIGGER_NEVER. */
static void (*const waiting[TRIGGER_KIND_COUNT])(
    const struct miss *miss, const struct trigger *when) = {
    [TRIGGER_OPEN] = describe_open,
    [TRIGGER_ACCEPT] = describe_open,
    [TRIGGER_BYTES] = describe_bytes,
    [TRIGGER_TIME] = describe_time,
    [TRIGGER_EOF] = describe_eof,
    [TRIGGER_MATCH] = describe_match,
    [TRIGGER_MESSAGE] = describe_message,
    [TRIGGER_IDLE] = describe_idle,
    [TRIGGER_RUN] = describe_run,
    [TRIGGER_NEVER] = describe_open,
};

static void describe_waiting(const struct miss *miss)
{
    const struct trigger *when = &miss->armed->rule->fault.when;
    if (miss->session->opened_at == TIME_NEVER)
        describe_open(miss, when);
    else
        waiting[when->kind](miss, when);
}

static const char *const miss_texts[] = {
    [MISS_NONE] = "",
    [MISS_INACTIVE] = "not in its window",
    [MISS_TIMES] = "its times are used up",
    [MISS_ENDED] = "its direction had ended",
    [MISS_NAME] = "the client named another server",
    [MISS_REFUSED] = "refused by the kernel",
    [MISS_PAST] = "its moment was past when it was armed",
    [MISS_REMOVED] = "taken away",
};

static void describe_active(const struct miss *miss)
{
    const char *not_yet = miss->armed->rule->fault.type->not_yet;
    bool may_fire = armed_may_count(miss->armed) && not_yet != NULL;
    SAY(miss, "%s", may_fire ? not_yet : miss_texts[MISS_TIMES]);
}

static void describe_done(const struct miss *miss)
{
    if (miss->armed->miss == MISS_NOT_YET)
        describe_active(miss);
    else
        SAY(miss, "%s", miss_texts[miss->armed->miss]);
}

/* Whether the fault of this name has fired on the connection. */
static bool has_fired(const struct session *session, const char *name)
{
    bool fired = false;
    for (size_t i = 0; i < session->armed.count && !fired; i++)
        fired = strcmp(session->armed.list[i]->rule->fault.name, name) == 0 &&
                armed_is_counted(session->armed.list[i]);
    return fired;
}

static void describe_chained(const struct miss *miss)
{
    const struct after *after = &miss->armed->rule->fault.after;
    if (after->any)
        SAY(miss, "%s has not fired on any connection", after->name);
    else if (has_fired(miss->session, after->name))
        SAY(miss, "closed when %s fired", after->name);
    else
        SAY(miss, "%s has not fired", after->name);
}

static void describe_reason(const struct miss *miss)
{
    switch (miss->armed->phase) {
    case ARMED_UNNAMED:
        SAY(miss, "the client named no server");
        break;
    case ARMED_CHAINED:
        describe_chained(miss);
        break;
    case ARMED_WAITING:
        describe_waiting(miss);
        break;
    case ARMED_DELAYED:
        SAY(miss, "closed within its trigger_delay");
        break;
    case ARMED_PENDING:
        SAY(miss, "not in its window");
        break;
    case ARMED_ACTIVE:
        describe_active(miss);
        break;
    case ARMED_DONE:
        describe_done(miss);
        break;
    }
}

/* Whether the fault needs no entry: it fired, or it is reported with its other direction, which
 * stands before it. */
static bool is_told(const struct armed_fault *armed)
{
    return armed_is_counted(armed) || (armed->twin != NULL && armed->directions == DOWNSTREAM_BIT);
}

unsigned not_fired_list(const struct session *session, struct not_fired *list, unsigned max)
{
    unsigned count = 0;
    for (size_t i = 0; i < session->armed.count && count < max; i++) {
        const struct armed_fault *armed = session->armed.list[i];
        if (is_told(armed))
            continue;
        struct not_fired *entry = &list[count++];
        const struct miss miss = {.session = session,
            .armed = armed,
            .text = entry->reason,
            .size = sizeof entry->reason};
        entry->fault = armed->rule->fault_counter->name;
        entry->type = armed->rule->fault.type->name;
        describe_reason(&miss);
    }
    return count;
}
