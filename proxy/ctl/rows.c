/* SPDX-License-Identifier: MIT */
/* The commands and options of ctl, for its manual page and for completion. */
#include <stdio.h>

#include "proxy/ctl/command.h"

static void list_options(const struct ctl_option *option, const char *command,
    void (*each)(void *user, const struct ctl_row *row), void *user)
{
    for (; option != NULL && option->name != NULL; option++) {
        const struct ctl_row row = {.command = command,
            .option = option->name,
            .argument = option->argument,
            .help = option->help,
            .letter = option->letter};
        each(user, &row);
    }
}

void ctl_each_row(void (*each)(void *user, const struct ctl_row *row), void *user)
{
    for (const struct ctl_command *c = ctl_commands; c->name != NULL; c++) {
        char name[64];
        snprintf(name, sizeof name, "%s%s%s", c->group != NULL ? c->group : "",
            c->group != NULL ? " " : "", c->name);
        const struct ctl_row row = {.command = name, .argument = c->arguments, .help = c->help};
        each(user, &row);
        list_options(c->options, name, each, user);
    }
    list_options(ctl_global_options, "", each, user);
}
