/* SPDX-License-Identifier: MIT */
/* Whether this process may do what faults need. */
#ifndef RUDEPROXY_CONTROL_PRIVILEGE_H
#define RUDEPROXY_CONTROL_PRIVILEGE_H

#include "config/config.h"
#include "proxy/base/err.h"
#include "proxy/base/must_check.h"
#include "proxy/net/interception.h"

/* `proxy`: the one that the fault concerns. `interception`: of its worker; NULL: none. 0, or -1 with err naming the fault, which is enabled and could not be injected, and the way out. */
MUST_CHECK int privilege_check_fault(const struct fault *fault, const struct proxy_config *proxy,
    struct interception *interception, struct err *err);

/* The same for the first such fault of a configuration. */
MUST_CHECK int privilege_check(
    const struct config *config, struct interception *interception, struct err *err);

#endif
