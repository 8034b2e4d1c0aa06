/* SPDX-License-Identifier: MIT */
/*
 * The environment of the command of `exec`: RUDEPROXY_<NAME>_ADDR, _HOST and _PORT for
 * each proxy, the name upper-cased, other characters as `_`.
 */
#ifndef RUDEPROXY_APP_EXEC_ENVIRONMENT_H
#define RUDEPROXY_APP_EXEC_ENVIRONMENT_H

#include "config/config.h"
#include "proxy/base/must_check.h"
#include "proxy/net/worker.h"

/* Whether each proxy has variables of its own. 0, or -1 with err naming two that have not. */
MUST_CHECK int exec_environment_check(const struct config *config, struct err *err);

/* Our environment without what is for us alone, and the variables, NULL-terminated, the caller's to
 * give to exec_environment_free. All proxies listen; without a worker there are none. NULL: out of
 * memory. */
char **exec_environment_new(const struct worker *worker);
void exec_environment_free(char **environment); /* NULL is allowed */

#endif
