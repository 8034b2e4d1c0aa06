/* SPDX-License-Identifier: MIT */
/*
 * Computes what a fault does to each of the two sockets.
 *
 * The type decides for the sockets it names. `other` decides for the socket it does not name, and
 * only if the type ends the connection. All functions are pure: no clock, no socket, no random
 * generator.
 */
#include "proxy/fault/fault.h"

#include <assert.h>

#include "proxy/base/clock.h"

bool action_is_ending(enum action_kind kind)
{
    return kind >= ACTION_CLOSE_GRACEFUL && kind <= ACTION_VANISH;
}

/* Returns the set of sockets on which a type acts. A type without `side` acts on directions; the
 * socket of direction d is the one it is read from: socket d. At accept the server socket is named,
 * which is about to be dialled. */
static unsigned named_sockets(const struct fault *fault)
{
    if (fault->type->at_accept)
        return SERVER_BIT;
    return fault->type->side_rule == SIDE_UNUSED ? fault->directions : fault->sides;
}

static struct action other_action(enum fault_other other)
{
    static const struct action actions[] = {
        [OTHER_CLOSE] = {.kind = ACTION_CLOSE_GRACEFUL, .duration_us = CLOSE_LINGER_US},
        [OTHER_RESET] = {.kind = ACTION_RESET_DRAIN},
        [OTHER_HOLD] = {.kind = ACTION_HOLD},
    };
    assert((unsigned)other < sizeof actions / sizeof actions[0]);
    return actions[other];
}

static void spread(
    const struct fault *fault, struct action named, struct action unnamed, struct action on[2])
{
    unsigned sockets = named_sockets(fault);
    for (unsigned i = 0; i < 2; i++)
        on[i] = (sockets & 1u << i) != 0 ? named : unnamed;
}

void fault_actions_at_open(const struct fault *fault, struct action on[2])
{
    struct action none = {.kind = ACTION_NONE};
    struct action named = fault->type->arm == NULL ? none : fault->type->arm(fault->params);
    spread(fault, named, none, on);
}

void fault_actions_in_delay(const struct fault *fault, struct action on[2])
{
    struct action none = {.kind = ACTION_NONE};
    struct action named = fault->type->delay == NULL ? none : fault->type->delay(fault->params);
    spread(fault, named, none, on);
}

void fault_actions_at_trigger(const struct fault *fault, struct action on[2])
{
    struct action named = fault->type->fire(fault->params);
    struct action unnamed = {.kind = ACTION_NONE};
    if (fault->type->takes_other && action_is_ending(named.kind))
        unnamed = other_action((enum fault_other)fault->other);
    spread(fault, named, unnamed, on);
}

bool fault_ends_connection(const struct fault *fault)
{
    struct action on[2];
    fault_actions_at_trigger(fault, on);
    return action_is_ending(on[SIDE_CLIENT].kind) || action_is_ending(on[SIDE_SERVER].kind);
}

uint64_t fault_place(const struct fault *fault)
{
    return fault->type->place != NULL ? fault->type->place(fault->params) : FAULT_NO_PLACE;
}

struct action fault_action_at_end(const struct fault *fault, enum fault_end_reason why)
{
    struct action none = {.kind = ACTION_NONE};
    return fault->type->over == NULL ? none : fault->type->over(fault->params, why);
}

bool fault_works_on_direction(const struct fault *fault)
{
    const struct fault_type *type = fault->type;
    return type->side_rule == SIDE_UNUSED && !type->only_watches && !type->at_accept &&
           type->listener == LISTENER_OPEN;
}

unsigned fault_watched_directions(const struct fault *fault)
{
    return fault->when_directions != NO_BITS ? fault->when_directions : fault->directions;
}

bool fault_counts_offsets(const struct fault *fault)
{
    return fault->when_directions == NO_BITS && fault->after.name[0] == '\0' &&
           fault->trigger_delay_us == 0;
}
