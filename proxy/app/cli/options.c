/* SPDX-License-Identifier: MIT */
/* The table of options: see option.h. */
#include <assert.h>
#include <string.h>

#include "proxy/app/cli/cli.h"

/* Commands that run proxies, and those that read a configuration. */
#define RUNS "run serve exec"
#define REPORTS RUNS " sweep"
#define LOADS REPORTS " check"

static const char *const ready_formats[] = {"text", "json", NULL};

const struct cli_option cli_options[] = {
    {.name = "config",
        .letter = 'c',
        .argument = "FILE",
        .commands = LOADS,
        .target = CLI_LIST,
        .offset = offsetof(struct cli, configs),
        .help = "read the configuration from FILE, from each *.ini of a folder, or from - "
                "(standard input); serve: Toxiproxy's JSON file. May be given again"},
    {.name = "listen",
        .argument = "ADDRESS",
        .commands = LOADS,
        .target = CLI_PROXY,
        .key = "listen",
        .help = "add a proxy that listens here"},
    {.name = "upstream",
        .argument = "ADDRESS",
        .commands = LOADS,
        .target = CLI_PROXY,
        .key = "upstream",
        .help = "... and forwards there"},
    {.name = "fault",
        .argument = "'KEY=VALUE...'",
        .commands = LOADS,
        .target = CLI_FAULT,
        .help = "add a fault: 'type=reset when=bytes:1k'"},
    {.name = "seed",
        .argument = "N",
        .commands = LOADS,
        .target = CLI_SETTING,
        .key = "seed",
        .help = "seed of all chance, to repeat a run"},
    {.name = "log",
        .argument = "WHERE",
        .commands = LOADS,
        .target = CLI_SETTING,
        .key = "log",
        .help = "stderr, stdout, none or a file"},
    {.name = "log-format",
        .argument = "FORMAT",
        .commands = LOADS,
        .target = CLI_SETTING,
        .key = "log_format",
        .help = "text or json"},
    {.name = "admin",
        .argument = "ADDRESS",
        .commands = LOADS,
        .target = CLI_SETTING,
        .key = "admin",
        .help = "open the HTTP API here"},
    {.name = "admin-token",
        .argument = "TOKEN",
        .commands = LOADS,
        .target = CLI_SETTING,
        .key = "admin_token",
        .help = "... for those who send this token"},
    {.name = "open",
        .commands = LOADS,
        .target = CLI_SETTING,
        .key = "admin_open",
        .help = "... for anyone: no token at any address, and any Host"},
    {.name = "ready-fd",
        .argument = "N",
        .commands = LOADS,
        .target = CLI_DESCRIPTOR,
        .offset = offsetof(struct cli, ready.fd),
        .help = "write `NAME ADDRESS` lines to descriptor N once all proxies listen"},
    {.name = "ready-file",
        .argument = "PATH",
        .commands = LOADS,
        .target = CLI_TEXT,
        .offset = offsetof(struct cli, ready.path),
        .help = "... to a file that appears when it is complete"},
    {.name = "ready-format",
        .argument = "FORMAT",
        .commands = LOADS,
        .target = CLI_CHOICE,
        .choices = ready_formats,
        .offset = offsetof(struct cli, ready.format),
        .help = "of both: text, or json for one JSON object"},
    {.name = "report",
        .argument = "FILE",
        .commands = REPORTS,
        .target = CLI_TEXT,
        .offset = offsetof(struct cli, report_path),
        .help = "write a summary of the run as JSON when it ends"},
    {.name = "junit",
        .argument = "FILE",
        .commands = REPORTS,
        .target = CLI_TEXT,
        .offset = offsetof(struct cli, junit_path),
        .help = "... as JUnit XML: a test case for each must_fire fault"},
    {.name = "quiet",
        .commands = RUNS,
        .target = CLI_SWITCH,
        .offset = offsetof(struct cli, quiet),
        .help = "print no summary when the run ends"},
    {.name = "die-with-parent",
        .commands = RUNS,
        .target = CLI_SWITCH,
        .offset = offsetof(struct cli, die_with_parent),
        .help = "stop when the process that started this one ends, however it ends"},
    {.name = "private-network",
        .commands = "exec",
        .target = CLI_SWITCH,
        .offset = offsetof(struct cli, private_network),
        .refusal = ": nobody else could reach the proxies; 'exec' runs a command in there with "
                   "them",
        .help = "run proxies and command in a network of their own"},
    {.name = "sweep-fault",
        .argument = "'TYPE KEYS'",
        .commands = "sweep",
        .target = CLI_SWEEP,
        .help = "try this fault: 'reset mode=abrupt'; may be given again"},
    {.name = "budget",
        .argument = "N|TIME",
        .commands = "sweep",
        .target = CLI_SWEEP,
        .help = "how many places to try, or for how long; default 300"},
    {.name = "jobs",
        .argument = "N",
        .commands = "sweep",
        .target = CLI_SWEEP,
        .help = "runs side by side, default one for each CPU"},
    {.name = "timeout",
        .argument = "TIME",
        .commands = "sweep",
        .target = CLI_SWEEP,
        .help = "a run that takes longer hangs; default 5 times the baseline plus 2s"},
    {.name = "setup",
        .argument = "'SHELL'",
        .commands = "sweep",
        .target = CLI_SWEEP,
        .help = "run this before each run"},
    {.name = "check",
        .argument = "'SHELL'",
        .commands = "sweep",
        .target = CLI_SWEEP,
        .help = "run this after each run; all is well if it exits with 0"},
    {.name = "compare",
        .argument = "FILE",
        .commands = "sweep",
        .target = CLI_SWEEP,
        .help = "compare this file too; 'upstream': what the server received"},
    {.name = "expect",
        .argument = "WHAT",
        .commands = "sweep",
        .target = CLI_SWEEP,
        .help = "same: an error that the command reports is bad, too"},
    {.name = "allow",
        .argument = "OUTCOME,...",
        .commands = "sweep",
        .target = CLI_SWEEP,
        .help = "these outcomes are not bad"},
    {.name = "random",
        .argument = "N",
        .commands = "sweep",
        .target = CLI_SWEEP,
        .help = "N runs with two to four faults each, and shrink the bad ones"},
    {.name = "only",
        .argument = "PLACE",
        .commands = "sweep",
        .target = CLI_SWEEP,
        .help = "try one place: web#1:downstream:58:reset"},
    {.name = "dir",
        .argument = "DIR",
        .commands = "sweep",
        .target = CLI_SWEEP,
        .help = "keep a file NNNNN.ini for each bad run, and a journal"},
    {.name = "resume",
        .argument = "DIR",
        .commands = "sweep",
        .target = CLI_SWEEP,
        .help = "go on with the sweep whose journal is there"},
    {.name = "known",
        .argument = "REPORT",
        .commands = "sweep",
        .target = CLI_SWEEP,
        .help = "what this earlier report has is not bad"},
    {.name = "html",
        .argument = "FILE",
        .commands = "sweep",
        .target = CLI_SWEEP,
        .help = "write the map as one HTML page"},
    {.name = "host",
        .argument = "HOST",
        .commands = "serve",
        .target = CLI_TEXT,
        .offset = offsetof(struct cli, host),
        .help = "where the API listens, default localhost"},
    {.name = "port",
        .argument = "PORT",
        .commands = "serve",
        .target = CLI_TEXT,
        .offset = offsetof(struct cli, port),
        .help = "... and its port, default 8474"},
    {.name = "proxy-metrics",
        .commands = "serve",
        .target = CLI_IGNORED,
        .help = "nothing: /metrics is always there"},
    {.name = "runtime-metrics",
        .commands = "serve",
        .target = CLI_IGNORED,
        .help = "nothing: likewise"},
    {.name = "version",
        .letter = 'V',
        .target = CLI_SWITCH,
        .offset = offsetof(struct cli, want_version),
        .help = "print the version"},
    {.name = "help",
        .letter = 'h',
        .target = CLI_SWITCH,
        .offset = offsetof(struct cli, want_help),
        .help = "print this help, or that of one command"},
    {.name = NULL},
};

static_assert(sizeof cli_options / sizeof cli_options[0] <= CLI_OPTIONS_MAX, "too many options");

const struct cli_option *cli_option_find(const char *name, size_t length)
{
    for (const struct cli_option *option = cli_options; option->name != NULL; option++) {
        if (strlen(option->name) == length && strncmp(option->name, name, length) == 0)
            return option;
    }
    return NULL;
}

const struct cli_option *cli_option_find_letter(char letter)
{
    for (const struct cli_option *option = cli_options; option->name != NULL; option++) {
        if (option->letter != 0 && option->letter == letter)
            return option;
    }
    return NULL;
}

bool cli_option_allows(const struct cli_option *option, const char *command)
{
    size_t length = strlen(command);
    if (option->commands == NULL)
        return true;
    for (const char *p = option->commands; *p != '\0'; p += strspn(p, " ")) {
        size_t word = strcspn(p, " ");
        if (word == length && strncmp(p, command, length) == 0)
            return true;
        p += word;
    }
    return false;
}
