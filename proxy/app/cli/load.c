/* SPDX-License-Identifier: MIT */
/*
 * From struct cli to a configuration. Options and variables that stand for a line of the file are
 * read by the configuration layer as the file is. The n-th --listen and the n-th --upstream make
 * the n-th proxy of the command line: `main`, `main-2`... An --intercept counts as a --listen.
 */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "config/name.h"
#include "proxy/admin/admin.h"
#include "proxy/app/cli/cli.h"
#include "proxy/app/cli/environment.h"

#define PROXY_TITLE "proxy "

/* The value of the n-th --listen or --intercept, if that is an --intercept. */
static const char *intercept_value(const struct cli *cli, unsigned ordinal)
{
    for (size_t i = 0; i < cli->key_count; i++)
        if (strcmp(cli->keys[i].option->name, "intercept") == 0 && cli->keys[i].ordinal == ordinal)
            return cli->keys[i].value;
    return NULL;
}

/* Names a proxy by what it intercepts: `HOST:PORT`, `*:PORT`. An IPv6 address loses its brackets,
 * because a bracket ends the title of a section. Returns false for a list, or for what is no name
 * or too long for a title. */
static bool intercept_name(const struct cli *cli, unsigned ordinal, char name[CONFIG_NAME_MAX])
{
    const size_t most = CONFIG_NAME_MAX - 1 - strlen(PROXY_TITLE);
    const char *value = intercept_value(cli, ordinal);
    if (value == NULL || strlen(value) > most)
        return false;
    bool any_host = value[strspn(value, "0123456789-")] == '\0';
    size_t used = (size_t)snprintf(name, CONFIG_NAME_MAX, "%s", any_host ? "*:" : "");
    for (const char *c = value; *c != '\0'; c++)
        if (*c != '[' && *c != ']')
            name[used++] = *c;
    name[used] = '\0';
    return used <= most && name_is_valid(name);
}

/* Whether an --intercept before this one has the name. */
static bool is_taken(const struct cli *cli, unsigned ordinal, const char *name)
{
    char other[CONFIG_NAME_MAX];
    for (unsigned i = 1; i < ordinal; i++)
        if (intercept_name(cli, i, other) && strcmp(other, name) == 0)
            return true;
    return false;
}

static void proxy_section(const struct cli *cli, unsigned ordinal, char *buf, size_t size)
{
    char name[CONFIG_NAME_MAX];
    if (intercept_name(cli, ordinal, name) && !is_taken(cli, ordinal, name))
        snprintf(buf, size, PROXY_TITLE "%s", name);
    else if (ordinal == 1)
        snprintf(buf, size, PROXY_TITLE "main");
    else
        snprintf(buf, size, PROXY_TITLE "main-%u", ordinal);
}

static void add_key(struct config_source *source, const struct cli *cli, const struct cli_key *key)
{
    const struct cli_option *option = key->option;
    char place[64], section[64] = "rudeproxy";
    snprintf(place, sizeof place, "--%s %u", option->name, key->ordinal);
    if (option->target == CLI_FAULT) {
        snprintf(section, sizeof section, "fault fault-%u", key->ordinal);
        config_source_add_words(source, place, section, key->value);
        return;
    }
    if (option->target == CLI_PROXY) {
        proxy_section(cli, key->ordinal, section, sizeof section);
        if (config_source_report_taken(source, place, section))
            return;
    }
    (option->is_literal ? config_source_set_literal : config_source_set)(
        source, place, section, option->key, key->value);
}

/* Where toxiproxy-server listens when nothing says otherwise. An IPv6 address needs its brackets.
 */
static void add_serve_address(struct config_source *source, const struct cli *cli)
{
    char text[ADDRESS_TEXT_MAX];
    const char *host = cli->host != NULL ? cli->host : "localhost";
    const char *port = cli->port != NULL ? cli->port : "8474";
    bool bare = strchr(host, ':') != NULL && host[0] != '[';
    if (host[0] == '\0')
        host = "0.0.0.0";
    snprintf(text, sizeof text, bare ? "[%s]:%s" : "%s:%s", host, port);
    if (cli->host != NULL || cli->port != NULL)
        config_source_set(source, "-host and -port", "rudeproxy", "admin", text);
    else
        config_source_set_default(source, "-host and -port", "rudeproxy", "admin", text);
}

