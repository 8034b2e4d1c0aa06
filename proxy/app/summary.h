/* SPDX-License-Identifier: MIT */
/* What a run came to, for people: printed on stderr when it ends. */
#ifndef RUDEPROXY_APP_SUMMARY_H
#define RUDEPROXY_APP_SUMMARY_H

#include <stdio.h>

#include "proxy/net/worker.h"

void summary_print(struct worker *worker, FILE *out);

#endif
