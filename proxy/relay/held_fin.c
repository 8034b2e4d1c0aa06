/* SPDX-License-Identifier: MIT */
/*
 * session_recompute() refreshes the delay when the active faults have changed. at_end() of
 * session.c asks whether a FIN waits; session.c runs again when its time has come.
 */
#include "proxy/relay/held_fin.h"

/* Returns how long a FIN that arrives from a side is held: the delays add up, as for a chain of
 * proxies. 0: it is not held. */
static uint64_t delay_of(const struct session *session, enum side side)
{
    uint64_t hold_us = 0;
    for (size_t i = 0; i < session->armed.count; i++) {
        const struct armed_fault *armed = session->armed.list[i];
        if (armed->action[side] == ACTION_HOLD_FIN)
            hold_us = time_add(hold_us, armed->does.duration_us);
        else if (armed->action[side] == ACTION_DISCARD && armed->does.holds_fin)
            hold_us = TIME_NEVER;
    }
    return hold_us;
}

void held_fin_refresh(struct session *session, enum side side)
{
    struct session_side *source = &session->side[side];
    uint64_t hold_us = delay_of(session, side);
    if (hold_us != source->fin_hold_us)
        source->fin_release_at = TIME_NEVER;
    source->fin_hold_us = hold_us;
}

bool held_fin_waits(struct session *session, enum side side)
{
    struct session_side *source = &session->side[side];
    if (source->fin_hold_us == 0)
        return false;
    if (source->fin_release_at == TIME_NEVER) /* the FIN may have arrived after this run began */
        source->fin_release_at = time_add(session->host->now(session), source->fin_hold_us);
    return session->now < source->fin_release_at;
}
