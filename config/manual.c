/* SPDX-License-Identifier: MIT */
/*
 * The catalogue for people: `rudeproxy faults` and `rudeproxy faults TYPE`, from the rows that the
 * parser reads, so that the two cannot disagree.
 */
#include <stdio.h>
#include <string.h>

#include "config/config.h"
#include "proxy/base/side.h"

#define TEXT_COLUMNS 88 /* of the help, behind an indent of INDENT: together under 100 */
#define INDENT 6

static void print_group(enum fault_group group, FILE *out)
{
    fprintf(out, "%s\n", fault_group_names[group]);
    for (size_t i = 0; fault_catalogue[i] != NULL; i++)
        if (fault_catalogue[i]->group == group)
            fprintf(out, "  %-12s %s\n", fault_catalogue[i]->name, fault_catalogue[i]->summary);
}

void catalogue_print(FILE *out)
{
    for (int group = 0; group < GROUP_COUNT; group++)
        print_group((enum fault_group)group, out);
    fprintf(out, "\n`rudeproxy faults TYPE` shows the keys of a type.\n");
}

/* Words of `text` in lines of TEXT_COLUMNS, each line indented. */
static void print_wrapped(const char *text, FILE *out)
{
    size_t column = TEXT_COLUMNS;
    while (*text != '\0') {
        size_t length = strcspn(text, " ");
        if (column + 1 + length > TEXT_COLUMNS) {
            fprintf(out, "%s%*s", column == TEXT_COLUMNS ? "" : "\n", INDENT, "");
            column = 0;
        } else {
            fputc(' ', out);
            column++;
        }
        fprintf(out, "%.*s", (int)length, text);
        column += length;
        text += length + strspn(text + length, " ");
    }
    fputc('\n', out);
}

/* What the key is when it is absent, as the type sees it. */
static const char *default_of(const struct fault_type *type, const struct option *option)
{
    if (strcmp(option->name, "side") == 0)
        return type->side_rule == SIDE_REQUIRED ? NULL : "both";
    if (strcmp(option->name, "direction") == 0 && type->default_directions == BOTH_ALL)
        return "both";
    return option->default_text != NULL ? option->default_text : option->unset_text;
}

/* "mode = drain": the key and its default, then its forms, then its meaning. */
static void print_option(const struct fault_type *type, const struct option *option, FILE *out)
{
    char form[OPTION_TEXT_MAX];
    const char *absent = default_of(type, option);
    option_describe(option, form, sizeof form);
    fprintf(out, "  %s (%s%s)\n", option->name,
        absent == NULL ? "required" : "default: ", absent == NULL ? "" : absent);
    print_wrapped(form, out);
    print_wrapped(option->help, out);
}

static bool key_of_envelope_applies(const struct fault_type *type, const char *key)
{
    if (strcmp(key, "type") == 0)
        return false;
    if (strcmp(key, "side") == 0)
        return type->side_rule != SIDE_UNUSED;
    return strcmp(key, "other") != 0 || type->takes_other;
}

int catalogue_print_type(const char *name, FILE *out)
{
    const struct fault_type *type = fault_type_find(name);
    if (type == NULL)
        return -1;
    fprintf(out, "type = %s\n", type->name);
    print_wrapped(type->summary, out);
    if (type->options[0].name != NULL)
        fprintf(out, "\nkeys of its own:\n");
    for (const struct option *option = type->options; option->name != NULL; option++)
        print_option(type, option, out);
    fprintf(out, "\nkeys of every fault:\n");
    for (const struct option *option = fault_options; option->name != NULL; option++)
        if (key_of_envelope_applies(type, option->name))
            print_option(type, option, out);
    return 0;
}
