/* SPDX-License-Identifier: MIT */
/*
 * `rudeproxy demo`: runs each scenario natively, then through a proxy of ours with its recipe.
 * Prints what each end saw, side by side, and whether the victim saw the same.
 */
#ifndef RUDEPROXY_APP_DEMO_DEMO_H
#define RUDEPROXY_APP_DEMO_DEMO_H

#include <stddef.h>

/* Shows the named scenarios, or all if none is named. The name `list` prints the list of scenarios,
 * `table` a table in Markdown with the outcome of each. Returns an exit status: EXIT_RUNTIME if any
 * scenario does not agree. */
int demo_command(const char *const *names, size_t count);

#endif
