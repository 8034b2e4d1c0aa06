/* SPDX-License-Identifier: MIT */
/* `rudeproxy ctl`: a client of the HTTP API, with the command names of toxiproxy-cli where it has
 * them. */
#ifndef RUDEPROXY_CTL_CTL_H
#define RUDEPROXY_CTL_CTL_H

#include <stddef.h>

/* Exit statuses of every command. */
enum ctl_status {
    CTL_FINE = 0,
    CTL_FAILED = 1, /* the server refused, or there is none */
    CTL_USAGE = 2,
};

/* Runs the command in the words after `ctl`. Errors go to stderr. */
enum ctl_status ctl_run(const char *const *words, size_t count);

/* Like ctl_run, but compatible with toxiproxy-cli: its exit statuses (1 also for wrong usage), its
 * texts before an error, help if there are no words, and a toxicity of 1 in `toxic update` without
 * --toxicity. */
enum ctl_status ctl_run_as_toxiproxy(const char *const *words, size_t count);

/* Checks whether the API at `address` answers (as ctl --host; NULL: localhost:8474). Returns
 * CTL_FINE, or CTL_FAILED with a sentence on stderr. An address such as 0.0.0.0:8474 means this
 * machine. */
enum ctl_status ctl_health(const char *address);

/* A command, or an option of it. */
struct ctl_row {
    const char *group;    /* "toxic"; NULL: none */
    const char *name;     /* "add"; NULL: an option of all commands */
    const char *command;  /* "toxic add"; "": an option of all commands */
    const char *option;   /* without the dashes; NULL: the row is the command itself */
    const char *argument; /* NULL: none */
    const char *help;
    char letter; /* 0: none */
};

/* Calls `each` for every command, each followed by its options, then for the global options. */
void ctl_each_row(void (*each)(void *user, const struct ctl_row *row), void *user);

#endif
