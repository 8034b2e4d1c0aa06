/* SPDX-License-Identifier: MIT */
#include "proxy/app/sweep/command.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "proxy/app/exec/environment.h"
#include "proxy/app/exec/exec.h"
#include "proxy/app/seed.h"
#include "proxy/app/sweep/journal.h"
#include "proxy/app/sweep/options.h"
#include "proxy/app/sweep/sweep.h"

/* --- options --- */

static bool is_given(const struct cli *cli, const char *key)
{
    for (size_t i = 0; i < cli->key_count; i++) {
        const struct cli_option *option = cli->keys[i].option;
        if (option->target == CLI_SWEEP && sweep_options_same_name(option->name, key))
            return true;
    }
    return false;
}

/* The keys of [sweep] that no option overrides. `texts` keeps what the options borrow. */
static int take_section(const struct cli *cli, const struct config *config,
    struct sweep_options *options, char (*texts)[OPTION_TEXT_MAX], struct err *err)
{
    size_t count = 0;
    for (const struct option *row = sweep_config_options; row->name != NULL; row++) {
        char *text = texts[count++];
        if (row->kind->size == OPTION_PATH_MAX) /* a text: formatting would put it in quotes */
            snprintf(text, OPTION_TEXT_MAX, "%s", (const char *)&config->sweep + row->offset);
        else
            option_format(row, &config->sweep, text, OPTION_TEXT_MAX);
        if (text[0] == '\0' || is_given(cli, row->name))
            continue;
        if (sweep_options_set(options, row->name, text, err) != 0) {
            fprintf(stderr, "rudeproxy: [sweep] %s: %s\n", row->name, err->text);
            return -1;
        }
    }
    return 0;
}

static int take_options(const struct cli *cli, struct sweep_options *options, struct err *err)
{
    for (size_t i = 0; i < cli->key_count; i++) {
        const struct cli_key *key = &cli->keys[i];
        if (key->option->target != CLI_SWEEP)
            continue;
        if (sweep_options_set(options, key->option->name, key->value, err) != 0) {
            fprintf(stderr, "rudeproxy: --%s: %s\n", key->option->name, err->text);
            return -1;
        }
    }
    return 0;
}

/* --- the command --- */

/* Where no protocol says how bytes are cut into messages, what one side says until the other speaks
 * is one. */
static int choose_protocols(struct config *config, struct err *err)
{
    for (size_t i = 0; i < config->proxy_count; i++) {
        struct protocol *protocol = &config->proxies[i].protocol;
        if (protocol_is_raw(protocol) && option_protocol.parse(NULL, "turns", protocol, err) != 0)
            return -1;
    }
    return 0;
}

static int run(const struct cli *cli, struct config *config, struct sweep_options *options)
{
    static char texts[16][OPTION_TEXT_MAX];
    struct exec_origin origin;
    struct err err;
    if (take_section(cli, config, options, texts, &err) != 0 ||
        take_options(cli, options, &err) != 0)
        return EXIT_USAGE;
    if (intercept_parse_pass(cli->pass, &options->pass, &err) != 0 ||
        intercept_check(config, &options->pass, &err) != 0 ||
        exec_environment_check(config, &err) != 0 || sweep_options_finish(options, &err) != 0 ||
        choose_protocols(config, &err) != 0) {
        fprintf(stderr, "rudeproxy: %s\n", err.text);
        return EXIT_USAGE;
    }
    exec_remember(&origin);
    if (!config->settings.has_seed && options->resume != NULL)
        config->settings.has_seed = sweep_journal_seed(options->resume, &config->settings.seed);
    bool is_drawn = !config->settings.has_seed;
    seed_choose(&config->settings);
    if (is_drawn)
        fprintf(stderr, "rudeproxy: seed %" PRIu64 "\n", config->settings.seed);
    return sweep_run(&(struct sweep_request){
        .config = config,
        .options = options,
        .command = cli->child,
        .origin = &origin,
        .report_path = cli->report_path,
        .junit_path = cli->junit_path,
    });
}

int sweep_command(const struct cli *cli)
{
    struct config config;
    struct sweep_options options;
    if (cli->child == NULL || cli->child[0] == NULL) {
        cli_report("sweep needs a command: rudeproxy sweep -c FILE -- CMD ARGS...", "", "");
        return EXIT_USAGE;
    }
    if (!cli_has_configuration(cli)) {
        cli_report(
            "sweep needs proxies: give a file with -c FILE, or --listen and --upstream", "", "");
        return EXIT_USAGE;
    }
    if (cli_load(cli, &config, stderr) != 0)
        return EXIT_USAGE;
    sweep_options_init(&options);
    int status = run(cli, &config, &options);
    sweep_options_deinit(&options);
    config_free(&config);
    return status;
}
