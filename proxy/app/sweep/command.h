/* SPDX-License-Identifier: MIT */
/* `rudeproxy sweep` on the command line: options and [sweep] to a struct sweep_request. */
#ifndef RUDEPROXY_APP_SWEEP_COMMAND_H
#define RUDEPROXY_APP_SWEEP_COMMAND_H

#include "proxy/app/cli/cli.h"

/* Returns an exit status. */
int sweep_command(const struct cli *cli);

#endif
