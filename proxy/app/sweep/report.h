/* SPDX-License-Identifier: MIT */
/* The results of a sweep for programs: JSON and JUnit XML. For people: map.h. */
#ifndef RUDEPROXY_APP_SWEEP_REPORT_H
#define RUDEPROXY_APP_SWEEP_REPORT_H

#include <jansson.h>
#include <stdbool.h>

#include "proxy/base/err.h"
#include "proxy/base/must_check.h"

struct sweep;

/* The report as a JSON value, with one reference; `details` adds what the commands printed and the
 * records of their connections. NULL: out of memory. */
json_t *sweep_report_json(const struct sweep *sweep, bool details);

/* 0, or -1 with err filled. */
MUST_CHECK int sweep_report_write(const struct sweep *sweep, const char *path, struct err *err);
MUST_CHECK int sweep_report_write_junit(
    const struct sweep *sweep, const char *path, struct err *err);

/* NNNNN.ini in the runner's folder for each bad case: the proxies and the faults of that run, as a
 * file for `rudeproxy exec -c`. */
MUST_CHECK int sweep_report_write_files(const struct sweep *sweep, struct err *err);

#endif
