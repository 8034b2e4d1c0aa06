/* SPDX-License-Identifier: MIT */
/*
 * A running session takes over a new plan of its proxy, in any state.
 *
 * Only changes are applied. A removed fault ends, and bytes that it held are forwarded. A fault
 * with a new value keeps its phase and its counters if its type, trigger, directions and sides are
 * the same; otherwise it starts again. A new fault is selected with the same draw as for a new
 * connection, and starts mid-connection: actions of the open happen now, but an event that has
 * passed is not repeated (arming_late).
 *
 * There are two steps, so that a change reaches all sessions of a proxy or none: adoption_prepare()
 * allocates all memory and has no visible effect, adoption_commit() cannot fail. The session does
 * not run between the two.
 */
#ifndef RUDEPROXY_RELAY_ADOPTION_H
#define RUDEPROXY_RELAY_ADOPTION_H

#include <stddef.h>
#include <sys/socket.h>

#include "proxy/base/must_check.h"
#include "proxy/relay/plan.h"

struct session;
struct adoption;

/* One difference between two plans of a proxy. Both NULL: every fault is removed, also one that
 * only this session still has. A fault for one connection stays. */
struct rule_change {
    struct rule *from; /* NULL: the fault is added */
    struct rule *to;   /* NULL: the fault is removed */
};

/* `plan`: the new plan; NULL: the session keeps its own (a fault for one connection). `client`: its
 * client's address. Not from inside the session. *out is NULL if nothing has to be done. Returns 0
 * or -ENOMEM. */
MUST_CHECK int adoption_prepare(struct session *session, struct plan *plan,
    const struct rule_change *changes, size_t count, const struct sockaddr_storage *client,
    struct adoption **out);

/* Applies the adoption, runs the session, and frees the adoption. */
void adoption_commit(struct adoption *adoption);

/* Frees the adoption without any effect. NULL is allowed. */
void adoption_drop(struct adoption *adoption);

/* Both steps for one session. Returns 0; or -ENOMEM, and the old plan stays. */
MUST_CHECK int session_adopt(struct session *session, struct plan *plan,
    const struct rule_change *changes, size_t count, const struct sockaddr_storage *client);

#endif
