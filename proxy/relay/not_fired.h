/* SPDX-License-Identifier: MIT */
/* Why faults that were armed on a connection did not fire there, for its `closed` event. */
#ifndef RUDEPROXY_RELAY_NOT_FIRED_H
#define RUDEPROXY_RELAY_NOT_FIRED_H

#include "proxy/relay/event.h"
#include "proxy/relay/state.h"

/* Fills `list` with at most `max` entries, in the order of the plan. Returns their number. The
 * names live as long as the session's rules. */
unsigned not_fired_list(const struct session *session, struct not_fired *list, unsigned max);

#endif