/* --- Files --- */

static int is_ini(const struct dirent *entry)
{
    size_t length = strlen(entry->d_name);
    return entry->d_name[0] != '.' && length > 4 && strcmp(entry->d_name + length - 4, ".ini") == 0;
}

static int compare_names(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static void add_file(struct config_source *source, const char *path, bool again)
{
    struct err err;
    if (cli_may_read(path, again, &err))
        config_source_add_file(source, path);
    else
        config_source_report_unread(source, path, err.text);
}

/* Adds the *.ini of a folder in the order of their names. */
static void add_folder(struct config_source *source, const char *path, bool again)
{
    struct dirent **entries;
    int count = scandir(path, &entries, is_ini, compare_names);
    if (count < 0) {
        config_source_report_unread(source, path, strerror(errno));
        return;
    }
    if (count == 0)
        config_source_report_unread(source, path, "there is no *.ini in this folder");
    for (int i = 0; i < count; i++) {
        char *file = NULL;
        if (asprintf(&file, "%s%s%s", path, path[strlen(path) - 1] == '/' ? "" : "/",
                entries[i]->d_name) >= 0)
            add_file(source, file, again);
        free(file);
        free(entries[i]);
    }
    free(entries);
}

static void add_path(
    const struct cli *cli, struct config_source *source, const char *path, bool again)
{
    struct stat info;
    if (strcmp(path, "-") == 0 && cli->input != NULL)
        config_source_add_text(source, "(standard input)", cli->input);
    else if (stat(path, &info) == 0 && S_ISDIR(info.st_mode))
        add_folder(source, path, again);
    else
        add_file(source, path, again);
}

/* Under serve -config means Toxiproxy's file, and RUDEPROXY_CONFIG ours. */
static void add_files(const struct cli *cli, struct config_source *source, bool again)
{
    const char *variable = environment_get(ENVIRONMENT_CONFIG);
    if (variable != NULL && (cli->command->is_serve || cli->configs.count == 0))
        add_path(cli, source, variable, again);
    for (size_t i = 0; i < cli->configs.count && !cli->command->is_serve; i++)
        add_path(cli, source, cli->configs.values[i], again);
}

static size_t add_proxies(const struct cli *cli, bool again, struct config *config, FILE *problems)
{
    size_t count = 0;
    for (size_t i = 0; i < cli->configs.count; i++) {
        struct err err;
        if (cli_may_read(cli->configs.values[i], again, &err)) {
            count += admin_read_proxies(cli->configs.values[i], config, problems);
            continue;
        }
        fprintf(problems, "%s: %s\n", cli->configs.values[i], err.text);
        count++;
    }
    return count;
}

/* --- Everything --- */

bool cli_has_configuration(const struct cli *cli)
{
    return cli->configs.count > 0 || cli->key_count > 0 ||
           environment_get(ENVIRONMENT_CONFIG) != NULL ||
           environment_get(ENVIRONMENT_ADMIN) != NULL;
}

static size_t cli_read(const struct cli *cli, bool again, struct config *config, FILE *problems)
{
    struct config_source *source = config_source_new();
    if (source == NULL) {
        fputs("out of memory\n", problems);
        return 1;
    }
    add_files(cli, source, again);
    environment_add(source, again);
    if (cli->command->is_serve)
        add_serve_address(source, cli);
    for (size_t i = 0; i < cli->key_count; i++)
        if (cli->keys[i].option->target != CLI_SWEEP)
            add_key(source, cli, &cli->keys[i]);
    size_t count = config_build(source, config, problems);
    config_source_free(source);
    if (count == 0 && cli->command->is_serve) {
        count = add_proxies(cli, again, config, problems);
        if (count > 0)
            config_free(config);
    }
    return count;
}

size_t cli_load(const struct cli *cli, struct config *config, FILE *problems)
{
    return cli_read(cli, false, config, problems);
}

size_t cli_load_again(const struct cli *cli, struct config *config, FILE *problems)
{
    return cli_read(cli, true, config, problems);
}
