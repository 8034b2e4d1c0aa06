/* SPDX-License-Identifier: MIT */
/* The commands of the program, one row each. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "proxy/admin/admin.h"
#include "proxy/app/cli/cli.h"
#include "proxy/app/cli/environment.h"
#include "proxy/app/demo/demo.h"
#include "proxy/app/exec/environment.h"
#include "proxy/app/exec/exec.h"
#include "proxy/app/exec/private_network.h"
#include "proxy/app/pages/pages.h"
#include "proxy/app/replay/replay.h"
#include "proxy/app/run.h"
#include "proxy/app/sweep/command.h"
#include "proxy/app/view/command.h"
#include "proxy/base/suggest.h"
#include "proxy/base/version.h"
#include "proxy/ctl/ctl.h"

static pid_t parent_at_start;

static size_t load_again(const void *user, struct config *config, FILE *problems)
{
    return cli_load_again(user, config, problems);
}

static int has_configuration(const struct cli *cli)
{
    if (cli_has_configuration(cli))
        return 0;
    fputs("rudeproxy: nothing to do: give a file with -c FILE, or --listen and --upstream\n"
          "Try 'rudeproxy --help', or 'rudeproxy demo' to see what it does.\n",
        stderr);
    return -1;
}

static struct run_options run_options_of(const struct cli *cli)
{
    return (struct run_options){
        .load = load_again,
        .user = cli,
        .ready = cli->ready,
        .report_path = cli->report_path,
        .junit_path = cli->junit_path,
        .quiet = cli->quiet,
        .die_with_parent = cli->die_with_parent,
        .parent = parent_at_start,
    };
}

static int run_proxies(const struct cli *cli)
{
    struct config config;
    const struct run_options options = run_options_of(cli);
    return cli_load(cli, &config, stderr) == 0 ? run_config(&config, &options) : EXIT_USAGE;
}

static int command_run(const struct cli *cli)
{
    return has_configuration(cli) == 0 ? run_proxies(cli) : EXIT_USAGE;
}

static int main_report_problem(const char *text)
{
    fprintf(stderr, "rudeproxy: %s\n", text);
    return -1;
}

static int has_child(const struct cli *cli)
{
    if (cli->child != NULL && cli->child[0] != NULL)
        return 0;
    return main_report_problem("exec needs a command: rudeproxy exec -c FILE -- CMD ARGS...");
}

static int check_intercept(const struct cli *cli, const struct config *config,
    struct intercept_pass *pass, struct err *err)
{
    if (intercept_is_wanted(config) && cli->private_network)
        return err_set(err,
            "--private-network has no way out to what --intercept would forward to: leave one of "
            "them out");
    return intercept_parse_pass(cli->pass, pass, err) != 0 ? -1
                                                           : intercept_check(config, pass, err);
}

static int command_exec(const struct cli *cli)
{
    struct run_options options = run_options_of(cli);
    struct intercept_pass pass;
    struct config config;
    struct err err;
    if (has_child(cli) != 0 || has_configuration(cli) != 0)
        return EXIT_USAGE;
    options.child = cli->child;
    exec_remember(&options.origin);
    if (cli_load(cli, &config, stderr) != 0)
        return EXIT_USAGE;
    if (check_intercept(cli, &config, &pass, &err) != 0 ||
        exec_environment_check(&config, &err) != 0) {
        main_report_problem(err.text);
        config_free(&config);
        return EXIT_USAGE;
    }
    if (cli->private_network && private_network_enter("--private-network", &err) != 0) {
        main_report_problem(err.text);
        config_free(&config);
        return EXIT_RUNTIME;
    }
    if (intercept_is_wanted(&config)) {
        options.intercept = intercept_new(&config, &pass, &err);
        if (options.intercept == NULL) {
            main_report_problem(err.text);
            config_free(&config);
            return EXIT_RUNTIME;
        }
    }
    if (options.intercept != NULL)
        options.intercept->verbose = cli->verbose;
    int status = run_config(&config, &options);
    intercept_free(options.intercept);
    return status;
}

/* toxiproxy-server's command line. The API is always there, proxies come through it. */
static int command_serve(const struct cli *cli)
{
    return run_proxies(cli);
}

