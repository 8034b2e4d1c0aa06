/* SPDX-License-Identifier: MIT */
/*
 * Whom to tell that all proxies listen: --ready-fd and --ready-file, one line `NAME ADDRESS` for
 * each, and one for the API under the name `@admin`, which no proxy of a file can have.
 */
#ifndef RUDEPROXY_APP_READY_H
#define RUDEPROXY_APP_READY_H

#include "proxy/net/worker.h"

/* `admin`: where the API listens, "" if there is none. fd -1 and path NULL: nobody. The descriptor is
 * closed. 0, or -1 with err filled. */
int ready_tell(
    const struct worker *worker, const char *admin, int fd, const char *path, struct err *err);

#endif
