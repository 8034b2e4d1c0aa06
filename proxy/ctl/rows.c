/* SPDX-License-Identifier: MIT */
/* The commands and options of ctl, for its manual page and for completion. */
#include <stdio.h>

#include "proxy/ctl/command.h"

/* `of`: the row of the command, or of no command. */
static void list_options(const struct ctl_option *option, const struct ctl_row *of,
    void (*each)(void *user, const struct ctl_row *row), void *user)
{
    for (; option != NULL && option->name != NULL; option++) {
        struct ctl_row row = *of;
        row.option = option->name;
        row.argument = option->argument;
        row.help = option->help;
        row.letter = option->letter;
        each(user, &row);
    }
}

void ctl_each_row(void (*each)(void *user, const struct ctl_row *row), void *user)
{
    for (const struct ctl_command *c = ctl_commands; c->name != NULL; c++) {
        char command[64];
        snprintf(command, sizeof command, "%s%s%s", c->group != NULL ? c->group : "",
            c->group != NULL ? " " : "", c->name);
        const struct ctl_row row = {.group = c->group,
            .name = c->name,
            .command = command,
            .argument = c->arguments,
            .help = c->help};
        each(user, &row);
        list_options(c->options, &row, each, user);
    }
    list_options(ctl_global_options, &(struct ctl_row){.command = ""}, each, user);
}
