/* SPDX-License-Identifier: MIT */
/*
 * jansson calls without memory yield NULL, and json_object_set_new() of NULL fails: `ok` remembers.
 */
#include "proxy/app/sweep/report.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/app/sweep/child.h"
#include "proxy/app/sweep/json_text.h"
#include "proxy/app/sweep/repeat.h"
#include "proxy/app/sweep/sweep.h"
#include "proxy/app/sweep/template.h"
#include "proxy/base/memory_file.h"
#include "proxy/record/output_file.h"
#include "proxy/record/xml.h"

struct builder {
    const struct sweep *sweep;
    bool details;
    bool ok;
};

static void set(struct builder *builder, json_t *object, const char *key, json_t *value)
{
    if (json_object_set_new(object, key, value) != 0)
        builder->ok = false;
}

static json_t *number(uint64_t value)
{
    return json_integer((json_int_t)value);
}

static json_t *sweep_report_place_of(struct builder *builder, const struct sweep_place *place)
{
    json_t *object = json_object();
    set(builder, object, "proxy",
        sweep_json_text(builder->sweep->config->proxies[place->proxy].name));
    set(builder, object, "connection", number(place->connection));
    set(builder, object, "direction", sweep_json_text(direction_name(place->direction)));
    set(builder, object, "offset", number(place->offset));
    set(builder, object, "message", place->message > 0 ? number(place->message) : json_null());
    set(builder, object, "edge", sweep_json_text(sweep_edge_name(place->edge)));
    return object;
}

static json_t *repeat_of(const struct sweep *sweep, const struct sweep_case *tried)
{
    struct memory_file memory;
    if (memory_file_open(&memory) != 0)
        return NULL;
    sweep_repeat_print(sweep, tried, memory.out);
    char *line = memory_file_close(&memory, NULL);
    json_t *value = line != NULL ? sweep_json_text(line) : NULL;
    free(line);
    return value;
}

/* The further faults of a random run. */
static json_t *more_of(struct builder *builder, const struct sweep_case *tried)
{
    json_t *array = json_array();
    for (size_t i = 0; i < tried->more_count; i++) {
        json_t *object = json_object();
        set(builder, object, "place", sweep_report_place_of(builder, &tried->more[i].place));
        set(builder, object, "fault",
            sweep_json_text(builder->sweep->options->faults[tried->more[i].fault]));
        if (json_array_append_new(array, object) != 0)
            builder->ok = false;
    }
    return array;
}

static json_t *result_of(struct builder *builder, const struct sweep_case *tried)
{
    json_t *object = json_object();
    int status = run_facts_status(&tried->facts), signal = run_facts_signal(&tried->facts);
    set(builder, object, "place", sweep_report_place_of(builder, &tried->pick.place));
    set(builder, object, "fault",
        sweep_json_text(builder->sweep->options->faults[tried->pick.fault]));
    if (tried->more_count > 0)
        set(builder, object, "more", more_of(builder, tried));
    set(builder, object, "outcome", sweep_json_text(outcome_name(tried->outcome)));
    set(builder, object, "status", status >= 0 ? json_integer(status) : json_null());
    set(builder, object, "signal", signal > 0 ? json_integer(signal) : json_null());
    set(builder, object, "duration_ms", number(tried->facts.duration_us / US_PER_MS));
    set(builder, object, "repeat", repeat_of(builder->sweep, tried));
    if (!builder->details)
        return object;
    set(builder, object, "bad", json_boolean(tried->bad));
    set(builder, object, "output",
        tried->evidence.excerpt != NULL ? sweep_json_text(tried->evidence.excerpt) : json_null());
    set(builder, object, "record",
        tried->evidence.record != NULL ? sweep_json_text(tried->evidence.record) : json_null());
    return object;
}

static json_t *baseline_of(struct builder *builder)
{
    const struct sweep_baseline *baseline = &builder->sweep->baseline;
    json_t *object = json_object();
    set(builder, object, "runs", number(SWEEP_BASELINE_RUNS));
    set(builder, object, "status", json_integer(run_facts_status(&baseline->facts)));
    set(builder, object, "duration_ms", number(baseline->facts.duration_us / US_PER_MS));
    set(builder, object, "stable", json_boolean(baseline->stable));
    return object;
}

