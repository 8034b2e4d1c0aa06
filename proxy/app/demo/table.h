/* SPDX-License-Identifier: MIT */
/*
 * `rudeproxy demo table`: all scenarios as a table in Markdown, for docs/SCENARIOS.md. The same on
 * every machine on which they agree.
 */
#ifndef RUDEPROXY_APP_DEMO_TABLE_H
#define RUDEPROXY_APP_DEMO_TABLE_H

#include <stdio.h>

#include "proxy/app/demo/run.h"

void demo_table_head(FILE *out);
void demo_table_row(FILE *out, const struct demo_run *run);

#endif
