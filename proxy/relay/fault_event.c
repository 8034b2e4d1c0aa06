/* SPDX-License-Identifier: MIT */
#include "proxy/relay/fault_event.h"

#include "proxy/relay/messages.h"
#include "proxy/relay/note.h"

void fault_event_emit(struct session *session, enum event_kind kind,
    const struct armed_fault *armed, enum direction direction, uint64_t offset, int errnum)
{
    const struct fault *fault = &armed->rule->fault;
    struct event event = {
        .kind = kind,
        .u.fault =
            {
                .name = fault->name,
                .type = fault->type->name,
                .direction = direction,
                .offset = offset,
                .other_offset = flow_forwarded(&session->flow[!direction]),
                .kind = "",
                .sides = fault->sides,
                .errnum = errnum,
            },
    };
    if (session->messages != NULL)
        event.u.fault.message = messages_number_at(
            session->messages, direction, event.u.fault.offset, &event.u.fault.kind);
    session_emit(session, &event);
}
