/* SPDX-License-Identifier: MIT */
/* The page is page.html of this folder, which the build embeds. Its data is the JSON report with
 * its details. */
#include "proxy/app/sweep/report_html.h"

#include <jansson.h>

#include "proxy/app/html_page.h"
#include "proxy/app/sweep/report.h"
#include "proxy/app/sweep/report_page.h"
#include "proxy/record/output_file.h"

int sweep_report_html_write(const struct sweep *sweep, const char *path, struct err *err)
{
    struct output_file file;
    json_t *report = sweep_report_json(sweep, true);
    if (report == NULL)
        return err_set(err, "cannot write --html %s: out of memory", path);
    int result = output_file_open(&file, "--html", path, err);
    if (result == 0) {
        html_page_print(file.out, sweep_page, report, NULL);
        result = output_file_commit(&file, err);
    }
    json_decref(report);
    return result;
}
