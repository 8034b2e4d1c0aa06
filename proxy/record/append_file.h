/* SPDX-License-Identifier: MIT */
/*
 * Opens and repairs a file to which lines are appended. It never waits for the file.
 */
#ifndef PROXY_RECORD_APPEND_FILE_H
#define PROXY_RECORD_APPEND_FILE_H

#include <stdbool.h>
#include <stdint.h>

/* Opens, or creates, without waiting (open(2), O_NONBLOCK). The caller closes *fd; it is -1 for a
 * FIFO without a reader, which can be opened again later. Returns 0 or a positive errno. */
int append_file_open(const char *path, int *fd);

/* Removes the last `torn` bytes, the beginning of a line, from a regular file, if no other process
 * has appended to it since. Returns whether they are removed. */
bool append_file_undo(int fd, uint64_t torn);

#endif
