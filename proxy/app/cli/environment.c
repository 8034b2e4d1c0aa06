/* SPDX-License-Identifier: MIT */
/* The variables: see environment.h. An empty variable counts as unset, as in a compose file. */
#include "proxy/app/cli/environment.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "proxy/app/cli/cli.h"

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

/* Reads the first line of a file. Returns 0, or -1 with err filled. */
static int environment_read_line(const char *path, bool again, char *buf, int size, struct err *err)
{
    struct err why;
    if (!cli_may_read(path, again, &why))
        return err_set(err, "%s %s", path, why.text);
    FILE *in = fopen(path, "re");
    bool is_read = in != NULL && fgets(buf, size, in) != NULL;
    if (is_read)
        buf[strcspn(buf, "\r\n")] = '\0';
    else
        err_set(err, "cannot read %s: %s", path,
            in == NULL || ferror(in) ? strerror(errno) : "it is empty");
    if (in != NULL)
        fclose(in);
    return is_read ? 0 : -1;
}

void environment_add(struct config_source *source, bool again)
{
    char line[OPTION_TOKEN_MAX + 2];
    for (const struct environment_variable *v = environment_variables; v->name != NULL; v++) {
        struct err err;
        const char *value = environment_get(v->name);
        if (value == NULL || v->key == NULL)
            continue;
        if (v->is_file && environment_read_line(value, again, line, sizeof line, &err) != 0)
            config_source_report_unread(source, v->name, err.text);
        else
            (v->is_literal ? config_source_set_literal : config_source_set)(
                source, v->name, "rudeproxy", v->key, v->is_file ? line : value);
    }
}
