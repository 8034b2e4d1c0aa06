/* SPDX-License-Identifier: MIT */
#include "proxy/app/sweep/template.h"

#include <inttypes.h>
#include <stdio.h>

#include "config/config.h"
#include "config/sweep_fault.h"
#include "proxy/app/sweep/sweep.h"

#define FAULT_NAME "sweep"

/* The trigger that means the place. */
static struct sweep_trigger trigger_at(const struct sweep_place *place)
{
    struct sweep_trigger trigger = {.connection = place->connection,
        .direction = place->direction,
        .withheld = place->withheld && !place->at_fin};
    if (place->at_fin)
        snprintf(trigger.when, sizeof trigger.when, "eof");
    else if (place->withheld)
        snprintf(trigger.when, sizeof trigger.when, "message:%" PRIu64, place->message);
    else
        snprintf(trigger.when, sizeof trigger.when, "bytes:%" PRIu64, place->offset);
    return trigger;
}

int sweep_template_build(const char *text, const struct sweep_place *place,
    const struct config *config, struct fault *fault, struct err *err)
{
    struct sweep_trigger trigger = trigger_at(place);
    if (sweep_fault_build(text, &trigger, fault, err) != 0)
        return -1;
    snprintf(fault->name, sizeof fault->name, FAULT_NAME);
    snprintf(fault->proxies, sizeof fault->proxies, "%s", config->proxies[place->proxy].name);
    return 0;
}

bool sweep_template_fits(const void *user, size_t fault, const struct sweep_place *place)
{
    const struct sweep *sweep = user;
    struct fault made;
    struct err ignored;
    const char *key;
    return sweep_template_build(
               sweep->options->faults[fault], place, sweep->config, &made, &ignored) == 0 &&
           config_check_reach(&made, &sweep->config->proxies[place->proxy], true, &key, &ignored) ==
               0;
}
