/* SPDX-License-Identifier: MIT */
/* `rudeproxy ctl`: a client of the HTTP API, in the words of toxiproxy-cli where it has them. */
#ifndef RUDEPROXY_CTL_CTL_H
#define RUDEPROXY_CTL_CTL_H

#include <stddef.h>

/* Exit statuses, those of every command. */
enum ctl_status {
    CTL_FINE = 0,
    CTL_FAILED = 1, /* the server said no, or there is none */
    CTL_USAGE = 2,
};

/* Runs the command in the words behind `ctl`. What is wrong goes to stderr. */
enum ctl_status ctl_run(const char *const *words, size_t count);

/* The same in the manner of toxiproxy-cli: its statuses (1 for wrong usage too), its words before an
 * error, its help without words, and `toxic update` without --toxicity makes it 1. */
enum ctl_status ctl_run_as_toxiproxy(const char *const *words, size_t count);

/* Asks the API at `address` (as ctl --host; NULL: localhost:8474) whether it answers. CTL_FINE, or CTL_FAILED
 * with a sentence on stderr. An address such as 0.0.0.0:8474 stands for this machine. */
enum ctl_status ctl_health(const char *address);

/* A command, or an option of it. */
struct ctl_row {
    const char *command;  /* "toxic add"; "": an option of all commands */
    const char *option;   /* without the dashes; NULL: the row is the command itself */
    const char *argument; /* NULL: none */
    const char *help;
    char letter; /* 0: none */
};

/* Calls `each` for every command, each followed by its options, then for the options of all. */
void ctl_each_row(void (*each)(void *user, const struct ctl_row *row), void *user);

#endif
