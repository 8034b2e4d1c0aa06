/* SPDX-License-Identifier: MIT */
/*
 * The page is page.html of this folder, which the build embeds. Our part is the data: the JSON report with its
 * details, in a <script> element of a type that no browser runs. `<` is escaped there, so that nothing a peer
 * or a command printed can end the element.
 */
#include "proxy/app/sweep/html.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/app/sweep/page.h"
#include "proxy/app/sweep/report.h"
#include "proxy/record/output_file.h"

/* Where the data stands in the page. */
#define DATA_MARK "@DATA@"

static int write_data(const char *bytes, size_t size, void *user)
{
    FILE *out = user;
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] == '<')
            fputs("\\u003c", out);
        else
            fputc(bytes[i], out);
    }
    return 0;
}

int sweep_html_write(const struct sweep *sweep, const char *path, struct err *err)
{
    struct output_file file;
    const char *mark = strstr(sweep_page, DATA_MARK);
    json_t *report = sweep_report_json(sweep, true);
    if (report == NULL)
        return err_set(err, "cannot write --html %s: out of memory", path);
    int result = output_file_open(&file, "--html", path, err);
    if (result == 0) {
        fwrite(sweep_page, 1, (size_t)(mark - sweep_page), file.out);
        json_dump_callback(report, write_data, file.out, JSON_COMPACT | JSON_ENSURE_ASCII);
        fputs(mark + strlen(DATA_MARK), file.out);
        result = output_file_commit(&file, err);
    }
    json_decref(report);
    return result;
}
