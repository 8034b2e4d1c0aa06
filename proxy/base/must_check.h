/* SPDX-License-Identifier: MIT */
/* Marks a function whose result is an error: a caller that ignores it does not compile. */
#ifndef RUDEPROXY_BASE_MUST_CHECK_H
#define RUDEPROXY_BASE_MUST_CHECK_H

#define MUST_CHECK __attribute__((warn_unused_result))

/* Calls one whose failure changes nothing, or shows in another way. */
#define MAY_FAIL(call) ((void)!(call))

#endif
