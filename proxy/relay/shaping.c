/* SPDX-License-Identifier: MIT */
/*
 * The matches of one direction, and the state of its shaping faults. Their gates are in gates.c.
 *
 * A match whose edge is `after` ends a read: bytes are peeked first, and those behind the match
 * stay in the kernel until the fault has fired. A match whose edge is `before` is known only at its
 * last byte. So while the stream ends in a beginning of the pattern, that beginning is read but not
 * forwarded: never more bytes than could be the match.
 */
#include "proxy/relay/shaping.h"

#include <stdlib.h>

#include "proxy/base/min.h"
#include "proxy/relay/armed.h"
#include "proxy/relay/flow.h"

/* Whether the fault now waits for a pattern in this direction. */
static bool waits_for_match(const struct armed_fault *armed, enum direction direction)
{
    const struct trigger *trigger = armed_trigger(armed);
    return trigger != NULL && trigger->kind == TRIGGER_MATCH &&
           bits_have(armed_watched(armed), (int)direction);
}

/* Whether the fault, now or later, has a gate in this direction. */
static bool has_gate(
    const struct armed_fault *armed, const struct fault *fault, enum direction direction)
{
    return fault->type->gate != NULL && bits_have(armed->directions, (int)direction);
}

/* Whether the fault, now or later, has to see the bytes of this direction. */
static bool sees_bytes(
    const struct armed_fault *armed, const struct fault *fault, enum direction direction)
{
    bool looks = fault->type->mutate != NULL || fault->until.kind == TRIGGER_MATCH;
    return (looks && bits_have(armed->directions, (int)direction)) ||
           (fault->when.kind == TRIGGER_MATCH && bits_have(armed->watched, (int)direction));
}

bool shaping_is_needed_by(
    const struct armed_fault *armed, const struct fault *fault, enum direction direction)
{
    return !armed->taken &&
           (has_gate(armed, fault, direction) || sees_bytes(armed, fault, direction));
}

bool shaping_is_needed(const struct armed_set *set, enum direction direction)
{
    for (size_t i = 0; i < set->count; i++)
        if (shaping_is_needed_by(set->list[i], &set->list[i]->rule->fault, direction))
            return true;
    return false;
}

struct shaping *shaping_new(enum direction direction, const struct armed_set *set)
{
    struct shaping *shaping = malloc(sizeof *shaping);
    if (shaping == NULL)
        return NULL;
    *shaping = (struct shaping){
        .direction = direction,
        .set = set,
        .hold = SHAPING_NO_HOLD,
        .hold_until = TIME_NEVER,
        .again = TIME_NEVER,
    };
    return shaping;
}

void shaping_free(struct shaping *shaping)
{
    if (shaping != NULL)
        arrivals_deinit(&shaping->arrivals);
    free(shaping);
}

/* The pattern that a fault waits for in one direction. */
struct wait {
    struct match *match;           /* how far it has matched; NULL: the fault waits for none */
    const struct matcher *matcher; /* NULL: none, or it is found */
};

static struct wait wait_of(struct armed_fault *armed, enum direction direction)
{
    struct wait wait = {0};
    if (!waits_for_match(armed, direction))
        return wait;
    wait.match = &armed_match(armed)[direction];
    wait.matcher = wait.match->edge == FLOW_NO_EDGE ? armed_matcher(armed) : NULL;
    return wait;
}

/* Returns the beginning of a match that this fault now holds, or NULL. Bytes of it that were
 * already forwarded cannot be held. */
static struct match *held_match(const struct shaping *shaping, struct armed_fault *armed)
{
    const struct wait wait = wait_of(armed, shaping->direction);
    bool held = wait.matcher != NULL && wait.matcher->trigger->edge == EDGE_BEFORE &&
                matcher_may_find(wait.matcher, &wait.match->progress) &&
                shaping->scanned - wait.match->progress.matched >= shaping->forwarded &&
                shaping->scanned != wait.match->let_go && armed_may_hold(armed);
    return held ? wait.match : NULL;
}

/* Finds the bytes that must not be forwarded yet, because they may become a match. */
static void hold_back(struct shaping *shaping)
{
    shaping->hold = SHAPING_NO_HOLD;
    shaping->hold_until = TIME_NEVER;
    for (size_t i = 0; i < shaping->set->count && !shaping->ended; i++) {
        struct armed_fault *armed = shaping->set->list[i];
        const struct match *match = held_match(shaping, armed);
        if (match == NULL)
            continue;
        uint64_t start = shaping->scanned - match->progress.matched;
        shaping->hold = min_u64(shaping->hold, start);
        shaping->hold_until =
            time_min(shaping->hold_until, armed_lets_go_at(armed, shaping->scanned_at));
    }
}

