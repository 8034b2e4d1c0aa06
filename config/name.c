/* SPDX-License-Identifier: MIT */
/*
 * Names become parts of environment variables, log lines and JSON, so characters that would need an
 * escape there are refused.
 */
#include "config/name.h"

#include <stdio.h>
#include <string.h>

#include "config/config.h"
#include "proxy/base/units.h"

static bool is_letter_or_digit(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* Whether the name is "db.example.com:443" or "*:8000-8100": the command line gives such names to
 * proxies that intercept. */
static bool ends_in_port(const char *name)
{
    const char *colon = strrchr(name, ':');
    return colon != NULL && colon[1] != '\0' && colon[1 + strspn(colon + 1, "0123456789-")] == '\0';
}

bool name_is_valid(const char *name)
{
    bool intercepts = ends_in_port(name);
    if (!is_letter_or_digit(name[0]) && !(intercepts && strchr("*:", name[0]) != NULL))
        return false;
    for (const char *c = name; *c != '\0'; c++)
        if (!is_letter_or_digit(*c) && strchr(intercepts ? "-_.:*/" : "-_.", *c) == NULL)
            return false;
    return strlen(name) < CONFIG_NAME_MAX;
}

int name_check_any(const char *name, struct err *err)
{
    _Static_assert(PROXY_NAME_MAX == FAULT_NAME_MAX, "one limit for both");
    if (name[0] == '\0')
        return err_set(err, "the name is empty");
    if (strlen(name) >= PROXY_NAME_MAX)
        return err_set(err, "the name is too long, at most %d bytes", PROXY_NAME_MAX - 1);
    for (const char *c = name; *c != '\0'; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            return err_set(err, "the name has a control character (0x%02x)", (unsigned char)*c);
    return 0;
}

const char *name_next(const char *list, char *name)
{
    size_t length = strcspn(list, ",");
    if (length == 0)
        return NULL;
    snprintf(name, FAULT_NAME_MAX, "%.*s", (int)length, list);
    return list[length] == ',' ? list + length + 1 : list + length;
}

static bool list_has(const char *list, const char *wanted)
{
    char name[FAULT_NAME_MAX];
    while ((list = name_next(list, name)) != NULL)
        if (strcmp(name, wanted) == 0)
            return true;
    return false;
}

bool fault_names_proxy(const struct fault *fault, const char *proxy_name)
{
    return strcmp(fault->proxies, "*") == 0 || list_has(fault->proxies, proxy_name);
}

static int check_element(const char *list, const char *name, struct err *err)
{
    if (name[0] == '\0')
        return err_set(
            err, "an element of the list is empty, write names with commas between them");
    if (strcmp(name, "*") == 0)
        return err_set(err, "* stands for every proxy, write it alone");
    if (!name_is_valid(name))
        return err_set(err, "'%s' is not a name, write " NAME_FORM, name);
    if (list_has(list, name))
        return err_set(err, "'%s' is named twice, leave one of them out", name);
    return 0;
}

static int parse(const struct option *option, const char *text, void *value, struct err *err)
{
    char list[FAULT_PROXIES_MAX] = "", name[CONFIG_NAME_MAX];
    size_t used = 0;
    int more;
    (void)option;
    if (strcmp(text, "*") == 0) {
        memcpy(value, text, 2);
        return 0;
    }
    if (strlen(text) >= sizeof list)
        return err_set(err, "the list is too long, at most %zu bytes", sizeof list - 1);
    while ((more = units_next_element(&text, name, sizeof name)) != 0) {
        if (more < 0)
            return err_set(
                err, "'%s...' is too long for a name, at most %d bytes", name, CONFIG_NAME_MAX - 1);
        if (check_element(list, name, err) != 0)
            return -1;
        used +=
            (size_t)snprintf(list + used, sizeof list - used, "%s%s", used > 0 ? "," : "", name);
    }
    memcpy(value, list, used + 1);
    return 0;
}

static void format(const struct option *option, const void *value, char *buf, size_t size)
{
    (void)option;
    snprintf(buf, size, "%s", (const char *)value);
}

const struct option_kind option_names = {
    .name = "names",
    .form = "* for every proxy, or names of proxies with commas",
    .size = FAULT_PROXIES_MAX,
    .parse = parse,
    .format = format,
};
