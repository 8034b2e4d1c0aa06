/* SPDX-License-Identifier: MIT */
/*
 * The HTTP API: Toxiproxy's, our own under /v1, and /metrics. Runs in the loop of the data path and
 * never waits for anybody.
 *
 * Life: admin_open, admin_note_event for every event, admin_close before the worker is closed. In a
 * build without it (cmake -DADMIN=OFF) admin_open fails and says so.
 */
#ifndef RUDEPROXY_ADMIN_ADMIN_H
#define RUDEPROXY_ADMIN_ADMIN_H

#include "proxy/control/control.h"
#include "proxy/record/ledger.h"

/* The version of Toxiproxy whose API this is: reported to its clients. */
#define TOXIPROXY_VERSION "2.12.0"

struct admin;

/* What the API works on; all of it outlives the admin. */
struct admin_context {
    struct worker *worker;
    struct control *control;
    struct ledger *ledger;
    int64_t wall_offset_us; /* the log's, so that both say the same time */
    /* As at SIGHUP. Problems go to `problems`, one a line. 0, or -1 with nothing changed. */
    int (*reload)(void *user, enum reload_policy keep, FILE *problems);
    void *user;
};

/* Opens it at settings->admin. `settings` has to live only during the call. NULL with err filled. */
struct admin *admin_open(
    const struct admin_context *context, const struct settings *settings, struct err *err);

/* NULL is allowed. */
void admin_close(struct admin *admin);

void admin_note_event(struct admin *admin, const struct event *event);

/* Where it listens: "127.0.0.1:8474". */
void admin_address(const struct admin *admin, char *buf, size_t size);

/* Reads the list of proxies that `toxiproxy-server -config` takes, and adds them to a configuration,
 * strictly: what is not understood is a problem. Returns the number of problems. */
size_t admin_read_proxies(const char *path, struct config *config, FILE *problems);

#endif
