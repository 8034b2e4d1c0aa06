/* SPDX-License-Identifier: MIT */
/* The results of a sweep as one HTML file that needs no network. */
#ifndef RUDEPROXY_APP_SWEEP_REPORT_HTML_H
#define RUDEPROXY_APP_SWEEP_REPORT_HTML_H

#include "proxy/base/err.h"
#include "proxy/base/must_check.h"

struct sweep;

/* 0, or -1 with err filled. */
MUST_CHECK int sweep_report_html_write(
    const struct sweep *sweep, const char *path, struct err *err);

#endif
