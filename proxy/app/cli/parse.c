/* SPDX-License-Identifier: MIT */
/*
 * From words to struct cli. A word that begins with a dash is an option; the first other word is
 * the command, the words behind it are its operands.
 *
 * The words are not parsed by getopt_long, because its `struct option` is not ours, and because it
 * cannot say what would be right.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proxy/app/cli/cli.h"
#include "proxy/base/suggest.h"
#include "proxy/base/units.h"

int cli_report(const char *before, const char *what, const char *after)
{
    fprintf(stderr, "rudeproxy: %s%s%s\nTry 'rudeproxy --help'.\n", before, what, after);
    return -1;
}

static bool is_serve(const struct cli *cli)
{
    return cli->command != NULL && cli->command->is_serve;
}

/* --- Options --- */

static int unknown_option(const struct cli *cli, const char *word)
{
    struct suggest suggest;
    char hint[SUGGEST_TEXT_MAX + 16] = "", name[SUGGEST_WORD_MAX + 1];
    const char *bare = word + strspn(word, "-");
    snprintf(name, sizeof name, "%.*s", (int)strcspn(bare, "="), bare);
    suggest_init(&suggest, name);
    for (const struct cli_option *option = cli_options; option->name != NULL; option++)
        suggest_offer(&suggest, option->name);
    if (suggest.best != NULL)
        snprintf(
            hint, sizeof hint, ", did you mean '%s%s'?", is_serve(cli) ? "-" : "--", suggest.best);
    return cli_report("unknown option ", word, hint);
}

/* A value inside struct cli. */
static void *cli_place_of(struct cli *cli, const struct cli_option *option)
{
    return (char *)cli + option->offset;
}

/* Checked before anything of ours is open: a descriptor that nobody passed would be the number of
 * one of ours. */
static int set_descriptor(struct cli *cli, const struct cli_option *option, const char *value)
{
    uint64_t fd;
    struct err err;
    if (units_parse_number(value, &fd, &err) != 0 || fd > INT32_MAX)
        return cli_report("--ready-fd ", value, " is not a descriptor number");
    int flags = fcntl((int)fd, F_GETFL);
    if (flags < 0)
        return cli_report("--ready-fd ", value, " is not open: write --ready-fd 5 5>FILE");
    if ((flags & O_ACCMODE) == O_RDONLY)
        return cli_report("--ready-fd ", value, " is open for reading only");
    *(int *)cli_place_of(cli, option) = (int)fd;
    return 0;
}

static int set_choice(struct cli *cli, const struct cli_option *option, const char *value)
{
    char wrong[256];
    int used = snprintf(wrong, sizeof wrong, "--%s '%.64s': write", option->name, value);
    for (int i = 0; option->choices[i] != NULL; i++) {
        if (strcmp(option->choices[i], value) == 0) {
            *(int *)cli_place_of(cli, option) = i;
            return 0;
        }
        used += snprintf(wrong + used, sizeof wrong - (size_t)used, "%s %s", i > 0 ? " or" : "",
            option->choices[i]);
    }
    return cli_report("", wrong, "");
}

static int add_to_list(struct cli *cli, const struct cli_option *option, const char *value)
{
    struct cli_list *list = cli_place_of(cli, option);
    if (list->count == CLI_FILES_MAX)
        return cli_report("too many --", option->name, "; put the files into a folder");
    list->values[list->count++] = value;
    return 0;
}

static bool is_counted_with(const struct cli_option *before, const struct cli_option *option)
{
    return before == option || (before->makes_proxy && option->makes_proxy);
}

static int add_key(struct cli *cli, const struct cli_option *option, const char *value)
{
    unsigned ordinal = 1;
    if (cli->key_count == CLI_KEYS_MAX)
        return cli_report("too many options, at --", option->name, "; put them into a file");
    for (size_t i = 0; i < cli->key_count; i++)
        ordinal += is_counted_with(cli->keys[i].option, option);
    cli->keys[cli->key_count++] = (struct cli_key){
        .option = option, .ordinal = ordinal, .value = value != NULL ? value : "yes"};
    return 0;
}

