/* SPDX-License-Identifier: MIT */
/*
 * Transparency: without a fault nobody can tell that the proxy is there.
 *
 *     transparency tcp4|tcp6|unix [NAME] [--self|--intercepted]
 *
 * Every script of tests/lib runs on a direct connection and then through the real program, and
 * both ends must have seen the same, line by line. With --self the second run is direct as well:
 * that proves the scripts themselves, not the proxy. NAME picks the scripts whose name contains
 * it. With --intercepted the client's sockets are those of a command of exec, in whose network each
 * connection to the server is taken by the program. TRANSPARENCY_DEADLINE_MS shortens the wait for
 * something that never comes.
 *
 * One program serves all scripts, with a proxy section of its own for each, so that what is left
 * of one cannot disturb the next. A server's port has to be known before the program starts, hence
 * each is reserved by a socket that is bound but never listens; the script's own listener can
 * share the port (SO_REUSEADDR), while connect() never picks it as a source port.
 *
 * In the end no descriptor and no child may be left over.
 */
#include "tests/lib/command_network.h"
#include "tests/lib/proxy_process.h"
#include "tests/lib/records.h"
#include "tests/lib/scripts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SCENARIOS_MAX 256
#define SECTION_BYTES 384

/* Of a step, on a machine that is late too. */
#define DEADLINE_MS 30000

struct scenario {
    const struct peer_script *script;
    int reserved; /* holds the server's port, -1 for a UNIX path */
    struct peer_address server;
    struct peer_address proxy; /* length 0: none, the second run is direct as well */
};

struct suite {
    const char *family; /* "tcp4", "tcp6" or "unix" */
    const char *filter; /* part of a name, or NULL */
    bool self;          /* compare direct with direct */
    bool intercepted;   /* the client's connections are intercepted */
    int network;        /* descriptor of the command's network; 0: none */
    int deadline_ms;
    char folder[32]; /* for UNIX sockets */
    struct scenario scenarios[SCENARIOS_MAX];
    size_t n;
    struct proxy_process process;
};

static const struct peer_script_list *const lists[] = {
    &peers_scripts_flow,
    &peers_scripts_close,
    &peers_scripts_reset,
};

static bool is_unix(const struct suite *suite)
{
    return strcmp(suite->family, "unix") == 0;
}

static bool place_server(const struct suite *suite, struct scenario *scenario)
{
    char text[PEER_ADDRESS_TEXT];

    scenario->reserved = -1;
    if (!is_unix(suite)) {
        const char *any = strcmp(suite->family, "tcp6") == 0 ? "[::1]:0" : "127.0.0.1:0";
        scenario->reserved = peer_address_reserve(any, &scenario->server);
        return scenario->reserved >= 0;
    }
    snprintf(text, sizeof(text), "unix:%s/%zu.server", suite->folder, suite->n);
    return peer_address_parse(text, &scenario->server) == 0;
}

static bool is_chosen(const struct suite *suite, const struct peer_script *script)
{
    if ((script->families & (is_unix(suite) ? PEERS_UNIX : PEERS_TCP)) == 0)
        return false;
    return suite->filter == NULL || strstr(script->name, suite->filter) != NULL;
}

static bool choose_scenarios(struct suite *suite)
{
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        for (size_t j = 0; j < lists[i]->n; j++) {
            const struct peer_script *script = &lists[i]->scripts[j];
            if (!is_chosen(suite, script))
                continue;
            if (suite->n == SCENARIOS_MAX) {
                fprintf(stderr, "more than %d scenarios\n", SCENARIOS_MAX);
                return false;
            }
            struct scenario *scenario = &suite->scenarios[suite->n];
            scenario->script = script;
            if (!place_server(suite, scenario)) {
                perror(script->name);
                return false;
            }
            suite->n++;
        }
    }
    return true;
}

