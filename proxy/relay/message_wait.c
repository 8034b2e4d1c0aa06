/* SPDX-License-Identifier: MIT */
/*
 * The framing shows its events in order. At the beginning of a message the trigger counts, and
 * notes the message if it is the one: `edge = before` and +K have their edge from here on. When the
 * size is known, -K and the end have theirs, and a +K behind the end loses its own. A part sets the
 * edge where it begins. At the end of the message, an edge behind it is dropped. Where the framing
 * is lost, only edges that were reached stay.
 */
#include "proxy/relay/message_wait.h"

#include <string.h>

/* Whether a trigger of this kind watches the direction. */
static bool watches(const struct trigger *trigger, unsigned directions, enum direction direction)
{
    return trigger->kind == TRIGGER_MESSAGE && bits_have(directions, direction);
}

unsigned message_waits_counting(
    struct armed_fault *armed, enum direction direction, struct message_wait waits[2])
{
    const struct fault *fault = &armed->rule->fault;
    bool can_fire = armed->phase == ARMED_WAITING || armed->phase == ARMED_UNNAMED;
    bool counts = can_fire || (fault->when.every && armed->phase != ARMED_DONE);
    unsigned count = 0;
    if (armed->phase == ARMED_CHAINED || armed->phase == ARMED_DONE)
        return 0;
    if (counts && watches(&fault->when, armed->watched, direction))
        waits[count++] =
            (struct message_wait){&fault->when, &armed->when_match[direction], !can_fire};
    if (watches(&fault->until, armed->directions, direction))
        waits[count++] =
            (struct message_wait){&fault->until, &armed->until_match[direction], false};
    return count;
}

void message_waits_reset(struct armed_fault *armed, enum direction direction)
{
    struct message_wait waits[2];
    for (unsigned n = message_waits_counting(armed, direction, waits); n > 0; n--)
        *waits[n - 1].match = (struct match){.edge = FLOW_NO_EDGE};
}

bool message_waits_will_count(const struct armed_fault *armed, enum direction direction)
{
    const struct fault *fault = &armed->rule->fault;
    bool counts = watches(&fault->when, armed->watched, direction) ||
                  watches(&fault->until, armed->directions, direction);
    return counts && fault->after.name[0] != '\0' &&
           (armed->phase == ARMED_UNNAMED || armed->phase == ARMED_CHAINED);
}

bool message_wait_current(
    struct armed_fault *armed, enum direction direction, struct message_wait *wait)
{
    const struct trigger *trigger = armed_trigger(armed);
    if (trigger == NULL || !watches(trigger, armed_watched(armed), direction))
        return false;
    *wait = (struct message_wait){trigger, &armed_match(armed)[direction], false};
    return true;
}

static bool is_nth(const struct trigger *trigger, uint64_t number)
{
    return trigger->every ? number % trigger->nth == 0 : number == trigger->nth;
}

static bool waits_for_part(const struct protocol *protocol, const struct trigger *trigger)
{
    return trigger_is_part(trigger->word) && protocol_has_parts(protocol);
}

/* Whether it fires at the message's end. */
static bool waits_for_end(const struct protocol *protocol, const struct trigger *trigger)
{
    return trigger->edge == EDGE_AFTER && trigger->plus == 0 && trigger->minus == 0 &&
           !waits_for_part(protocol, trigger);
}

static void on_begin(const struct protocol *protocol, const struct message_wait *wait,
    const struct framing_message *message)
{
    const struct trigger *trigger = wait->trigger;
    struct match *match = wait->match;
    bool any = trigger->word[0] == '\0' || waits_for_part(protocol, trigger);
    if (!any && !protocol_kind_matches(trigger->word, message->kind))
        return;
    match->progress.occurrences++;
    if (wait->only_counts || !is_nth(trigger, match->progress.occurrences) ||
        match->edge != FLOW_NO_EDGE)
        return;
    match->message = message->number;
    if (trigger->edge == EDGE_BEFORE)
        match->edge = message->start;
    else if (trigger->plus > 0 && message->start + trigger->plus > message->start)
        match->edge = message->start + trigger->plus; /* unless the message is shorter */
}

