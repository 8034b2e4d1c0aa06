/* SPDX-License-Identifier: MIT */
/* The manual pages, in the macros of man(7): see pages.h. */
#include <string.h>

#include "config/config.h"
#include "config/source.h"
#include "proxy/app/cli/cli.h"
#include "proxy/app/cli/environment.h"
#include "proxy/app/pages/pages.h"
#include "proxy/ctl/ctl.h"
#include "proxy/fault/fault.h"

#define RELEASE_DATE "2026-11-28" /* of RUDEPROXY_VERSION */

/* Text as roff wants it: a hyphen is a minus, and no line begins with a control character. */
static void print_text(const char *text, FILE *out)
{
    if (*text == '.' || *text == '\'')
        fputs("\\&", out);
    for (; *text != '\0'; text++) {
        switch (*text) {
        case '\\':
            fputs("\\e", out);
            break;
        case '-':
            fputs("\\-", out);
            break;
        case '\n':
            fputs("\n", out);
            break;
        default:
            fputc(*text, out);
        }
    }
}

static void print_head(const char *title, const char *section, const char *summary, FILE *out)
{
    fprintf(out, ".TH %s %s %s \"rudeproxy %s\"\n.SH NAME\n", title, section, RELEASE_DATE,
        RUDEPROXY_VERSION);
    print_text(summary, out);
    fputc('\n', out);
}

/* A paragraph with a tag: `bold`, then `plain` behind it. */
static void print_tagged(const char *bold, const char *plain, const char *text, FILE *out)
{
    fputs(".TP\n\\fB", out);
    print_text(bold, out);
    fputs("\\fR", out);
    if (plain != NULL && plain[0] != '\0') {
        fputc(' ', out);
        print_text(plain, out);
    }
    fputc('\n', out);
    print_text(text, out);
    fputs(".\n", out);
}

/* --- rudeproxy(1) --- */

static void print_option(
    char letter, const char *name, const char *argument, const char *help, FILE *out)
{
    char dashed[80];
    if (letter != 0)
        snprintf(dashed, sizeof dashed, "-%c, --%s", letter, name);
    else
        snprintf(dashed, sizeof dashed, "--%s", name);
    print_tagged(dashed, argument, help, out);
}

static void print_cli_option(const struct cli_option *option, FILE *out)
{
    char help[512];
    snprintf(help, sizeof help, "%s%s%s", option->help, option->commands != NULL ? ". Of: " : "",
        option->commands != NULL ? option->commands : "");
    print_option(option->letter, option->name, option->argument, help, out);
}

static void man_rudeproxy(FILE *out)
{
    print_head(
        "RUDEPROXY", "1", "rudeproxy - a TCP proxy that ends connections badly on demand", out);
    fputs(".SH SYNOPSIS\n.B rudeproxy\n[COMMAND] [OPTIONS] [ARGUMENTS]\n.SH COMMANDS\n", out);
    for (const struct command *command = commands; command->name != NULL; command++)
        print_tagged(command->arguments, NULL, command->help, out);
    fputs(".SH OPTIONS\n", out);
    for (const struct cli_option *option = cli_options; option->name != NULL; option++)
        print_cli_option(option, out);
    fputs(".SH ENVIRONMENT\n", out);
    for (const struct environment_variable *v = environment_variables; v->name != NULL; v++)
        print_tagged(v->name, NULL, v->help, out);
    fputs(".SH EXIT STATUS\n", out);
    print_tagged("0", NULL, "fine", out);
    print_tagged("1", NULL, "a runtime failure", out);
    print_tagged("2", NULL, "bad usage or a bad file", out);
    print_tagged("3", NULL, "a must_fire fault never fired", out);
    print_tagged("4", NULL, "sweep found something bad", out);
    fputs(".SH SEE ALSO\n.BR rudeproxy\\-ctl (1),\n.BR rudeproxy.ini (5)\n", out);
}

/* --- rudeproxy-ctl(1) --- */

/* Commands, or the options of all of them. */
struct ctl_page {
    FILE *out;
    bool global;
};

