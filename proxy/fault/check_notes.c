/* SPDX-License-Identifier: MIT */
/* Notes of `check` on valid faults that may surprise: one row for each, and that of the type. */
#include <string.h>

#include "proxy/fault/fault.h"

/* Returns the trigger with EDGE_BEFORE, or NULL. */
static const struct trigger *edge_before(const struct fault *fault)
{
    const struct trigger *trigger =
        trigger_has_edge(fault->when.kind) ? &fault->when : &fault->until;
    return trigger_has_edge(trigger->kind) && trigger->edge == EDGE_BEFORE ? trigger : NULL;
}

/* Whether the pattern begins with a byte that often ends messages: of lines, C strings, JSON, XML,
 * SQL. */
static bool begins_with_an_end(const struct fault *fault)
{
    static const unsigned char ends[] = {'\r', '\n', '\0', '}', ']', '>', ';'};
    const struct trigger *trigger = edge_before(fault);
    return trigger != NULL && trigger->kind == TRIGGER_MATCH &&
           memchr(ends, trigger->pattern[0], sizeof ends) != NULL;
}

static bool leaves_withheld_bytes_unread(const struct fault *fault)
{
    return edge_before(fault) == &fault->when &&
           fault->type->fire(fault->params).kind == ACTION_CLOSE_PLAIN;
}

static const struct {
    bool (*applies)(const struct fault *fault);
    const char *text;
} notes[] = {
    {begins_with_an_end,
        "the pattern begins with a byte that messages end with: such an end waits match_hold for a "
        "further byte; then it is forwarded, and a match that began in it fires after its last "
        "byte"},
    {leaves_withheld_bytes_unread,
        "with mode = plain and edge = before, withheld bytes are unread at the close(): the kernel "
        "sends a RST, not a FIN; write mode = graceful for a FIN"},
};
_Static_assert(sizeof notes / sizeof notes[0] + 1 == FAULT_CHECK_NOTES, "and that of the type");

const char *fault_check_note(const struct fault *fault, unsigned index)
{
    if (index == FAULT_CHECK_NOTES - 1)
        return fault->type->note;
    return notes[index].applies(fault) ? notes[index].text : NULL;
}
