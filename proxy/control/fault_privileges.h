/* SPDX-License-Identifier: MIT */
/* Checks the privileges of this process that faults need. */
#ifndef RUDEPROXY_CONTROL_FAULT_PRIVILEGES_H
#define RUDEPROXY_CONTROL_FAULT_PRIVILEGES_H

#include "config/config.h"
#include "proxy/base/err.h"
#include "proxy/base/must_check.h"
#include "proxy/net/interception.h"

/* `proxy`: the proxy that has the fault. `interception`: its worker's, may be NULL. Returns 0; or
 * -1 with err naming the fault, which is enabled but could not be injected, and what to do. */
MUST_CHECK int fault_privileges_check_one(const struct fault *fault,
    const struct proxy_config *proxy, struct interception *interception, struct err *err);

/* Checks every fault of a configuration. Returns 0, or -1 with err about the first one that could
 * not be injected. */
MUST_CHECK int fault_privileges_check(
    const struct config *config, struct interception *interception, struct err *err);

#endif
