/* SPDX-License-Identifier: MIT */
/*
 * Which connections a fault comes to: `connections`, `times`, and the trigger `accept`, on real
 * connections, one after another. The upstream is our own echo, so a connection without a fault is
 * one on which a byte comes back.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/lib/expect.h"
#include "tests/lib/records.h"
#include "tests/lib/wire.h"

#define CONNECTIONS 12

static const struct {
    const char *name;
    const char *keys;
    const char *wanted; /* for each connection: r reset, . untouched */
} rows[] = {
    {"all", "", "rrrrrrrrrrrr"},
    {"one", "connections = 2\n", ".r.........."},
    {"range", "connections = 1-3\n", "rrr........."},
    {"open-end", "connections = 5-\n", "....rrrrrrrr"},
    {"every", "connections = every:3\n", "..r..r..r..r"},
    {"list", "connections = 2,5-6,every:4\n", ".r.rrr.r...r"},
    {"times", "times = 3\n", "rrr........."},
    {"times-of-every", "connections = every:2\ntimes = 2\n", ".r.r........"},
    {"at-accept", "connections = 1,4-5\nwhen = accept\n", "r..rr......."},
    {"at-accept-times", "connections = 3-\ntimes = 1\nwhen = accept\n", "..r........."},
    {"at-bytes", "connections = every:5\nwhen = bytes:1\ndirection = upstream\n", "....r....r.."},
    /* Armed on every connection, fires only where the byte comes: `times` counts those. */
    {"times-at-bytes", "times = 2\nwhen = bytes:1\n", "rr.........."},
};

#define ROW_COUNT (sizeof rows / sizeof rows[0])

static struct proxy_process process;

/* 'r', '.', or '?' for anything else. */
static char try_connection(const char *proxy)
{
    int fd = wire_connect_proxy(&process, proxy);
    if (fd < 0)
        return '?';
    /* A reset may be here before the write, which then takes the error. */
    int sent = wire_send(fd, 0, 1);
    int got = sent == 0 ? wire_read(fd, 0, 1) : sent;
    char seen = got == 0 ? '.' : '?';
    if (got == 0 && wire_poll(fd, 0, 0) > 0)
        got = wire_read(fd, 0, 1);
    if (got == -ECONNRESET || got == -EPIPE)
        seen = 'r';
    close(fd);
    return seen;
}

static bool run_row(size_t row)
{
    char seen[CONNECTIONS + 1] = "";
    size_t resets = 0;
    for (size_t i = 0; i < CONNECTIONS; i++) {
        uint64_t number = i + 1;
        seen[i] = try_connection(rows[row].name);
        char *record = records_wait(&process, "closed", rows[row].name, number);
        uint64_t faults = record != NULL ? records_number(record, NULL, "fault_count") : 99;
        /* A byte can come back just before the RST does: the record knows. */
        if (seen[i] == '.' && faults == 1)
            seen[i] = 'r';
        if (faults != (seen[i] == 'r'))
            seen[i] = '?';
        resets += seen[i] == 'r';
        free(record);
    }
    bool good = strcmp(seen, rows[row].wanted) == 0;
    printf("%s %s: %s\n", good ? "ok" : "FAIL", rows[row].name, seen);
    if (!good)
        printf("     not %s (%zu resets)\n", rows[row].wanted, resets);
    return good;
}

/* At `accept` nothing was dialled: the upstream never hears of these connections. */
static bool nothing_was_dialled(void)
{
    char *log = proxy_process_read_log(&process);
    char *first = records_find(log, "open", "at-accept", 1);
    char *second = records_find(log, "open", "at-accept", 2);
    bool good = expect_true("no upstream connection for the first client", first == NULL);
    good = expect_true("one for the second", second != NULL) && good;
    free(first);
    free(second);
    free(log);
    return good;
}

int main(void)
{
    static char sections[ROW_COUNT * 300];
    size_t used = 0;
    size_t passed = 0;
    for (size_t i = 0; i < ROW_COUNT; i++) {
        snprintf(sections + used, sizeof sections - used,
            "[proxy %s]\nlisten = 127.0.0.1:0\nupstream = builtin:echo\n"
            "[fault %s]\nproxy = %s\ntype = reset\nside = client\n%s\n",
            rows[i].name, rows[i].name, rows[i].name, rows[i].keys);
        used += strlen(sections + used);
    }
    if (!proxy_process_start(&process, "grace = 1s\n", sections)) {
        printf("FAIL cannot start\n");
        return 1;
    }
    for (size_t i = 0; i < ROW_COUNT; i++)
        passed += run_row(i);
    passed += nothing_was_dialled();
    bool stopped = proxy_process_stop(&process);
    printf("%zu passed, %zu failed\n", passed, ROW_COUNT + 1 - passed + !stopped);
    return passed == ROW_COUNT + 1 && stopped ? 0 : 1;
}
