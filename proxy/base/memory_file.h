/* SPDX-License-Identifier: MIT */
/*
 * A FILE that keeps its bytes in memory, like open_memstream(3). In glibc 2.36, open_memstream
 * loses the error of a write that had no memory: ferror() and fclose() report success, and the text
 * is cut. Here the close then returns no text at all.
 *
 * Life: memory_file_open, write to `out`, memory_file_close. Do not move the struct in between.
 */
#ifndef RUDEPROXY_BASE_MEMORY_FILE_H
#define RUDEPROXY_BASE_MEMORY_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "proxy/base/must_check.h"

struct memory_file {
    FILE *out;
    char *bytes; /* owned; NUL-terminated after the first write */
    size_t size, capacity;
    bool failed; /* a write ran out of memory */
};

/* Returns 0, or -1 if out of memory; then there is nothing to close. */
MUST_CHECK int memory_file_open(struct memory_file *file);

/* Returns the bytes written, NUL-terminated; the caller frees them. NULL: out of memory. `size` may
 * be NULL. */
char *memory_file_close(struct memory_file *file, size_t *size);

#endif