static int command_check(const struct cli *cli)
{
    struct config config;
    if (has_configuration(cli) != 0)
        return EXIT_USAGE;
    if (cli_load(cli, &config, stderr) != 0)
        return EXIT_USAGE;
    config_print(&config, stdout);
    config_free(&config);
    return EXIT_FINE;
}

static int command_demo(const struct cli *cli)
{
    return demo_command(cli->operands, cli->operand_count);
}

static int command_replay(const struct cli *cli)
{
    if (cli->operand_count != 1) {
        main_report_problem("replay needs one log: rudeproxy replay LOG");
        return EXIT_USAGE;
    }
    return replay_command(cli->operands[0]);
}

static int command_ctl(const struct cli *cli)
{
    return (int)(cli->as_toxiproxy ? ctl_run_as_toxiproxy : ctl_run)(
        cli->operands, cli->operand_count);
}

/* `top` is `ctl top`, under the name by which people look for it. */
static int command_top(const struct cli *cli)
{
    const char *words[CLI_FILES_MAX] = {"top"};
    size_t count = cli->operand_count;
    if (count + 1 >= CLI_FILES_MAX) {
        main_report_problem("too many words after top");
        return EXIT_USAGE;
    }
    memcpy(&words[1], cli->operands, count * sizeof words[0]);
    return (int)ctl_run(words, count + 1);
}

static int command_health(const struct cli *cli)
{
    const char *address =
        cli->operand_count > 0 ? cli->operands[0] : environment_get(ENVIRONMENT_ADMIN);
    if (cli->operand_count > 1) {
        cli_report("", "health asks one address: rudeproxy health [ADDRESS]", "");
        return EXIT_USAGE;
    }
    return (int)ctl_health(address);
}

static void report_unknown_type(const char *name)
{
    struct suggest suggest;
    char hint[SUGGEST_TEXT_MAX];
    suggest_init(&suggest, name);
    for (size_t i = 0; fault_catalogue[i] != NULL; i++)
        suggest_offer(&suggest, fault_catalogue[i]->name);
    fprintf(stderr, "rudeproxy: there is no fault type '%s'%s; 'rudeproxy faults' lists them\n",
        name, suggest_text(&suggest, hint, sizeof hint));
}

static int command_faults(const struct cli *cli)
{
    if (cli->operand_count == 0) {
        catalogue_print(stdout);
        return EXIT_FINE;
    }
    if (strcmp(cli->operands[0], "markdown") == 0) {
        catalogue_print_markdown(stdout);
        return EXIT_FINE;
    }
    for (size_t i = 0; i < cli->operand_count; i++) {
        if (catalogue_print_type(cli->operands[i], stdout) != 0) {
            report_unknown_type(cli->operands[i]);
            return EXIT_USAGE;
        }
    }
    return EXIT_FINE;
}

static int command_version(const struct cli *cli)
{
    if (!cli->as_toxiproxy)
        version_print(stdout);
    else
        printf(
            "toxiproxy-server version %s (rudeproxy %s)\n", TOXIPROXY_VERSION, RUDEPROXY_VERSION);
    return EXIT_FINE;
}

static int command_man(const struct cli *cli)
{
    const char *page = cli->operand_count > 0 ? cli->operands[0] : "rudeproxy";
    if (pages_print_man(page, stdout) == 0)
        return EXIT_FINE;
    cli_report("there is no page '", page, "', write rudeproxy, ctl or ini");
    return EXIT_USAGE;
}

static int command_completion(const struct cli *cli)
{
    const char *shell = cli->operand_count > 0 ? cli->operands[0] : "";
    if (pages_print_completion(shell, stdout) == 0)
        return EXIT_FINE;
    if (shell[0] == '\0')
        main_report_problem("completion needs a shell: bash, zsh or fish");
    else
        cli_report("there is no completion for '", shell, "', write bash, zsh or fish");
    return EXIT_USAGE;
}

static int print_help(const struct command *command)
{
    if (command == NULL)
        cli_print_help(stdout);
    else if (command->run == command_ctl)
        return (int)ctl_run((const char *const[]){"--help", NULL}, 1);
    else
        cli_print_command_help(command, stdout);
    return EXIT_FINE;
}

