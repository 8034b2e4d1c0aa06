/* SPDX-License-Identifier: MIT */
/*
 * `rudeproxy demo`: each scenario natively, then through a proxy of ours with its recipe; what each
 * end saw, side by side, and whether the victim saw the same.
 */
#ifndef RUDEPROXY_APP_DEMO_DEMO_H
#define RUDEPROXY_APP_DEMO_DEMO_H

#include <stddef.h>

/* Shows the named scenarios, all if none is named; for the name `list` the list of them, for
 * `table` a table in Markdown of how all of them went. Returns an exit status: EXIT_RUNTIME if any
 * scenario does not agree. */
int demo_command(const char *const *names, size_t count);

#endif