static void write_section(const struct suite *suite, size_t i, char *text, size_t size)
{
    char upstream[PEER_ADDRESS_TEXT];
    char listen[PEER_ADDRESS_TEXT];

    (void)peer_address_format(&suite->scenarios[i].server, upstream, sizeof(upstream));
    if (suite->intercepted) {
        snprintf(text, size, "[proxy %s]\nintercept = %s\n\n", suite->scenarios[i].script->name,
            upstream);
        return;
    }
    if (is_unix(suite))
        snprintf(listen, sizeof(listen), "unix:%s/%zu.proxy", suite->folder, i);
    else
        snprintf(listen, sizeof(listen), "%s",
            strcmp(suite->family, "tcp6") == 0 ? "[::1]:0" : "127.0.0.1:0");
    snprintf(text, size, "[proxy %s]\nlisten = %s\nupstream = %s\n\n",
        suite->scenarios[i].script->name, listen, upstream);
}

static bool find_network(struct suite *suite)
{
    int network = command_network_open(&suite->process);
    if (network < 0)
        fprintf(stderr, "no network of the command: %s\n", strerror(-network));
    suite->network = network > 0 ? network : 0;
    return network > 0;
}

static bool start_proxies(struct suite *suite)
{
    char *sections = calloc(suite->n + 1, SECTION_BYTES);
    size_t used = 0;

    if (sections == NULL)
        return false;
    for (size_t i = 0; i < suite->n; i++) {
        write_section(suite, i, sections + used, SECTION_BYTES);
        used += strlen(sections + used);
    }
    bool started = proxy_process_start_exec(&suite->process, "grace = 1s\n", sections,
        suite->intercepted ? command_network_script : NULL);
    free(sections);
    return started;
}

static bool find_proxies(struct suite *suite)
{
    if (suite->intercepted) {
        for (size_t i = 0; i < suite->n; i++)
            suite->scenarios[i].proxy = suite->scenarios[i].server;
        return find_network(suite);
    }
    for (size_t i = 0; i < suite->n; i++) {
        char text[PEER_ADDRESS_TEXT] = "";
        const char *name = suite->scenarios[i].script->name;
        if (!proxy_process_address(&suite->process, name, text, sizeof(text)) ||
            peer_address_parse(text, &suite->scenarios[i].proxy) != 0) {
            fprintf(stderr, "no usable address for proxy %s: '%s'\n", name, text);
            return false;
        }
    }
    return true;
}

static void print_line(const struct transcript *transcript, size_t i, int width)
{
    char text[sizeof(struct transcript_line) + 4] = "";

    if (i < transcript->n) {
        const struct transcript_line *line = &transcript->lines[i];
        bool aside = line->aside[0] != '\0';
        snprintf(text, sizeof(text), "%s%s%s%s", line->text, aside ? " (" : "", line->aside,
            aside ? ")" : "");
    }
    printf("%-*s", width, text);
}

/* Both transcripts of one end, side by side; '!' marks the lines that differ. */
static void print_pair(
    const char *title, const struct transcript *direct, const struct transcript *other)
{
    size_t n = direct->n > other->n ? direct->n : other->n;

    printf("  %s\n", title);
    for (size_t i = 0; i < n; i++) {
        bool same = i < direct->n && i < other->n &&
                    strcmp(direct->lines[i].text, other->lines[i].text) == 0;
        printf("  %c ", same ? ' ' : '!');
        print_line(direct, i, 62);
        printf(" | ");
        print_line(other, i, 0);
        printf("\n");
    }
}

static bool run_scenario(const struct suite *suite, const struct scenario *scenario)
{
    static struct transcript direct[PEER_ACTORS];
    static struct transcript other[PEER_ACTORS];
    struct peers_route route = {.listen = scenario->server, .deadline_ms = suite->deadline_ms};
    const struct peer_script *script = scenario->script;

    /* A script that does not reach its end directly proves nothing, even if the proxied run fails
     * in the same way. */
    bool good = peers_run(script, &route, direct) == 0;
    route.dial = scenario->proxy;
    route.client_network = suite->network;
    good = peers_run(script, &route, other) == 0 && good;
    for (int actor = 0; actor < PEER_ACTORS; actor++)
        good = good && transcript_equal(&direct[actor], &other[actor]);

    printf("%s %s\n", good ? "ok" : "FAIL", script->name);
    if (!good || getenv("TRANSPARENCY_VERBOSE") != NULL) {
        printf("  %s\n  direct | %s\n", script->story, suite->self ? "direct" : "proxied");
        print_pair("client", &direct[PEER_CLIENT], &other[PEER_CLIENT]);
        print_pair("server", &direct[PEER_SERVER], &other[PEER_SERVER]);
    }
    fflush(stdout);
    return good;
}

