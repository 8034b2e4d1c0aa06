/* SPDX-License-Identifier: MIT */
/* The checks of an intercepting configuration: see check.h. */
#include "proxy/app/intercept/check.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "proxy/app/drop_privileges.h"

#define LOCALHOST "localhost"

/* --- names that are looked up without DNS --- */

#define NSCD_SOCKET "/var/run/nscd/socket"                       /* glibc, nscd/nscd-client.h */
#define RESOLVE_SOCKET "/run/systemd/resolve/io.systemd.Resolve" /* nss-resolve(8) */
#define LINE_MAX_BYTES 512

static bool is_socket(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISSOCK(status.st_mode);
}

/* Whether `hosts:` of nsswitch.conf(5) has this service. */
static bool has_service(const char *service)
{
    char line[LINE_MAX_BYTES];
    bool found = false;
    FILE *file = fopen("/etc/nsswitch.conf", "re");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        char *rest, *word = strtok_r(line, " \t\n", &rest);
        if (word == NULL || strcmp(word, "hosts:") != 0)
            continue;
        while ((word = strtok_r(NULL, " \t\n", &rest)) != NULL && word[0] != '#')
            found = found || strcmp(word, service) == 0;
    }
    if (file != NULL)
        fclose(file);
    return found;
}

/* The path of the socket over which the C library asks for the addresses of a host; NULL: none. */
static const char *find_name_socket(void)
{
    if (is_socket(NSCD_SOCKET))
        return NSCD_SOCKET;
    return has_service("resolve") && is_socket(RESOLVE_SOCKET) ? RESOLVE_SOCKET : NULL;
}

/* --- the configuration --- */

bool intercept_is_wanted(const struct config *config)
{
    for (size_t i = 0; i < config->proxy_count; i++)
        if (proxy_config_intercepts(&config->proxies[i]))
            return true;
    return false;
}

/* RFC 6761 6.3: no resolver is asked for `localhost`. */
bool intercept_looks_up(const struct destination_list *list, const struct destination *term)
{
    const char *name = list->text + term->name_start;
    return term->host == DESTINATION_NAME &&
           (term->name_length != strlen(LOCALHOST) ||
               strncasecmp(name, LOCALHOST, term->name_length) != 0);
}

static bool has_names(const struct destination_list *list)
{
    for (unsigned i = 0; i < list->count; i++)
        if (intercept_looks_up(list, &list->terms[i]))
            return true;
    return false;
}

static bool uses_names(const struct config *config)
{
    bool found = false;
    for (size_t i = 0; i < config->proxy_count; i++)
        found = found || has_names(&config->proxies[i].intercept);
    for (size_t i = 0; i < config->fault_count; i++)
        found = found || has_names(&config->faults[i].destinations);
    return found;
}

int intercept_check(const struct config *config, const struct intercept_pass *pass, struct err *err)
{
    if (!intercept_is_wanted(config))
        return pass->is_explicit ? err_set(err, "--pass has no effect without --intercept") : 0;
    if (drop_privileges_is_wanted(config))
        return err_set(err,
            "user = %s: that user may not enter the network that intercept makes for the command: "
            "leave user out, or start rudeproxy as that user",
            config->settings.user);
    const char *path = uses_names(config) ? find_name_socket() : NULL;
    if (path != NULL)
        fprintf(stderr,
            "rudeproxy: programs may look up names over %s, and intercept does not see the "
            "answers: it knows the addresses that a host has at the start, and none of a pattern "
            "such as *.example.com\n",
            path);
    return 0;
}
