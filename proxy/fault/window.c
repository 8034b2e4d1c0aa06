/* SPDX-License-Identifier: MIT */
/* Parses and prints windows of time. */
#include "proxy/fault/window.h"

#include <stdio.h>
#include <string.h>

#include "proxy/base/units.h"

#define ALWAYS "always"
#define BOUND_MAX 48 /* of one duration as text, NUL included */
#define RIGHT "write a window such as 10s-30s, 10s- or always"

static int parse_bounds(const char *from, const char *to, struct window *window, struct err *err)
{
    if (units_parse_duration(from, &window->from, err) != 0)
        return -1;
    if (to[0] == '\0')
        return 0;
    if (units_parse_duration(to, &window->to, err) != 0)
        return -1;
    if (window->to < window->from)
        return err_set(err, "the window %s-%s runs backwards, write %s-%s", from, to, to, from);
    if (window->to == window->from)
        return err_set(err, "the window %s-%s is empty, " RIGHT, from, to);
    return 0;
}

static int window_parse(const struct option *option, const char *text, void *value, struct err *err)
{
    struct window window = {.from = 0, .to = TIME_NEVER};
    const char *dash = strchr(text, '-');
    char from[BOUND_MAX];
    (void)option;
    if (strcmp(text, ALWAYS) != 0) {
        if (dash == NULL || dash - text >= BOUND_MAX || strlen(dash + 1) >= BOUND_MAX)
            return err_set(err, "'%.*s' is not a window of time, " RIGHT, BOUND_MAX, text);
        if (dash == text)
            return err_set(err, "the window has no beginning, write 0s%s", text);
        snprintf(from, sizeof from, "%.*s", (int)(dash - text), text);
        if (parse_bounds(from, dash + 1, &window, err) != 0)
            return -1;
    }
    *(struct window *)value = window;
    return 0;
}

static void window_format(const struct option *option, const void *value, char *buf, size_t size)
{
    const struct window *window = value;
    char from[BOUND_MAX], to[BOUND_MAX] = "";
    (void)option;
    if (window->from == 0 && window->to == TIME_NEVER) {
        snprintf(buf, size, ALWAYS);
        return;
    }
    units_format_duration(window->from, from, sizeof from);
    if (window->to != TIME_NEVER)
        units_format_duration(window->to, to, sizeof to);
    snprintf(buf, size, "%s-%s", from, to);
}

const struct option_kind option_window = {
    .name = "window",
    .form = "a window of time such as 10s-30s or 10s-, or " ALWAYS,
    .size = sizeof(struct window),
    .parse = window_parse,
    .format = window_format,
};
