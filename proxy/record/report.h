/* SPDX-License-Identifier: MIT */
/* The result of a run for programs: one JSON object (--report) and JUnit XML (--junit). */
#ifndef RUDEPROXY_RECORD_REPORT_H
#define RUDEPROXY_RECORD_REPORT_H

#include <stdio.h>

#include "proxy/base/err.h"
#include "proxy/base/must_check.h"
#include "proxy/record/ledger.h"

/* Prints the report of a settled ledger, at the end or in the middle of a run. Returns 0 or
 * -ENOMEM. Check ferror() for write errors. */
MUST_CHECK int report_print(const struct ledger *ledger, FILE *out);

/* Each writes a file that appears complete, from a settled ledger. Returns 0, or -1 with err
 * filled. */
MUST_CHECK int report_write(const struct ledger *ledger, const char *path, struct err *err);
MUST_CHECK int junit_write(const struct ledger *ledger, const char *path, struct err *err);

#endif