static int command_help(const struct cli *cli)
{
    const struct command *command = NULL;
    if (cli->operand_count > 0 && (command = command_find(cli->operands[0])) == NULL) {
        cli_unknown_command(cli->operands[0]);
        return EXIT_USAGE;
    }
    return print_help(command);
}

const struct command commands[] = {
    {.name = "run",
        .arguments = "[run] [-c] FILE...",
        .help = "run the proxies of a file",
        .run = command_run,
        .takes_files = true},
    {.name = "serve",
        .arguments = "serve [-config FILE.json]",
        .help = "start with the HTTP API, like toxiproxy-server",
        .run = command_serve,
        .is_serve = true},
    {.name = "ctl",
        .arguments = "ctl COMMAND ARGUMENTS...",
        .help = "change a running rudeproxy through its API: 'ctl --help'",
        .run = command_ctl,
        .takes_all = true},
    {.name = "top",
        .arguments = "top [--host URL] [--once]",
        .help = "show rates, faults and connections of a running rudeproxy",
        .run = command_top,
        .takes_all = true},
    {.name = "exec",
        .arguments = "exec -c FILE -- CMD ARGS...",
        .help = "run the proxies while a command runs, exit with its status",
        .run = command_exec,
        .takes_child = true},
    {.name = "sweep",
        .arguments = "sweep -c FILE -- CMD ARGS...",
        .help = "run a command many times, each time with a fault at a different place",
        .run = sweep_command,
        .takes_child = true},
    {.name = "check",
        .arguments = "check [-c] FILE...",
        .help = "check a file and print all values that apply",
        .run = command_check,
        .takes_files = true},
    {.name = "health",
        .arguments = "health [ADDRESS]",
        .help = "exit with 0 if the HTTP API answers, else with 1",
        .run = command_health,
        .takes_words = true},
    {.name = "replay",
        .arguments = "replay LOG",
        .help = "print a file that repeats the faults of a JSON log",
        .run = command_replay,
        .takes_words = true},
    {.name = "view",
        .arguments = "view LOG [PROXY[#NUMBER]]",
        .help = "draw each connection of a JSON log",
        .run = view_command,
        .takes_words = true},
    {.name = "faults",
        .arguments = "faults [TYPE...|markdown]",
        .help = "list the fault types, or all keys of one type",
        .run = command_faults,
        .takes_words = true},
    {.name = "demo",
        .arguments = "demo [NAME...|list|table]",
        .help = "show how connections end without and with rudeproxy",
        .run = command_demo,
        .takes_words = true},
    {.name = "man",
        .arguments = "man [rudeproxy|ctl|ini]",
        .help = "print a manual page, for man -l -",
        .run = command_man,
        .takes_words = true},
    {.name = "completion",
        .arguments = "completion bash|zsh|fish",
        .help = "print the completion for a shell",
        .run = command_completion,
        .takes_words = true},
    {.name = "help",
        .arguments = "help [COMMAND]",
        .help = "print this help, or the help of one command",
        .run = command_help,
        .takes_words = true},
    {.name = "version",
        .arguments = "version",
        .help = "print the version",
        .run = command_version},
    {.name = NULL},
};

/* A program may be started with standard descriptors closed. Then the first sockets would take
 * their numbers, and what is printed would go to a peer. */
static void open_missing_stdio(void)
{
    int fd = open("/dev/null", O_RDWR);
    while (fd >= 0 && fd <= STDERR_FILENO)
        fd = dup(fd);
    if (fd > STDERR_FILENO)
        close(fd);
}

/* Returns a failure if stdout has lost bytes, as with a full disk or a closed pipe. */
static int finish_output(int status)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return status;
    fprintf(stderr, "rudeproxy: cannot write to stdout: %s\n", strerror(errno));
    return status == EXIT_FINE ? EXIT_RUNTIME : status;
}

static int run_command(struct cli *cli)
{
    if (cli->want_help)
        return print_help(cli->command);
    if (cli->want_version)
        return command_version(cli);
    return cli->command->run(cli);
}

int main(int argc, char **argv)
{
    struct cli cli;
    parent_at_start = getppid();
    open_missing_stdio();
    int status = cli_parse(&cli, argc, argv) == 0 ? run_command(&cli) : EXIT_USAGE;
    cli_free(&cli);
    return finish_output(status);
}
