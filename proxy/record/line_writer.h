/* SPDX-License-Identifier: MIT */
/*
 * A stdio stream that never blocks its user: whole lines wait in a bounded queue, and a thread of its
 * own writes them. A reader that does not read, a full disk or a FIFO without a reader stops only the
 * thread. A line that finds no room is lost and counted.
 *
 * Life: line_writer_open or line_writer_open_fd, write lines to `stream` and flush it,
 * line_writer_drain for what waits, line_writer_close. All calls come from one thread.
 */
#ifndef RUDEPROXY_RECORD_LINE_WRITER_H
#define RUDEPROXY_RECORD_LINE_WRITER_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "proxy/base/err.h"
#include "proxy/base/must_check.h"

/* Of lines that wait, in bytes: what 3,000 connections log, or the configuration of 10,000 faults. */
#define LINE_WRITER_QUEUE (4 * 1024 * 1024)
/* Of the stream, in bytes. A stream that is flushed when it is half full never cuts a line that is
 * shorter than the other half. */
#define LINE_WRITER_BUFFER (64 * 1024)
/* How long a failed write waits until it is tried again. */
#define LINE_WRITER_RETRY_MS 100

struct line_writer;

/* Appends to the file, which is made if it is not there. A FIFO may be without a reader: lines wait for
 * one. `mode` is that of setvbuf(3). NULL with err filled. */
struct line_writer *line_writer_open(const char *path, int mode, struct err *err);

/* The descriptor stays the caller's, and keeps its blocking mode, which it may share with others. */
struct line_writer *line_writer_open_fd(int fd, int mode, struct err *err);

/* Opens the path anew; nothing happens without one. Lines that were flushed before still go to the old file, unless that is stuck. 0,
 * or -1 with err filled: then the old file stays in use. */
MUST_CHECK int line_writer_reopen(struct line_writer *writer, struct err *err);

/* Valid until line_writer_close. */
FILE *line_writer_stream(struct line_writer *writer);

/* Flushes the stream and queues a line of any length, whole or not at all. */
void line_writer_put(struct line_writer *writer, const char *line, size_t size);

/* Whether a line has room. After a loss no line has until half of the queue is empty again, so that
 * what is lost is one piece. */
bool line_writer_has_room(struct line_writer *writer);

/* Counts a line that the caller did not write because there was no room. */
void line_writer_lose(struct line_writer *writer);

/* Lines lost so far. */
uint64_t line_writer_lost(const struct line_writer *writer);

/* Whether it writes to a regular file. */
bool line_writer_is_file(const struct line_writer *writer);

/* Whether every line that was flushed is written. */
bool line_writer_is_idle(struct line_writer *writer);

/* Why the last write failed: a positive errno. 0: it did not, or it still lasts. */
int line_writer_errnum(struct line_writer *writer);

/* Waits until every line is written; gives up when a write fails or nothing moves for `most_ms`.
 * Returns whether every line is written. */
bool line_writer_drain(struct line_writer *writer, int most_ms);

/* As line_writer_drain, then counts the lines that still wait as lost and forgets them. */
bool line_writer_finish(struct line_writer *writer, int most_ms);

/* Closes the stream. What still waits is not written. A thread that is stuck in a write is left to the
 * end of the process, with its memory. NULL is allowed. */
void line_writer_close(struct line_writer *writer);

#endif