json_t *sweep_report_json(const struct sweep *sweep, bool details)
{
    struct builder builder = {.sweep = sweep, .details = details, .ok = true};
    json_t *object = json_object(), *results = json_array(), *outcomes = json_object();
    json_t *places = json_object();
    uint64_t counts[OUTCOME_COUNT] = {0}, bad = 0, tried = 0;
    char seed[24];
    for (size_t i = 0; i < sweep->cases.count; i++) {
        const struct sweep_case *each = &sweep->cases.list[i];
        if (!each->done)
            continue;
        tried++;
        counts[each->outcome]++;
        bad += each->bad;
        if (json_array_append_new(results, result_of(&builder, each)) != 0)
            builder.ok = false;
    }
    for (int i = 0; i < OUTCOME_COUNT; i++)
        set(&builder, outcomes, outcome_name((enum sweep_outcome)i), number(counts[i]));
    set(&builder, places, "total", number(sweep->cases.place_total));
    set(&builder, places, "tried", number(tried));
    snprintf(seed, sizeof seed, "%" PRIu64, sweep->seed);
    set(&builder, object, "version", sweep_json_text(RUDEPROXY_VERSION));
    set(&builder, object, "seed", sweep_json_text(seed));
    set(&builder, object, "baseline", baseline_of(&builder));
    set(&builder, object, "places", places);
    set(&builder, object, "outcomes", outcomes);
    set(&builder, object, "results", results);
    set(&builder, object, "bad", number(bad));
    if (builder.ok)
        return object;
    json_decref(object);
    return NULL;
}

int sweep_report_write(const struct sweep *sweep, const char *path, struct err *err)
{
    struct output_file file;
    json_t *report = sweep_report_json(sweep, false);
    if (report == NULL)
        return err_set(err, "cannot write --report %s: out of memory", path);
    int result = output_file_open(&file, "--report", path, err);
    if (result == 0) {
        json_dumpf(report, file.out, JSON_INDENT(2) | JSON_ENSURE_ASCII);
        fputc('\n', file.out);
        result = output_file_commit(&file, err);
    }
    json_decref(report);
    return result;
}

/* --- JUnit --- */

static void put_case(const struct sweep *sweep, const struct sweep_case *tried, FILE *out)
{
    char name[SWEEP_CASE_TEXT_MAX], why[256];
    sweep_case_format(sweep, tried, name, sizeof name);
    fputs("    <testcase classname=\"rudeproxy.sweep\"", out);
    xml_put_attribute("name", name, out);
    fprintf(out, " time=\"%.3f\">", (double)tried->facts.duration_us / US_PER_S);
    if (tried->bad) {
        snprintf(why, sizeof why, "%s: %s", outcome_name(tried->outcome),
            outcome_summary(tried->outcome));
        fputs("\n      <failure", out);
        xml_put_attribute("type", outcome_name(tried->outcome), out);
        xml_put_attribute("message", why, out);
        fputs(">", out);
        xml_put_text(tried->evidence.excerpt != NULL ? tried->evidence.excerpt : "", out);
        fputs("</failure>\n    ", out);
    }
    fputs("</testcase>\n", out);
}

int sweep_report_write_junit(const struct sweep *sweep, const char *path, struct err *err)
{
    struct output_file file;
    size_t tests = 0, bad = 0;
    if (output_file_open(&file, "--junit", path, err) != 0)
        return -1;
    for (size_t i = 0; i < sweep->cases.count; i++) {
        tests += sweep->cases.list[i].done;
        bad += sweep->cases.list[i].bad;
    }
    fprintf(file.out,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n  <testsuite name=\"sweep\" "
        "tests=\"%zu\" failures=\"%zu\" errors=\"0\" skipped=\"0\">\n",
        tests, bad);
    for (size_t i = 0; i < sweep->cases.count; i++) {
        if (sweep->cases.list[i].done)
            put_case(sweep, &sweep->cases.list[i], file.out);
    }
    fputs("  </testsuite>\n</testsuites>\n", file.out);
    return output_file_commit(&file, err);
}

/* --- a file for each bad case --- */

static int write_file(const struct sweep *sweep, const struct sweep_case *tried, struct err *err)
{
    char path[PATH_MAX + 16];
    struct output_file file;
    struct config config = *sweep->config;
    struct fault faults[SWEEP_PICKS_MAX];
    sweep_child_path(&sweep->runner, tried->run, SWEEP_INI, path, sizeof path);
    for (size_t i = 0; i <= tried->more_count; i++) {
        const struct sweep_pick *pick = i == 0 ? &tried->pick : &tried->more[i - 1];
        if (sweep_template_build(
                sweep->options->faults[pick->fault], &pick->place, &config, &faults[i], err) != 0)
            return -1;
        snprintf(faults[i].name, sizeof faults[i].name, "sweep-%zu", i + 1);
    }
    config.faults = faults;
    config.fault_count = tried->more_count + 1;
    if (output_file_open(&file, "--dir", path, err) != 0)
        return -1;
    fprintf(file.out, "; %s\n; Repeat it: ", outcome_name(tried->outcome));
    sweep_repeat_print(sweep, tried, file.out);
    fputc('\n', file.out);
    config_print(&config, file.out);
    return output_file_commit(&file, err);
}

int sweep_report_write_files(const struct sweep *sweep, struct err *err)
{
    for (size_t i = 0; i < sweep->cases.count; i++) {
        if (sweep->cases.list[i].bad && write_file(sweep, &sweep->cases.list[i], err) != 0)
            return -1;
    }
    return 0;
}
