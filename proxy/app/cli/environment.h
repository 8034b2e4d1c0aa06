/* SPDX-License-Identifier: MIT */
/* The variables of the environment that stand for options: one row each. */
#ifndef RUDEPROXY_APP_CLI_ENVIRONMENT_H
#define RUDEPROXY_APP_CLI_ENVIRONMENT_H

#include <stdbool.h>
#include <stddef.h>

#define ENVIRONMENT_CONFIG "RUDEPROXY_CONFIG"
#define ENVIRONMENT_ADMIN "RUDEPROXY_ADMIN"

struct environment_variable {
    const char *name; /* NULL ends the table */
    const char *key;  /* of [rudeproxy]; NULL: not a key */
    bool is_file;     /* the value is the first line of this file */
    bool is_literal;  /* quotes, blanks and semicolons in the value mean nothing */
    const char *help; /* one sentence, no full stop */
};

extern const struct environment_variable environment_variables[];

/* The value of a variable, NULL if it is not set or empty. */
const char *environment_get(const char *name);

/* Whether "NAME=VALUE" is one of ours, which a command that we start must not inherit. */
bool environment_is_ours(const char *entry);

struct config_source;

/* Sets a key for each variable that is set. `again`: as of cli_may_read(). */
void environment_add(struct config_source *source, bool again);

#endif
