/* SPDX-License-Identifier: MIT */
/*
 * The command line: parsed once, kept as plain values, turned into a configuration as often as
 * needed (a reload reads the files again).
 */
#ifndef RUDEPROXY_APP_CLI_CLI_H
#define RUDEPROXY_APP_CLI_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "config/config.h"
#include "proxy/app/cli/option.h"
#include "proxy/app/ready.h"
#include "proxy/base/must_check.h"

/* Exit statuses, the same for every command. */
enum exit_status {
    EXIT_FINE = 0,
    EXIT_RUNTIME = 1, /* a runtime failure */
    EXIT_USAGE = 2,   /* bad usage or file */
    EXIT_UNFIRED = 3, /* a must_fire fault never fired */
    EXIT_BAD = 4,     /* sweep found something bad */
};

#define CLI_KEYS_MAX 128 /* options that set a key, on one command line */
#define CLI_FILES_MAX 64 /* -c, and files without it, on one command line */

/* An option that sets a key, as it was given. */
struct cli_key {
    const struct cli_option *option;
    unsigned ordinal;  /* its n-th use, from 1 */
    const char *value; /* points into argv; "yes" for an option without argument */
};

struct cli_list {
    const char *values[CLI_FILES_MAX]; /* point into argv */
    size_t count;
};

struct cli;

struct command {
    const char *name;
    const char *arguments; /* for the usage text */
    const char *help;
    int (*run)(const struct cli *cli); /* returns an exit status */
    bool takes_child;                  /* the words behind `--` are a command of the user's */
    bool takes_files;                  /* its operands are configuration files */
    bool takes_all;                    /* every word behind it is an operand */
    bool takes_words;                  /* takes operands */
    bool is_serve;                     /* takes toxiproxy-server's options, and its file */
};

struct cli {
    const struct command *command;
    bool as_toxiproxy;       /* started under the name of one of Toxiproxy's programs */
    struct cli_list configs; /* files, folders, or "-" */
    char *input;             /* what standard input held, for a file "-"; owned; NULL: none */
    struct ready_options ready;
    const char *report_path; /* NULL: none */
    const char *junit_path;  /* NULL: none */
    const char *pass;        /* of exec; NULL: the default */
    const char *host, *port; /* of serve; NULL: the default */
    bool quiet, die_with_parent, private_network, verbose, want_help, want_version;
    bool view_text, view_page, view_pcapng; /* of view; none: stdout decides */
    bool seen[CLI_OPTIONS_MAX];             /* options given, by row of the table */
    const char *const *operands;            /* words behind the command, NULL-terminated, in argv */
    size_t operand_count;
    char *const *child; /* the words behind `--`, in argv; NULL: no `--` */
    struct cli_key keys[CLI_KEYS_MAX];
    size_t key_count;
};

/* The commands, ending with a row whose name is NULL; the first one is the default. In main.c. */
extern const struct command commands[];

const struct command *command_find(const char *name);

/* Reports a word that is no command, with the nearest one. Returns -1. */
int cli_unknown_command(const char *word);

/* Reads the words of a command line. argv is rearranged and has to live as long as `cli`.
 * 0, or -1 after printing what is wrong to stderr. Either way, give it to cli_free. */
MUST_CHECK int cli_parse(struct cli *cli, int argc, char **argv);
void cli_free(struct cli *cli);

/* Reports wrong usage: three texts one behind the other, and where to read more. Returns -1. */
int cli_report(const char *before, const char *what, const char *after);

/* The help of everything, or of one command. */
void cli_print_help(FILE *out);
void cli_print_command_help(const struct command *command, FILE *out);

/* Whether files, options or the environment say what to run. */
bool cli_has_configuration(const struct cli *cli);

/* Reads the files, the environment and the options into a configuration. Options win over the
 * environment, the environment over the files. Problems go to `problems`. Returns their number;
 * with 0 the configuration is the caller's to free. */
size_t cli_load(const struct cli *cli, struct config *config, FILE *problems);

/* Does the same at a reload. */
size_t cli_load_again(const struct cli *cli, struct config *config, FILE *problems);

/* Whether this load may read the file. `again`: it is a reload, and reads regular files and
 * /dev/null only: opening a FIFO could block the loop, and its text is gone. False with err filled.
 */
MUST_CHECK bool cli_may_read(const char *path, bool again, struct err *err);

#endif
