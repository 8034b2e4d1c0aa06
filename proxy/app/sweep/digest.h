/* SPDX-License-Identifier: MIT */
/* The digest of what is compared between runs: output, files, bytes sent upstream. Private to
 * sweep/. */
#ifndef RUDEPROXY_APP_SWEEP_DIGEST_H
#define RUDEPROXY_APP_SWEEP_DIGEST_H

#include "proxy/app/sweep/runner.h"

/* Digests stdout of the run, the files of --compare and, with --compare upstream, the bytes that
 * each connection of `seen` sent upstream. The files of the run are still there. */
uint64_t sweep_digest_output(
    const struct sweep_runner *runner, const struct sweep_job *job, const struct observation *seen);

#endif
