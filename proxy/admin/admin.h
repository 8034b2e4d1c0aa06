/* SPDX-License-Identifier: MIT */
/*
 * The HTTP API: Toxiproxy's, rudeproxy's own under /v1, and /metrics. Runs in the loop of the data
 * path and never waits for anything.
 *
 * Life: admin_open, admin_note_event for every event, admin_close before the worker is closed. In a
 * build without it (cmake -DADMIN=OFF) admin_open fails with an error.
 */
#ifndef RUDEPROXY_ADMIN_ADMIN_H
#define RUDEPROXY_ADMIN_ADMIN_H

#include "proxy/base/must_check.h"
#include "proxy/control/control.h"
#include "proxy/record/ledger.h"

/* The version of Toxiproxy whose API this is: reported to its clients. */
#define TOXIPROXY_VERSION "2.12.0"

struct admin;

/* The objects that the API works on; all of them outlive the admin. */
struct admin_context {
    struct worker *worker;
    struct control *control;
    struct ledger *ledger;
    int64_t wall_offset_us; /* the log's, so that both show the same times */
    /* Reloads the file as SIGHUP does. Problems go to `problems`, one a line. Returns 0, or -1 with
     * nothing changed. */
    int (*reload)(void *user, enum reload_policy keep, FILE *problems);
    void *user;
};

/* Opens the API at settings->admin, whose name is known (control_ask_name). `settings` is not kept.
 * Returns NULL with err filled. */
MUST_CHECK struct admin *admin_open(
    const struct admin_context *context, const struct settings *settings, struct err *err);

/* NULL is allowed. */
void admin_close(struct admin *admin);

void admin_note_event(struct admin *admin, const struct event *event);

/* Writes its address: "127.0.0.1:8474". */
void admin_address(const struct admin *admin, char *buf, size_t size);

/* Its TCP port; 0: a UNIX socket. */
uint16_t admin_port(const struct admin *admin);

/* Reads the list of proxies that `toxiproxy-server -config` takes, and adds them to a
 * configuration. Everything it does not understand is a problem. Returns the number of problems. */
size_t admin_read_proxies(const char *path, struct config *config, FILE *problems);

#endif
