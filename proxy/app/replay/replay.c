/* SPDX-License-Identifier: MIT */
/*
 * Prints the configuration that repeats a run: the output of config_print without the keys that
 * have their default, and with remarks above the sections. The text is parsed again, as `rudeproxy
 * check` would, before it goes to stdout.
 */
#include "proxy/app/replay/replay.h"

#include <stdlib.h>
#include <string.h>

#include "proxy/app/cli/cli.h"
#include "proxy/app/replay/config.h"
#include "proxy/base/memory_file.h"

#define FAULT_HEAD "[fault "
#define PROXY_HEAD "[proxy "

/* Where a line of config_print stands. */
struct section {
    const struct option *table;
    const struct option *own; /* of the type; NULL outside faults */
    size_t fault;             /* index of the next one */
};

/* A name of a file may hold anything; a comment is one short line of printable characters. */
static void print_path(const char *path, FILE *out)
{
    for (int i = 0; i < 100 && path[i] != '\0'; i++)
        fputc(path[i] >= 0x20 && path[i] < 0x7f ? path[i] : '?', out);
}

static void print_head(
    const struct replay_config *replay, const struct replay_log *log, const char *path, FILE *out)
{
    fputs("; Repeats the faults of a run, from ", out);
    print_path(path, out);
    fprintf(out, "\n; The run began %s.\n", log->time[0] != '\0' ? log->time : "before this log");
    if (log->config_count > 1)
        fprintf(out,
            "; It was reloaded %zu times; what was defined anew is taken as it was at the end.\n",
            log->config_count - 1);
    if (log->counts_reset)
        fputs(
            "; Connections of a proxy were numbered from 1 again. Older ones are left out.\n", out);
    for (size_t i = 0; i < replay->left_out_count; i++)
        fprintf(out, "; %s, left out: %s\n",
            replay->left_out[i].fired ? "Waits for a fault that is not here" : "Never fired",
            replay->left_out[i].name);
    fputc('\n', out);
}

static void print_remark(const struct replay_remark *remark, FILE *out)
{
    if (remark->renamed)
        fprintf(out,
            "; Of %s. If it uses random values, they are different from those of the run.\n",
            remark->origin);
    if (remark->shared)
        fprintf(out, "; In the run it shared one rate with %s. Here each section has its own.\n",
            remark->origin);
    if (remark->retimed)
        fprintf(out, "; The run began it by the clock, when = %.100s: here at the byte.\n",
            remark->when);
    if (remark->moved)
        fprintf(out,
            "; The configuration says when = %.100s. It fired at another byte, which is "
            "here.\n",
            remark->when);
    if (remark->reended)
        fputs("; The run ended it with its window of time.\n", out);
    if (remark->by_clock)
        fputs("; It concerns the listening socket, and begins and ends at the times of the run.\n",
            out);
}

/* Whether `key = value` says only what would be so without it. `direction` and `side` have defaults
 * of their type beside that of the table. */
static bool is_default(const struct section *section, const char *line)
{
    char key[64];
    size_t length = strcspn(line, " =");
    const char *value = line + length + strspn(line + length, " =");
    snprintf(key, sizeof key, "%.*s", (int)length, line);
    const struct option *option = option_find(section->table, key);
    if (option == NULL && section->own != NULL)
        option = option_find(section->own, key);
    return option != NULL && option->default_text != NULL && strcmp(key, "direction") != 0 &&
           strcmp(key, "side") != 0 && strcmp(value, option->default_text) == 0;
}

static void begin_section(
    const struct replay_config *replay, struct section *section, const char *line, FILE *out)
{
    section->table = settings_options;
    section->own = NULL;
    if (strncmp(line, PROXY_HEAD, strlen(PROXY_HEAD)) == 0)
        section->table = proxy_options;
    if (strncmp(line, FAULT_HEAD, strlen(FAULT_HEAD)) != 0)
        return;
    print_remark(&replay->remarks[section->fault], out);
    section->table = fault_options;
    section->own = replay->config.faults[section->fault].type->options;
    section->fault++;
}

/* `text` is cut up. */
static void print_lines(const struct replay_config *replay, char *text, FILE *out)
{
    struct section section = {.table = settings_options};
    for (char *line = text, *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
        *end = '\0';
        if (line[0] == '[')
            begin_section(replay, &section, line, out);
        if (line[0] != ';' && (line[0] == '[' || !is_default(&section, line)))
            fprintf(out, "%s\n", line);
    }
}

/* The file as text, the caller's to free; NULL: out of memory. */
static char *make_text(
    const struct replay_config *replay, const struct replay_log *log, const char *path)
{
    struct memory_file file;
    char *text = NULL;
    if (memory_file_open(&file) != 0)
        return NULL;
    config_print(&replay->config, file.out);
    char *whole = memory_file_close(&file, NULL);
    if (whole != NULL && memory_file_open(&file) == 0) {
        print_head(replay, log, path, file.out);
        print_lines(replay, whole, file.out);
        text = memory_file_close(&file, NULL);
    }
    free(whole);
    return text;
}

/* Problems go to stderr. */
static bool is_valid(const char *text)
{
    struct config config;
    struct config_source *source = config_source_new();
    if (source == NULL)
        return false;
    config_source_add_text(source, "replay", text);
    bool valid = config_build(source, &config, stderr) == 0;
    config_source_free(source);
    if (valid)
        config_free(&config);
    return valid;
}

static int print_plan(
    const struct replay_config *replay, const struct replay_log *log, const char *path)
{
    int status = EXIT_RUNTIME;
    char *text = make_text(replay, log, path);
    if (text == NULL)
        fputs("rudeproxy: out of memory\n", stderr);
    else if (!is_valid(text))
        fputs("rudeproxy: this run cannot be written as a file\n", stderr);
    else if (fputs(text, stdout) == EOF || fflush(stdout) != 0)
        fputs("rudeproxy: cannot write to stdout\n", stderr);
    else
        status = EXIT_FINE;
    free(text);
    return status;
}

int replay_command(const char *path)
{
    struct replay_log log;
    struct replay_config replay;
    if (replay_log_read(&log, path) != 0) {
        replay_log_free(&log);
        return EXIT_USAGE;
    }
    if (log.other_lines > 0)
        fprintf(stderr, "rudeproxy: %s: %zu lines are no events and were passed over\n", path,
            log.other_lines);
    if (log.runs > 1)
        fprintf(stderr, "rudeproxy: %s: has %zu runs, this is the last\n", path, log.runs);
    int status = EXIT_USAGE;
    if (replay_config_make(&replay, &log) == 0)
        status = print_plan(&replay, &log, path);
    replay_config_free(&replay);
    replay_log_free(&log);
    return status;
}
