/* SPDX-License-Identifier: MIT */
/*
 * Parses words into a command with its options and operands. Also has functions that the commands
 * share. A word that begins with a dash is an option of ctl itself, or of the command if that is
 * already known.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/base/columns.h"
#include "proxy/base/suggest.h"
#include "proxy/base/version.h"
#include "proxy/ctl/command.h"

#define DEFAULT_URL "http://localhost:8474"
#define TOXIPROXY_CLI_VERSION "2.12.0" /* whose behaviour this follows */
#define OPTION_INDENT 31               /* columns of the help texts */
#define COMMAND_INDENT 39

const struct ctl_option ctl_global_options[] = {
    {.name = "host",
        .letter = 'h',
        .argument = "URL",
        .help = "where the API is: http://HOST:PORT or unix:PATH; default: TOXIPROXY_URL, "
                "or " DEFAULT_URL},
    {.name = "token", .argument = "TOKEN", .help = "its admin_token; default: RUDEPROXY_TOKEN"},
    {.name = "json", .help = "print answers as they come"},
    {.name = "help", .help = "print this help, or that of one command"},
    {.name = "version", .letter = 'v', .help = "print the version"},
    {.name = NULL},
};

/* --- Saying things --- */

static void print_name(FILE *out, const struct ctl_command *command)
{
    fprintf(out, "%s%s%s", command->group != NULL ? command->group : "",
        command->group != NULL ? " " : "", command->name);
}

