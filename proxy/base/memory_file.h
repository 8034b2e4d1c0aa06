/* SPDX-License-Identifier: MIT */
/*
 * A FILE whose bytes are kept in memory, like open_memstream(3). That one forgets a write that failed for
 * want of memory (glibc 2.36: ferror() and fclose() say nothing, and the text is cut); here the whole text is
 * missing then.
 *
 * Life: memory_file_open, writes to `out`, memory_file_close. It may not move in between.
 */
#ifndef RUDEPROXY_BASE_MEMORY_FILE_H
#define RUDEPROXY_BASE_MEMORY_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "proxy/base/must_check.h"

struct memory_file {
    FILE *out;
    char *bytes; /* owned; NUL-terminated once there are any */
    size_t size, capacity;
    bool failed; /* a write found no memory */
};

/* 0, or -1: out of memory, and nothing to close. */
MUST_CHECK int memory_file_open(struct memory_file *file);

/* What was written, NUL-terminated, from malloc, the caller's to free. NULL: out of memory. `size` may be
 * NULL. */
char *memory_file_close(struct memory_file *file, size_t *size);

#endif
