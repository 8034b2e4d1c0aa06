/* SPDX-License-Identifier: MIT */
/* The checks of an intercepting configuration, before anything is made. */
#ifndef RUDEPROXY_APP_INTERCEPT_CHECK_H
#define RUDEPROXY_APP_INTERCEPT_CHECK_H

#include <stdbool.h>

#include "config/config.h"
#include "proxy/app/intercept/pass_option.h"
#include "proxy/base/err.h"
#include "proxy/base/must_check.h"

/* Whether a proxy of the configuration intercepts. */
bool intercept_is_wanted(const struct config *config);

/* Whether the term has a host name other than `localhost`, for which no resolver is asked. */
bool intercept_looks_up(const struct destination_list *list, const struct destination *term);

/* Checks that the configuration can intercept, and that `--pass` has an effect. Warns on stderr if
 * it lists host names and programs look up names over a UNIX socket: that socket leads out of the
 * command's network, so rudeproxy does not see the answers. Returns 0, or -1 with err filled. */
MUST_CHECK int intercept_check(
    const struct config *config, const struct intercept_pass *pass, struct err *err);

#endif
