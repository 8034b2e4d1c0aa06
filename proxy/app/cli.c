/* SPDX-License-Identifier: MIT */
/*
 * Every option is a row of one table; those that stand for a line of the file carry its section and
 * key and take the same way through the configuration layer as the file does. The n-th --listen and
 * the n-th --upstream make the n-th proxy of the command line: `main`, `main-2`...
 *
 * Parsed by hand and not by getopt_long, whose `struct option` is another one than ours and which
 * cannot say what would be right.
 */
#include "proxy/app/cli.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/admin/admin.h"
#include "proxy/base/suggest.h"
#include "proxy/base/units.h"

/* Where the value of an option goes. */
enum target { TARGET_SETTINGS, TARGET_PROXY, TARGET_FAULT, TARGET_CLI, TARGET_SERVE };

struct cli_option {
    const char *name;
    const char *argument; /* NULL: takes none */
    const char *key;      /* of the section; TARGET_CLI: NULL */
    const char *help;
    enum target target;
    char letter; /* 0: none */
};

static const struct cli_option options[] = {
    {.name = "config",
        .letter = 'c',
        .argument = "FILE",
        .target = TARGET_CLI,
        .help = "read the configuration from FILE"},
    {.name = "listen",
        .argument = "ADDRESS",
        .target = TARGET_PROXY,
        .key = "listen",
        .help = "add a proxy that listens here"},
    {.name = "upstream",
        .argument = "ADDRESS",
        .target = TARGET_PROXY,
        .key = "upstream",
        .help = "... and forwards there"},
    {.name = "fault",
        .argument = "'KEY=VALUE...'",
        .target = TARGET_FAULT,
        .help = "add a fault: 'type=reset when=bytes:1k'"},
    {.name = "seed",
        .argument = "N",
        .target = TARGET_SETTINGS,
        .key = "seed",
        .help = "seed of all chance, to repeat a run"},
    {.name = "log",
        .argument = "WHERE",
        .target = TARGET_SETTINGS,
        .key = "log",
        .help = "stderr, stdout, none or a file"},
    {.name = "log-format",
        .argument = "FORMAT",
        .target = TARGET_SETTINGS,
        .key = "log_format",
        .help = "text or json"},
    {.name = "admin",
        .argument = "ADDRESS",
        .target = TARGET_SETTINGS,
        .key = "admin",
        .help = "open the HTTP API here"},
    {.name = "admin-token",
        .argument = "TOKEN",
        .target = TARGET_SETTINGS,
        .key = "admin_token",
        .help = "... for those who send this token"},
    {.name = "ready-fd",
        .argument = "N",
        .target = TARGET_CLI,
        .help = "write `NAME ADDRESS` lines to descriptor N once all proxies listen"},
    {.name = "ready-file",
        .argument = "PATH",
        .target = TARGET_CLI,
        .help = "... to a file that appears when it is complete"},
    {.name = "report",
        .argument = "FILE",
        .target = TARGET_CLI,
        .help = "write what the run came to, as JSON, when it ends"},
    {.name = "junit",
        .argument = "FILE",
        .target = TARGET_CLI,
        .help = "... as JUnit XML: a test case for each must_fire fault"},
    {.name = "private-network",
        .target = TARGET_CLI,
        .help = "exec: run proxies and command in a network of their own"},
    {.name = "host",
        .argument = "HOST",
        .target = TARGET_SERVE,
        .help = "serve: where the API listens, default localhost"},
    {.name = "port",
        .argument = "PORT",
        .target = TARGET_SERVE,
        .help = "serve: ... and its port, default 8474"},
    {.name = "proxy-metrics", .target = TARGET_SERVE, .help = "serve: metrics are always there"},
    {.name = "runtime-metrics", .target = TARGET_SERVE, .help = "serve: likewise"},
    {.name = "version", .letter = 'V', .target = TARGET_CLI, .help = "print the version"},
    {.name = "help", .letter = 'h', .target = TARGET_CLI, .help = "print this help"},
};

#define OPTION_COUNT (sizeof options / sizeof options[0])

static int report_problem(const char *before, const char *what, const char *after)
{
    fprintf(stderr, "rudeproxy: %s%s%s\nTry 'rudeproxy --help'.\n", before, what, after);
    return -1;
}

static bool is_serve(const struct cli *cli)
{
    return cli->command != NULL && cli->command->is_serve;
}

static const struct cli_option *find_option(const char *name, size_t len)
{
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        if (strlen(options[i].name) == len && strncmp(options[i].name, name, len) == 0)
            return &options[i];
    }
    return NULL;
}

