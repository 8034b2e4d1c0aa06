/* SPDX-License-Identifier: MIT */
/*
 * The digest of what is compared between runs: output, files, bytes sent upstream. Private to
 * sweep/.
 *
 * A file of --compare is in the run's folder, or else where its name says. There it may be left
 * from an earlier run, so it counts only if it changed since this run began.
 */
#ifndef RUDEPROXY_APP_SWEEP_DIGEST_H
#define RUDEPROXY_APP_SWEEP_DIGEST_H

#include "proxy/app/sweep/runner.h"

/* The files of --compare where their names say, by inode, size and time; 0: there is none. */
struct sweep_stamps {
    uint64_t stamps[SWEEP_COMPARES_MAX];
};

/* Called before the run. */
void sweep_digest_remember(const struct sweep_options *options, struct sweep_stamps *before);

/* Digests stdout of the run, the files of --compare and, with --compare upstream, the bytes that
 * each connection of `seen` sent upstream. The files of the run are still there. Sets
 * job->facts.output and job->unwritten, and runner->shared_file if a file is outside of the run's
 * folder. 0, or -1 with err filled: a file cannot be read. */
MUST_CHECK int sweep_digest_output(struct sweep_runner *runner, struct sweep_job *job,
    const struct observation *seen, const struct sweep_stamps *before, struct err *err);

#endif
