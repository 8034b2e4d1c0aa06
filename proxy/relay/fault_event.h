/* SPDX-License-Identifier: MIT */
/* Private to relay/: the events about a fault on a connection. */
#ifndef RUDEPROXY_RELAY_FAULT_EVENT_H
#define RUDEPROXY_RELAY_FAULT_EVENT_H

#include "proxy/relay/armed.h"
#include "proxy/relay/event.h"

/* Emits an event about a fault at an offset of a direction, with the message there. `errnum`: for
 * EVENT_FAULT_FAILED, a positive errno; else 0. */
void fault_event_emit(struct session *session, enum event_kind kind,
    const struct armed_fault *armed, enum direction direction, uint64_t offset, int errnum);

#endif
