/* SPDX-License-Identifier: MIT */
/*
 * recv(2), send(2) and splice(2) that are not cancellation points (pthreads(7)). In a process with
 * threads the C library's are, which takes two atomic operations for each call. Nobody cancels a
 * thread of this program. Parameters, results and errno are those of the manual pages.
 */
#ifndef PROXY_NET_RAW_IO_H
#define PROXY_NET_RAW_IO_H

#include <stddef.h>
#include <sys/types.h>

ssize_t raw_recv(int fd, void *bytes, size_t size, int flags);
ssize_t raw_send(int fd, const void *bytes, size_t size, int flags);
/* Both at the present offset: for pipes and sockets. */
ssize_t raw_splice(int from, int to, size_t size, unsigned flags);

#endif