static bool nothing_is_left(int descriptors_before)
{
    int now = records_count_descriptors(getpid());
    if (now != descriptors_before) {
        printf("FAIL descriptors: %d before, %d after\n", descriptors_before, now);
        return false;
    }
    if (waitpid(-1, NULL, WNOHANG) >= 0 || errno != ECHILD) {
        printf("FAIL a child process is left\n");
        return false;
    }
    return true;
}

static void release(struct suite *suite)
{
    for (size_t i = 0; i < suite->n; i++) {
        char path[64];
        if (suite->scenarios[i].reserved >= 0)
            close(suite->scenarios[i].reserved);
        /* Should the program have left its socket behind; judging that is not this test's. */
        snprintf(path, sizeof(path), "%s/%zu.proxy", suite->folder, i);
        (void)unlink(path);
    }
    (void)rmdir(suite->folder);
}

static bool read_arguments(struct suite *suite, int argc, char **argv)
{
    const char *deadline = getenv("TRANSPARENCY_DEADLINE_MS");

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--self") == 0)
            suite->self = true;
        else if (strcmp(argv[i], "--intercepted") == 0)
            suite->intercepted = true;
        else if (suite->family == NULL)
            suite->family = argv[i];
        else
            suite->filter = argv[i];
    }
    suite->deadline_ms = deadline ? (int)strtol(deadline, NULL, 10) : DEADLINE_MS;
    return suite->family != NULL && suite->deadline_ms > 0 &&
           (strcmp(suite->family, "tcp4") == 0 || strcmp(suite->family, "tcp6") == 0 ||
               is_unix(suite));
}

static bool prepare(struct suite *suite)
{
    snprintf(suite->folder, sizeof(suite->folder), "/tmp/transparency-XXXXXX");
    if (mkdtemp(suite->folder) == NULL) {
        perror(suite->folder);
        return false;
    }
    if (!choose_scenarios(suite))
        return false;
    if (suite->n == 0) {
        fprintf(stderr, "no scenario is called like '%s'\n", suite->filter);
        return false;
    }
    return suite->self || (start_proxies(suite) && find_proxies(suite));
}

static bool family_is_here(const char *family)
{
    struct peer_address address;
    int reserved;
    if (strcmp(family, "tcp6") != 0)
        return true;
    if ((reserved = peer_address_reserve("[::1]:0", &address)) < 0)
        return false;
    close(reserved);
    return true;
}

int main(int argc, char **argv)
{
    static struct suite suite;
    size_t passed = 0;
    size_t failed = 0;
    int descriptors = records_count_descriptors(getpid());

    if (!read_arguments(&suite, argc, argv)) {
        fprintf(stderr, "usage: transparency tcp4|tcp6|unix [NAME] [--self|--intercepted]\n");
        return 2;
    }
    if (!family_is_here(suite.family)) {
        printf("skipped: no IPv6 here\n");
        return 77;
    }
    if (suite.intercepted && geteuid() != 0) {
        printf("skipped: sockets in the command's network need root\n");
        return 77;
    }
    bool ready = prepare(&suite);
    failed += ready ? 0 : 1;
    for (size_t i = 0; ready && i < suite.n; i++) {
        if (run_scenario(&suite, &suite.scenarios[i]))
            passed++;
        else
            failed++;
    }
    if (!proxy_process_stop(&suite.process))
        failed++;
    if (suite.network > 0)
        close(suite.network);
    release(&suite);
    if (!nothing_is_left(descriptors))
        failed++;
    printf("%zu passed, %zu failed\n", passed, failed);
    return failed == 0 ? 0 : 1;
}
