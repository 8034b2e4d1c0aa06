/* SPDX-License-Identifier: MIT */
/* The outcome: see run_end.h. */
#include "proxy/app/run_end.h"

#include "proxy/app/run.h"
#include "proxy/record/output_file.h"
#include "proxy/record/report.h"
#include "proxy/record/summary.h"

int run_end_check(const struct run_options *options, struct err *err)
{
    if (options->report_path != NULL &&
        output_file_probe("--report", options->report_path, err) != 0)
        return -1;
    if (options->junit_path != NULL && output_file_probe("--junit", options->junit_path, err) != 0)
        return -1;
    return 0;
}

/* Writes both, also when the first one fails. */
static int write_reports(const struct run_options *options, struct ledger *ledger)
{
    int status = EXIT_FINE;
    struct err err;
    if (options->report_path != NULL && report_write(ledger, options->report_path, &err) != 0) {
        fprintf(stderr, "rudeproxy: %s\n", err.text);
        status = EXIT_RUNTIME;
    }
    if (options->junit_path != NULL && junit_write(ledger, options->junit_path, &err) != 0) {
        fprintf(stderr, "rudeproxy: %s\n", err.text);
        status = EXIT_RUNTIME;
    }
    return status;
}

int run_end_conclude(const struct run_options *options, struct ledger *ledger, int child_status)
{
    if (!options->quiet)
        summary_print(ledger, stderr);
    int status = write_reports(options, ledger);
    summary_print_failed(ledger, stderr);
    if (child_status != 0)
        return child_status;
    if (status == EXIT_FINE && ledger_count_failed(ledger) > 0)
        status = EXIT_UNFIRED;
    return status;
}
