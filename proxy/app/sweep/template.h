/* SPDX-License-Identifier: MIT */
/* From the text of a fault of the list (`reset mode=abrupt`) and a place to a fault of the
 * configuration. */
#ifndef RUDEPROXY_APP_SWEEP_TEMPLATE_H
#define RUDEPROXY_APP_SWEEP_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>

#include "proxy/app/sweep/place_name.h"
#include "proxy/base/must_check.h"
#include "proxy/fault/fault.h"

/* Makes `text` a fault that fires at `place`, on that connection alone. A type that needs a side
 * has that of the receiver, if none is given. 0, or -1 with err filled: what the language says of
 * it. */
MUST_CHECK int sweep_template_build(const char *text, const struct sweep_place *place,
    const struct config *config, struct fault *fault, struct err *err);

/* Whether a fault of the list fits the place: not every type can fire at a FIN or act on a UNIX
 * socket, say. `user` is a struct sweep; sweep_cases_begin() calls this. */
bool sweep_template_fits(const void *user, size_t fault, const struct sweep_place *place);

#endif
