/* SPDX-License-Identifier: MIT */
/* Parses, prints and matches lists of server names. */
#include "proxy/fault/server_names.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "proxy/base/units.h"

#define FORM "host names such as db.example.com or *.example.com, a list of them, or any"
#define ANY "any"
#define NAME_LIMIT 64 /* characters of a name that an error text quotes, with its NUL */

/* The length without the dot that may end a name; a ClientHello has none (RFC 6066 3). */
static size_t bare_length(const char *name, size_t length)
{
    return length > 1 && name[length - 1] == '.' ? length - 1 : length;
}

static bool matches(const char *pattern, size_t length, const char *name)
{
    size_t name_length = bare_length(name, strlen(name));
    length = bare_length(pattern, length);
    if (length > 1 && pattern[0] == '*')
        return name_length >= length &&
               strncasecmp(name + name_length - (length - 1), pattern + 1, length - 1) == 0;
    return name_length == length && strncasecmp(name, pattern, length) == 0;
}

bool server_names_have(const struct server_names *names, const char *name)
{
    for (const char *at = names->text; *at != '\0';) {
        size_t length = strcspn(at, ",");
        if (matches(at, length, name))
            return true;
        at += length + (at[length] == ',' ? 1 : 0);
    }
    return false;
}

static int check_name(const char *name, struct err *err)
{
    const char *rest = strncmp(name, "*.", 2) == 0 ? name + 2 : name;
    size_t good = strspn(rest, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.");
    if (rest[0] == '\0')
        return err_set(err, "an element of the list is empty, write " FORM);
    if (rest[0] == '.' || rest[good] != '\0')
        return err_set(err, "'%s' is not a host name, write " FORM, name);
    return 0;
}

static int server_names_parse(
    const struct option *option, const char *text, void *value, struct err *err)
{
    struct server_names names = {.text = ""};
    const char *rest = strcmp(text, ANY) == 0 ? NULL : text;
    char name[NAME_LIMIT * 4];
    size_t used = 0;
    int more;
    (void)option;
    while ((more = units_next_element(&rest, name, sizeof name)) != 0) {
        if (more < 0)
            return err_set(err, "'%.*s...' is too long, write " FORM, NAME_LIMIT, name);
        if (check_name(name, err) != 0)
            return -1;
        used += (size_t)snprintf(
            names.text + used, sizeof names.text - used, "%s%s", used > 0 ? "," : "", name);
        if (used >= sizeof names.text)
            return err_set(
                err, "the list is too long, at most %d characters", SERVER_NAMES_MAX - 1);
    }
    *(struct server_names *)value = names;
    return 0;
}

static void server_names_format(
    const struct option *option, const void *value, char *buf, size_t size)
{
    const struct server_names *names = value;
    (void)option;
    snprintf(buf, size, "%s", names->text[0] == '\0' ? ANY : names->text);
}

const struct option_kind option_server_names = {
    .name = "server names",
    .form = FORM,
    .size = sizeof(struct server_names),
    .parse = server_names_parse,
    .format = server_names_format,
};
