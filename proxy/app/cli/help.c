/* SPDX-License-Identifier: MIT */
/* The help texts, from the tables of commands and options. */
#include <string.h>

#include "proxy/app/cli/cli.h"
#include "proxy/base/columns.h"

#define HELP_INDENT 33 /* column of the second column */

/* `command` NULL: among the options of all; one that a single command takes then names it. */
static void print_option(const struct cli_option *option, const struct command *command, FILE *out)
{
    bool one = option->commands != NULL && strchr(option->commands, ' ') == NULL;
    char help[256];
    const char *argument = option->argument != NULL ? option->argument : "";
    const char *blank = option->argument != NULL ? " " : "";
    char left[64];
    if (option->letter != 0)
        snprintf(
            left, sizeof left, "  -%c, --%s%s%s", option->letter, option->name, blank, argument);
    else
        snprintf(left, sizeof left, "      --%s%s%s", option->name, blank, argument);
    snprintf(help, sizeof help, "%s%s%s", command == NULL && one ? option->commands : "",
        command == NULL && one ? ": " : "", option->help);
    columns_print(out, left, HELP_INDENT, help);
}

static void print_command(const struct command *command, FILE *out)
{
    char left[96];
    snprintf(left, sizeof left, "  rudeproxy %s", command->arguments);
    columns_print(out, left, HELP_INDENT + 6, command->help);
}

/* Options of one command, or of all. */
static void print_options(const struct command *command, FILE *out)
{
    for (const struct cli_option *option = cli_options; option->name != NULL; option++) {
        if (command == NULL || cli_option_allows(option, command->name))
            print_option(option, command, out);
    }
}

void cli_print_command_help(const struct command *command, FILE *out)
{
    fprintf(out, "Usage: rudeproxy %s\n\n", command->arguments);
    columns_print(out, "", 0, command->help);
    fputs("\nOptions:\n", out);
    print_options(command, out);
}

void cli_print_help(FILE *out)
{
    fputs("rudeproxy: a TCP proxy that ends connections badly on demand\n\nUsage:\n", out);
    for (const struct command *command = commands; command->name != NULL; command++)
        print_command(command, out);
    fputs("\nOptions ('rudeproxy help COMMAND' shows those of one command):\n", out);
    print_options(NULL, out);
    fputs("\nExit status: 0 fine, 1 runtime failure, 2 bad usage or file, 3 a must_fire fault\n"
          "never fired, 4 a sweep found something bad. Of exec: the command's own, unless\n"
          "that is 0; 126 and 127 as a shell.\n",
        out);
}