enum ctl_status ctl_wrong(const struct ctl *ctl, const char *format, ...)
{
    va_list args;
    const char *program = ctl->as_toxiproxy ? "toxiproxy-cli" : "rudeproxy ctl";
    fputs(ctl->as_toxiproxy ? "" : "rudeproxy: ", stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    if (ctl->command != NULL) {
        fprintf(stderr, "\nusage: %s ", program);
        print_name(stderr, ctl->command);
        fprintf(stderr, "%s%s\n", ctl->command->arguments[0] != '\0' ? " " : "",
            ctl->command->arguments);
    } else {
        fprintf(stderr, "\nTry '%s --help'.\n", program);
    }
    return CTL_USAGE;
}

static void print_options(const struct ctl_option *option)
{
    for (; option != NULL && option->name != NULL; option++) {
        char letter[8] = "    ", left[64];
        if (option->letter != 0)
            snprintf(letter, sizeof letter, "-%c, ", option->letter);
        snprintf(left, sizeof left, "  %s--%s%s%s", letter, option->name,
            option->argument != NULL ? " " : "", option->argument != NULL ? option->argument : "");
        columns_print(stdout, left, OPTION_INDENT, option->help);
    }
}

static void print_command(const struct ctl_command *command)
{
    char left[96];
    snprintf(left, sizeof left, "  %s%s%s %s", command->group != NULL ? command->group : "",
        command->group != NULL ? " " : "", command->name, command->arguments);
    columns_print(stdout, left, COMMAND_INDENT, command->help);
}

/* Prints the help of one command, of a group, or of all. */
static enum ctl_status print_help(const struct ctl *ctl)
{
    printf("usage: %s [--host URL] [--token TOKEN] COMMAND ARGUMENTS...\n\n",
        ctl->as_toxiproxy ? "toxiproxy-cli" : "rudeproxy ctl");
    for (const struct ctl_command *c = ctl_commands; c->name != NULL; c++) {
        bool meant =
            ctl->command != NULL ? c == ctl->command : ctl->group == NULL || c->group == ctl->group;
        if (meant)
            print_command(c);
    }
    puts("");
    print_options(ctl->command != NULL ? ctl->command->options : NULL);
    print_options(ctl_global_options);
    puts("\nExit status: 0 fine, 1 the server said no or cannot be reached, 2 wrong usage.");
    return CTL_FINE;
}

/* --- Parsing --- */

/* Whether `word` is `name` or one of the blank-separated aliases. */
static bool is_named(const char *word, const char *name, const char *aliases)
{
    size_t length = strlen(word);
    if (strcmp(word, name) == 0)
        return true;
    for (const char *p = aliases; p != NULL && *p != '\0'; p += strspn(p, " ")) {
        size_t alias = strcspn(p, " ");
        if (alias == length && strncmp(p, word, length) == 0)
            return true;
        p += alias;
    }
    return false;
}

static enum ctl_status unknown_command(const struct ctl *ctl, const char *word)
{
    struct suggest suggest;
    char hint[SUGGEST_TEXT_MAX];
    suggest_init(&suggest, word);
    for (const struct ctl_command *c = ctl_commands; c->name != NULL; c++) {
        bool sibling = ctl->group != NULL && c->group == ctl->group;
        suggest_offer(&suggest, sibling || c->group == NULL ? c->name : c->group);
    }
    return ctl_wrong(ctl, "ctl%s%s has no command '%s'%s", ctl->group != NULL ? " " : "",
        ctl->group != NULL ? ctl->group : "", word, suggest_text(&suggest, hint, sizeof hint));
}

/* Takes a word before the command is known: the command, or its group. */
static enum ctl_status take_command(struct ctl *ctl, const char *word)
{
    for (const struct ctl_command *c = ctl_commands; c->name != NULL; c++) {
        if (c->group == ctl->group && is_named(word, c->name, c->aliases)) {
            ctl->command = c;
            return CTL_FINE;
        }
        if (ctl->group == NULL && c->group != NULL && is_named(word, c->group, c->group_aliases)) {
            ctl->group = c->group;
            return CTL_FINE;
        }
    }
    return unknown_command(ctl, word);
}

static enum ctl_status take_operand(struct ctl *ctl, const char *word)
{
    if (ctl->command == NULL)
        return take_command(ctl, word);
    if (ctl->operand_count == ctl->command->most || ctl->operand_count == CTL_WORDS_MAX)
        return ctl_wrong(ctl, "unexpected argument '%s'", word);
    ctl->operands[ctl->operand_count++] = word;
    return CTL_FINE;
}

static const struct ctl_option *find_option(
    const struct ctl_option *table, const char *name, size_t length)
{
    for (; table != NULL && table->name != NULL; table++) {
        bool letter = length == 1 && *name == table->letter;
        bool whole = strlen(table->name) == length && strncmp(table->name, name, length) == 0;
        bool alias = table->alias != NULL && strlen(table->alias) == length &&
                     strncmp(table->alias, name, length) == 0;
        if (letter || whole || alias)
            return table;
    }
    return NULL;
}

static enum ctl_status unknown_option(const struct ctl *ctl, const char *word)
{
    struct suggest suggest;
    const char *bare = word + strspn(word, "-");
    char name[SUGGEST_WORD_MAX + 1];
    snprintf(name, sizeof name, "%.*s", (int)strcspn(bare, "="), bare);
    suggest_init(&suggest, name);
    for (const struct ctl_option *o = ctl_global_options; o->name != NULL; o++)
        suggest_offer(&suggest, o->name);
    for (const struct ctl_option *o = ctl->command != NULL ? ctl->command->options : NULL;
         o != NULL && o->name != NULL; o++)
        suggest_offer(&suggest, o->name);
    if (suggest.best == NULL)
        return ctl_wrong(ctl, "unknown option %s", word);
    return ctl_wrong(ctl, "unknown option %s, did you mean '--%s'?", word, suggest.best);
}

/* Takes an option and its value, which may be the next word. Sets *used to the number of words. */
static enum ctl_status take_option(struct ctl *ctl, const char *const *words, size_t *used)
{
    const char *name = words[0] + (words[0][1] == '-' ? 2 : 1);
    size_t length = strcspn(name, "=");
    const struct ctl_option *option =
        find_option(ctl->command != NULL ? ctl->command->options : NULL, name, length);
    if (option == NULL)
        option = find_option(ctl_global_options, name, length);
    if (option == NULL)
        return unknown_option(ctl, words[0]);
    const char *value = name[length] == '=' ? name + length + 1 : NULL;
    *used = 1;
    if (option->argument == NULL && value != NULL)
        return ctl_wrong(ctl, "--%s takes no value", option->name);
    if (option->argument != NULL && value == NULL) {
        value = words[1];
        *used = 2;
    }
    if (option->argument != NULL && value == NULL)
        return ctl_wrong(ctl, "--%s needs a value, %s", option->name, option->argument);
    if (!option->many && ctl_option(ctl, option->name) != NULL)
        return ctl_wrong(ctl, "--%s is given twice", option->name);
    if (ctl->given_count == CTL_WORDS_MAX)
        return ctl_wrong(ctl, "too many options");
    ctl->given[ctl->given_count++] =
        (struct ctl_given){.option = option, .value = value != NULL ? value : ""};
    return CTL_FINE;
}

/* `words` ends with a NULL. */
static enum ctl_status ctl_parse(struct ctl *ctl, const char *const *words, size_t count)
{
    enum ctl_status status = CTL_FINE;
    bool options = true;
    for (size_t i = 0, used = 1; i < count && status == CTL_FINE; i += used) {
        used = 1;
        if (options && strcmp(words[i], "--") == 0)
            options = false;
        else if (options && words[i][0] == '-' && words[i][1] != '\0')
            status = take_option(ctl, words + i, &used);
        else
            status = take_operand(ctl, words[i]);
    }
    return status;
}

static enum ctl_status check(const struct ctl *ctl)
{
    if (ctl->command == NULL && ctl->group != NULL)
        return ctl_wrong(ctl, "'ctl %s' needs a command", ctl->group);
    if (ctl->command == NULL)
        return ctl_wrong(ctl, "ctl needs a command");
    if (ctl->operand_count < ctl->command->least)
        return ctl_wrong(ctl, "an argument is missing");
    return CTL_FINE;
}

/* --- What commands share --- */

const char *ctl_option(const struct ctl *ctl, const char *name)
{
    for (size_t i = ctl->given_count; i-- > 0;) {
        if (strcmp(ctl->given[i].option->name, name) == 0)
            return ctl->given[i].value;
    }
    return NULL;
}

static void print_whole(const struct answer *answer)
{
    if (answer->size == 0)
        return;
    client_disarm(answer->bytes, answer->size);
    fwrite(answer->bytes, 1, answer->size, stdout);
    if (answer->bytes[answer->size - 1] != '\n')
        putchar('\n');
}

static enum ctl_status exchange(struct ctl *ctl, const char *method, const struct path *path,
    json_t *body, struct answer *answer)
{
    int result = client_call(&ctl->client, method, path, body, answer);
    json_decref(body);
    return result == 0 ? CTL_FINE : CTL_FAILED;
}

static enum ctl_status parse_answer(
    const struct ctl *ctl, const struct answer *bytes, json_t **answer)
{
    *answer = json_loadb(bytes->bytes != NULL ? bytes->bytes : "", bytes->size, 0, NULL);
    if (*answer != NULL)
        return CTL_FINE;
    fprintf(stderr, "rudeproxy: %s: the answer is not JSON\n", ctl->client.url);
    return CTL_FAILED;
}

enum ctl_status ctl_ask(struct ctl *ctl, const struct path *path, json_t **answer)
{
    struct answer bytes;
    *answer = NULL;
    enum ctl_status status = exchange(ctl, "GET", path, NULL, &bytes);
    if (status == CTL_FINE)
        status = parse_answer(ctl, &bytes, answer);
    answer_free(&bytes);
    return status;
}

enum ctl_status ctl_call(
    struct ctl *ctl, const char *method, const struct path *path, json_t *body, json_t **answer)
{
    struct answer bytes;
    *answer = NULL;
    enum ctl_status status = exchange(ctl, method, path, body, &bytes);
    if (status == CTL_FINE && ctl_option(ctl, "json") != NULL)
        print_whole(&bytes);
    else if (status == CTL_FINE)
        status = parse_answer(ctl, &bytes, answer);
    answer_free(&bytes);
    return status;
}

enum ctl_status ctl_do(struct ctl *ctl, const char *method, const struct path *path, json_t *body,
    const char *format, ...)
{
    struct answer bytes;
    va_list args;
    enum ctl_status status = exchange(ctl, method, path, body, &bytes);
    va_start(args, format);
    if (status == CTL_FINE && ctl_option(ctl, "json") == NULL)
        vprintf(format, args);
    va_end(args);
    answer_free(&bytes);
    return status;
}

enum ctl_status ctl_show(struct ctl *ctl, const struct path *path)
{
    struct answer answer;
    if (client_call(&ctl->client, "GET", path, NULL, &answer) != 0)
        return CTL_FAILED;
    print_whole(&answer);
    answer_free(&answer);
    return CTL_FINE;
}

const char *ctl_text(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text != NULL ? text : "";
}

long long ctl_number(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

/* Returns an option, or its environment variable, where "" counts as unset. */
static const char *setting(const struct ctl *ctl, const char *name, const char *variable)
{
    const char *value = ctl_option(ctl, name);
    if (value == NULL)
        value = getenv(variable);
    return value != NULL && *value != '\0' ? value : NULL;
}

/* Returns "Failed to retrieve proxy web": some of toxiproxy-cli's texts contain a proxy's name. */
static const char *failure_words(const struct ctl *ctl, char *buf, size_t size)
{
    if (!ctl->as_toxiproxy || ctl->command->failure == NULL)
        return NULL;
    bool named = strstr(ctl->command->failure, "retrieve proxy ") != NULL;
    snprintf(buf, size, "%s%s", ctl->command->failure, named ? ctl->operands[0] : "");
    return buf;
}

static enum ctl_status call_server(struct ctl *ctl)
{
    char words[256];
    const char *url = setting(ctl, "host", "TOXIPROXY_URL");
    const char *token = setting(ctl, "token", "RUDEPROXY_TOKEN");
    if (client_open(&ctl->client, url != NULL ? url : DEFAULT_URL, token) != 0)
        return CTL_FAILED;
    ctl->client.failure = failure_words(ctl, words, sizeof words);
    enum ctl_status status = ctl->command->run(ctl);
    client_close(&ctl->client);
    return status;
}

static enum ctl_status print_version(const struct ctl *ctl)
{
    if (ctl->as_toxiproxy)
        printf(
            "toxiproxy-cli version %s (rudeproxy %s)\n", TOXIPROXY_CLI_VERSION, RUDEPROXY_VERSION);
    else
        version_print(stdout);
    return CTL_FINE;
}

static enum ctl_status run(struct ctl *ctl, const char *const *words, size_t count)
{
    enum ctl_status status = ctl_parse(ctl, words, count);
    if (status != CTL_FINE)
        return status;
    if (ctl_option(ctl, "help") != NULL)
        return print_help(ctl);
    if (ctl_option(ctl, "version") != NULL)
        return print_version(ctl);
    status = check(ctl);
    return status == CTL_FINE ? call_server(ctl) : status;
}

enum ctl_status ctl_run(const char *const *words, size_t count)
{
    struct ctl ctl = {.as_toxiproxy = false};
    return run(&ctl, words, count);
}

enum ctl_status ctl_run_as_toxiproxy(const char *const *words, size_t count)
{
    struct ctl ctl = {.as_toxiproxy = true};
    bool asks_help = count == 0 || strcmp(words[0], "help") == 0 || strcmp(words[0], "h") == 0;
    if (asks_help)
        return print_help(&ctl);
    return run(&ctl, words, count) == CTL_FINE ? CTL_FINE : CTL_FAILED;
}
