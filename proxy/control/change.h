/* SPDX-License-Identifier: MIT */
/* Private to proxy/control. */
#ifndef RUDEPROXY_CONTROL_CHANGE_H
#define RUDEPROXY_CONTROL_CHANGE_H

#include "proxy/base/must_check.h"
#include "proxy/control/control.h"

/* Stores the errnum and returns CONTROL_FAILED. `text` NULL: err is already filled. */
enum control_result control_fail(
    struct control *control, int errnum, struct err *err, const char *text);

/* Fills err and returns CONTROL_NOT_FOUND. */
MUST_CHECK enum control_result control_no_proxy(const char *name, struct err *err);

/* Whether the proxy listens, or last listened, at this address. */
bool control_listens_on(const struct proxy *proxy, const struct address *listen);

MUST_CHECK enum control_result control_remove_all_faults(
    struct control *control, struct proxy *proxy, struct err *err);

#endif
