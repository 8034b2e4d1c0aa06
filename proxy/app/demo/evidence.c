/* SPDX-License-Identifier: MIT */
/*
 * Reads the proxy's log of a run and prints it in a few words: the fault and its byte, and how each
 * of the two sockets ended.
 *
 * The log is our own, one object a line and without blanks (field_writer.c), and the names in it
 * are those of the recipes. So a key is looked up as text; this is no reader for JSON at large.
 */
#include <stdio.h>
#include <string.h>

#include "proxy/app/demo/run.h"

/* Longer than any name, list of marks or number that is looked up. */
#define VALUE_MAX 80

/* Copies the value of `key` from `line` on, without quotes and brackets; "" if there is none. */
static void find_value(const char *line, const char *key, char value[VALUE_MAX])
{
    char pattern[32];
    size_t used = 0;
    snprintf(pattern, sizeof pattern, "\"%s\":", key);
    const char *at = line == NULL ? NULL : strstr(line, pattern);
    value[0] = '\0';
    if (at == NULL)
        return;
    at += strlen(pattern);
    bool list = *at == '[';
    for (; *at != '\0' && used < VALUE_MAX - 2; at++) {
        if (*at == (list ? ']' : ',') || *at == '}')
            break;
        if (*at == '"' || *at == '[')
            continue;
        value[used++] = *at;
        if (*at == ',')
            value[used++] = ' ';
    }
    value[used] = '\0';
}

/* "#1 fault lose-acknowledgement (reset) at byte 50 upstream" */
static void describe_fault(const char *line, char *text, size_t size)
{
    char connection[VALUE_MAX], fault[VALUE_MAX], type[VALUE_MAX], way[VALUE_MAX],
        offset[VALUE_MAX];
    find_value(line, "connection", connection);
    find_value(line, "fault", fault);
    find_value(line, "type", type);
    find_value(line, "direction", way);
    find_value(line, "offset", offset);
    if (connection[0] == '\0') {
        snprintf(text, size, "fault %.50s (%.20s) of the listening socket", fault, type);
        return;
    }
    snprintf(text, size, "#%.20s fault %.50s (%.20s) at byte %.20s %.10s", connection, fault, type,
        offset, way);
}

/* "#1 client side: rst_sent; server side: fin_sent, fin_received" */
static void describe_closed(const char *line, char *text, size_t size)
{
    char connection[VALUE_MAX], client[VALUE_MAX], server[VALUE_MAX];
    find_value(line, "connection", connection);
    find_value(strstr(line, "\"client\":{"), "ended", client);
    find_value(strstr(line, "\"server\":{"), "ended", server);
    snprintf(
        text, size, "#%.20s client side: %.50s; server side: %.50s", connection, client, server);
}

static const struct {
    const char *event;
    void (*describe)(const char *line, char *text, size_t size);
} described_events[] = {
    {"fault", describe_fault},
    {"closed", describe_closed},
};

static void evidence_read_line(struct demo_run *run, const char *line)
{
    char event[VALUE_MAX];
    find_value(line, "event", event);
    for (size_t i = 0; i < sizeof described_events / sizeof described_events[0]; i++) {
        if (strcmp(event, described_events[i].event) != 0 ||
            run->evidence_count == DEMO_EVIDENCE_LINES)
            continue;
        described_events[i].describe(
            line, run->evidence[run->evidence_count], sizeof run->evidence[0]);
        run->evidence_count++;
    }
}

void demo_read_evidence(struct demo_run *run, const char *log)
{
    char line[2048]; /* our lines are half as long; a longer one is cut, and read as far */
    while (*log != '\0') {
        size_t length = strcspn(log, "\n");
        snprintf(line, sizeof line, "%.*s", (int)length, log);
        evidence_read_line(run, line);
        log += length + (log[length] == '\n' ? 1 : 0);
    }
}
