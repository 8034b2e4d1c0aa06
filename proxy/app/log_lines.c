/* SPDX-License-Identifier: MIT */
/* The first broken line ends the reading: it may have been the event of a fault. */
#include "proxy/app/log_lines.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "proxy/base/clock.h"
#include "proxy/relay/event.h"

int log_lines_parse_time(const char *text, int64_t *wall_us)
{
    struct tm utc = {0};
    const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S.", &utc);
    char *end;
    long us = rest != NULL ? strtol(rest, &end, 10) : -1;
    if (us < 0 || us >= (long)US_PER_S || end - rest != 6 || strcmp(end, "Z") != 0)
        return -1;
    *wall_us = (int64_t)timegm(&utc) * US_PER_S + us;
    return 0;
}

static bool has_text(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text != NULL && text[0] != '\0';
}

/* Whether it is an event of ours. Lines of a command that has the same stderr may be JSON, too. */
static bool is_event(const json_t *object)
{
    const char *name = json_string_value(json_object_get(object, "event"));
    if (name == NULL)
        return false;
    for (int kind = 0; kind < EVENT_COUNT; kind++) {
        if (strcmp(name, event_kind_name((enum event_kind)kind)) == 0)
            return has_text(object, "proxy");
    }
    if (strcmp(name, "run") == 0 || strcmp(name, "reload") == 0)
        return json_is_string(json_object_get(object, "config"));
    return strcmp(name, "lost") == 0 && json_is_integer(json_object_get(object, "count"));
}

/* Whether the line begins as an event does. A NUL: it is cut off behind its first byte. */
static bool may_be_event(const char *text)
{
    return text[0] == '{' && (text[1] == '"' || text[1] == '\0');
}

static int log_lines_take_line(
    struct log_lines *lines, log_lines_take *take, void *user, struct err *err)
{
    json_error_t error;
    if (!may_be_event(lines->text)) {
        lines->other_lines++;
        return 0;
    }
    json_t *event = json_loadb(lines->text, lines->length, JSON_REJECT_DUPLICATES, &error);
    if (event == NULL && lines->text[lines->length - 1] != '\n')
        return err_set(err, "the line is cut off: the log is not complete; without this line, what "
                            "stands before it can be used");
    if (event == NULL)
        return err_set(err, "not JSON: %s (column %d)", error.text, error.column);
    lines->other_lines += !is_event(event);
    int result = is_event(event) ? take(user, event, err) : 0;
    json_decref(event);
    return result;
}

int log_lines_read_from(
    struct log_lines *lines, FILE *in, log_lines_take *take, void *user, struct err *err)
{
    char *text = NULL;
    size_t size = 0;
    ssize_t length;
    int result = 0;
    while (result == 0 && (length = getline(&text, &size, in)) > 0) {
        lines->line++;
        lines->text = text;
        lines->length = (size_t)length;
        result = log_lines_take_line(lines, take, user, err);
    }
    free(text);
    lines->text = NULL;
    return result == 0 && ferror(in) ? err_set(err, "%s", strerror(errno)) : result;
}

static int read_file(struct log_lines *lines, FILE *in, log_lines_take *take, void *user)
{
    struct err err;
    int result = log_lines_read_from(lines, in, take, user, &err);
    if (result != 0 && ferror(in))
        fprintf(stderr, "%s: %s\n", lines->path, err.text);
    else if (result != 0)
        fprintf(stderr, "%s:%zu: %s\n", lines->path, lines->line, err.text);
    return result;
}

int log_lines_read(struct log_lines *lines, log_lines_take *take, void *user)
{
    if (strcmp(lines->path, "-") == 0)
        return read_file(lines, stdin, take, user);
    FILE *in = fopen(lines->path, "re");
    if (in == NULL) {
        fprintf(stderr, "%s: %s\n", lines->path, strerror(errno));
        return -1;
    }
    int result = read_file(lines, in, take, user);
    fclose(in);
    return result;
}