static const struct cli_option *find_letter(char letter)
{
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        if (options[i].letter != 0 && options[i].letter == letter)
            return &options[i];
    }
    return NULL;
}

static int unknown_option(const char *word)
{
    struct suggest suggest;
    char hint[SUGGEST_TEXT_MAX];
    suggest_init(&suggest, word + strspn(word, "-"));
    for (size_t i = 0; i < OPTION_COUNT; i++)
        suggest_offer(&suggest, options[i].name);
    return report_problem("unknown option ", word, suggest_text(&suggest, hint, sizeof hint));
}

/* Before anything of ours is open: a descriptor that nobody passed would be the number of one of ours. */
static int set_descriptor(struct cli *cli, const char *value)
{
    uint64_t fd;
    struct err err;
    if (units_parse_number(value, &fd, &err) != 0 || fd > INT32_MAX)
        return report_problem("--ready-fd ", value, " is no descriptor number");
    int flags = fcntl((int)fd, F_GETFL);
    if (flags < 0)
        return report_problem("--ready-fd ", value, " is not open: write --ready-fd 5 5>FILE");
    if ((flags & O_ACCMODE) == O_RDONLY)
        return report_problem("--ready-fd ", value, " is open for reading only");
    cli->ready_fd = (int)fd;
    return 0;
}

static int set_cli_option(struct cli *cli, const struct cli_option *option, const char *value)
{
    if (strcmp(option->name, "config") == 0)
        cli->config_path = value;
    else if (strcmp(option->name, "ready-file") == 0)
        cli->ready_path = value;
    else if (strcmp(option->name, "report") == 0)
        cli->report_path = value;
    else if (strcmp(option->name, "junit") == 0)
        cli->junit_path = value;
    else if (strcmp(option->name, "host") == 0)
        cli->host = value;
    else if (strcmp(option->name, "port") == 0)
        cli->port = value;
    else if (strstr(option->name, "-metrics") != NULL)
        return 0;
    else if (strcmp(option->name, "private-network") == 0)
        cli->private_network = true;
    else if (strcmp(option->name, "version") == 0)
        cli->want_version = true;
    else if (strcmp(option->name, "help") == 0)
        cli->want_help = true;
    else
        return set_descriptor(cli, value);
    return 0;
}

static unsigned count_uses(const struct cli *cli, const char *name)
{
    unsigned count = 0;
    for (size_t i = 0; i < cli->key_count; i++)
        count += strcmp(cli->keys[i].option, name) == 0;
    return count;
}

static int take_option(struct cli *cli, const struct cli_option *option, const char *value)
{
    unsigned bit = 1u << (option - options);
    bool once = option->target != TARGET_PROXY && option->target != TARGET_FAULT;
    if (option->target == TARGET_SERVE && !is_serve(cli))
        return report_problem("only serve takes --", option->name, "");
    if (once && (cli->seen & bit) != 0)
        return report_problem("--", option->name, " is given twice");
    cli->seen |= bit;
    if (option->target == TARGET_CLI || option->target == TARGET_SERVE)
        return set_cli_option(cli, option, value);
    if (cli->key_count == CLI_KEYS_MAX)
        return report_problem("too many options, at --", option->name, "; put them into a file");
    cli->keys[cli->key_count] = (struct cli_key){
        .option = option->name,
        .ordinal = count_uses(cli, option->name) + 1,
        .key = option->key,
        .value = value,
    };
    cli->key_count++;
    return 0;
}

/* A switch of serve may be -proxy-metrics=true, as Go has it. */
static bool is_true(const struct cli *cli, const char *rest)
{
    return *rest == '\0' || (is_serve(cli) && strcmp(rest, "=true") == 0);
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
    const struct cli_option *option = is_long ? find_option(name, len) : find_letter(*name);
    if (option == NULL)
        return unknown_option(word);
    const char *rest = name + len;
    if (option->argument == NULL) {
        if (!is_true(cli, rest))
            return report_problem("", word, " takes no value");
        return take_option(cli, option, NULL) == 0 ? 1 : -1;
    }
    if (*rest != '\0')
        return take_option(cli, option, rest + (is_long ? 1 : 0)) == 0 ? 1 : -1;
    if (argv[1] == NULL)
        return report_problem("", word, " needs a value");
    return take_option(cli, option, argv[1]) == 0 ? 2 : -1;
}

static const struct command *find_command(const char *name)
{
    for (const struct command *command = commands; command->name != NULL; command++) {
        if (strcmp(command->name, name) == 0)
            return command;
    }
    return NULL;
}

