/* SPDX-License-Identifier: MIT */
/* Whether a file can be replaced by another one, asked before it is done. */
#ifndef RUDEPROXY_BASE_REPLACE_FILE_H
#define RUDEPROXY_BASE_REPLACE_FILE_H

#include "proxy/base/must_check.h"

/* Asks whether this process, which is not root, may remove what is at `path` and put another file
 * there. A symbolic link at `path` is not followed. Returns 0, also where nothing is at `path`, or
 * -errno. */
MUST_CHECK int replace_file_check(const char *path);

#endif
