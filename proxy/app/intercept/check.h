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

/* Whether this term of the list has a host name that is looked up. */
bool intercept_looks_up(const struct destination_list *list, const struct destination *term);

/* Whether it can, and whether `--pass` has an effect. Warns on stderr where it may not see all: of
 * names that programs look up over a UNIX socket, which leads out of the command's network. 0, or
 * -1 with err filled. */
MUST_CHECK int intercept_check(
    const struct config *config, const struct intercept_pass *pass, struct err *err);

#endif
