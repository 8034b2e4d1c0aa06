/* SPDX-License-Identifier: MIT */
/*
 * Streams of bytes that are known by their offset, so that one that is lost, doubled or moved is
 * seen at once. Any number of them run in the test's one thread.
 */
#ifndef RUDEPROXY_TESTS_STREAM_H
#define RUDEPROXY_TESTS_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct stream {
    int from, to;  /* sockets, non-blocking: written to, read from */
    uint64_t most; /* so many are sent at most */
    uint64_t sent, got;
    bool ended; /* the FIN was read */
};

/* For so long, or until every one has got what was sent and may send no more (ms -1: until then, or
 * the deadline). */
void streams_run(struct stream *streams, size_t count, int ms);

/* A FIN behind what was sent, and everything is read up to it. */
void streams_finish(struct stream *streams, size_t count);

#endif
