/* SPDX-License-Identifier: MIT */
/* The places where a fault fired, as its sections need them. The clock's decisions become bytes. */
#ifndef RUDEPROXY_APP_REPLAY_OCCURRENCES_H
#define RUDEPROXY_APP_REPLAY_OCCURRENCES_H

#include "proxy/app/replay/section.h"

/* Fills by_clock, first and the occurrences of the task's fault, sorted and each once: a fault that
 * fired in both directions of a connection may be one occurrence. The sections of the fault that it
 * waits for must have been made. Returns 0, or -1 after reporting the error. */
MUST_CHECK int replay_occurrences_gather(struct replay_task *task);

/* Returns how many occurrences from `start` on differ only in the connection. */
size_t replay_occurrences_alike(const struct replay_task *task, size_t start);

/* Whether the fault fired on the same connections of every proxy that it names. Then one section
 * for all these proxies is enough. */
bool replay_occurrences_are_uniform(const struct replay_task *task);

#endif
