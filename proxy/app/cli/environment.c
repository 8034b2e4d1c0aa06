/* SPDX-License-Identifier: MIT */
/* The variables: see environment.h. An empty variable counts as unset, as in a compose file. */
#include "proxy/app/cli/environment.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"

const struct environment_variable environment_variables[] = {
    {.name = ENVIRONMENT_CONFIG, .help = "the file or folder to read if there is no -c"},
    {.name = ENVIRONMENT_ADMIN, .key = "admin", .help = "like --admin"},
    {.name = "RUDEPROXY_ADMIN_TOKEN",
        .key = "admin_token",
        .is_literal = true,
        .help = "like --admin-token"},
    {.name = "RUDEPROXY_ADMIN_TOKEN_FILE",
        .key = "admin_token",
        .is_file = true,
        .is_literal = true,
        .help = "a file whose first line is the token"},
    {.name = "RUDEPROXY_ADMIN_OPEN", .key = "admin_open", .help = "yes: like --open"},
    {.name = "RUDEPROXY_LOG", .key = "log", .help = "like --log"},
    {.name = "RUDEPROXY_LOG_FORMAT", .key = "log_format", .help = "like --log-format"},
    {.name = "RUDEPROXY_SEED", .key = "seed", .help = "like --seed"},
    {.name = NULL},
};

const char *environment_get(const char *name)
{
    const char *value = getenv(name);
    return value != NULL && *value != '\0' ? value : NULL;
}

bool environment_is_ours(const char *entry)
{
    size_t length = strcspn(entry, "=");
    for (const struct environment_variable *v = environment_variables; v->name != NULL; v++) {
        if (strlen(v->name) == length && strncmp(v->name, entry, length) == 0)
            return true;
    }
    return false;
}

/* The first line of a file. False after a complaint. */
static bool environment_read_line(
    const struct environment_variable *variable, char *buf, int size, FILE *problems)
{
    const char *path = environment_get(variable->name);
    FILE *in = fopen(path, "re");
    bool is_read = in != NULL && fgets(buf, size, in) != NULL;
    if (!is_read)
        fprintf(problems, "%s: cannot read %s: %s\n", variable->name, path,
            in == NULL || ferror(in) ? strerror(errno) : "it is empty");
    else
        buf[strcspn(buf, "\r\n")] = '\0';
    if (in != NULL)
        fclose(in);
    return is_read;
}

size_t environment_add(struct config_source *source, FILE *problems)
{
    char line[OPTION_TOKEN_MAX + 2];
    size_t count = 0;
    for (const struct environment_variable *v = environment_variables; v->name != NULL; v++) {
        const char *value = environment_get(v->name);
        if (value == NULL || v->key == NULL)
            continue;
        if (v->is_file && !environment_read_line(v, line, sizeof line, problems)) {
            count++;
            continue;
        }
        (v->is_literal ? config_source_set_literal : config_source_set)(
            source, v->name, "rudeproxy", v->key, v->is_file ? line : value);
    }
    return count;
}
