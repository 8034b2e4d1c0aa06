/* SPDX-License-Identifier: MIT */
/* Threads beside that of the loop. */
#ifndef RUDEPROXY_BASE_THREAD_H
#define RUDEPROXY_BASE_THREAD_H

#include <pthread.h>

#include "proxy/base/must_check.h"

/* Starts a thread with all signals blocked: libuv handles signals, on the loop's thread.
 * `attributes`: NULL for the defaults. Returns 0 or a positive errno (pthread_create(3)). */
MUST_CHECK int thread_start(
    pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *user), void *user);

#endif