static void print_inner_option(const struct ctl_row *row, FILE *out)
{
    fputs(".RS\n", out);
    print_option(row->letter, row->option, row->argument, row->help, out);
    fputs(".RE\n", out);
}

static void on_ctl_row(void *user, const struct ctl_row *row)
{
    const struct ctl_page *page = user;
    bool global = row->command[0] == '\0';
    if (global != page->global)
        return;
    if (row->option == NULL)
        print_tagged(row->command, row->argument, row->help, page->out);
    else if (global)
        print_option(row->letter, row->option, row->argument, row->help, page->out);
    else
        print_inner_option(row, page->out);
}

static void man_ctl(FILE *out)
{
    struct ctl_page page = {.out = out};
    print_head(
        "RUDEPROXY\\-CTL", "1", "rudeproxy-ctl - change a running rudeproxy through its API", out);
    fputs(".SH SYNOPSIS\n.B rudeproxy ctl\n[OPTIONS] COMMAND [ARGUMENTS]\n.SH COMMANDS\n", out);
    ctl_each_row(on_ctl_row, &page);
    fputs(".SH OPTIONS\n", out);
    page.global = true;
    ctl_each_row(on_ctl_row, &page);
    fputs(".SH EXIT STATUS\n", out);
    print_tagged("0", NULL, "fine", out);
    print_tagged("1", NULL, "the server refused, or cannot be reached", out);
    print_tagged("2", NULL, "wrong usage", out);
    fputs(".SH SEE ALSO\n.BR rudeproxy (1)\n", out);
}

/* --- rudeproxy.ini(5) --- */

static void print_keys(const struct option *option, FILE *out)
{
    for (; option->name != NULL; option++) {
        char form[OPTION_TEXT_MAX], text[2 * OPTION_TEXT_MAX];
        const char *absent =
            option->default_text != NULL ? option->default_text : option->unset_text;
        option_describe(option, form, sizeof form);
        snprintf(text, sizeof text, "%s. %s%s; %s", option->help,
            absent != NULL ? "Default: " : "Required", absent != NULL ? absent : "", form);
        print_tagged(option->name, NULL, text, out);
    }
}

static void print_section(const struct section_kind *kind, FILE *out)
{
    fprintf(out, ".SH [%s%s]\n", kind->word, kind->named ? " NAME" : "");
    print_keys(kind->options, out);
}

static void print_type(const struct fault_type *type, FILE *out)
{
    fprintf(out, ".SS type = %s\n", type->name);
    print_text(type->summary, out);
    fputs(".\n", out);
    print_keys(type->options, out);
}

static void man_ini(FILE *out)
{
    print_head("RUDEPROXY.INI", "5", "rudeproxy.ini - proxies and faults of rudeproxy", out);
    fputs(".SH DESCRIPTION\nA file has sections of keys with values. Every problem is reported "
          "with its line, and nothing "
          "starts.\n.SH EXAMPLE\n.nf\n[proxy web]\nlisten   = 127.0.0.1:8080\nupstream = "
          "builtin:http\n.sp\n[fault cut]\n"
          "type        = reset\nwhen        = bytes:50k\nconnections = 2\n.fi\n",
        out);
    for (const struct section_kind *kind = section_kinds; kind->word != NULL; kind++)
        print_section(kind, out);
    fputs(".SH FAULT TYPES\n", out);
    for (size_t i = 0; fault_catalogue[i] != NULL; i++)
        print_type(fault_catalogue[i], out);
    fputs(".SH SEE ALSO\n.BR rudeproxy (1)\n", out);
}

static const struct {
    const char *name;
    void (*print)(FILE *out);
} pages[] = {{"rudeproxy", man_rudeproxy}, {"ctl", man_ctl}, {"ini", man_ini}};

int pages_print_man(const char *page, FILE *out)
{
    for (size_t i = 0; i < sizeof pages / sizeof pages[0]; i++) {
        if (strcmp(pages[i].name, page) == 0) {
            pages[i].print(out);
            return 0;
        }
    }
    return -1;
}
