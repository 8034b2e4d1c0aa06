/* SPDX-License-Identifier: MIT */
/*
 * Prints the effective configuration as a file: every key with its value, defaults too. So the
 * output of `rudeproxy check` is complete and reads back unchanged. A key that does not apply is
 * omitted; an unset key is printed as a comment.
 */
#include <stdio.h>
#include <string.h>

#include "config/config.h"
#include "config/fault_keys.h"
#include "config/source.h"

/* One table and the struct it describes. `fault` is NULL except for the tables of a fault, where
 * some rows may not apply. */
struct part {
    const struct option *table;
    const void *base;
    const struct fault *fault;
};

bool fault_row_applies(
    const struct fault *fault, const struct option *table, const struct option *row)
{
    if (table == fault_options)
        return fault_key_applies(row, fault);
    return row->applies == NULL || row->applies(fault->params);
}

static bool row_applies(const struct part *part, const struct option *option)
{
    return part->fault == NULL || fault_row_applies(part->fault, part->table, option);
}

/* Returns the width of the longest printed key, at least `width`. */
static size_t widest_key(const struct part *part, size_t width)
{
    for (const struct option *option = part->table; option->name != NULL; option++)
        if (row_applies(part, option) && strlen(option->name) > width)
            width = strlen(option->name);
    return width;
}

/* Narrows the columns if the line would become too long to be read back. */
static void print_key(const char *key, size_t width, const char *value, FILE *out)
{
    if (width + strlen(" = ") + strlen(value) <= SOURCE_LINE_MAX)
        fprintf(out, "%-*s = %s\n", (int)width, key, value);
    else
        fprintf(out, "%s=%s\n", key, value);
}

static void print_part(const struct part *part, size_t width, FILE *out)
{
    char value[OPTION_TEXT_MAX];
    for (const struct option *option = part->table; option->name != NULL; option++) {
        if (!row_applies(part, option))
            continue;
        option_format(option, part->base, value, sizeof value);
        if (value[0] != '\0')
            print_key(option->name, width, value, out);
        else
            fprintf(out, "; %s = (%s)\n", option->name, option->unset_text);
    }
}

void config_print_proxy(const struct proxy_config *proxy, FILE *out)
{
    struct part part = {.table = proxy_options, .base = proxy};
    fprintf(out, "\n[proxy %s]\n", proxy->name);
    print_part(&part, widest_key(&part, 0), out);
}

void config_print_fault(const struct fault *fault, bool has_parts, FILE *out)
{
    struct part envelope = {.table = fault_options, .base = fault, .fault = fault};
    struct part own = {.table = fault->type->options, .base = fault->params, .fault = fault};
    size_t width = widest_key(&own, widest_key(&envelope, 0));
    char wait[OPTION_TEXT_MAX];
    fault_describe_when(fault, has_parts, wait, sizeof wait);
    bool lasts = fault->type->lasting || fault->type->listener != LISTENER_OPEN;
    fprintf(out, "\n; %s %s", lasts ? "begins" : "fires", wait);
    for (unsigned i = 0; i < FAULT_CHECK_NOTES; i++)
        if (fault_check_note(fault, i) != NULL)
            fprintf(out, "\n; warning: %s", fault_check_note(fault, i));
    fprintf(out, "\n[fault %s]\n", fault->name);
    print_part(&envelope, width, out);
    print_part(&own, width, out);
}

void config_print_settings(const struct settings *settings, FILE *out)
{
    struct part part = {.table = settings_options, .base = settings};
    fprintf(out, "[rudeproxy]\n");
    print_part(&part, widest_key(&part, 0), out);
}

/* Prints the section only if one of its keys is given: most files are never swept. */
static bool is_swept(const struct sweep_config *sweep)
{
    char value[OPTION_TEXT_MAX];
    for (const struct option *row = sweep_config_options; row->name != NULL; row++) {
        option_format(row, sweep, value, sizeof value);
        if (value[0] != '\0' &&
            (row->default_text == NULL || strcmp(value, row->default_text) != 0))
            return true;
    }
    return false;
}

static void config_print_sweep(const struct sweep_config *sweep, FILE *out)
{
    struct part part = {.table = sweep_config_options, .base = sweep};
    if (!is_swept(sweep))
        return;
    fputs("\n[sweep]\n", out);
    print_part(&part, widest_key(&part, 0), out);
}

/* Whether a proxy of the fault has messages with parts. */
static bool has_parts(const struct config *config, const struct fault *fault)
{
    bool has = false;
    for (size_t i = 0; i < config->proxy_count; i++)
        has |= fault_names_proxy(fault, config->proxies[i].name) &&
               protocol_has_parts(&config->proxies[i].protocol);
    return has;
}

void config_print(const struct config *config, FILE *out)
{
    config_print_settings(&config->settings, out);
    for (size_t i = 0; i < config->proxy_count; i++)
        config_print_proxy(&config->proxies[i], out);
    for (size_t i = 0; i < config->fault_count; i++)
        config_print_fault(&config->faults[i], has_parts(config, &config->faults[i]), out);
    config_print_sweep(&config->sweep, out);
}