static int store(struct cli *cli, const struct cli_option *option, const char *value)
{
    switch (option->target) {
    case CLI_SETTING:
    case CLI_PROXY:
    case CLI_FAULT:
    case CLI_SWEEP:
        return add_key(cli, option, value);
    case CLI_TEXT:
        *(const char **)cli_place_of(cli, option) = value;
        return 0;
    case CLI_LIST:
        return add_to_list(cli, option, value);
    case CLI_SWITCH:
        *(bool *)cli_place_of(cli, option) = true;
        return 0;
    case CLI_CHOICE:
        return set_choice(cli, option, value);
    case CLI_DESCRIPTOR:
        return set_descriptor(cli, option, value);
    case CLI_IGNORED:
        return 0;
    }
    return -1;
}

static int take_option(struct cli *cli, const struct cli_option *option, const char *value)
{
    bool many = option->target == CLI_PROXY || option->target == CLI_FAULT ||
                option->target == CLI_LIST || option->repeats;
    bool *seen = &cli->seen[option - cli_options];
    if (*seen && !many)
        return cli_report("--", option->name, " is given twice");
    *seen = true;
    return store(cli, option, value);
}

/* The value of an option without argument: 1, or 0 for serve's -proxy-metrics=false. -1: neither.
 * The words are those of Go's strconv.ParseBool. */
static int switch_value(const struct cli *cli, const char *rest)
{
    static const char *const yes[] = {"1", "t", "T", "TRUE", "true", "True", NULL};
    static const char *const no[] = {"0", "f", "F", "FALSE", "false", "False", NULL};
    if (*rest == '\0')
        return 1;
    if (!is_serve(cli) || *rest != '=')
        return -1;
    for (size_t i = 0; yes[i] != NULL; i++) {
        if (strcmp(rest + 1, yes[i]) == 0)
            return 1;
        if (strcmp(rest + 1, no[i]) == 0)
            return 0;
    }
    return -1;
}

static int take_switch(
    struct cli *cli, const struct cli_option *option, const char *word, const char *rest)
{
    int value = switch_value(cli, rest);
    if (value < 0)
        return cli_report("", word, ": this option takes no value");
    return value == 0 || take_option(cli, option, NULL) == 0 ? 1 : -1;
}

/* One word that starts with '-', and its value, which may be the next word. Returns how many words
 * were used, or -1. */
static int parse_option(struct cli *cli, char **argv)
{
    const char *word = argv[0];
    /* serve also takes -port, as toxiproxy-server does. */
    bool is_long = word[1] == '-' || (is_serve(cli) && word[2] != '\0');
    const char *name = word + (word[1] == '-' ? 2 : 1);
    size_t len = is_long ? strcspn(name, "=") : 1;
    const struct cli_option *option =
        is_long ? cli_option_find(name, len) : cli_option_find_letter(*name);
    if (option == NULL)
        return unknown_option(cli, word);
    const char *rest = name + len;
    if (option->argument == NULL)
        return take_switch(cli, option, word, rest);
    if (*rest != '\0')
        return take_option(cli, option, rest + (is_long ? 1 : 0)) == 0 ? 1 : -1;
    if (argv[1] == NULL)
        return cli_report("", word, " needs a value");
    return take_option(cli, option, argv[1]) == 0 ? 2 : -1;
}

/* --- Commands and operands --- */

const struct command *command_find(const char *name)
{
    for (const struct command *command = commands; command->name != NULL; command++) {
        if (strcmp(command->name, name) == 0)
            return command;
    }
    return NULL;
}

int cli_unknown_command(const char *word)
{
    struct suggest suggest;
    char hint[SUGGEST_TEXT_MAX];
    const char *dot = strrchr(word, '.');
    if (strchr(word, '/') != NULL || (dot != NULL && strcmp(dot, ".ini") == 0))
        return cli_report("unknown command ", word, "; to run a file: rudeproxy run FILE");
    suggest_init(&suggest, word);
    for (const struct command *command = commands; command->name != NULL; command++)
        suggest_offer(&suggest, command->name);
    return cli_report("unknown command ", word, suggest_text(&suggest, hint, sizeof hint));
}

/* The first word without a dash is the command, the others are its operands. */
static int take_word(struct cli *cli, char **words, size_t *word_count, char *word)
{
    if (cli->command != NULL) {
        words[(*word_count)++] = word;
        return 0;
    }
    cli->command = command_find(word);
    return cli->command != NULL ? 0 : cli_unknown_command(word);
}

