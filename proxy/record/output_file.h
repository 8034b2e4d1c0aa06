/* SPDX-License-Identifier: MIT */
/*
 * A file that appears under its name only when it is complete: written beside it under another
 * name, then renamed. Readers see the old file, or the new one, or none. Links are followed: the file they
 * name is replaced. What exists and is no regular file (a device, a FIFO, /dev/stdout) is written directly.
 *
 * Life: output_file_open, write to `out`, output_file_commit.
 */
#ifndef RUDEPROXY_RECORD_OUTPUT_FILE_H
#define RUDEPROXY_RECORD_OUTPUT_FILE_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

#include "proxy/base/err.h"
#include "proxy/base/must_check.h"

#define OUTPUT_PATH_MAX 4096 /* PATH_MAX of Linux */

struct output_file {
    FILE *out;
    const char *option;           /* "--report", for messages */
    const char *path;             /* the caller's */
    bool through;                 /* `path` is written directly, nothing is renamed */
    mode_t mode;                  /* of the file that is replaced, 0: there is none */
    char target[OUTPUT_PATH_MAX]; /* `path` without links */
    char temporary[OUTPUT_PATH_MAX];
};

/* 0, or -1 with err filled and nothing left behind. */
MUST_CHECK int output_file_open(
    struct output_file *file, const char *option, const char *path, struct err *err);

/* Closes and renames; the same on failure, also when a write failed before. */
MUST_CHECK int output_file_commit(struct output_file *file, struct err *err);

/* Closes and removes what was written. */
void output_file_discard(struct output_file *file);

/* Whether it could be written, told at the start of a run and not at its end. */
MUST_CHECK int output_file_probe(const char *option, const char *path, struct err *err);

#endif
