/* SPDX-License-Identifier: MIT */
/* `rudeproxy ctl`: a client of the HTTP API, in the words of toxiproxy-cli where it has them. */
#ifndef RUDEPROXY_CTL_CTL_H
#define RUDEPROXY_CTL_CTL_H

#include <stddef.h>

/* Exit statuses, those of every command. */
enum ctl_status {
    CTL_FINE = 0,
    CTL_FAILED = 1, /* the server said no, or there is none */
    CTL_USAGE = 2,
};

/* Runs the command in the words behind `ctl`. What is wrong goes to stderr. */
enum ctl_status ctl_run(const char *const *words, size_t count);

#endif
