/* SPDX-License-Identifier: MIT */
/*
 * splice(2) may differ from copying in speed and in nothing else: each bulk transfer below is made
 * once with `splice = off` and once with `auto`, and the bytes, the ends and the log have to be the
 * same.
 *
 * One end writes TOTAL bytes as fast as it can, or until it cannot; the other reads up to what
 * ends it there. In
 * the log, times and port numbers are left out of the comparison. That the second run has really
 * spliced shows in the pipes that the program then has.
 */
#include "tests/lib/bench.h"
#include "tests/lib/records.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define TOTAL 8000000
#define FACTS_MAX 4096

static const struct row {
    const char *name;
    bool upstream; /* the client writes */
    size_t urgent; /* offset of an urgent byte; 0: none */
    const char *faults;
} rows[] = {
    {"no fault, downstream", false, 0, ""},
    {"no fault, upstream", true, 0, ""},
    {"an urgent byte", false, 4000000, ""},
    {"an urgent byte before the FIN", false, TOTAL - 1, ""},
    {"reset downstream", false, 0, "[fault f]\ntype = reset\nwhen = bytes:3000001\n"},
    {"reset upstream", true, 0,
        "[fault f]\ntype = reset\ndirection = upstream\nwhen = bytes:655370\n"},
    {"close", false, 0, "[fault f]\ntype = close\nwhen = bytes:1048577\n"},
    {"half_close", true, 0,
        "[fault f]\ntype = half_close\nside = server\ndirection = upstream\nwhen = "
        "bytes:5000000\n"},
    {"two edges close together", false, 0,
        "[fault f]\ntype = stall\nfor = 20ms\nwhen = bytes:2000000\n"
        "[fault g]\ntype = inject\ndata = \"hello\"\nwhen = bytes:2000001\n"},
    {"a delay", false, 0, "[fault f]\ntype = latency\ndelay = 3ms\n"},
    {"a delay with jitter", true, 0,
        "[fault f]\ntype = latency\ndelay = 5ms\njitter = 5ms\ndirection = upstream\n"},
    {"an urgent byte that is delayed", false, 4000000, "[fault f]\ntype = latency\ndelay = 3ms\n"},
    {"a reset of delayed bytes", false, 0,
        "[fault f]\ntype = latency\ndelay = 3ms\n"
        "[fault g]\ntype = reset\nwhen = bytes:3000001\n"},
    {"a blackhole before the last byte", false, 0,
        "[fault f]\ntype = blackhole\nwhen = bytes:7999999\n"},
};

static unsigned char pattern[TOTAL];

/* The outcome of a run. */
struct outcome {
    size_t got;
    int error; /* 0: EOF */
    unsigned char *bytes;
    char facts[FACTS_MAX];
};

/* Writes what the socket takes; the writing side of it is shut behind the last byte. */
static void write_some(int fd, const struct row *row, size_t *sent)
{
    size_t end = *sent < row->urgent ? row->urgent : TOTAL;
    size_t left = end - *sent < 300000 ? end - *sent : 300000;
    bool urgent = row->urgent != 0 && *sent == row->urgent;
    ssize_t n = send(fd, pattern + *sent, urgent ? 1 : left, MSG_NOSIGNAL | (urgent ? MSG_OOB : 0));
    if (n < 0 && errno != EAGAIN)
        *sent = TOTAL; /* the other end is gone: the reader will say how */
    *sent += n > 0 ? (size_t)n : 0;
    if (*sent == TOTAL)
        (void)shutdown(fd, SHUT_WR);
}

static void transfer(const struct row *row, int from, int to, struct outcome *outcome)
{
    size_t sent = 0;
    bool ended = false;
    while (!ended || sent < TOTAL) {
        struct pollfd waits[2] = {{.fd = ended ? -1 : to, .events = POLLIN},
            {.fd = sent < TOTAL ? from : -1, .events = POLLOUT}};
        assert_true(poll(waits, 2, BENCH_DEADLINE_MS) > 0);
        if (waits[1].revents != 0)
            write_some(from, row, &sent);
        if (waits[0].revents == 0)
            continue;
        ssize_t n = recv(to, outcome->bytes + outcome->got, TOTAL + 16 - outcome->got, 0);
        if (n > 0)
            outcome->got += (size_t)n;
        else if (n == 0 || errno != EAGAIN)
            ended = true;
        outcome->error = n < 0 ? errno : 0;
    }
}