static void on_sized(const struct protocol *protocol, const struct message_wait *wait,
    const struct framing_message *message)
{
    const struct trigger *trigger = wait->trigger;
    struct match *match = wait->match;
    if (message->size == FRAMING_UNKNOWN_SIZE)
        return;
    if (trigger->plus > message->size)
        match->edge = FLOW_NO_EDGE;
    if (trigger->minus > 0 && trigger->minus <= message->size)
        match->edge = message->start + message->size - trigger->minus;
    else if (waits_for_end(protocol, trigger))
        match->edge = message->start + message->size;
}

static void on_part(const struct protocol *protocol, const struct message_wait *wait,
    const struct framing_event *event)
{
    static const struct {
        const char *word;
        enum framing_part part;
    } parts[] = {{"body", FRAMING_BODY}, {"chunk", FRAMING_CHUNK}, {"trailer", FRAMING_TRAILER}};
    const struct trigger *trigger = wait->trigger;
    if (!waits_for_part(protocol, trigger))
        return;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        if ((event->parts & (unsigned)parts[i].part) != 0 &&
            strcmp(trigger->word, parts[i].word) == 0 && trigger->chunk == event->chunk)
            wait->match->edge = event->offset;
}

/* The message ends, or is lost, at this offset: a trigger behind it cannot fire. */
static void on_end(
    const struct protocol *protocol, const struct message_wait *wait, uint64_t offset, bool lost)
{
    struct match *match = wait->match;
    if (match->edge != FLOW_NO_EDGE && match->edge > offset)
        match->edge = FLOW_NO_EDGE;
    else if (!lost && waits_for_end(protocol, wait->trigger))
        match->edge = offset;
    match->message = 0;
}

static void show(const struct protocol *protocol, const struct message_wait *wait,
    const struct framing_event *event)
{
    struct match *match = wait->match;
    if ((event->what & FRAMING_LOST) != 0 && match->edge > event->offset)
        match->edge = FLOW_NO_EDGE; /* also of a message that ended in bytes that were dropped */
    if ((event->what & FRAMING_BEGIN) != 0)
        on_begin(protocol, wait, event->message);
    if (match->message == 0 || match->message != event->message->number)
        return;
    if ((event->what & FRAMING_SIZED) != 0)
        on_sized(protocol, wait, event->message);
    if ((event->what & FRAMING_PART) != 0)
        on_part(protocol, wait, event);
    if ((event->what & (FRAMING_END | FRAMING_LOST)) != 0)
        on_end(protocol, wait, event->offset, (event->what & FRAMING_LOST) != 0);
}

void message_waits_show(
    const struct protocol *protocol, struct armed_fault *armed, const struct framing_event *event)
{
    struct message_wait waits[2];
    unsigned count = message_waits_counting(armed, event->direction, waits);
    for (unsigned i = 0; i < count; i++)
        show(protocol, &waits[i], event);
}

/* --- held beginnings --- */

/* Whether the next message may be the one that the trigger waits for, and its edge may lie in a
 * header that is not complete yet. */
static bool needs_header(const struct message_wait *wait)
{
    const struct trigger *trigger = wait->trigger;
    bool early = trigger->edge == EDGE_BEFORE || trigger->plus > 0 || trigger->minus > 0;
    return early && is_nth(trigger, wait->match->progress.occurrences + 1);
}

uint64_t message_wait_held_from(const struct message_wait *wait, const struct framing *framing,
    enum direction direction, bool sized)
{
    const struct trigger *trigger = wait->trigger;
    /* The current message is the one. */
    bool is_in = wait->match->message != 0 && framing_is_inside(framing, direction);
    if (wait->match->edge != FLOW_NO_EDGE)
        return FLOW_NO_EDGE;
    if (is_in && trigger->minus > 0 && !sized)
        return framing_message(framing, direction)->start;
    if (needs_header(wait) || (is_in && trigger->chunk > 0))
        return framing_opening(framing, direction);
    return FLOW_NO_EDGE;
}
