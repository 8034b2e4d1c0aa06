/* SPDX-License-Identifier: MIT */
/*
 * The ports on which programs of the machine listen, outside the command's network. A connection of
 * the command to a loopback address passes only to one of these ports. So a port on which nobody
 * listens refuses the command, as it does without `--intercept`.
 */
#ifndef RUDEPROXY_APP_INTERCEPT_LOCAL_PORTS_H
#define RUDEPROXY_APP_INTERCEPT_LOCAL_PORTS_H

#include <stdbool.h>
#include <stdint.h>

/* They are one set of the packet filter. With so many, the request has less than 100 kB
 * (redirect.c). */
#define LOCAL_PORTS_MAX 4096

struct local_ports {
    unsigned count;
    bool too_many;                   /* more than LOCAL_PORTS_MAX: only the first are listed */
    uint16_t ports[LOCAL_PORTS_MAX]; /* ascending */
};

/* Asks the kernel for the ports (sock_diag(7)). False: the request failed, or there are too many.
 */
bool local_ports_read(struct local_ports *served);

#endif
