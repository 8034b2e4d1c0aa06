/* SPDX-License-Identifier: MIT */
/*
 * The log is read again as a whole each time: it is small, and a test that waits for it has nothing
 * better to do. A line counts only once its line feed is there. It is searched line by line, within
 * bounds: with strict_string_checks AddressSanitizer reads the rest of the log for each call of
 * strstr() or strchr().
 */
#include "tests/lib/records.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proxy/net/pipe_pool.h"
#include "tests/lib/wire.h"

/* Under sanitizers on a busy machine. */
#define RECORDS_DEADLINE_MS 60000

/* Descriptors, and how many of them are ends of pipes. */
static int count_descriptors(pid_t pid, int *pipes)
{
    char path[64], target[64];
    int n = 0;
    struct dirent *entry;
    *pipes = 0;
    snprintf(path, sizeof path, "/proc/%d/fd", (int)pid);
    DIR *folder = opendir(path);
    if (folder == NULL)
        return -1;
    while ((entry = readdir(folder)) != NULL) {
        ssize_t length = readlinkat(dirfd(folder), entry->d_name, target, sizeof target);
        n += entry->d_name[0] != '.';
        *pipes += length > 5 && strncmp(target, "pipe:", 5) == 0;
    }
    closedir(folder);
    return n;
}

int records_count_descriptors(pid_t pid)
{
    int pipes;
    return count_descriptors(pid, &pipes);
}

int records_count_unpooled(pid_t pid)
{
    enum { OWN_PIPES = 8 }; /* stdin, stdout, stderr, libuv's for signals */
    int pipes, n = count_descriptors(pid, &pipes);
    int pooled = 2 * PIPE_POOL_MAX + OWN_PIPES;
    return n < 0 ? n : n - (pipes < pooled ? pipes : pooled);
}

long records_memory_kb(pid_t pid, const char *key)
{
    char path[64];
    char line[256];
    long kb = -1;
    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    FILE *file = fopen(path, "re");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        size_t length = strlen(key);
        if (strncmp(line, key, length) == 0 && line[length] == ':')
            kb = strtol(line + length + 1, NULL, 10);
    }
    if (file != NULL)
        fclose(file);
    return kb;
}

/* Takes the first line off the text. NULL: there is no whole one. */
static const char *take_line(const char **text, size_t *left, size_t *size)
{
    const char *line = *text;
    const char *end = *left == 0 ? NULL : memchr(line, '\n', *left);
    if (end == NULL)
        return NULL;
    *size = (size_t)(end - line);
    *text = end + 1;
    *left -= *size + 1;
    return line;
}

static bool has_text(const char *line, size_t size, const char *text)
{
    return memmem(line, size, text, strlen(text)) != NULL;
}

static size_t count_lines(const char *text, const char *part)
{
    size_t n = 0, size, left = text == NULL ? 0 : strlen(text);
    for (const char *line; (line = take_line(&text, &left, &size)) != NULL;)
        n += has_text(line, size, part);
    return n;
}

size_t records_count(const struct proxy_process *process, const char *event)
{
    char part[64];
    char *log = proxy_process_read_log(process);
    snprintf(part, sizeof part, "\"event\":\"%s\"", event);
    size_t n = count_lines(log, part);
    free(log);
    return n;
}

size_t records_wait_count(const struct proxy_process *process, const char *event, size_t n)
{
    int64_t deadline = wire_now_ms() + RECORDS_DEADLINE_MS;
    size_t now = records_count(process, event);
    while (now < n && wire_now_ms() < deadline) {
        wire_tick();
        now = records_count(process, event);
    }
    return now;
}

char *records_find(const char *log, const char *event, const char *proxy, uint64_t connection)
{
    char head[160];
    char number[48] = "";
    snprintf(head, sizeof head, "\"event\":\"%s\",\"proxy\":\"%s\"", event, proxy);
    if (connection != 0)
        snprintf(number, sizeof number, "\"connection\":%" PRIu64 ",", connection);
    size_t size, left = log == NULL ? 0 : strlen(log);
    for (const char *line; (line = take_line(&log, &left, &size)) != NULL;)
        if (has_text(line, size, head) && has_text(line, size, number))
            return strndup(line, size);
    return NULL;
}

char *records_wait(
    const struct proxy_process *process, const char *event, const char *proxy, uint64_t connection)
{
    int64_t deadline = wire_now_ms() + RECORDS_DEADLINE_MS;
    for (;;) {
        char *log = proxy_process_read_log(process);
        char *record = records_find(log, event, proxy, connection);
        free(log);
        if (record != NULL || wire_now_ms() > deadline)
            return record;
        wire_tick();
    }
}

/* Where the value of the key starts; NULL if there is none. */
static const char *value_of(const char *record, const char *side, const char *key)
{
    char part[80];
    if (side != NULL) {
        snprintf(part, sizeof part, "\"%s\":{", side);
        record = strstr(record, part);
    }
    snprintf(part, sizeof part, "\"%s\":", key);
    const char *at = record != NULL ? strstr(record, part) : NULL;
    return at != NULL ? at + strlen(part) : NULL;
}

uint64_t records_number(const char *record, const char *side, const char *key)
{
    const char *value = value_of(record, side, key);
    char *end;
    if (value == NULL)
        return UINT64_MAX;
    uint64_t number = strtoull(value, &end, 10);
    return end != value ? number : UINT64_MAX;
}

bool records_value(const char *record, const char *side, const char *key, char *value, size_t size)
{
    const char *at = value_of(record, side, key);
    if (at == NULL)
        return false;
    size_t length = *at == '[' ? strcspn(at, "]") + 1 : strcspn(at, ",}");
    if (length >= size)
        return false;
    memcpy(value, at, length);
    value[length] = '\0';
    return true;
}

static size_t count_in_file(const char *path, const char *text)
{
    char line[1024];
    size_t n = 0;
    FILE *file = fopen(path, "re");
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        n += strstr(line, text) != NULL;
    if (file != NULL)
        fclose(file);
    return n;
}

size_t records_count_output(const struct proxy_process *process, const char *text)
{
    return count_in_file(process->output, text);
}

bool records_wait_output(const struct proxy_process *process, const char *text, size_t n)
{
    int64_t deadline = wire_now_ms() + RECORDS_DEADLINE_MS;
    while (count_in_file(process->output, text) < n) {
        if (wire_now_ms() > deadline)
            return false;
        wire_tick();
    }
    return true;
}
