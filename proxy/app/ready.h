/* SPDX-License-Identifier: MIT */
/*
 * Whom to tell that all proxies listen: --ready-fd and --ready-file, one line `NAME ADDRESS` for
 * each.
 */
#ifndef RUDEPROXY_APP_READY_H
#define RUDEPROXY_APP_READY_H

#include "proxy/net/worker.h"

/* fd -1 and path NULL: nobody. The descriptor is closed. 0, or -1 with err filled. */
int ready_tell(const struct worker *worker, int fd, const char *path, struct err *err);

#endif
