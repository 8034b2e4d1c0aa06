/* SPDX-License-Identifier: MIT */
/* The limits of the process (descriptors, memory), and memory that it gives back. */
#ifndef RUDEPROXY_APP_LIMITS_H
#define RUDEPROXY_APP_LIMITS_H

#include "proxy/base/err.h"
#include "proxy/base/must_check.h"

/* With fewer descriptors nothing can start, and libuv (1.44) aborts. */
#define LIMITS_DESCRIPTORS_MIN 8

/* Takes all descriptors that the process may have: each connection needs two. 0, or -1 with err
 * filled: they are fewer than LIMITS_DESCRIPTORS_MIN. */
MUST_CHECK int limits_raise_descriptors(struct err *err);

/* Makes malloc(3) give a ring's block back to the kernel when it is freed (mallopt(3)). Otherwise
 * the block may stay in the heap below blocks that live longer. */
void limits_return_blocks(void);

#endif
