/* SPDX-License-Identifier: MIT */
/*
 * A JSON log, read: the configuration of its last run, and where faults were injected.
 *
 * Life: replay_log_read, use, replay_log_free (also after a failure).
 */
#ifndef RUDEPROXY_APP_REPLAY_LOG_H
#define RUDEPROXY_APP_REPLAY_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"
#include "proxy/base/must_check.h"

/* One `fault` event, and the `fault_over` that followed. */
struct injection {
    char fault[FAULT_NAME_MAX];
    char proxy[PROXY_NAME_MAX];
    uint64_t connection; /* 0: the listening socket */
    uint64_t serial;     /* of the connection in the run; 0: the log does not have it */
    enum direction direction;
    uint64_t offset;
    uint64_t other_offset; /* bytes of the other direction that were forwarded by then */
    int64_t at_us;         /* wall clock */
    bool is_over;
    uint64_t over_offset;
    int64_t over_at_us;
};

#define REPLAY_TIME_MAX 64

struct replay_log {
    struct config *configs; /* owned: of the run, then of each reload */
    size_t config_count;
    struct injection *injections; /* owned; in the order of the log */
    size_t injection_count, injection_capacity;
    char time[REPLAY_TIME_MAX]; /* the run's beginning, as it is written */
    int64_t started_us;         /* the same; 0: not in this log */
    bool counts_reset;  /* a proxy began to count from 1 again: earlier injections are left out */
    size_t runs;        /* in the log; the last one counts */
    size_t other_lines; /* that are no events */
};

/* 0, or -1 after printing what is wrong, with the line, to stderr. */
MUST_CHECK int replay_log_read(struct replay_log *log, const char *path);
void replay_log_free(struct replay_log *log);

#endif
