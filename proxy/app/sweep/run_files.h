/* SPDX-License-Identifier: MIT */
/* The folder of a run and the files beside it: read for their texts, and removed. Private to
 * sweep/. */
#ifndef RUDEPROXY_APP_SWEEP_RUN_FILES_H
#define RUDEPROXY_APP_SWEEP_RUN_FILES_H

#include "proxy/app/sweep/runner.h"

/* Removes a folder with all that is in it. */
void run_files_remove_tree(const char *path);

/* Removes the folder of a run and the files beside it. */
void run_files_remove(const struct sweep_runner *runner, unsigned run);

/* Returns the beginning of what the run printed, for free(): thousands of runs are kept, so no more
 * bytes than it takes. NULL: out of memory. */
char *run_files_excerpt(const struct sweep_runner *runner, unsigned run);

/* Returns the last line of a file, in `text`, without its beginning if it does not fit. */
const char *run_files_last_line(const char *path, char *text, size_t size);

#endif
