/* SPDX-License-Identifier: MIT */
/*
 * A FIN that faults hold: how long it waits at the end of its flow before it is forwarded. The
 * state stands in struct session_side, of the side that sent the FIN.
 */
#ifndef RUDEPROXY_RELAY_HELD_FIN_H
#define RUDEPROXY_RELAY_HELD_FIN_H

#include "proxy/relay/state.h"

/* Adds up the delays of all active faults for the FINs of a side. If the sum has changed, a FIN
 * that is already held starts its wait again. */
void held_fin_refresh(struct session *session, enum side side);

/* Whether the FIN of a side, which stands at the end of its flow, has to wait. The first call for a
 * FIN sets when it may be forwarded (session_side.fin_release_at). */
bool held_fin_waits(struct session *session, enum side side);

#endif
