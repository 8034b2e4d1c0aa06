/* SPDX-License-Identifier: MIT */
/*
 * Random histories (tests/lib/history.h): what both ends see through the proxy is what they see on
 * a direct connection.
 *
 *     histories [all] [intercepted] [SEED [COUNT]]
 *
 * Runs a sample; with `all` 10,000 of them; with SEED that one, or COUNT from it on. With
 * `intercepted` the client's sockets are those of a command of exec, and each connection to the
 * server is taken by the program. A failure is shrunk to the fewest steps, and printed with the
 * command that repeats it.
 *
 * One program has a proxy for each row of `kinds`: bytes are spliced, copied, in small buffers,
 * watched, sliced and delayed, and none of it may show. A history's seed chooses the proxy.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/lib/command_network.h"
#include "tests/lib/history.h"
#include "tests/lib/records.h"

#define SAMPLE 300
#define ALL 10000
#define FIRST_SEED 1

/* Direct runs until two are alike. */
#define TRIES 5

#define DEADLINE_MS 20000
#define SHRINK_DEADLINE_MS 500
#define SHRINK_RUNS 5

static const struct {
    const char *name;
    const char *keys;  /* of the proxy */
    const char *fault; /* keys of one; NULL: none */
} kinds[] = {
    {"plain", "", NULL},
    {"copied", "splice = off\n", NULL},
    {"small", "buffer = 4k\n", NULL},
    {"watched", "", "type = noop\nwhen = match:\"never there\"\ndirection = both\n"},
    {"held", "", "type = noop\nwhen = match:\"never there\"\nedge = before\n"},
    {"sliced", "", "type = slice\nsize = 700\ndirection = both\n"},
    {"delayed", "", "type = latency\ndelay = 300us\ndirection = both\n"},
    {"limited", "", "type = bandwidth\nrate = 200M/s\ndirection = both\n"},
};

#define KINDS (sizeof kinds / sizeof kinds[0])

struct suite {
    bool intercepted;
    uint64_t seed, count;
    int network;
    struct wire_listener servers[KINDS];
    struct peer_address dial[KINDS];
    struct proxy_process process;
    struct history_record direct, proxied; /* of the last one that differed */
    size_t failed, unsettled;
};

static struct suite suite;

/* --- one history --- */

enum verdict { ALIKE, DIFFERENT, UNSETTLED };

static enum verdict judge(const struct history *history, int deadline_ms)
{
    const size_t kind = history->seed % KINDS;
    const struct history_route route = {.server = &suite.servers[kind],
        .dial = suite.dial[kind],
        .client_network = suite.network,
        .deadline_ms = deadline_ms};
    struct history_record again;
    for (int i = 0; i < TRIES; i++) {
        if (history_run_direct(history, &route, &suite.direct) != 0)
            return UNSETTLED;
        int result = history_run_proxied(history, &route, &suite.direct, &suite.proxied);
        if (result == 0 && history_record_equal(&suite.direct, &suite.proxied))
            return ALIKE;
        if (history_run_direct(history, &route, &again) == 0 &&
            history_record_equal(&suite.direct, &again))
            return DIFFERENT;
    }
    return UNSETTLED;
}

/* In one of a few runs: it may be a race. */
static bool still_differs(void *user, const struct history *history)
{
    (void)user;
    for (int i = 0; i < SHRINK_RUNS; i++) {
        if (judge(history, SHRINK_DEADLINE_MS) == DIFFERENT)
            return true;
    }
    return false;
}

static void report(const struct history *history)
{
    struct history least = *history;
    printf(
        "FAIL history %" PRIu64 " (proxy %s)\n", history->seed, kinds[history->seed % KINDS].name);
    history_print(stdout, history, &suite.direct, &suite.proxied);
    history_shrink(&least, still_differs, NULL);
    if (still_differs(NULL, &least)) {
        printf("  the fewest steps:\n");
        history_print(stdout, &least, &suite.direct, &suite.proxied);
    }
    printf("  repeat it: torture_histories %s%" PRIu64 "\n",
        suite.intercepted ? "intercepted " : "", history->seed);
    fflush(stdout);
}

