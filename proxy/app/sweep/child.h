/* SPDX-License-Identifier: MIT */
/* One run of a sweep, inside its own process: set-up, proxies and command, check. Private to
 * sweep/. */
#ifndef RUDEPROXY_APP_SWEEP_CHILD_H
#define RUDEPROXY_APP_SWEEP_CHILD_H

#include "proxy/app/sweep/runner.h"

enum sweep_child_end {
    SWEEP_CHILD_RAN,          /* the command was started; `facts` says what came of it */
    SWEEP_CHILD_SETUP_FAILED, /* the set-up did not exit with 0 */
    SWEEP_CHILD_NO_RUN,       /* the proxies or the command could not be started */
};

/* The report of a run to its parent. */
struct sweep_child_report {
    enum sweep_child_end end;
    struct run_facts facts;  /* without `fired` and `output`, which the parent finds out */
    uint64_t log_lost;       /* lines: what happened in the run is not known */
    char text[ERR_TEXT_MAX]; /* why there was no run; "" if its stderr says so */
};

/* Paths of a run: its folder, and the files beside it. `suffix` "" is the folder. Returns buf. */
const char *sweep_child_path(
    const struct sweep_runner *runner, unsigned run, const char *suffix, char *buf, size_t size);

#define SWEEP_LOG ".log"
#define SWEEP_STDOUT ".out"
#define SWEEP_STDERR ".err"
#define SWEEP_INI ".ini"      /* of a bad run */
#define SWEEP_SOCKETS ".sock" /* a folder: the UNIX sockets of the proxies */

/* The life of the child, just forked. Writes a struct sweep_child_report to `fd`. */
_Noreturn void sweep_child_run(
    const struct sweep_runner *runner, const struct sweep_job *job, pid_t parent, int fd);

#endif
