/* SPDX-License-Identifier: MIT */
/*
 * A stdio stream that never blocks its user: whole lines wait in a bounded queue, and a thread of
 * its own writes them. A reader that does not read, a full disk or a FIFO without a reader stops
 * only the thread. A line that does not fit into the queue is dropped and counted.
 *
 * Life: line_queue_open or line_queue_open_fd; write lines to `stream` and flush it;
 * line_queue_drain to wait for pending lines; line_queue_close. All calls come from one thread.
 */
#ifndef RUDEPROXY_RECORD_LINE_QUEUE_H
#define RUDEPROXY_RECORD_LINE_QUEUE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "proxy/base/err.h"
#include "proxy/base/must_check.h"

/* Size of the queue in bytes: enough for the events of 3,000 connections, or the configuration of
 * 10,000 faults. */
#define LINE_QUEUE_SIZE (4 * 1024 * 1024)
/* Size of the stream's buffer in bytes. If the stream is flushed when half full, a line shorter
 * than the other half is never cut. */
#define LINE_QUEUE_BUFFER (64 * 1024)
/* Delay before a failed write is retried. */
#define LINE_QUEUE_RETRY_MS 100

struct line_queue;

/* Appends to the file, creating it if needed. A FIFO may have no reader yet: then lines are queued.
 * `what` names the file in an error: "the log". Returns NULL with err filled. */
MUST_CHECK struct line_queue *line_queue_open(const char *path, const char *what, struct err *err);

/* Writes to a descriptor that the caller keeps. Its blocking mode, which it may share with other
 * processes, stays as it is. `mode` is that of setvbuf(3). */
MUST_CHECK struct line_queue *line_queue_open_fd(int fd, int mode, struct err *err);

/* Returns the offset behind the last whole piece of the bytes from `from`, where a piece begins, to
 * `to`; `from` if there is none. The byte with offset N is ring[N % LINE_QUEUE_SIZE]. Called by the
 * queue's thread. */
typedef uint64_t line_queue_whole(const char *ring, uint64_t from, uint64_t to);

/* The bytes consist of pieces that `find_whole` finds, not of lines. Call it before the first byte
 * is queued. */
void line_queue_set_pieces(struct line_queue *queue, line_queue_whole *find_whole);

/* The fate of bytes that a stuck file has not taken when another one is opened. */
enum line_queue_rest {
    LINE_QUEUE_MOVE_REST, /* they go to the new file, from the beginning of a line on */
    LINE_QUEUE_DROP_REST, /* they are dropped, because the new file cannot use them */
};

/* Opens the path again; does nothing for a descriptor. Bytes queued before still go to the old
 * file, unless that is stuck. Returns 0; or -1 with err filled, and the old file stays in use. */
MUST_CHECK int line_queue_reopen(
    struct line_queue *queue, const char *what, enum line_queue_rest rest, struct err *err);

/* Returns how many bytes LINE_QUEUE_DROP_REST has dropped. */
uint64_t line_queue_dropped(struct line_queue *queue);

/* Valid until line_queue_close. */
FILE *line_queue_stream(struct line_queue *queue);

/* Flushes the stream, then queues the bytes as a whole or not at all: a line of any length, or
 * bytes that belong together and may contain newlines. Returns whether there was room; if not, a
 * line is counted as lost. */
bool line_queue_put(struct line_queue *queue, const char *bytes, size_t size);

/* Whether there is room for a line. After a loss there is none until half of the queue is empty, so
 * that the lost lines are one piece. */
bool line_queue_has_room(struct line_queue *queue);

/* Counts a line that the caller did not write because there was no room. */
void line_queue_lose(struct line_queue *queue);

/* Returns the number of lines lost so far. */
uint64_t line_queue_lost(const struct line_queue *queue);

/* Whether it writes to a regular file. */
bool line_queue_is_file(const struct line_queue *queue);

/* Whether every flushed line is written. */
bool line_queue_is_idle(struct line_queue *queue);

/* Whether it is idle, the last write did not fail, and there is room. Takes no lock while nothing
 * new is queued. */
bool line_queue_is_settled(struct line_queue *queue);

/* Returns why the last write failed: a positive errno. 0: it did not fail, or is still running. */
int line_queue_errnum(struct line_queue *queue);

/* Waits until every line is written. Stops waiting when a write fails, or after `most_ms` without
 * progress. Returns whether every line is written. */
bool line_queue_drain(struct line_queue *queue, int most_ms);

/* Like line_queue_drain, then counts the pending lines as lost and forgets them. */
bool line_queue_finish(struct line_queue *queue, int most_ms);

/* Closes the stream and drops pending lines. A thread that is stuck in a write is abandoned with
 * its memory. NULL is allowed. */
void line_queue_close(struct line_queue *queue);

#endif
