/* SPDX-License-Identifier: MIT */
/* What the files of this layer share and nobody else needs. */
#ifndef RUDEPROXY_CONTROL_CHANGE_H
#define RUDEPROXY_CONTROL_CHANGE_H

#include "proxy/control/control.h"

/* CONTROL_FAILED, with the errno kept. `text` NULL: err is filled already. */
enum control_result control_fail(
    struct control *control, int errnum, struct err *err, const char *text);

/* CONTROL_NOT_FOUND. */
enum control_result control_no_proxy(const char *name, struct err *err);

/* Whether the proxy listens, or did, where this address says. */
bool control_listens_on(const struct proxy *proxy, const struct address *listen);

enum control_result control_remove_all_faults(
    struct control *control, struct proxy *proxy, struct err *err);

#endif
