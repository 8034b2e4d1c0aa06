/* SPDX-License-Identifier: MIT */
/*
 * The commands of ctl, one row each, and the command that is running.
 *
 * Options may come before or after the operands. One dash and two are equivalent, as in
 * toxiproxy-cli.
 */
#ifndef RUDEPROXY_CTL_COMMAND_H
#define RUDEPROXY_CTL_COMMAND_H

#include <stdbool.h>

#include "proxy/base/must_check.h"
#include "proxy/ctl/client.h"
#include "proxy/ctl/ctl.h"

#define CTL_WORDS_MAX 64 /* limit of the operands, and of the options, of one command */

struct ctl;

struct ctl_option {
    const char *name;     /* NULL ends a table */
    const char *alias;    /* NULL: none */
    const char *argument; /* for the usage text; NULL: takes none */
    const char *help;
    char letter; /* 0: none */
    bool many;   /* may be given again */
};

struct ctl_command {
    const char *group;         /* "toxic" of "toxic add"; NULL: the command is one word */
    const char *group_aliases; /* blank-separated; NULL: none */
    const char *name;          /* NULL ends the table */
    const char *aliases;       /* blank-separated; NULL: none */
    const char *arguments;     /* for the usage text */
    const char *help;
    const struct ctl_option *options; /* of its own; NULL: none */
    size_t least, most;               /* operands */
    enum ctl_status (*run)(struct ctl *ctl);
    const char *failure; /* text before a server's error, as in toxiproxy-cli; NULL: none */
};

extern const struct ctl_command ctl_commands[];      /* in commands.c */
extern const struct ctl_option ctl_global_options[]; /* in ctl.c */

/* An option given by the user. */
struct ctl_given {
    const struct ctl_option *option;
    const char *value; /* "" for an option without a value */
};

struct ctl {
    bool as_toxiproxy; /* see ctl_run_as_toxiproxy() */
    const struct ctl_command *command;
    const char *group; /* the words so far name this group, but no command of it; NULL: none */
    const char *operands[CTL_WORDS_MAX];
    size_t operand_count;
    struct ctl_given given[CTL_WORDS_MAX];
    size_t given_count;
    struct client client;
};

/* Returns the last value of an option, or NULL if it was not given. */
const char *ctl_option(const struct ctl *ctl, const char *name);

/* Reports wrong use of the command, like printf. */
enum ctl_status ctl_wrong(const struct ctl *ctl, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * Each is one call of the API. Errors are printed on stderr. Takes the reference to `body`; NULL:
 * none.
 *
 * ctl_ask: a GET; *answer is a new reference, NULL after a failure. ctl_call: a call with an answer
 * to print; with --json it is already printed and *answer is NULL. ctl_do: a call without an
 * answer; prints what was done, like printf, unless --json. ctl_show: a GET whose answer is printed
 * as it arrives.
 */
enum ctl_status ctl_ask(struct ctl *ctl, const struct path *path, json_t **answer);
enum ctl_status ctl_call(
    struct ctl *ctl, const char *method, const struct path *path, json_t *body, json_t **answer);
enum ctl_status ctl_do(struct ctl *ctl, const char *method, const struct path *path, json_t *body,
    const char *format, ...) __attribute__((format(printf, 5, 6)));
enum ctl_status ctl_show(struct ctl *ctl, const struct path *path);

/* Returns a member of an answer; "" or 0 if it is missing or has another type. */
const char *ctl_text(const json_t *object, const char *key);
long long ctl_number(const json_t *object, const char *key);

/* Adds a member that the user gave. Takes the reference to `value`; NULL means that the user's text
 * was not UTF-8. Returns 0, or -1 after reporting that, or that the object has the key already. */
MUST_CHECK int ctl_set_member(
    const struct ctl *ctl, json_t *object, const char *key, json_t *value);

/* Adds "key=value key=value" to an object. An empty value becomes null. Returns 0, or -1 after
 * reporting an error. */
MUST_CHECK int ctl_words(const struct ctl *ctl, json_t *object, const char *words);

#endif
