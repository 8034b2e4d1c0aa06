/* SPDX-License-Identifier: MIT */
/* `rudeproxy view`: the connections of a JSON log as pictures. */
#ifndef RUDEPROXY_APP_VIEW_COMMAND_H
#define RUDEPROXY_APP_VIEW_COMMAND_H

#include "proxy/app/cli/cli.h"

/* Writes to stdout. Returns an exit status. */
int view_command(const struct cli *cli);

#endif
