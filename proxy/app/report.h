/* SPDX-License-Identifier: MIT */
/* What a run came to, for programs: one JSON object (--report) and JUnit XML (--junit). */
#ifndef RUDEPROXY_APP_REPORT_H
#define RUDEPROXY_APP_REPORT_H

#include "proxy/app/ledger.h"
#include "proxy/base/err.h"

/* The ledger is settled. Each writes a file that appears complete. 0, or -1 with err filled. */
int report_write(const struct ledger *ledger, const char *path, struct err *err);
int junit_write(const struct ledger *ledger, const char *path, struct err *err);

#endif