/* Releases held beginnings that are due. */
static void let_go(struct shaping *shaping)
{
    for (size_t i = 0; i < shaping->set->count; i++) {
        struct armed_fault *armed = shaping->set->list[i];
        struct match *match = held_match(shaping, armed);
        if (match == NULL || shaping->now < armed_lets_go_at(armed, shaping->scanned_at))
            continue;
        match->let_go = shaping->scanned;
        shaping->let_go = true;
    }
    hold_back(shaping);
}

void shaping_refresh(struct shaping *shaping)
{
    struct armed_fault **next = &shaping->shapers;
    shaping->mutates = shaping->matches = shaping->cuts_segments = false;
    shaping->wants_arrivals = false;
    shaping->only_delays = true;
    shaping->last_delay = NULL;
    for (size_t i = 0; i < shaping->set->count; i++) {
        struct armed_fault *armed = shaping->set->list[i];
        const struct fault *fault = &armed->rule->fault;
        const struct fault_type *type = fault->type;
        bool active = armed_is_active_in(armed, shaping->direction);
        armed->order = i;
        shaping->only_delays &=
            !shaping_is_needed_by(armed, fault, shaping->direction) ||
            (!sees_bytes(armed, fault, shaping->direction) && type->departure_time != NULL);
        if (active && (type->gate != NULL || type->mutate != NULL)) {
            *next = armed;
            next = &armed->next_shaper[shaping->direction];
        }
        if (active && type->departure_time != NULL)
            shaping->last_delay = armed;
        shaping->matches |= waits_for_match(armed, shaping->direction);
        shaping->mutates |= active && type->mutate != NULL;
        shaping->cuts_segments |= active && type->cuts_segments;
        /* Set from the start, so that bytes pending when the fault becomes active have their
         * arrival time. */
        shaping->wants_arrivals |= bits_have(armed->directions, (int)shaping->direction) &&
                                   type->wants_arrivals && armed->phase != ARMED_DONE;
    }
    *next = NULL;
    hold_back(shaping);
}

void shaping_join(struct shaping *shaping, uint64_t head, uint64_t tail, bool ended, time_us now)
{
    bool had_arrivals = shaping->wants_arrivals;
    shaping->forwarded = head;
    shaping->now = now;
    shaping->ended |= ended;
    shaping_refresh(shaping);
    if (shaping->wants_arrivals && !had_arrivals && (tail > head || ended)) {
        arrivals_cut(&shaping->arrivals, tail);
        shaping->arrived = tail + (ended ? 1 : 0);
        arrivals_add(&shaping->arrivals, shaping->arrived, now);
    }
}

void shaping_begin(struct shaping *shaping, time_us now)
{
    shaping->now = now;
    shaping->again = TIME_NEVER; /* unless a gate sets it again */
    shaping->let_go = shaping->changed = false;
    if (now >= shaping->hold_until)
        let_go(shaping);
}

time_us shaping_next_time(const struct shaping *shaping)
{
    return time_min(shaping->again, shaping->hold_until);
}

/* Continues with one pattern, and sets its edge when it is found: with `edge = before` at its
 * beginning, unless that was already forwarded. */
static void scan_one(struct shaping *shaping, const struct wait *wait, uint64_t offset,
    const unsigned char *bytes, size_t n)
{
    struct match *match = wait->match;
    const struct trigger *trigger = wait->matcher->trigger;
    uint64_t end = offset + matcher_scan(wait->matcher, &match->progress, bytes, n);
    if (!matcher_has_found(wait->matcher, &match->progress))
        return;
    bool withheld =
        trigger->edge == EDGE_BEFORE && end - trigger->pattern_len >= shaping->forwarded;
    uint64_t most = FLOW_NO_EDGE - 1 - end; /* so that the sum is a valid edge */
    match->edge = withheld               ? end - trigger->pattern_len
                  : trigger->plus < most ? end + trigger->plus
                                         : end + most;
    if (match->edge < shaping->match_edge)
        shaping->match_edge = match->edge;
}

/* The first match among all patterns limits what the others may scan. The shortest scan is found on
 * copies, so each pattern sees a byte twice, and its own progress counts it once. */
