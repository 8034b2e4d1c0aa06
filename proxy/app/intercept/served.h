/* SPDX-License-Identifier: MIT */
/*
 * The ports at which somebody listens on the machine itself. Only these are passed from the
 * loopback address of the command's network to the machine's, so that a connection to a port at
 * which nobody listens is refused there as it would be here.
 */
#ifndef RUDEPROXY_APP_INTERCEPT_SERVED_H
#define RUDEPROXY_APP_INTERCEPT_SERVED_H

#include <stdbool.h>
#include <stdint.h>

#define SERVED_PORTS_MAX 1024

struct served {
    unsigned count;
    uint16_t ports[SERVED_PORTS_MAX]; /* ascending */
};

/* Asks the kernel (sock_diag(7)). False: it cannot say, or there are too many. */
bool served_read(struct served *served);

#endif
