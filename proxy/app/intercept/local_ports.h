/* SPDX-License-Identifier: MIT */
/*
 * The ports at which somebody listens on the machine itself. Only these are passed from the
 * loopback address of the command's network to the machine's, so that a connection to a port at
 * which nobody listens is refused there as it would be here.
 */
#ifndef RUDEPROXY_APP_INTERCEPT_LOCAL_PORTS_H
#define RUDEPROXY_APP_INTERCEPT_LOCAL_PORTS_H

#include <stdbool.h>
#include <stdint.h>

/* A set of the packet filter has them, in a request of less than 100 kB (redirect.c). */
#define LOCAL_PORTS_MAX 4096

struct local_ports {
    unsigned count;
    bool too_many;                   /* more than LOCAL_PORTS_MAX: only the first are listed */
    uint16_t ports[LOCAL_PORTS_MAX]; /* ascending */
};

/* Asks the kernel (sock_diag(7)). False: it cannot say, or there are too many. */
bool local_ports_read(struct local_ports *served);

#endif