static int parse_words(struct cli *cli, int argc, char **argv)
{
    size_t operands = 0;
    /* Operands are gathered at the front of argv, which has room for them behind argv[0]. */
    for (int i = 1; i < argc;) {
        bool is_ours = cli->command == NULL || !cli->command->takes_all;
        bool is_option = is_ours && argv[i][0] == '-' && argv[i][1] != '\0';
        if (is_option && strcmp(argv[i], "--") == 0) {
            if (cli->command == NULL || !cli->command->takes_child)
                return cli_report("", argv[i], " has no effect for this command");
            cli->child = argv + i + 1;
            break;
        }
        int used = is_option ? parse_option(cli, argv + i) : 1;
        if (used < 0 || (!is_option && take_word(cli, argv, &operands, argv[i]) != 0))
            return -1;
        i += used;
    }
    argv[operands] = NULL;
    cli->operands = (const char *const *)argv;
    cli->operand_count = operands;
    return 0;
}

/* --- What fits together --- */

static int refuse_option(const struct cli *cli, const struct cli_option *option)
{
    char text[256];
    bool one = strchr(option->commands, ' ') == NULL;
    if (one && option->refusal == NULL)
        snprintf(text, sizeof text, "only %s takes --%s", option->commands, option->name);
    else
        snprintf(text, sizeof text, "'%s' takes no --%s%s", cli->command->name, option->name,
            option->refusal != NULL ? option->refusal : "");
    return cli_report("", text, "");
}

static int check_options(const struct cli *cli)
{
    for (size_t i = 0; cli_options[i].name != NULL; i++) {
        if (cli->seen[i] && !cli_option_allows(&cli_options[i], cli->command->name))
            return refuse_option(cli, &cli_options[i]);
    }
    return 0;
}

static int take_operands(struct cli *cli)
{
    const struct command *command = cli->command;
    char text[256];
    for (size_t i = 0; i < cli->operand_count && command->takes_files; i++) {
        if (add_to_list(cli, cli_option_find_letter('c'), cli->operands[i]) != 0)
            return -1;
    }
    if (cli->operand_count == 0 || command->takes_files || command->takes_all ||
        command->takes_words)
        return 0;
    snprintf(text, sizeof text, "'%s' takes no '%.64s'%s", command->name, cli->operands[0],
        command->takes_child ? "; a command is written after --" : "");
    return cli_report("", text, "");
}

/* Standard input can be read once, a reload needs its text again. */
static int read_input(struct cli *cli)
{
    size_t times = 0;
    for (size_t i = 0; i < cli->configs.count; i++)
        times += strcmp(cli->configs.values[i], "-") == 0;
    if (times == 0 || cli->command->is_serve)
        return 0;
    if (times > 1)
        return cli_report("", "-c -", " is given twice: standard input can be read once");
    ssize_t length = config_read(STDIN_FILENO, &cli->input);
    if (length == -EFBIG)
        return cli_report("standard input", " has more than 1 MiB", ", is it a configuration?");
    if (length < 0)
        return cli_report("cannot read standard input: ", strerror((int)-length), "");
    if (strlen(cli->input) != (size_t)length)
        return cli_report("cannot read standard input: ", "it holds a NUL byte", "");
    return 0;
}

/* Reads the name by which the program was started. */
static void take_name(struct cli *cli, const char *path)
{
    static const struct {
        const char *name, *command;
    } rows[] = {{"toxiproxy", "serve"}, {"toxiproxy-server", "serve"}, {"toxiproxy-cli", "ctl"}};
    const char *slash = path != NULL ? strrchr(path, '/') : NULL;
    const char *name = slash != NULL ? slash + 1 : path;
    for (size_t i = 0; name != NULL && i < sizeof rows / sizeof rows[0]; i++) {
        if (strcmp(name, rows[i].name) == 0) {
            cli->command = command_find(rows[i].command);
            cli->as_toxiproxy = true;
        }
    }
}

int cli_parse(struct cli *cli, int argc, char **argv)
{
    *cli = (struct cli){.ready = {.fd = -1}};
    take_name(cli, argv[0]);
    if (parse_words(cli, argc, argv) != 0)
        return -1;
    if (cli->want_help || cli->want_version)
        return 0;
    if (cli->command == NULL)
        cli->command = &commands[0];
    if (check_options(cli) != 0 || take_operands(cli) != 0)
        return -1;
    return read_input(cli);
}

void cli_free(struct cli *cli)
{
    free(cli->input);
}
