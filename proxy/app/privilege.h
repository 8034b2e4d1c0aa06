/* SPDX-License-Identifier: MIT */
/* Whether this process may do what the configured faults need. */
#ifndef RUDEPROXY_APP_PRIVILEGE_H
#define RUDEPROXY_APP_PRIVILEGE_H

#include "config/config.h"
#include "proxy/base/err.h"

/* 0, or -1 with err naming the first enabled fault that could not be injected, and the way out. */
int privilege_check(const struct config *config, struct err *err);

#endif
