/* SPDX-License-Identifier: MIT */
/*
 * An assert that release builds keep: for cheap conditions that guard memory. A peer, the kernel or
 * a user can never make one false.
 */
#ifndef RUDEPROXY_BASE_ENSURE_H
#define RUDEPROXY_BASE_ENSURE_H

/* Ends the program if `condition` is false, with the place on stderr. */
#define ENSURE(condition) ((condition) ? (void)0 : ensure_failed(#condition, __FILE__, __LINE__))

_Noreturn void ensure_failed(const char *condition, const char *file, int line);

#endif