static void run_history(uint64_t seed)
{
    struct history history;
    history_draw(&history, seed);
    enum verdict verdict = judge(&history, DEADLINE_MS);
    suite.unsettled += verdict == UNSETTLED;
    if (verdict != DIFFERENT)
        return;
    suite.failed++;
    report(&history);
}

/* --- the program --- */

static size_t write_section(size_t i, char *text, size_t size)
{
    int used = 0;
    if (suite.intercepted)
        used = snprintf(text, size, "[proxy %s]\nintercept = %s\n%s", kinds[i].name,
            suite.servers[i].text, kinds[i].keys);
    else
        used = snprintf(text, size, "[proxy %s]\nlisten = 127.0.0.1:0\nupstream = %s\n%s",
            kinds[i].name, suite.servers[i].text, kinds[i].keys);
    if (kinds[i].fault != NULL)
        used += snprintf(text + used, size - (size_t)used, "[fault %s]\nproxy = %s\n%s",
            kinds[i].name, kinds[i].name, kinds[i].fault);
    return (size_t)used;
}

static bool find_proxy(size_t i)
{
    char text[PEER_ADDRESS_TEXT] = "";
    suite.dial[i] = suite.servers[i].address;
    if (suite.intercepted)
        return true;
    return proxy_process_address(&suite.process, kinds[i].name, text, sizeof text) &&
           peer_address_parse(text, &suite.dial[i]) == 0;
}

static bool start(void)
{
    char sections[KINDS * 320];
    size_t used = 0;
    for (size_t i = 0; i < KINDS; i++) {
        if (wire_listen(&suite.servers[i], "127.0.0.1:0", 16, 0) != 0)
            return false;
        used += write_section(i, sections + used, sizeof sections - used);
    }
    if (!proxy_process_start_exec(&suite.process, "grace = 1s\n", sections,
            suite.intercepted ? command_network_script : NULL))
        return false;
    for (size_t i = 0; i < KINDS; i++) {
        if (!find_proxy(i))
            return false;
    }
    suite.network = suite.intercepted ? command_network_open(&suite.process) : 0;
    return suite.network >= 0;
}

/* All connections end, and their descriptors with them. */
static void check_descriptors(int before)
{
    int64_t deadline = wire_now_ms() + WIRE_DEADLINE_MS;
    int now = records_count_unpooled(suite.process.pid);
    for (; now != before && wire_now_ms() < deadline; wire_tick())
        now = records_count_unpooled(suite.process.pid);
    if (now == before)
        return;
    printf("FAIL descriptors: %d, not %d\n", now, before);
    suite.failed++;
}

static bool read_arguments(int argc, char **argv)
{
    int numbers = 0;
    suite.seed = FIRST_SEED;
    suite.count = SAMPLE;
    for (int i = 1; i < argc; i++) {
        char *end = NULL;
        uint64_t number = strtoull(argv[i], &end, 10);
        if (strcmp(argv[i], "all") == 0)
            suite.count = ALL;
        else if (strcmp(argv[i], "intercepted") == 0)
            suite.intercepted = true;
        else if (*end == '\0' && numbers++ == 0)
            suite.seed = number, suite.count = 1;
        else if (*end == '\0')
            suite.count = number;
        else
            return false;
    }
    return true;
}

int main(int argc, char **argv)
{
    if (!read_arguments(argc, argv)) {
        fprintf(stderr, "usage: histories [all] [intercepted] [SEED [COUNT]]\n");
        return 2;
    }
    if (suite.intercepted && geteuid() != 0) {
        printf("skipped: sockets in the command's network need root\n");
        return 77;
    }
    if (!start()) {
        printf("FAIL cannot start\n");
        return 1;
    }
    int before = records_count_unpooled(suite.process.pid);
    for (uint64_t i = 0; i < suite.count; i++)
        run_history(suite.seed + i);
    check_descriptors(before);
    if (!proxy_process_stop(&suite.process))
        suite.failed++;
    if (suite.network > 0)
        close(suite.network);
    for (size_t i = 0; i < KINDS; i++)
        wire_unlisten(&suite.servers[i]);
    printf("%" PRIu64 " runs\n", suite.count);
    printf("%zu failed, %zu without two direct runs alike\n", suite.failed, suite.unsettled);
    return suite.failed == 0 && suite.unsettled * 50 <= suite.count ? 0 : 1;
}