static void add_value(
    struct outcome *outcome, const char *record, const char *side, const char *key)
{
    char value[256];
    size_t used = strlen(outcome->facts);
    if (records_value(record, side, key, value, sizeof value))
        snprintf(outcome->facts + used, FACTS_MAX - used, " %s=%s", key, value);
}

static void expect_record(const struct bench *bench, const char *event)
{
    char *record = records_wait(&bench->process, event, "p", 1);
    if (record == NULL)
        fail_msg("no record of '%s'", event);
    free(record);
}

/* The log of the connection without what differs from run to run. */
static void note_facts(const struct bench *bench, struct outcome *outcome)
{
    static const char *const keys[] = {"event", "fault", "type", "direction", "offset", "side",
        "cause", "cause_fault", "fault_count", "faults", "errno"};
    static const char *const side_keys[] = {"ended", "bytes_in", "bytes_out"};
    expect_record(bench, "closed");
    char *log = proxy_process_read_log(&bench->process);
    for (char *rest = log, *line; (line = strsep(&rest, "\n")) != NULL && rest != NULL;) {
        if (strstr(line, "\"connection\":1") == NULL)
            continue;
        char *ends = strstr(line, ",\"ends\":"); /* which socket ends first is chance */
        if (ends != NULL)
            *ends = '\0';
        for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
            add_value(outcome, line, NULL, keys[i]);
        for (size_t i = 0; strstr(line, "\"closed\"") != NULL && i < 6; i++)
            add_value(outcome, line, i < 3 ? "client" : "server", side_keys[i % 3]);
        strncat(outcome->facts, "\n", FACTS_MAX - 1 - strlen(outcome->facts));
    }
    free(log);
}

static size_t count_pipes(pid_t pid)
{
    char path[64], target[64];
    size_t pipes = 0;
    snprintf(path, sizeof path, "/proc/%d/fd", (int)pid);
    DIR *folder = opendir(path);
    assert_non_null(folder);
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        ssize_t n = readlinkat(dirfd(folder), entry->d_name, target, sizeof target);
        pipes += n > 5 && strncmp(target, "pipe:", 5) == 0;
    }
    closedir(folder);
    return pipes;
}

static void run(const struct row *row, bool spliced, struct outcome *outcome)
{
    struct bench bench;
    char sections[512];
    snprintf(sections, sizeof sections, "splice = %s\n%s", spliced ? "auto" : "off", row->faults);
    *outcome = (struct outcome){.bytes = malloc(TOTAL + 16)};
    assert_non_null(outcome->bytes);
    bench_start(&bench, NULL, "seed = 7\n", sections);
    bench_open(&bench);
    size_t before = count_pipes(bench.process.pid);
    transfer(row, row->upstream ? bench.client : bench.server,
        row->upstream ? bench.server : bench.client, outcome);
    size_t after = count_pipes(bench.process.pid);
    if (outcome->error == 0) /* the writer's FIN has come, before the reader's close can */
        expect_record(&bench, "eof");
    bench_close(&bench);
    note_facts(&bench, outcome);
    bench_stop(&bench);
    if (after > before ? !spliced : spliced)
        fail_msg("%s, splice = %s: %zu pipes, then %zu", row->name, spliced ? "auto" : "off",
            before, after);
}

static void bytes_ends_and_events_are_the_same_spliced_and_copied(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct outcome copied, spliced;
        run(&rows[i], false, &copied);
        run(&rows[i], true, &spliced);
        if (spliced.got != copied.got || spliced.error != copied.error)
            fail_msg("%s: copied %zu bytes and %s, spliced %zu and %s", rows[i].name, copied.got,
                strerror(copied.error), spliced.got, strerror(spliced.error));
        assert_memory_equal(spliced.bytes, copied.bytes, copied.got);
        if (strcmp(spliced.facts, copied.facts) != 0)
            fail_msg("%s: copied\n%sspliced\n%s", rows[i].name, copied.facts, spliced.facts);
        free(copied.bytes);
        free(spliced.bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_ends_and_events_are_the_same_spliced_and_copied),
    };
    bench_pattern(pattern, sizeof pattern);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
