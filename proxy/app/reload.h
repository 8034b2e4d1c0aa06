/* SPDX-License-Identifier: MIT */
/*
 * Reads the configuration again while it runs, at SIGHUP (run.c) or for the API. A file with
 * problems is reported and changes nothing.
 *
 * Names to listen on are looked up outside of the loop (net/resolver.h). A reload that needs one
 * fails until it is known. Then a reload by a signal is tried again, and admin/route.c repeats a
 * request of the API.
 *
 * Life: the owner fills in the first fields, reload_init, reload_begin when the start is over,
 * reload_close.
 */
#ifndef RUDEPROXY_APP_RELOAD_H
#define RUDEPROXY_APP_RELOAD_H

#include "proxy/app/run.h"
#include "proxy/app/view/pcap_file.h"
#include "proxy/control/control.h"
#include "proxy/record/ledger.h"
#include "proxy/record/log.h"

struct reload {
    const struct run_options *options; /* all of these outlive it */
    struct config *config;             /* in force */
    struct control *control;
    struct log *log;
    struct pcap_file *pcap; /* NULL: none */
    struct ledger *ledger;

    struct resolver_watcher names;
    bool begun;  /* the start is over */
    bool wanted; /* by a signal, for which nothing was loaded yet */
};

void reload_init(struct reload *reload);
void reload_close(struct reload *reload);

/* Allows loading from now on. Loads at once if a signal came before. */
void reload_begin(struct reload *reload);

/* Loads the configuration. Problems go to `problems`, one a line. Returns 0, or -1 with nothing
 * changed. */
MUST_CHECK int reload_now(struct reload *reload, enum reload_policy keep, FILE *problems);

/* Loads the configuration, and opens the log and the pcap file again. Problems go to stderr. */
void reload_by_signal(struct reload *reload);

#endif