static int unknown_command(const char *word)
{
    struct suggest suggest;
    char hint[SUGGEST_TEXT_MAX];
    suggest_init(&suggest, word);
    for (const struct command *command = commands; command->name != NULL; command++)
        suggest_offer(&suggest, command->name);
    return report_problem("unknown command ", word, suggest_text(&suggest, hint, sizeof hint));
}

/* The first word without a dash is the command, the others are its operands. */
static int take_word(struct cli *cli, char **words, size_t *word_count, char *word)
{
    if (cli->command != NULL) {
        words[(*word_count)++] = word;
        return 0;
    }
    cli->command = find_command(word);
    return cli->command != NULL ? 0 : unknown_command(word);
}

int cli_parse(struct cli *cli, int argc, char **argv)
{
    size_t operands = 0;
    *cli = (struct cli){.ready_fd = -1};
    /* Operands are gathered at the front of argv, which has room for them behind argv[0]. */
    for (int i = 1; i < argc;) {
        bool is_ours = cli->command == NULL || !cli->command->takes_all;
        bool is_option = is_ours && argv[i][0] == '-' && argv[i][1] != '\0';
        if (is_option && strcmp(argv[i], "--") == 0) {
            if (cli->command == NULL || !cli->command->takes_child)
                return report_problem("", argv[i], " means nothing to this command");
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
    if (cli->command == NULL)
        cli->command = &commands[0];
    return 0;
}

void cli_print_help(FILE *out)
{
    fputs("rudeproxy: a TCP proxy that ends connections badly on demand\n\nUsage:\n", out);
    for (const struct command *command = commands; command->name != NULL; command++)
        fprintf(out, "  rudeproxy %-28s %s\n", command->arguments, command->help);
    fputs("\nOptions:\n", out);
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        const struct cli_option *option = &options[i];
        const char *argument = option->argument != NULL ? option->argument : "";
        char name[64];
        snprintf(name, sizeof name, "--%s %s", option->name, argument);
        if (option->letter != 0)
            fprintf(out, "  -%c, %-26s %s\n", option->letter, name, option->help);
        else
            fprintf(out, "      %-26s %s\n", name, option->help);
    }
    fputs(
        "\nExit status: 0 fine, 1 runtime failure, 2 bad usage or file, 3 a must_fire fault never\n"
        "fired. Of exec: the command's own, unless that is 0; 126 and 127 as a shell.\n",
        out);
}

static void proxy_section(unsigned ordinal, char *buf, size_t size)
{
    if (ordinal == 1)
        snprintf(buf, size, "proxy main");
    else
        snprintf(buf, size, "proxy main-%u", ordinal);
}

static void add_key(struct config_source *source, const struct cli_key *key)
{
    char place[64], section[64];
    snprintf(place, sizeof place, "--%s %u", key->option, key->ordinal);
    if (key->key == NULL) {
        snprintf(section, sizeof section, "fault fault-%u", key->ordinal);
        config_source_add_words(source, place, section, key->value);
        return;
    }
    const struct cli_option *option = find_option(key->option, strlen(key->option));
    if (option->target == TARGET_PROXY)
        proxy_section(key->ordinal, section, sizeof section);
    else
        snprintf(section, sizeof section, "rudeproxy");
    config_source_set(source, place, section, key->key, key->value);
}

/* What toxiproxy-server listens on when it is told nothing. An IPv6 address needs its brackets. */
static void add_serve_address(struct config_source *source, const struct cli *cli)
{
    char text[ADDRESS_TEXT_MAX];
    const char *host = cli->host != NULL ? cli->host : "localhost";
    const char *port = cli->port != NULL ? cli->port : "8474";
    bool bare = strchr(host, ':') != NULL && host[0] != '[';
    if (host[0] == '\0')
        host = "0.0.0.0";
    snprintf(text, sizeof text, bare ? "[%s]:%s" : "%s:%s", host, port);
    config_source_set(source, "-host and -port", "rudeproxy", "admin", text);
}

size_t cli_load(const struct cli *cli, struct config *config, FILE *problems)
{
    struct config_source *source = config_source_new();
    if (source == NULL) {
        fputs("out of memory\n", problems);
        return 1;
    }
    if (is_serve(cli))
        add_serve_address(source, cli);
    else if (cli->config_path != NULL)
        config_source_add_file(source, cli->config_path);
    for (size_t i = 0; i < cli->key_count; i++)
        add_key(source, &cli->keys[i]);
    size_t count = config_build(source, config, problems);
    config_source_free(source);
    if (count == 0 && is_serve(cli) && cli->config_path != NULL) {
        count = admin_read_proxies(cli->config_path, config, problems);
        if (count > 0)
            config_free(config);
    }
    return count;
}
