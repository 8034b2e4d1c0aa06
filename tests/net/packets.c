/* SPDX-License-Identifier: MIT */
/*
 * Every scenario on the wire: the segments of the victim's connections go in the same order
 * natively and through the proxy, as far as they are SYN, data, FIN and RST.
 *
 *     packets [NAME]
 *
 * NAME prints one scenario. Where the two necessarily differ, both orders stand in `known` and in
 * docs/SCENARIOS.md, word by word. A scenario is carried out again when it did not go as expected:
 * a delayed acknowledgement can make a retransmission of a FIN.
 *
 * Some processes share the scenarios, each in a network of its own.
 */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proxy/app/demo/run.h"
#include "tests/lib/namespace.h"
#include "tests/lib/sniffer.h"

#define SCENARIOS_MD RUDEPROXY_SOURCE_DIR "/docs/SCENARIOS.md"
#define WORDS_MAX 4096
#define PROCESSES 4
#define AGAIN 2     /* runs that must all be right, behind one that was wrong */
#define AGAIN_MAX 2 /* scenarios of a process that may be wrong once */
#define SKIPPED 77

static const struct known {
    const char *name;
    const char *native, *proxied;
} known[] = {
    {"shut-rd-linux", ">SYN <SYN >data >FIN <RST", ">SYN <SYN >data >FIN <FIN"},
    {"silent-idle-drop", ">SYN <SYN >data <data >data <FIN >RST",
        ">SYN <SYN >data <data >data <RST"},
    {"slow-reader", ">SYN <SYN >data <RST", ">SYN <SYN >data <FIN <RST"},
};

#define KNOWN (sizeof known / sizeof known[0])

struct orders {
    char native[WORDS_MAX], proxied[WORDS_MAX];
};

static struct sniffer sniffer;

/* The connections to a port from number `begin` on; of equal ones in a row only the first, because
 * some clients try again and again. */
static void describe(size_t begin, size_t end, uint16_t port, char *text)
{
    const char *last = "";
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = begin; i < end && used < WORDS_MAX; i++) {
        const struct sniffed *connection = &sniffer.connections[i];
        if (connection->server != port || strcmp(connection->words, last) == 0)
            continue;
        last = connection->words;
        used +=
            (size_t)snprintf(text + used, WORDS_MAX - used, "%s%s", used > 0 ? " | " : "", last);
    }
}

/* The native run comes first, and the server's port is that of its first SYN. The first SYN to
 * another port is the client's, to the proxy. False: it could not be carried out. */
static bool carry_out(const struct scenario *scenario, struct orders *orders)
{
    static struct demo_run demo;
    (void)sniffer_read(&sniffer);
    sniffer_clear(&sniffer);
    demo_run_scenario(scenario, "127.0.0.1:0", &demo);
    bool whole = sniffer_read(&sniffer);
    if (demo.verdict != DEMO_AGREE || !whole) {
        printf("     %s: %s: %s%s\n", scenario->name, demo_verdict_name(demo.verdict),
            demo.err.text, whole ? "" : ", segments were missed");
        return false;
    }
    size_t split = 0;
    uint16_t server = sniffer.connections[0].server;
    while (split < sniffer.count && sniffer.connections[split].server == server)
        split++;
    uint16_t proxy = split < sniffer.count ? sniffer.connections[split].server : 0;
    describe(0, split, server, orders->native);
    describe(
        split, sniffer.count, scenario->victim == PEER_CLIENT ? proxy : server, orders->proxied);
    return true;
}

static bool as_expected(const struct scenario *scenario, const struct orders *orders)
{
    for (size_t i = 0; i < KNOWN; i++)
        if (strcmp(known[i].name, scenario->name) == 0)
            return strcmp(known[i].native, orders->native) == 0 &&
                   strcmp(known[i].proxied, orders->proxied) == 0;
    return strcmp(orders->native, orders->proxied) == 0;
}

static bool run_once(const struct scenario *scenario, bool show)
{
    static struct orders orders;
    if (!carry_out(scenario, &orders))
        return false;
    bool good = as_expected(scenario, &orders);
    if (!good || show)
        printf("     natively: %s\n     proxied:  %s\n", orders.native, orders.proxied);
    return good;
}

/* Packets that cross each other may have another order once in a while. That is shown, and few
 * scenarios may have it, each once. */
static bool run(const struct scenario *scenario, bool show)
{
    static unsigned wrong_once;
    bool good = run_once(scenario, show);
    if (!good) {
        wrong_once++;
        good = wrong_once <= AGAIN_MAX;
        for (int i = 0; i < AGAIN && good; i++)
            good = run_once(scenario, show);
        printf("     %s: run again, scenario %u of %d that may\n", scenario->name, wrong_once,
            AGAIN_MAX);
    }
    printf("%s %s\n", good ? "ok" : "FAIL", scenario->name);
    fflush(stdout);
    return good;
}

/* Every PROCESSES-th scenario, from `first` on, or the one called `only`. An exit status. */
static int run_share(size_t first, const char *only)
{
    size_t failed = 0;
    int result = namespace_enter(CLONE_NEWNET);
    if (result == 0)
        result = namespace_loopback_up();
    if (result == 0)
        result = sniffer_open(&sniffer);
    if (result != 0) {
        printf("skipped: no network of its own to listen in: %s\n", strerror(-result));
        fflush(stdout);
        return SKIPPED;
    }
    for (size_t i = first; i < scenario_count(); i += PROCESSES) {
        const struct scenario *scenario = scenario_at(i);
        if (only == NULL || strcmp(only, scenario->name) == 0)
            failed += !run(scenario, only != NULL);
    }
    sniffer_close(&sniffer);
    return failed == 0 ? 0 : 1;
}

static bool is_written(const char *text, const char *order)
{
    char quoted[SNIFFER_WORDS];
    snprintf(quoted, sizeof quoted, "`%s`", order);
    return strstr(text, quoted) != NULL;
}

static bool differences_are_documented(void)
{
    static char text[1 << 16];
    FILE *in = fopen(SCENARIOS_MD, "re");
    size_t n = in != NULL ? fread(text, 1, sizeof text - 1, in) : 0;
    bool good = n > 0;
    if (in != NULL)
        fclose(in);
    for (size_t i = 0; i < KNOWN; i++) {
        if (is_written(text, known[i].native) && is_written(text, known[i].proxied))
            continue;
        printf("FAIL docs/SCENARIOS.md does not have the orders of %s\n", known[i].name);
        good = false;
    }
    return good;
}

int main(int argc, char **argv)
{
    int worst = differences_are_documented() ? 0 : 1;
    fflush(stdout);
    for (size_t i = 0; i < PROCESSES; i++) {
        pid_t child = fork();
        if (child == 0)
            _exit(run_share(i, argc > 1 ? argv[1] : NULL));
        worst = child < 0 ? 1 : worst;
    }
    for (int status; wait(&status) > 0;) {
        int result = WIFEXITED(status) ? WEXITSTATUS(status) : 1;
        if (result != 0 && worst != 1)
            worst = result;
    }
    return worst;
}
