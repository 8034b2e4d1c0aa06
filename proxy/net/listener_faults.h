/* SPDX-License-Identifier: MIT */
/*
 * The faults of a proxy that concern its listening socket (refuse, no_accept, syn_blackhole): which
 * are active by the clock, and whether the listener is open, closed, paused or drops SYNs.
 *
 * Life: listener_faults_init (may fail), listener_faults_adopt and listener_faults_update at each
 * change of the plan; a timer updates whenever an `active` begins or ends; listener_faults_deinit.
 */
#ifndef RUDEPROXY_NET_LISTENER_FAULTS_H
#define RUDEPROXY_NET_LISTENER_FAULTS_H

#include "proxy/base/must_check.h"
#include "proxy/fault/fault.h"
#include "proxy/net/listener.h"
#include "proxy/net/timers.h"
#include "proxy/net/worker.h"
#include "proxy/relay/plan.h"

struct listener_faults;

struct listener_faults_calls {
    /* No fault keeps the listener closed: open it unless another reason keeps it closed. Returns 0
     * or -1; after -1 it is called again soon. */
    int (*open)(struct listener_faults *faults);
    /* Close the listener. Idempotent. */
    void (*close)(struct listener_faults *faults);
};

struct listener_faults {
    const struct listener_faults_calls *calls;
    struct worker *worker;
    struct listener *listener;   /* the owner's */
    const struct plan *plan;     /* the owner's */
    struct timer timer;          /* until the next `active` begins or ends */
    struct fired_watch watch;    /* for faults that wait for others */
    enum listener_action wanted; /* the strongest action of the active faults */
};

/* Worker, listener and plan outlive the faults. 0 or -ENOMEM. */
MUST_CHECK int listener_faults_init(struct listener_faults *faults,
    const struct listener_faults_calls *calls, struct worker *worker, struct listener *listener,
    const struct plan *plan);
void listener_faults_deinit(struct listener_faults *faults);

/* Returns when a fault of the listening socket is over for the rest of the run: `active` counts
 * from `started_at`, and `for` from there, if it does not count from another fault. TIME_NEVER:
 * never, or it is a fault of connections. */
time_us listener_fault_ends_at(const struct fault *fault, time_us started_at);

/* Replaces the plan, before the owner drops its reference to the old one. A fault that is active
 * and has a rule of the same name and type in the new plan stays active; the end of every other one
 * is emitted. */
void listener_faults_adopt(struct listener_faults *faults, const struct plan *plan);

/* The listener gets another address: what is active on it ends, and begins again with the next
 * update. */
void listener_faults_end(struct listener_faults *faults);

/* Looks at the plan and the time, emits which faults begin and end, and opens, closes or pauses the
 * listener or makes it drop SYNs. */
void listener_faults_update(struct listener_faults *faults);

/* The proxy closes: what is active ends, unless the program stops; nothing happens by the clock any
 * more. */
void listener_faults_stop(struct listener_faults *faults);

#endif
