/* SPDX-License-Identifier: MIT */
/* Notes of `check` on valid faults that may surprise: one row for each. */
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

static bool is_of_type(const struct fault *fault, const char *name)
{
    return strcmp(fault->type->name, name) == 0;
}

static bool depends_on_bursts(const struct fault *fault)
{
    return is_of_type(fault, "lossy");
}

static bool is_drawn_by_the_kernel(const struct fault *fault)
{
    return is_of_type(fault, "packet_loss");
}

static const struct {
    bool (*applies)(const struct fault *fault);
    const char *text;
} notes[FAULT_CHECK_NOTES] = {
    {begins_with_an_end,
        "the pattern begins with a byte that messages end with: such an end waits match_hold for a "
        "further byte; then it is forwarded, and a match that began in it fires after its last "
        "byte"},
    {leaves_withheld_bytes_unread,
        "with mode = plain and edge = before, withheld bytes are unread at the close(): the kernel "
        "sends a RST, not a FIN; write mode = graceful for a FIN"},
    {depends_on_bursts,
        "the seed repeats the random value of each offset, but not where segments begin: a segment "
        "begins with every burst, and bursts depend on when bytes arrive"},
    {is_drawn_by_the_kernel, "the kernel decides at random which segments are lost: the seed "
                             "repeats on which connections and when, but not which segments"},
};

const char *fault_check_note(const struct fault *fault, unsigned index)
{
    return notes[index].applies(fault) ? notes[index].text : NULL;
}
