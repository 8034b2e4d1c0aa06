/* SPDX-License-Identifier: MIT */
/* Parses and prints windows of time. */
#include "proxy/fault/active_time.h"

#include <stdio.h>
#include <string.h>

#include "proxy/base/units.h"

#define ALWAYS "always"
#define BOUND_MAX 48 /* of one duration as text, NUL included */
#define RIGHT "write a window such as 10s-30s, 10s- or always"

static int parse_bounds(
    const char *from, const char *to, struct active_time *active, struct err *err)
{
    if (units_parse_duration(from, &active->from, err) != 0)
        return -1;
    if (to[0] == '\0')
        return 0;
    if (units_parse_duration(to, &active->to, err) != 0)
        return -1;
    if (active->to < active->from)
        return err_set(err, "the window %s-%s runs backwards, write %s-%s", from, to, to, from);
    if (active->to == active->from)
        return err_set(err, "the window %s-%s is empty, " RIGHT, from, to);
    return 0;
}

static int active_time_parse(
    const struct option *option, const char *text, void *value, struct err *err)
{
    struct active_time active = {.from = 0, .to = TIME_NEVER};
    const char *dash = strchr(text, '-');
    char from[BOUND_MAX];
    (void)option;
    if (strcmp(text, ALWAYS) != 0) {
        if (dash == NULL || dash - text >= BOUND_MAX || strlen(dash + 1) >= BOUND_MAX)
            return err_set(err, "'%.*s' is not a window of time, " RIGHT, BOUND_MAX, text);
        if (dash == text)
            return err_set(err, "the window has no beginning, write 0s%s", text);
        snprintf(from, sizeof from, "%.*s", (int)(dash - text), text);
        if (parse_bounds(from, dash + 1, &active, err) != 0)
            return -1;
    }
    *(struct active_time *)value = active;
    return 0;
}

static void active_time_format(
    const struct option *option, const void *value, char *buf, size_t size)
{
    const struct active_time *active = value;
    char from[BOUND_MAX], to[BOUND_MAX] = "";
    (void)option;
    if (active->from == 0 && active->to == TIME_NEVER) {
        snprintf(buf, size, ALWAYS);
        return;
    }
    units_format_duration(active->from, from, sizeof from);
    if (active->to != TIME_NEVER)
        units_format_duration(active->to, to, sizeof to);
    snprintf(buf, size, "%s-%s", from, to);
}

const struct option_kind option_active_time = {
    .name = "window",
    .form = "a window of time such as 10s-30s or 10s-, or " ALWAYS,
    .size = sizeof(struct active_time),
    .parse = active_time_parse,
    .format = active_time_format,
};
