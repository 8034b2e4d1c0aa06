/* SPDX-License-Identifier: MIT */
/* What a run came to, for programs: one JSON object (--report) and JUnit XML (--junit). */
#ifndef RUDEPROXY_RECORD_REPORT_H
#define RUDEPROXY_RECORD_REPORT_H

#include <stdio.h>

#include "proxy/base/err.h"
#include "proxy/base/must_check.h"
#include "proxy/record/ledger.h"

/* The ledger is settled, at the end or in the middle of a run. 0 or -ENOMEM; whether everything
 * could be written is for ferror() to say. */
MUST_CHECK int report_print(const struct ledger *ledger, FILE *out);

/* The ledger is settled. Each writes a file that appears complete. 0, or -1 with err filled. */
MUST_CHECK int report_write(const struct ledger *ledger, const char *path, struct err *err);
MUST_CHECK int junit_write(const struct ledger *ledger, const char *path, struct err *err);

#endif
