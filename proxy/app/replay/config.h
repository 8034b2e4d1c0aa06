/* SPDX-License-Identifier: MIT */
/*
 * The configuration that repeats a run: its proxies, and for each fault that fired one section or
 * several. These fire on the same connections as the fault did.
 *
 * Life: replay_config_make, use, replay_config_free (also after a failure).
 */
#ifndef RUDEPROXY_APP_REPLAY_CONFIG_H
#define RUDEPROXY_APP_REPLAY_CONFIG_H

#include "proxy/app/replay/log.h"
#include "proxy/base/must_check.h"

/* How a section differs from the run's, for the comment above it. */
struct replay_remark {
    bool renamed;  /* its name was `origin`; its draws differ from the run's */
    bool shared;   /* it shared a state with sections before (scope = proxy), now it has its own */
    bool retimed;  /* `when` was a time */
    bool moved;    /* it fired at another byte than `when` says */
    bool reended;  /* `active` decided its end */
    bool by_clock; /* of the listening socket: still follows the clock */
    size_t order;  /* of the fault that it is made of, in the run's configurations */
    char origin[FAULT_NAME_MAX];
    char when[OPTION_TEXT_MAX]; /* as it was, if retimed or moved */
};

/* A fault of the run that the replay does not have. */
struct replay_left_out {
    const char *name; /* the log's */
    bool fired;       /* it did, but the fault that it waits for is left out */
};

struct replay_config {
    struct config config;          /* arrays owned */
    struct replay_remark *remarks; /* owned; one for each fault of config */
    size_t fault_capacity;
    struct replay_left_out *left_out; /* owned */
    size_t left_out_count;
};

/* Returns 0, or -1 after printing the error to stderr. The log must outlive the replay. */
MUST_CHECK int replay_config_make(struct replay_config *replay, const struct replay_log *log);
void replay_config_free(struct replay_config *replay);

#endif
