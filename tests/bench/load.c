/* SPDX-License-Identifier: MIT */
/*
 * A load generator: the client and the server around a proxy under test, or around nothing.
 *
 * It forks into a server that listens on --server and a client that connects to --target, each one
 * thread with one epoll instance. A run is a few steps, and each step is one JSON line on stdout:
 * "ready" when every connection stands and is warm, "done" with the figures. With --steps it waits
 * at each for a line on stdin. So whoever runs us reads what the proxy has used of the CPU and of
 * memory exactly around what was measured (compare/load.py does).
 *
 * stream     bytes as fast as they go, by ordinary send and recv of --block bytes
 * requests   a request on every connection, the next when its response is complete
 * connects   connect, a request, a response, FIN, FIN; --connections at a time
 *
 * A reset or a refused connection ends both processes with status 1. An alarm ends a run that
 * hangs.
 */
#include "tests/bench/load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define HANG_S 120 /* longer than any run */

struct load_shared *load_shared;
struct load_options load_options = {.connections = 1,
    .bytes = 64,
    .block = 256 * 1024,
    .senders = LOAD_SERVER_SENDS,
    .seconds = 1,
    .warm_up = 0.1};

static const struct mode {
    const char *name;
    void (*serve)(int listener);
    void (*run)(void);
} modes[] = {
    {"stream", load_stream_serve, load_stream_run},
    {"requests", load_message_serve, load_requests_run},
    {"connects", load_message_serve, load_connects_run},
};

static const char usage[] =
    "usage: bench_load stream|requests|connects --server A:PORT --target A:PORT [--connections N]\n"
    "    [--bytes N] [--block N] [--direction down|up|both] [--seconds S] [--warm-up S] [--idle "
    "N]\n"
    "    [--count N] [--content none|http|tls|postgres|redis] [--steps]\n";

void load_must(bool fine, const char *what)
{
    if (fine)
        return;
    fprintf(stderr, "bench_load: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void bad_usage(const char *what)
{
    fprintf(stderr, "bench_load: %s\n%s", what, usage);
    exit(2);
}

void load_step(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    printf("\n");
    fflush(stdout);
    char line[16];
    if (load_options.steps && fgets(line, sizeof line, stdin) == NULL)
        exit(1);
}

/* --- Options --- */

static struct sockaddr_in parse_address(const char *text)
{
    char host[64];
    const char *colon = strrchr(text, ':');
    struct sockaddr_in address = {.sin_family = AF_INET};
    if (colon == NULL || (size_t)(colon - text) >= sizeof host)
        bad_usage("an address is A:PORT");
    snprintf(host, sizeof host, "%.*s", (int)(colon - text), text);
    address.sin_port = htons((uint16_t)strtoul(colon + 1, NULL, 10));
    if (inet_pton(AF_INET, host, &address.sin_addr) != 1 || address.sin_port == 0)
        bad_usage("an address is A:PORT");
    return address;
}

static unsigned parse_direction(const char *text)
{
    if (strcmp(text, "down") == 0)
        return LOAD_SERVER_SENDS;
    if (strcmp(text, "up") == 0)
        return LOAD_CLIENT_SENDS;
    if (strcmp(text, "both") != 0)
        bad_usage("a direction is down, up or both");
    return LOAD_CLIENT_SENDS | LOAD_SERVER_SENDS;
}

static void parse_option(int option)
{
    struct load_options *o = &load_options;
    switch (option) {
    case 's':
        o->server = parse_address(optarg);
        break;
    case 't':
        o->target = parse_address(optarg);
        break;
    case 'c':
        o->connections = (int)strtol(optarg, NULL, 10);
        break;
    case 'i':
        o->idle = (int)strtol(optarg, NULL, 10);
        break;
    case 'b':
        o->bytes = strtoul(optarg, NULL, 10);
        break;
    case 'B':
        o->block = strtoul(optarg, NULL, 10);
        break;
    case 'd':
        o->senders = parse_direction(optarg);
        break;
    case 'S':
        o->seconds = strtod(optarg, NULL);
        break;
    case 'w':
        o->warm_up = strtod(optarg, NULL);
        break;
    case 'n':
        o->count = strtol(optarg, NULL, 10);
        break;
    case 'C':
        o->content = load_content_find(optarg);
        if (o->content == NULL)
            bad_usage("no such content");
        break;
    case 'p':
        o->steps = true;
        break;
    default:
        bad_usage("no such option");
    }
}

static const struct mode *parse(int argc, char **argv)
{
    static const struct option rows[] = {{"server", 1, NULL, 's'}, {"target", 1, NULL, 't'},
        {"connections", 1, NULL, 'c'}, {"idle", 1, NULL, 'i'}, {"bytes", 1, NULL, 'b'},
        {"block", 1, NULL, 'B'}, {"direction", 1, NULL, 'd'}, {"seconds", 1, NULL, 'S'},
        {"warm-up", 1, NULL, 'w'}, {"count", 1, NULL, 'n'}, {"content", 1, NULL, 'C'},
        {"steps", 0, NULL, 'p'}, {NULL, 0, NULL, 0}};
    int option;
    load_options.content = load_content_find("none");
    while ((option = getopt_long(argc, argv, "", rows, NULL)) != -1)
        parse_option(option);
    if (load_options.server.sin_port == 0 || load_options.target.sin_port == 0)
        bad_usage("--server and --target are required");
    if (load_options.connections < 1 || load_options.bytes < 1 ||
        load_options.bytes > LOAD_MESSAGE_MAX || load_options.block < 1)
        bad_usage("--connections, --bytes (up to 4096) and --block are at least 1");
    if (load_options.content->unit > load_options.block)
        bad_usage("a block holds a unit of the content");
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        if (optind == argc - 1 && strcmp(argv[optind], modes[i].name) == 0)
            return &modes[i];
    }
    bad_usage("stream, requests or connects");
    return NULL;
}

int main(int argc, char **argv)
{
    const struct mode *mode = parse(argc, argv);
    signal(SIGPIPE, SIG_IGN);
    load_shared =
        mmap(NULL, sizeof *load_shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    load_must(load_shared != MAP_FAILED, "mmap");
    int listener = load_listen(&load_options.server);
    pid_t client = getpid(), server = fork();
    load_must(server >= 0, "fork");
    alarm(HANG_S);
    if (server == 0) {
        load_must(prctl(PR_SET_PDEATHSIG, SIGKILL) == 0, "PR_SET_PDEATHSIG");
        if (getppid() != client)
            _exit(1);
        mode->serve(listener);
    }
    close(listener);
    mode->run();
    kill(server, SIGKILL);
    /* Its sockets are closed when we end, so that this falls into nobody's next sample. */
    load_must(waitpid(server, NULL, 0) == server, "waitpid");
    return 0;
}
