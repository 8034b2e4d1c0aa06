/* SPDX-License-Identifier: MIT */
/* Marks a function whose result must be checked: ignoring it is a compile error. */
#ifndef RUDEPROXY_BASE_MUST_CHECK_H
#define RUDEPROXY_BASE_MUST_CHECK_H

#define MUST_CHECK __attribute__((warn_unused_result))

/* Calls a function whose failure has no effect, or shows in another way. */
#define MAY_FAIL(call) ((void)!(call))

#endif
