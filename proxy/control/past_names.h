/* SPDX-License-Identifier: MIT */
/*
 * The names of removed proxies whose connections had numbers. A new proxy of such a name numbers
 * its connections from 1 again, and the event `counts_reset` says so to readers of the log.
 *
 * Life: past_names_init, past_names_note and past_names_take, past_names_deinit.
 */
#ifndef RUDEPROXY_CONTROL_PAST_NAMES_H
#define RUDEPROXY_CONTROL_PAST_NAMES_H

#include "proxy/net/proxy.h"

/* An API client may keep creating new names. */
#define PAST_NAMES_MAX 10000

struct past_names {
    struct hash names; /* of struct past_name */
    struct list all;   /* the same, owned */
    bool incomplete;   /* one is missing: any new name may be one that was used before */
};

void past_names_init(struct past_names *past);
void past_names_deinit(struct past_names *past);

/* Stores the name of a proxy that is about to be closed, if it has numbered connections. Does
 * nothing if it is closing already. */
void past_names_note(struct past_names *past, const struct proxy *proxy);

/* Removes the name of a new proxy. If it was there, emits `counts_reset` for the proxy. */
void past_names_take(struct past_names *past, const struct proxy *proxy);

/* Emits `counts_reset`: the connections of the proxy are numbered from 1 again. */
void past_names_announce(const struct proxy *proxy);

#endif
