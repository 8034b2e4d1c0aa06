/* SPDX-License-Identifier: MIT */
/* The commands of the program, one row each. */
#include <stdio.h>

#include "proxy/app/cli.h"
#include "proxy/app/demo.h"
#include "proxy/app/run.h"
#include "proxy/base/suggest.h"

static int no_operands(const struct cli *cli)
{
    if (cli->operand_count == 0)
        return 0;
    fprintf(stderr, "rudeproxy: '%s' takes no '%s'\nTry 'rudeproxy --help'.\n", cli->command->name,
        cli->operands[0]);
    return -1;
}

static size_t load_again(const void *user, struct config *config, FILE *problems)
{
    return cli_load(user, config, problems);
}

static int command_run(const struct cli *cli)
{
    if (no_operands(cli) != 0)
        return EXIT_USAGE;
    if (cli->config_path == NULL && cli->key_count == 0) {
        fputs("rudeproxy: nothing to do: give a file with -c FILE, or --listen and --upstream\n"
              "Try 'rudeproxy --help', or 'rudeproxy demo' to see what it does.\n",
            stderr);
        return EXIT_USAGE;
    }
    const struct run_options options = {
        .load = load_again,
        .user = cli,
        .ready_fd = cli->ready_fd,
        .ready_path = cli->ready_path,
    };
    struct config config;
    if (cli_load(cli, &config, stderr) != 0)
        return EXIT_USAGE;
    return run_config(&config, &options);
}

static int command_check(const struct cli *cli)
{
    struct config config;
    if (no_operands(cli) != 0 || cli_load(cli, &config, stderr) != 0)
        return EXIT_USAGE;
    config_print(&config, stdout);
    config_free(&config);
    return EXIT_FINE;
}

/* For commands that read no configuration. */
static int no_options(const struct cli *cli)
{
    if (cli->config_path == NULL && cli->key_count == 0)
        return 0;
    fprintf(
        stderr, "rudeproxy: '%s' takes no options\nTry 'rudeproxy --help'.\n", cli->command->name);
    return -1;
}

static int command_demo(const struct cli *cli)
{
    if (no_options(cli) != 0)
        return EXIT_USAGE;
    return demo_command(cli->operands, cli->operand_count);
}

static void say_unknown_type(const char *name)
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
    if (no_options(cli) != 0)
        return EXIT_USAGE;
    if (cli->operand_count == 0) {
        catalogue_print(stdout);
        return EXIT_FINE;
    }
    for (size_t i = 0; i < cli->operand_count; i++) {
        if (catalogue_print_type(cli->operands[i], stdout) != 0) {
            say_unknown_type(cli->operands[i]);
            return EXIT_USAGE;
        }
    }
    return EXIT_FINE;
}

const struct command commands[] = {
    {"run", "[run] -c FILE", "run the proxies of a file", command_run},
    {"check", "check -c FILE", "check a file and print what is in effect", command_check},
    {"faults", "faults [TYPE]", "the catalogue of faults, or every key of one", command_faults},
    {"demo", "demo [NAME...|list]", "how connections end, without us and through us", command_demo},
    {NULL, NULL, NULL, NULL},
};

int main(int argc, char **argv)
{
    struct cli cli;
    if (cli_parse(&cli, argc, argv) != 0)
        return EXIT_USAGE;
    if (cli.want_help) {
        cli_print_help(stdout);
        return EXIT_FINE;
    }
    if (cli.want_version) {
        printf("rudeproxy %s\n", RUDEPROXY_VERSION);
        return EXIT_FINE;
    }
    return cli.command->run(&cli);
}