size_t shaping_may_scan(struct shaping *shaping, const unsigned char *bytes, size_t n)
{
    for (size_t i = 0; i < shaping->set->count; i++) {
        const struct wait wait = wait_of(shaping->set->list[i], shaping->direction);
        if (wait.matcher == NULL)
            continue;
        struct match_progress progress = wait.match->progress;
        size_t seen = matcher_scan(wait.matcher, &progress, bytes, n);
        uint64_t plus = wait.matcher->trigger->plus;
        if (matcher_has_found(wait.matcher, &progress))
            n = plus < n - seen ? seen + (size_t)plus : n;
    }
    return n;
}

void shaping_scan(struct shaping *shaping, uint64_t offset, const unsigned char *bytes, size_t n)
{
    shaping->match_edge = FLOW_NO_EDGE;
    for (size_t i = 0; i < shaping->set->count; i++) {
        const struct wait wait = wait_of(shaping->set->list[i], shaping->direction);
        if (wait.matcher != NULL)
            scan_one(shaping, &wait, offset, bytes, n);
    }
    shaping->scanned = offset + n;
    shaping->scanned_at = shaping->now;
    hold_back(shaping);
}

void shaping_search(
    struct shaping *shaping, struct armed_fault *armed, const struct ring *waiting, time_us now)
{
    struct iovec pieces[2];
    size_t used = ring_used(waiting);
    int count = used == 0 ? 0 : ring_peek(waiting, used, pieces);
    uint64_t offset = waiting->head;
    for (int i = 0; i < count; i++) {
        const struct wait wait = wait_of(armed, shaping->direction);
        if (wait.matcher != NULL)
            scan_one(shaping, &wait, offset, pieces[i].iov_base, pieces[i].iov_len);
        offset += pieces[i].iov_len;
    }
    shaping->scanned = offset;
    shaping->scanned_at = shaping->now = now;
}

void shaping_note_unread(struct shaping *shaping, uint64_t end)
{
    if (!shaping->wants_arrivals || end <= shaping->arrived)
        return;
    shaping->arrived = end;
    arrivals_add(&shaping->arrivals, end, shaping->now);
}

/* A burst begins if nothing was pending. Pieces that arrive at the same time are one burst, even if
 * the first have been forwarded meanwhile. Bytes that arrived in the kernel while earlier ones
 * waited belong to the burst of these. */
void shaping_taken(struct shaping *shaping, uint64_t offset, size_t n, bool empty)
{
    if (offset >= shaping->arrived) {
        if (empty && shaping->taken_at != shaping->now)
            shaping->burst = offset;
        shaping->taken_at = shaping->now;
    }
    shaping_note_unread(shaping, offset + n);
}

void shaping_dropped(struct shaping *shaping, uint64_t tail)
{
    arrivals_cut(&shaping->arrivals, tail);
    shaping->arrived = min_u64(shaping->arrived, tail);
}

/* A match cannot begin in bytes that are gone, and none was found there. */
static void forget_match(const struct shaping *shaping, struct armed_fault *armed, uint64_t head)
{
    struct match *match = wait_of(armed, shaping->direction).match;
    if (match == NULL)
        return;
    const struct trigger *trigger = armed_trigger(armed);
    if (match->edge != FLOW_NO_EDGE && match->edge - trigger->plus <= head)
        return;
    match->progress.matched = 0;
    if (match->edge != FLOW_NO_EDGE)
        match->progress.occurrences--;
    match->edge = FLOW_NO_EDGE;
}

void shaping_forget(struct shaping *shaping, uint64_t head)
{
    arrivals_forget(&shaping->arrivals, UINT64_MAX);
    shaping->arrived = head;
    for (struct armed_fault *armed = shaping->shapers; armed != NULL;
         armed = armed->next_shaper[shaping->direction])
        armed->left = 0;
    for (size_t i = 0; i < shaping->set->count; i++)
        forget_match(shaping, shaping->set->list[i], head);
    shaping->hold = SHAPING_NO_HOLD;
    shaping->hold_until = TIME_NEVER;
    shaping->match_edge = FLOW_NO_EDGE;
}

void shaping_end_match(struct shaping *shaping)
{
    shaping->ended = true;
    shaping->hold = SHAPING_NO_HOLD;
    shaping->hold_until = TIME_NEVER;
}

void shaping_ended(struct shaping *shaping, uint64_t offset, bool empty)
{
    shaping->ended = true;
    hold_back(shaping);
    shaping_taken(shaping, offset, 1, empty);
}
