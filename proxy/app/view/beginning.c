/* SPDX-License-Identifier: MIT */
#include "proxy/app/view/beginning.h"

#include <string.h>

#include "proxy/app/view/log.h"

static const char *address_at_end(const json_t *closed, enum side side)
{
    return view_text_of(json_object_get(closed, side_name(side)), "address");
}

/* A log that ends before the server is connected, has only what comes before that. */
bool view_lacks_beginning(const json_t *events, const json_t *closed)
{
    size_t i;
    const json_t *event;
    json_array_foreach(events, i, event)
    {
        if (view_is(event, "open") || view_is(event, "connect_failed"))
            return false;
    }
    if (closed != NULL)
        return address_at_end(closed, SIDE_SERVER)[0] != '\0';
    return strcmp(view_text_of(json_array_get(events, 0), "type"), "connect_delay") != 0;
}

const char *view_address_of(const json_t *events, const json_t *closed, enum side side)
{
    size_t i;
    const json_t *event;
    json_array_foreach(events, i, event)
    {
        const char *address = view_text_of(event, side_name(side));
        if (address[0] != '\0')
            return address;
    }
    return address_at_end(closed, side);
}
