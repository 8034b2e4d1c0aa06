/* SPDX-License-Identifier: MIT */
/*
 * Cases that mostly wait, several at once.
 *
 * Each runs in a forked child, so it has descriptors, children and static data of its own. Only
 * from a process with one thread. Other children of the caller stay its own.
 */
#ifndef RUDEPROXY_TESTS_SIDE_BY_SIDE_H
#define RUDEPROXY_TESTS_SIDE_BY_SIDE_H

#include <stdbool.h>
#include <stddef.h>

#define SIDE_BY_SIDE_MAX 8

/* Runs job(user, i) for each i below `n`, at most `at_once` (SIDE_BY_SIDE_MAX) of them at a time.
 * Returns how many returned true. */
size_t side_by_side_run(
    size_t n, size_t at_once, bool (*job)(const void *user, size_t i), const void *user);

#endif
