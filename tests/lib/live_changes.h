/* SPDX-License-Identifier: MIT */
/*
 * Random toxics that lose nothing, added, changed and removed at a steady pace while streams run
 * over the proxy `p`: for a test and for a benchmark.
 */
#ifndef RUDEPROXY_TESTS_LIVE_CHANGES_H
#define RUDEPROXY_TESTS_LIVE_CHANGES_H

#include "tests/lib/api_client.h"
#include "tests/lib/stream.h"

struct live_changes {
    unsigned made;                    /* each was answered with its status */
    unsigned added, changed, removed; /* of them */
    int64_t longest_us;               /* of a call */
    uint64_t bytes;                   /* that all streams have carried meanwhile */
};

/* Makes `count` changes, `per_s` of them a second as far as the API answers in time, then removes
 * every toxic. */
void live_changes_run(struct live_changes *it, struct api *api, struct stream *streams,
    size_t stream_count, unsigned count, unsigned per_s, uint64_t seed);

#endif
