/* SPDX-License-Identifier: MIT */
/*
 * A sweep begins: the title is written, the first line. Each run adds a line when it ends, and is
 * flushed. With --resume the file is read first. A title of another sweep is an error; a line that
 * a kill tore is no JSON, and is passed over, so that its run is made again. New lines then go to
 * the end. A new sweep in the same folder reads only the highest number of a run: no two runs of a
 * folder have the same.
 */
#include "proxy/app/sweep/journal.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proxy/app/sweep/json_text.h"
#include "proxy/base/hash.h"
#include "proxy/base/list.h"

#define JOURNAL_NAME "sweep.jsonl"

struct entry {
    struct hash_link link;
    char *key; /* owned */
    unsigned attempt;
    unsigned run;
    struct run_facts facts;
    struct sweep_evidence evidence;
};

struct sweep_journal {
    FILE *out;
    struct hash entries;  /* of an earlier sweep */
    struct entry **owned; /* the same, to be freed */
    size_t count, capacity;
    unsigned last_run; /* the highest number that an earlier sweep used */
};

static struct entry *journal_find(
    const struct sweep_journal *journal, const char *key, unsigned attempt)
{
    struct hash_link *link = hash_find(&journal->entries, hash_text(attempt, key));
    for (; link != NULL; link = hash_find_next(link)) {
        struct entry *entry = container_of(link, struct entry, link);
        if (entry->attempt == attempt && strcmp(entry->key, key) == 0)
            return entry;
    }
    return NULL;
}

/* --- what an earlier sweep wrote --- */

static int keep(struct sweep_journal *journal, struct entry *entry)
{
    if (journal->count == journal->capacity) {
        size_t capacity = journal->capacity == 0 ? 64 : 2 * journal->capacity;
        struct entry **grown = realloc(journal->owned, capacity * sizeof(struct entry *));
        if (grown == NULL)
            return -1;
        journal->owned = grown;
        journal->capacity = capacity;
    }
    struct entry *earlier = journal_find(journal, entry->key, entry->attempt);
    if (earlier != NULL) /* it was run again (wave.c) */
        hash_remove(&journal->entries, &earlier->link);
    if (hash_add(&journal->entries, &entry->link, hash_text(entry->attempt, entry->key)) != 0)
        return -1;
    journal->owned[journal->count++] = entry;
    return 0;
}

static uint64_t number(const json_t *object, const char *key)
{
    return (uint64_t)json_integer_value(json_object_get(object, key));
}

static bool is_true(const json_t *object, const char *key)
{
    return json_is_true(json_object_get(object, key));
}

/* Returns a copy, NULL if there is none. */
static char *copy_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text != NULL ? strdup(text) : NULL;
}

static void entry_free(struct entry *entry)
{
    free(entry->key);
    sweep_evidence_free(&entry->evidence);
    free(entry);
}

/* 0, or -1: out of memory. */
static int take_entry(struct sweep_journal *journal, const json_t *object)
{
    const char *key = json_string_value(json_object_get(object, "key"));
    if (number(object, "run") > journal->last_run)
        journal->last_run = (unsigned)number(object, "run");
    struct entry *entry = key != NULL ? calloc(1, sizeof *entry) : NULL;
    if (key == NULL)
        return 0;
    if (entry == NULL)
        return -1;
    entry->key = strdup(key);
    entry->attempt = (unsigned)number(object, "attempt");
    entry->run = (unsigned)number(object, "run");
    entry->facts = (struct run_facts){
        .started = true,
        .timed_out = is_true(object, "timed_out"),
        .fired = is_true(object, "fired"),
        .check_failed = is_true(object, "check_failed"),
        .wait_status = (int)number(object, "wait_status"),
        .duration_us = number(object, "duration_us"),
        .output = strtoull(json_string_value(json_object_get(object, "output")) != NULL
                               ? json_string_value(json_object_get(object, "output"))
                               : "0",
            NULL, 16),
    };
    entry->evidence.excerpt = copy_of(object, "printed");
    entry->evidence.record = copy_of(object, "record");
    if (entry->key != NULL && keep(journal, entry) == 0)
        return 0;
    entry_free(entry);
    return -1;
}

/* The first line is the title, the others are runs. */
static int take_lines(
    struct sweep_journal *journal, FILE *in, const char *title, const char *path, struct err *err)
{
    char *line = NULL;
    size_t size = 0;
    int result = 0;
    bool first = true;
    while (result == 0 && getline(&line, &size, in) > 0) {
        json_error_t error;
        json_t *object = json_loads(line, 0, &error);
        const char *found = json_string_value(json_object_get(object, "sweep"));
        if (first && (found == NULL || strcmp(found, title) != 0))
            result = err_set(err, "%s is of a sweep with other options, or of none", path);
        else if (!first && object != NULL && take_entry(journal, object) != 0)
            result = err_set(err, "out of memory");
        json_decref(object);
        first = false;
    }
    free(line);
    return result == 0 && first ? err_set(err, "%s is empty: there is nothing to resume", path)
                                : result;
}

