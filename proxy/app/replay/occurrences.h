/* SPDX-License-Identifier: MIT */
/* Where a fault fired, as far as its sections need it: what the clock decided becomes bytes. */
#ifndef RUDEPROXY_APP_REPLAY_OCCURRENCES_H
#define RUDEPROXY_APP_REPLAY_OCCURRENCES_H

#include "proxy/app/replay/section.h"

/* Fills by_clock, first and the occurrences of the task's fault: sorted, each once, since one in
 * both directions of a connection is once. The sections of the fault that it waits for are made. 0,
 * or -1 after saying so. */
MUST_CHECK int replay_occurrences_gather(struct replay_task *task);

/* How many, from `start` on, differ in nothing but the connection. */
size_t replay_occurrences_alike(const struct replay_task *task, size_t start);

/* Whether the fault fired on the same connections of every proxy that it names, so that one section
 * does. */
bool replay_occurrences_are_uniform(const struct replay_task *task);

#endif
