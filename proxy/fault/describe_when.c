/* SPDX-License-Identifier: MIT */
/* Describes when a fault fires. */
#include <stdio.h>
#include <string.h>

#include "proxy/base/units.h"
#include "proxy/fault/fault.h"

static void when_append(
    char *buf, size_t size, const char *before, const char *text, const char *behind)
{
    size_t used = strlen(buf);
    snprintf(buf + used, size - used, "%s%s%s", before, text, behind);
}

void fault_describe_when(const struct fault *fault, bool has_parts, char *buf, size_t size)
{
    char delay[24];
    bool follows = fault->after.name[0] != '\0', at_once = fault->when.kind == TRIGGER_OPEN;
    trigger_describe(&fault->when, fault_watched_directions(fault), has_parts, buf, size);
    if (fault->type->listener != LISTENER_OPEN)
        snprintf(buf, size, "with its window");
    if (follows && at_once)
        snprintf(buf, size, "at once");
    units_format_duration(fault->trigger_delay_us, delay, sizeof delay);
    if (fault->trigger_delay_us > 0)
        when_append(buf, size, " and ", delay, " more");
    if (follows)
        when_append(buf, size, ", once ", fault->after.name,
            fault->after.any ? " has fired on any connection" : " has fired");
}
