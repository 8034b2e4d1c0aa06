/* SPDX-License-Identifier: MIT */
/*
 * `rudeproxy run`: the program proper. Listens, proxies, reloads at SIGHUP, stops at SIGTERM or
 * SIGINT.
 */
#ifndef RUDEPROXY_APP_RUN_H
#define RUDEPROXY_APP_RUN_H

#include "proxy/app/cli.h"

/* Who asked for the run, and whom to tell when it listens. */
struct run_options {
    /* Loads the configuration again, at SIGHUP: problems go to `problems`; returns their number,
     * with 0 the configuration is the caller's to free. NULL: there is nothing to load again. */
    size_t (*load)(const void *user, struct config *config, FILE *problems);
    const void *user;       /* of load */
    int ready_fd;           /* as --ready-fd; -1: none */
    const char *ready_path; /* as --ready-file; NULL: none */
};

/* Runs a configuration until a signal ends it. Takes the configuration over and frees it. Returns
 * an exit status. */
int run_config(struct config *config, const struct run_options *options);

#endif
