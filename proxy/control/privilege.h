/* SPDX-License-Identifier: MIT */
/* Whether this process may do what faults need. */
#ifndef RUDEPROXY_CONTROL_PRIVILEGE_H
#define RUDEPROXY_CONTROL_PRIVILEGE_H

#include "config/config.h"
#include "proxy/base/err.h"

/* 0, or -1 with err naming the fault, which is enabled and could not be injected, and the way out. */
int privilege_check_fault(const struct fault *fault, struct err *err);

/* The same for the first such fault of a configuration. */
int privilege_check(const struct config *config, struct err *err);

#endif
