/* SPDX-License-Identifier: MIT */
/*
 * A running session takes over a new plan of its proxy, in the middle of whatever it does.
 *
 * Only what has changed is touched. A fault that is gone is over; bytes that it held back go on. A fault
 * with a new value keeps its phase and its counters if its type, trigger, directions and sides are the same,
 * else it begins anew. A new fault is selected with the same draw as for a new connection, and joins in:
 * what was to happen at the open happens now, an event that has come already is not invented
 * (triggers_arm_late).
 *
 * In two steps, so that a change of a proxy reaches all of its sessions or none: adoption_prepare()
 * reserves all memory and changes nothing that shows, adoption_commit() cannot fail. Between the two the
 * session does not run.
 */
#ifndef RUDEPROXY_RELAY_ADOPTION_H
#define RUDEPROXY_RELAY_ADOPTION_H

#include <stddef.h>
#include <sys/socket.h>

#include "proxy/base/must_check.h"
#include "proxy/relay/plan.h"

struct session;
struct adoption;

/* One difference between two plans of a proxy. */
struct rule_change {
    struct rule *from; /* NULL: the fault is new */
    struct rule *to;   /* NULL: the fault is gone */
};

/* `plan`: with the changes; NULL: the session keeps its own (a fault for one connection). `client`: its
 * client's address. Not from inside the session. *out is NULL where nothing is to be done. 0 or -ENOMEM. */
MUST_CHECK int adoption_prepare(struct session *session, struct plan *plan,
    const struct rule_change *changes, size_t count, const struct sockaddr_storage *client,
    struct adoption **out);

/* Carries it out, and runs the session; frees the adoption. */
void adoption_commit(struct adoption *adoption);

/* Leaves everything as it was; frees the adoption. NULL is allowed. */
void adoption_drop(struct adoption *adoption);

/* Both steps for one session. 0, or -ENOMEM: the old plan stays in force. */
int session_adopt(struct session *session, struct plan *plan, const struct rule_change *changes,
    size_t count, const struct sockaddr_storage *client);

#endif
