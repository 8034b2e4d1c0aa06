/* SPDX-License-Identifier: MIT */
/* `user`: the process gives up root once everything is bound. */
#ifndef RUDEPROXY_APP_DROP_PRIVILEGES_H
#define RUDEPROXY_APP_DROP_PRIVILEGES_H

#include <stdbool.h>

#include "config/config.h"
#include "proxy/base/err.h"
#include "proxy/base/must_check.h"

/* Whether drop_privileges() would become another user. */
bool drop_privileges_is_wanted(const struct config *config);

/* Becomes the user of the settings, with his groups, and keeps CAP_NET_ADMIN where an enabled fault
 * needs it, and no other capability (capabilities(7), setresuid(2)). Keeps the signal that comes at
 * the death of the parent (PR_SET_PDEATHSIG). Fails if that user may not set the buffers of a
 * proxy, or may not open a UNIX socket again that a fault or `unreachable` closes. Does nothing
 * without the key, or if the process already is that user. Returns 0, or -1 with err filled. */
MUST_CHECK int drop_privileges(const struct config *config, struct err *err);

#endif
