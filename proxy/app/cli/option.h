/* SPDX-License-Identifier: MIT */
/*
 * The options of the command line: one row each. The parser, --help, the manual page and shell
 * completion read the same table.
 */
#ifndef RUDEPROXY_APP_CLI_OPTION_H
#define RUDEPROXY_APP_CLI_OPTION_H

#include <stdbool.h>
#include <stddef.h>

#define CLI_OPTIONS_MAX 64 /* rows of the table */

/* Where the value of an option is stored. */
enum cli_target {
    CLI_SETTING,    /* `key` of [rudeproxy]; an option without argument sets `yes` */
    CLI_PROXY,      /* `key` of the n-th [proxy] of the command line */
    CLI_FAULT,      /* whole words `key=value` of the n-th [fault] of the command line */
    CLI_SWEEP,      /* the option of this name in sweep/options.h */
    CLI_TEXT,       /* const char * in struct cli */
    CLI_LIST,       /* struct cli_list in struct cli; may be given again */
    CLI_SWITCH,     /* bool in struct cli; no argument */
    CLI_CHOICE,     /* int in struct cli: an index into `choices` */
    CLI_DESCRIPTOR, /* int in struct cli: a file descriptor */
    CLI_IGNORED,    /* nowhere: Toxiproxy has it, we do it always */
};

struct cli_option {
    const char *name;           /* without the dashes; NULL ends the table */
    const char *argument;       /* for the usage text; NULL: takes none */
    const char *help;           /* one sentence, no full stop */
    const char *commands;       /* that take it, blank-separated; NULL: all */
    const char *key;            /* CLI_SETTING, CLI_PROXY: the key of the section */
    size_t offset;              /* in struct cli, for the targets that say so */
    const char *const *choices; /* CLI_CHOICE: NULL-terminated */
    const char *refusal;        /* why other commands do not take it; NULL: nothing to add */
    enum cli_target target;
    char letter;      /* 0: none */
    bool is_literal;  /* CLI_SETTING: quotes, blanks and semicolons in the value mean nothing */
    bool makes_proxy; /* CLI_PROXY: each use makes one; such options are counted together */
    bool repeats;     /* CLI_SWEEP: may be given again, and all values count */
};

extern const struct cli_option cli_options[];

/* Row by name (not NUL-terminated) or by letter. NULL: there is none. */
const struct cli_option *cli_option_find(const char *name, size_t length);
const struct cli_option *cli_option_find_letter(char letter);

/* Whether a command of this name takes the option. */
bool cli_option_allows(const struct cli_option *option, const char *command);

#endif
