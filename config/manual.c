/* SPDX-License-Identifier: MIT */
/*
 * Prints the catalogue for people: `rudeproxy faults` and `rudeproxy faults TYPE`, from the rows
 * that the parser uses, so that the two always agree.
 */
#include <stdio.h>
#include <string.h>

#include "config/config.h"
#include "config/fault_keys.h"
#include "proxy/base/columns.h"
#include "proxy/base/side.h"

#define INDENT 6
#define SUMMARY_INDENT 16

static void print_group(enum fault_group group, FILE *out)
{
    fprintf(out, "%s\n", fault_group_names[group]);
    for (size_t i = 0; fault_catalogue[i] != NULL; i++) {
        char name[64];
        if (fault_catalogue[i]->group != group)
            continue;
        snprintf(name, sizeof name, "  %s", fault_catalogue[i]->name);
        columns_print(out, name, SUMMARY_INDENT, fault_catalogue[i]->summary);
    }
}

void catalogue_print(FILE *out)
{
    for (int group = 0; group < GROUP_COUNT; group++)
        print_group((enum fault_group)group, out);
    fprintf(out, "\n`rudeproxy faults TYPE` shows the keys of a type.\n");
}

static void print_wrapped(const char *text, FILE *out)
{
    columns_print(out, "", INDENT, text);
}

/* Returns the value of an absent key for this type. */
static const char *default_of(const struct fault_type *type, const struct option *option)
{
    if (strcmp(option->name, "side") == 0)
        return type->side_rule == SIDE_REQUIRED ? NULL : "both";
    if (strcmp(option->name, "direction") == 0 && type->default_directions == BOTH_BITS)
        return "both";
    return option->default_text != NULL ? option->default_text : option->unset_text;
}

/* Prints "mode = drain": the key and its default, then its forms, then its meaning. */
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
        if (option != &fault_options[ROW_TYPE] && fault_key_suits(option, type))
            print_option(type, option, out);
    return 0;
}

/* A row of a table. A bar would end the cell, so it is escaped. */
static void markdown_option(const struct fault_type *type, const struct option *option, FILE *out)
{
    char form[OPTION_TEXT_MAX];
    const char *absent = type == NULL ? option->default_text : default_of(type, option);
    option_describe(option, form, sizeof form);
    if (absent == NULL && option->unset_text != NULL)
        absent = option->unset_text;
    fprintf(out, "| `%s` | %s | %s | %s |\n", option->name, form,
        absent == NULL ? "required" : absent, option->help);
}

static void markdown_table(const struct fault_type *type, const struct option *options, FILE *out)
{
    fprintf(out, "| key | values | default | meaning |\n| --- | --- | --- | --- |\n");
    for (const struct option *option = options; option->name != NULL; option++)
        markdown_option(type, option, out);
}

static const char *side_text(const struct fault_type *type)
{
    switch (type->side_rule) {
    case SIDE_REQUIRED:
        return "`side` is required";
    case SIDE_BOTH:
        return "the default of `side` is both";
    case SIDE_UNUSED:
        break;
    }
    if (type->listener != LISTENER_OPEN)
        return "acts on the listening socket, while `active`";
    if (type->only_watches)
        return "acts on no socket; `direction` says which bytes `when` looks at";
    return type->at_accept                         ? "fires when a client is accepted"
           : type->default_directions == BOTH_BITS ? "acts on `direction` (default: both)"
                                                   : "acts on `direction` (default: downstream)";
}

static void markdown_type(const struct fault_type *type, FILE *out)
{
    fprintf(out, "### %s\n\n%s.\n\n%s%s%s%s.\n\n", type->name, type->summary, side_text(type),
        type->takes_other ? "; uses `other`" : "", type->lasting ? "; lasts until `until`" : "",
        type->needs_net_admin ? "; needs CAP_NET_ADMIN (see `exec --private-network`)" : "");
    if (type->options[0].name != NULL) {
        markdown_table(type, type->options, out);
        fputc('\n', out);
    }
}

void catalogue_print_markdown(FILE *out)
{
    fputs(
        "# The faults\n\nPrinted by `rudeproxy faults markdown` from the tables that the parser "
        "reads.\n\n## Keys of every fault\n\nA key that has no effect for a type is an error.\n\n",
        out);
    markdown_table(NULL, fault_options, out);
    for (int group = 0; group < GROUP_COUNT; group++) {
        fprintf(out, "\n## %s\n\n", fault_group_names[group]);
        for (size_t i = 0; fault_catalogue[i] != NULL; i++)
            if (fault_catalogue[i]->group == (enum fault_group)group)
                markdown_type(fault_catalogue[i], out);
    }
}
