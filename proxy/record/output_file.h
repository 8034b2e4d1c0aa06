/* SPDX-License-Identifier: MIT */
/*
 * A file that appears under its name only when it is complete: it is written beside it under
 * another name, then renamed. Readers see the old file, the new one, or none. Symbolic links are
 * followed, and their target is replaced.
 *
 * Exceptions:
 * - An existing file that is not regular (a device, a FIFO), an inherited descriptor (/dev/stdout,
 *   /dev/fd/3), and a file in a folder where no file can be made are written directly.
 * - A file that cannot be replaced is overwritten with a copy of the one beside it: a mount point,
 *   and a file of another user in a folder with the sticky bit. Readers may see a part of it. If
 *   the copy fails, the file beside it stays.
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
    bool through;                 /* `path` is written directly, without a rename */
    bool in_place;                /* `target` is overwritten: no file can be made in its folder */
    bool is_cut;                  /* `target` has lost its bytes: only `temporary` has them all */
    int descriptor;               /* it names this descriptor; -1: none */
    mode_t mode;                  /* of the file that is replaced; 0: there is none */
    char target[OUTPUT_PATH_MAX]; /* `path` without links */
    char temporary[OUTPUT_PATH_MAX];
};

/* Returns 0, or -1 with err filled and no file left behind. */
MUST_CHECK int output_file_open(
    struct output_file *file, const char *option, const char *path, struct err *err);

/* Closes and renames. Always releases the file, even if it fails or a write failed before. Returns
 * 0, or -1 with err filled, which names the file that stays if the target could be written only in
 * part. */
MUST_CHECK int output_file_commit(struct output_file *file, struct err *err);

/* Closes and removes the file. */
void output_file_discard(struct output_file *file);

/* Checks at the start of a run that the file could be written at its end. Returns 0, or -1 with err
 * filled. */
MUST_CHECK int output_file_probe(const char *option, const char *path, struct err *err);

#endif
