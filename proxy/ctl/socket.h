/* SPDX-License-Identifier: MIT */
/*
 * Connects to the API, with a deadline.
 *
 * `localhost` is never resolved: it is 127.0.0.1, then ::1 (RFC 6761 6.3).
 */
#ifndef RUDEPROXY_CTL_SOCKET_H
#define RUDEPROXY_CTL_SOCKET_H

#include <stdint.h>

#include "proxy/base/address.h"
#include "proxy/base/err.h"
#include "proxy/base/must_check.h"

#define SOCKET_NO_DEADLINE INT64_MAX

/* Returns the deadline in `seconds` from now, in milliseconds of the monotonic clock. */
int64_t socket_deadline(unsigned seconds);

/* Waits until one of poll()'s `events` is ready. Returns the ready ones, or 0 after the
 * deadline. */
short socket_wait(int fd, short events, int64_t deadline_ms);

/* Tries each address of the host in turn. Returns a non-blocking socket, which the caller closes,
 * or -1. */
MUST_CHECK int socket_connect(const struct address *to, int64_t deadline_ms, struct err *err);

#endif