static int read_earlier(
    struct sweep_journal *journal, const char *path, const char *title, struct err *err)
{
    FILE *in = fopen(path, "re");
    if (in == NULL)
        return err_set(err, "cannot resume: %s: %s", path, strerror(errno));
    int result = take_lines(journal, in, title, path, err);
    fclose(in);
    return result;
}

/* The number of the last run that the file names, which a new sweep is about to overwrite. */
static unsigned read_last_run(const char *path)
{
    char *line = NULL;
    size_t size = 0;
    json_error_t error;
    unsigned last = 0;
    FILE *in = fopen(path, "re");
    while (in != NULL && getline(&line, &size, in) > 0) {
        json_t *object = json_loads(line, 0, &error);
        if (number(object, "run") > last)
            last = (unsigned)number(object, "run");
        json_decref(object);
    }
    free(line);
    if (in != NULL)
        fclose(in);
    return last;
}

/* --- writing --- */

static void write_object(FILE *out, json_t *object)
{
    if (object != NULL && json_dumpf(object, out, JSON_COMPACT | JSON_ENSURE_ASCII) == 0)
        fputc('\n', out);
    fflush(out); /* what a kill leaves is what was written */
    json_decref(object);
}

void sweep_journal_add(struct sweep_journal *journal, const char *key, unsigned attempt,
    const struct sweep_job *job, bool evidence)
{
    const struct run_facts *facts = &job->facts;
    char output[20];
    snprintf(output, sizeof output, "%016" PRIx64, facts->output);
    json_t *object = json_pack("{s:s, s:i, s:i, s:b, s:b, s:b, s:i, s:I, s:s}", "key", key,
        "attempt", (int)attempt, "run", (int)job->run, "timed_out", facts->timed_out, "fired",
        facts->fired, "check_failed", facts->check_failed, "wait_status", facts->wait_status,
        "duration_us", (json_int_t)facts->duration_us, "output", output);
    if (evidence && job->evidence.excerpt != NULL)
        json_object_set_new(object, "printed", sweep_json_text(job->evidence.excerpt));
    if (evidence && job->evidence.record != NULL)
        json_object_set_new(object, "record", sweep_json_text(job->evidence.record));
    write_object(journal->out, object);
}

void sweep_journal_skip(struct sweep_journal *journal, unsigned run)
{
    write_object(journal->out, json_pack("{s:i}", "run", (int)run));
}

bool sweep_journal_seed(const char *dir, uint64_t *seed)
{
    char path[PATH_MAX], *line = NULL;
    size_t size = 0;
    json_error_t error;
    snprintf(path, sizeof path, "%s/%s", dir, JOURNAL_NAME);
    FILE *in = fopen(path, "re");
    json_t *object =
        in != NULL && getline(&line, &size, in) > 0 ? json_loads(line, 0, &error) : NULL;
    const char *title = json_string_value(json_object_get(object, "sweep"));
    bool found = title != NULL && sscanf(title, SWEEP_TITLE_SEED "%" SCNu64, seed) == 1;
    json_decref(object);
    free(line);
    if (in != NULL)
        fclose(in);
    return found;
}

bool sweep_journal_find(
    const struct sweep_journal *journal, const char *key, unsigned attempt, struct sweep_job *job)
{
    const struct entry *entry = journal_find(journal, key, attempt);
    if (entry == NULL)
        return false;
    job->run = entry->run;
    job->facts = entry->facts;
    job->evidence = sweep_evidence_copy(&entry->evidence);
    return true;
}

unsigned sweep_journal_last_run(const struct sweep_journal *journal)
{
    return journal->last_run;
}

/* --- life --- */

struct sweep_journal *sweep_journal_open(
    const char *dir, const char *title, bool resume, struct err *err)
{
    char path[PATH_MAX];
    struct sweep_journal *journal = calloc(1, sizeof *journal);
    if (journal == NULL) {
        err_set(err, "out of memory");
        return NULL;
    }
    snprintf(path, sizeof path, "%s/%s", dir, JOURNAL_NAME);
    if (!resume)
        journal->last_run = read_last_run(path);
    else if (read_earlier(journal, path, title, err) != 0)
        goto err_after_alloc;
    journal->out = fopen(path, "ae");
    if (journal->out == NULL) {
        err_set(err, "cannot write %s: %s", path, strerror(errno));
        goto err_after_alloc;
    }
    if (resume)
        fputc('\n', journal->out); /* ends a line that a kill tore */
    return journal;

err_after_alloc:
    sweep_journal_close(journal);
    return NULL;
}

int sweep_journal_begin(struct sweep_journal *journal, const char *title, struct err *err)
{
    if (ftruncate(fileno(journal->out), 0) != 0)
        return err_set(err, "cannot empty " JOURNAL_NAME ": %s", strerror(errno));
    write_object(journal->out, json_pack("{s:s}", "sweep", title));
    return 0;
}

void sweep_journal_close(struct sweep_journal *journal)
{
    if (journal == NULL)
        return;
    for (size_t i = 0; i < journal->count; i++)
        entry_free(journal->owned[i]);
    if (journal->out != NULL)
        fclose(journal->out);
    hash_deinit(&journal->entries);
    free(journal->owned);
    free(journal);
}
