/* SPDX-License-Identifier: MIT */
/*
 * `rudeproxy run` and `rudeproxy exec`: the program proper. Listens, proxies, reloads at SIGHUP,
 * stops at SIGTERM or SIGINT, or when its command has ended.
 */
#ifndef RUDEPROXY_APP_RUN_H
#define RUDEPROXY_APP_RUN_H

#include "proxy/app/cli/cli.h"
#include "proxy/app/exec/subreaper.h"
#include "proxy/app/intercept/intercept.h"
#include "proxy/app/ready.h"

/* How the command of exec ended. */
struct child_outcome {
    bool started;         /* it was executed */
    bool timed_out;       /* it was killed after child_timeout_us */
    int wait_status;      /* as of waitpid(2); only if it was started */
    uint64_t duration_us; /* from its start to its end */
    uint64_t log_lost;    /* lines that the log lost */
    char **environment;   /* the command's, for exec_environment_free; NULL: there was none */
};

/* The options of one run. */
struct run_options {
    /* Loads the configuration again, at SIGHUP: problems go to `problems`; returns their number,
     * with 0 the configuration is the caller's to free. NULL: there is nothing to load again. */
    size_t (*load)(const void *user, struct config *config, FILE *problems);
    const void *user;                    /* of load */
    struct ready_options ready;          /* as --ready-fd, --ready-file and --ready-format */
    const char *report_path;             /* as --report; NULL: none */
    const char *junit_path;              /* as --junit; NULL: none */
    bool quiet;                          /* as --quiet */
    bool die_with_parent;                /* as --die-with-parent */
    pid_t parent;                        /* the process that started us; for die_with_parent */
    char *const *child;                  /* the command of exec, NULL-terminated; NULL: none */
    uint64_t child_timeout_us;           /* the command is killed after so long; 0: never */
    struct child_outcome *child_outcome; /* filled in when the run is over; NULL: nobody asks */
    struct intercept *intercept;         /* of exec: takes the command's connections; NULL: none */
    struct exec_origin origin;           /* what the command inherits; only with a command */
};

/* Runs a configuration until a signal or the command's end ends it. Takes the configuration over
 * and frees it. Returns an exit status. */
int run_config(struct config *config, const struct run_options *options);

#endif
