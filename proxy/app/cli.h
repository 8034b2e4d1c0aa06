/* SPDX-License-Identifier: MIT */
/*
 * The command line: parsed once, kept as plain values, turned into a configuration as often as
 * needed (a reload reads the file again).
 */
#ifndef RUDEPROXY_APP_CLI_H
#define RUDEPROXY_APP_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "config/config.h"

/* Exit statuses, the same for every command. */
enum exit_status {
    EXIT_FINE = 0,
    EXIT_RUNTIME = 1, /* a runtime failure */
    EXIT_USAGE = 2,   /* bad usage or file */
    EXIT_UNFIRED = 3, /* a must_fire fault never fired */
};

#define CLI_KEYS_MAX 128 /* options that set a key, on one command line */

/* An option that stands for lines of the file. */
struct cli_key {
    const char *option; /* "--listen" */
    unsigned ordinal;   /* its n-th use, from 1 */
    const char *key;    /* NULL: `value` holds whole `key=value` words of a new section */
    const char *value;  /* points into argv */
};

struct cli;

struct command {
    const char *name;
    const char *arguments; /* for the usage text */
    const char *help;
    int (*run)(const struct cli *cli); /* returns an exit status */
    bool takes_child;                  /* the words behind `--` are a command of the user's */
    bool is_serve;                     /* takes toxiproxy-server's options, and its file */
    bool takes_all;                    /* every word behind it is an operand */
};

struct cli {
    const struct command *command;
    const char *config_path; /* NULL: none */
    const char *ready_path;  /* NULL: none */
    const char *report_path; /* NULL: none */
    const char *junit_path;  /* NULL: none */
    int ready_fd;            /* -1: none */
    const char *host, *port; /* of serve */
    bool private_network;
    unsigned seen; /* options given, by row of the table in cli.c */
    bool want_help, want_version;
    const char *const *operands; /* words behind the command, NULL-terminated, in argv */
    size_t operand_count;
    char *const *child; /* the words behind `--`, in argv; NULL: no `--` */
    struct cli_key keys[CLI_KEYS_MAX];
    size_t key_count;
};

/* The commands, ending with a row whose name is NULL; the first one is the default. In main.c. */
extern const struct command commands[];

/* 0, or -1 after printing what is wrong to stderr. */
int cli_parse(struct cli *cli, int argc, char **argv);

void cli_print_help(FILE *out);

/* Reads the file and the options into a configuration. Problems go to `problems`. Returns their
 * number; with 0 the configuration is the caller's to free. */
size_t cli_load(const struct cli *cli, struct config *config, FILE *problems);

#endif
