/* SPDX-License-Identifier: MIT */
/*
 * How the demo looks: text for a person, within 100 columns; colour if the caller wants it.
 */
#ifndef RUDEPROXY_APP_DEMO_PRINT_H
#define RUDEPROXY_APP_DEMO_PRINT_H

#include <stdbool.h>
#include <stdio.h>

#include "proxy/app/demo/run.h"

struct demo_page {
    FILE *out;
    bool colour;
    bool table; /* Markdown, one row for each scenario (demo_table.h) */
};

/* One scenario: its story, both runs side by side, the verdict, the proxy's own log. */
void demo_print_run(const struct demo_page *page, const struct demo_run *run);

/* One row of the summary at the end, below its head. */
void demo_print_summary_head(const struct demo_page *page);
void demo_print_summary_row(
    const struct demo_page *page, const struct scenario *scenario, enum demo_verdict verdict);

/* The catalogue: every scenario with its story. */
void demo_print_list(const struct demo_page *page);

#endif
