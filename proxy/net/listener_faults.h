/* SPDX-License-Identifier: MIT */
/*
 * The faults of a proxy that concern its listening socket (refuse, no_accept, syn_blackhole): which
 * are active by the clock, and what follows for the listener.
 *
 * Life: listener_faults_init (may fail), listener_faults_update at each change of plan, and by itself
 * whenever a window opens or closes; listener_faults_deinit.
 */
#ifndef RUDEPROXY_NET_LISTENER_FAULTS_H
#define RUDEPROXY_NET_LISTENER_FAULTS_H

#include "proxy/fault/fault.h"
#include "proxy/net/timers.h"

struct plan;
struct proxy;

struct listener_faults {
    struct timer timer;          /* until the next window opens or closes */
    enum listener_action wanted; /* the strongest of those at work */
};

/* 0 or -ENOMEM. */
int listener_faults_init(struct proxy *proxy);
void listener_faults_deinit(struct proxy *proxy);

/* The proxy has a new plan instead of `old`: what was at work goes on under the same name and type, and
 * the end of what is gone is told. */
void listener_faults_inherit(struct proxy *proxy, const struct plan *old);

/* Looks at the proxy's plan and the time, tells of what begins and ends, and opens, closes, pauses or
 * deafens the listener. */
void listener_faults_update(struct proxy *proxy);

#endif
