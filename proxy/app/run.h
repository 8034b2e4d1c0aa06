/* SPDX-License-Identifier: MIT */
/*
 * `rudeproxy run`: the program proper. Listens, proxies, reloads at SIGHUP, stops at SIGTERM or
 * SIGINT.
 */
#ifndef RUDEPROXY_APP_RUN_H
#define RUDEPROXY_APP_RUN_H

#include "proxy/app/cli.h"

/* Returns an exit status. */
int run_command(const struct cli *cli);

#endif
