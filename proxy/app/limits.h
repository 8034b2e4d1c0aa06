/* SPDX-License-Identifier: MIT */
/* What the process may use, and gives back. */
#ifndef RUDEPROXY_APP_LIMITS_H
#define RUDEPROXY_APP_LIMITS_H

/* Takes all descriptors that the process may have: each connection needs two. */
void limits_raise_descriptors(void);

/* Makes malloc(3) give a ring's block back to the kernel when it is freed (mallopt(3)); it would stay in
 * the heap behind blocks that live longer. */
void limits_return_blocks(void);

#endif
