/* SPDX-License-Identifier: MIT */
/*
 * The commands of ctl, one row each, and one that is being carried out.
 *
 * Options may stand before or behind the operands; one dash or two are the same, as in
 * toxiproxy-cli.
 */
#ifndef RUDEPROXY_CTL_COMMAND_H
#define RUDEPROXY_CTL_COMMAND_H

#include <stdbool.h>

#include "proxy/base/must_check.h"
#include "proxy/ctl/client.h"
#include "proxy/ctl/ctl.h"

#define CTL_WORDS_MAX 64 /* operands, and options, of one command */

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
    const char *aliases;       /* likewise */
    const char *arguments;     /* for the usage text */
    const char *help;
    const struct ctl_option *options; /* of its own; NULL: none */
    size_t least, most;               /* operands */
    enum ctl_status (*run)(struct ctl *ctl);
    const char *failure; /* what toxiproxy-cli says before an error of the server; NULL: nothing */
};

extern const struct ctl_command ctl_commands[];      /* in commands.c */
extern const struct ctl_option ctl_global_options[]; /* in ctl.c */

/* An option as it was given. */
struct ctl_given {
    const struct ctl_option *option;
    const char *value; /* "" for one that takes none */
};

struct ctl {
    bool as_toxiproxy; /* see ctl_run_as_toxiproxy() */
    const struct ctl_command *command;
    const char *group; /* said, but no command of it yet; NULL: none */
    const char *operands[CTL_WORDS_MAX];
    size_t operand_count;
    struct ctl_given given[CTL_WORDS_MAX];
    size_t given_count;
    struct client client;
};

/* The last value of an option, NULL if it was not given. */
const char *ctl_option(const struct ctl *ctl, const char *name);

/* Complains about the use of the command, like printf. */
enum ctl_status ctl_wrong(const struct ctl *ctl, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Calls of the API, one each. What went wrong was said on stderr. Of a `body` the reference is taken;
 * NULL: none.
 *
 * ctl_ask: a GET; *answer is a new reference, NULL after a failure.
 * ctl_call: an answer to be shown. With --json that has happened, *answer is NULL.
 * ctl_do: there is no answer; what was done is printed, like printf, unless --json.
 * ctl_show: a GET whose answer is printed as it comes. */
enum ctl_status ctl_ask(struct ctl *ctl, const struct path *path, json_t **answer);
enum ctl_status ctl_call(
    struct ctl *ctl, const char *method, const struct path *path, json_t *body, json_t **answer);
enum ctl_status ctl_do(struct ctl *ctl, const char *method, const struct path *path, json_t *body,
    const char *format, ...) __attribute__((format(printf, 5, 6)));
enum ctl_status ctl_show(struct ctl *ctl, const struct path *path);

/* Members of an answer; what is missing or of another kind is "" or 0. */
const char *ctl_text(const json_t *object, const char *key);
long long ctl_number(const json_t *object, const char *key);

/* "key=value key=value" as members of an object. 0, or -1 after complaining. A value that is empty
 * becomes null. */
MUST_CHECK int ctl_words(const struct ctl *ctl, json_t *object, const char *words);

#endif
