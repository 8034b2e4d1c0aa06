/* SPDX-License-Identifier: MIT */
/*
 * JUnit XML, as Jenkins, GitLab and GitHub's reporters read it. One test case for each fault with
 * must_fire; the case fails if the fault never fired.
 */
#include <inttypes.h>
#include <string.h>

#include "proxy/record/event_line.h"
#include "proxy/record/output_file.h"
#include "proxy/record/report.h"
#include "proxy/record/xml.h"

static void put_failure(const struct ledger_fault *fault, FILE *out)
{
    char why[256 + NOT_FIRED_REASON_MAX];
    int used = snprintf(why, sizeof why, "fault %s (type = %s) never fired: it was armed on ",
        fault->name, fault->type);
    char *rest = why + used;
    size_t room = sizeof why - (size_t)used;
    if (fault->armed == 0)
        snprintf(rest, room, "no connection");
    else if (fault->miss_count > 0)
        snprintf(rest, room, "%" PRIu64 " connections: %s", fault->armed, fault->misses[0].reason);
    else
        snprintf(rest, room, "%" PRIu64 " connections, and its trigger came on none of them",
            fault->armed);
    fputs("      <failure type=\"must_fire\"", out);
    xml_put_attribute("message", why, out);
    fputs(">", out);
    xml_put_text(why, out);
    fputs("</failure>\n", out);
}

static void put_case(const struct ledger_fault *fault, FILE *out)
{
    fputs("    <testcase classname=\"rudeproxy.must_fire\"", out);
    xml_put_attribute("name", fault->name, out);
    if (!ledger_fault_failed(fault)) {
        fputs(" time=\"0\"/>\n", out);
        return;
    }
    fputs(" time=\"0\">\n", out);
    put_failure(fault, out);
    fputs("    </testcase>\n", out);
}

static void put_counts(const struct ledger *ledger, FILE *out)
{
    size_t tests = 0;
    for (size_t i = 0; i < ledger->fault_count; i++)
        tests += ledger->faults[i].must_fire;
    fprintf(out, " name=\"rudeproxy\" tests=\"%zu\" failures=\"%zu\" errors=\"0\"", tests,
        ledger_count_failed(ledger));
}

/* JUnit's schema has whole seconds without a time zone. */
static void put_times(const struct ledger *ledger, FILE *out)
{
    char started[EVENT_LINE_TIME_MAX];
    event_line_time_text(ledger->started_us, started, sizeof started);
    started[strcspn(started, ".")] = '\0';
    xml_put_attribute("timestamp", started, out);
    fprintf(out, " time=\"%" PRId64 ".%03d\"", ledger->took_us / US_PER_S,
        (int)(ledger->took_us % US_PER_S / US_PER_MS));
}

static void put_suite(const struct ledger *ledger, FILE *out)
{
    fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites", out);
    put_counts(ledger, out);
    fputs(">\n  <testsuite", out);
    put_counts(ledger, out);
    fputs(" skipped=\"0\"", out);
    put_times(ledger, out);
    fputs(">\n", out);
    for (size_t i = 0; i < ledger->fault_count; i++) {
        if (ledger->faults[i].must_fire)
            put_case(&ledger->faults[i], out);
    }
    fputs("  </testsuite>\n</testsuites>\n", out);
}

int junit_write(const struct ledger *ledger, const char *path, struct err *err)
{
    struct output_file file;
    if (ledger->incomplete)
        return err_set(err, "cannot write --junit %s: out of memory", path);
    if (output_file_open(&file, "--junit", path, err) != 0)
        return -1;
    put_suite(ledger, file.out);
    return output_file_commit(&file, err);
}
