/* SPDX-License-Identifier: MIT */
/*
 * The environment of the command of `exec`. Each proxy that is enabled and has `listen` gets the
 * variables RUDEPROXY_<NAME>_ADDR, _HOST and _PORT. NAME is in upper case, and each character that
 * is not a letter or a digit is `_`.
 */
#ifndef RUDEPROXY_APP_EXEC_ENVIRONMENT_H
#define RUDEPROXY_APP_EXEC_ENVIRONMENT_H

#include "config/config.h"
#include "proxy/base/must_check.h"
#include "proxy/net/worker.h"

/* Checks that no two proxies have variables of the same name. Returns 0, or -1 with err naming two
 * that do. */
MUST_CHECK int exec_environment_check(const struct config *config, struct err *err);

/* Returns a copy of our environment, without the variables that only rudeproxy reads, and with
 * those of the proxies, which must listen. `worker` NULL: no proxies. The list is NULL-terminated,
 * and the caller frees it with exec_environment_free. NULL: out of memory. */
char **exec_environment_new(const struct worker *worker);
void exec_environment_free(char **environment); /* NULL is allowed */

#endif
