/* SPDX-License-Identifier: MIT */
/*
 * A connection may be ended, and the whole worker closed, at any moment.
 *
 * In this process: a worker on a loop of its own, and a script that drives both ends of one
 * connection through it by turns, a step at a time, with non-blocking sockets. A first run counts
 * the events that the worker emits. Then the script runs again for each of them, and is cut off
 * right there in one of three ways:
 *
 *   STOP    session_stop() from inside the callback that delivers event k
 *   CLOSE   proxies_close() and worker_close() from the loop after event k
 *   STEP    the same after step k of the script, between events
 *
 * Whatever was cut off, the loop has to come to its end by itself, uv_loop_close() has to say 0,
 * every connection that was accepted has to be reported `closed` once, and no descriptor may be
 * left. The asan build adds: no memory either.
 */
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proxy/control/control.h"
#include "proxy/net/connection.h"
#include "proxy/net/proxy.h"
#include "proxy/net/worker.h"
#include "tests/lib/records.h"
#include "tests/lib/wire.h"

enum op {
    CONNECT,
    ACCEPT,
    SEND, /* n bytes */
    READ, /* n bytes */
    END,  /* reads to EOF or error */
    FIN,
    RESET,
    QUIT,  /* close() */
    GONE,  /* until the worker has no connection */
    EVENT, /* until event number n was emitted */
};

enum { CLIENT, SERVER };

struct step {
    int actor;
    enum op op;
    size_t n;
};

#define STEPS_MAX 16

struct script {
    const char *name;
    const char *upstream; /* NULL: the test's own server */
    const char *proxy;    /* further keys of the proxy */
    const char *fault;    /* NULL: none */
    struct step steps[STEPS_MAX];
    size_t count;
    int rcvbuf; /* of the client; 0: the kernel's */
};

#define OPEN                                                                                       \
    {CLIENT, CONNECT, 0},                                                                          \
    {                                                                                              \
        SERVER, ACCEPT, 0                                                                          \
    }
#define C(op, n)                                                                                   \
    {                                                                                              \
        CLIENT, op, n                                                                              \
    }
#define S(op, n)                                                                                   \
    {                                                                                              \
        SERVER, op, n                                                                              \
    }
#define STEPS(...)                                                                                 \
    .steps = {__VA_ARGS__}, .count = sizeof((struct step[]){__VA_ARGS__}) / sizeof(struct step)

#define MB 1000000

/* EVENT's count starts with `listening`; the second one is `open` or `connect_failed`. */
static const struct script scripts[] = {
    {"plain-exchange", NULL, "", NULL,
        STEPS(OPEN, C(SEND, 1000), S(READ, 1000), S(SEND, 70000), C(READ, 70000), C(FIN, 0),
            S(END, 0), S(SEND, 5), C(READ, 5), S(FIN, 0), C(END, 0), C(GONE, 0))},
    {"client-resets", NULL, "", NULL,
        STEPS(OPEN, C(SEND, 1000), S(SEND, 10), C(RESET, 0), S(END, 0), C(GONE, 0))},
    {"server-resets-a-slow-reader", NULL, "buffer=8k rcvbuf=8k sndbuf=8k", NULL,
        STEPS(OPEN, S(SEND, 20000), S(RESET, 0), C(END, 0), C(GONE, 0))},
    {"reset-drain-slow-reader", NULL, "", "type=reset when=bytes:100000", .rcvbuf = 4096,
        STEPS(OPEN, S(SEND, 2 * MB), C(EVENT, 3), C(READ, 1000), C(END, 0), C(GONE, 0))},
    {"reset-abrupt", NULL, "", "type=reset mode=abrupt when=bytes:100 side=client other=hold",
        STEPS(OPEN, S(SEND, 200), C(END, 0), S(QUIT, 0), C(GONE, 0))},
    {"reset-after-fin", NULL, "", "type=reset mode=after_fin when=bytes:100",
        STEPS(OPEN, S(SEND, 200), C(END, 0), S(END, 0), C(GONE, 0))},
    {"graceful-close-lingers", NULL, "", "type=close when=bytes:100 linger=100ms",
        STEPS(OPEN, S(SEND, 200), C(READ, 100), C(SEND, 50000), C(GONE, 0))},
    {"unread", NULL, "", "type=unread side=client bytes=1000 when=bytes:10",
        STEPS(OPEN, S(SEND, 20), C(READ, 10), C(SEND, 999), C(SEND, 1), C(END, 0), S(QUIT, 0),
            C(GONE, 0))},
    {"hold-fin", NULL, "", "type=hold_fin for=30ms",
        STEPS(OPEN, C(SEND, 10), C(FIN, 0), S(READ, 10), S(END, 0), S(FIN, 0), C(END, 0),
            C(GONE, 0))},
    {"hold-fin-for-ever", NULL, "", "type=hold_fin direction=upstream",
        STEPS(OPEN, C(SEND, 10), C(FIN, 0), S(READ, 10), C(EVENT, 4), S(RESET, 0), C(END, 0),
            C(GONE, 0))},
    {"half-close", NULL, "", "type=half_close side=client when=bytes:10",
        STEPS(OPEN, S(SEND, 20), C(END, 0), C(SEND, 5), S(READ, 5), C(FIN, 0), S(FIN, 0),
            C(GONE, 0))},
    {"shut-rd-reset", NULL, "", "type=shut_rd mode=reset side=client when=bytes:10",
        STEPS(OPEN, S(SEND, 20), C(READ, 10), C(SEND, 5), C(END, 0), S(QUIT, 0), C(GONE, 0))},
    {"time-and-eof", NULL, "", "type=close mode=plain when=time:20ms",
        STEPS(OPEN, C(SEND, 10), C(END, 0), S(END, 0), C(GONE, 0))},
    {"reset-at-accept", NULL, "", "type=reset when=accept side=client",
        STEPS(C(CONNECT, 0), C(END, 0), C(GONE, 0))},
    {"refused", "127.0.0.1:1", "", NULL, STEPS(C(CONNECT, 0), C(END, 0), C(GONE, 0))},
    {"refused-refuse", "127.0.0.1:1", "unreachable=refuse", NULL,
        STEPS(C(CONNECT, 0), C(END, 0), C(GONE, 0), C(EVENT, 4))},
    {"refused-close", "127.0.0.1:1", "unreachable=close", NULL,
        STEPS(C(CONNECT, 0), C(SEND, 10), C(END, 0), C(QUIT, 0), C(GONE, 0))},
    {"refused-hang", "127.0.0.1:1", "unreachable=hang", NULL,
        STEPS(C(CONNECT, 0), C(SEND, 10), C(EVENT, 2), C(RESET, 0), C(GONE, 0))},
    {"by-name", "localhost", "", NULL,
        STEPS(OPEN, C(SEND, 10), S(READ, 10), S(FIN, 0), C(END, 0), C(QUIT, 0), C(GONE, 0))},
    {"no-such-name", "name.invalid:1", "", NULL,
        STEPS(C(CONNECT, 0), C(END, 0), C(QUIT, 0), C(GONE, 0))},
    {"builtin", "builtin:echo", "", NULL,
        STEPS(C(CONNECT, 0), C(SEND, 50000), C(READ, 50000), C(FIN, 0), C(END, 0), C(GONE, 0))},
};

enum cut { CUT_NONE, CUT_STOP, CUT_CLOSE, CUT_STEP };

struct bench {
    const struct script *script;
    enum cut cut;
    size_t cut_at; /* event or step, from 1 */
    bool due;      /* cut off as soon as the loop returns */
    uv_loop_t loop;
    struct worker worker;
    struct wire_listener server;
    int drop_syns; /* holds the server's port on ::1; -1: not */
    int fd[2];     /* by actor */
    size_t at;     /* step */
    size_t moved;
    size_t events;
    size_t begun; /* connections that were reported open, failed or faulted */
    size_t closed;
};

static void stop_sessions(struct bench *bench)
{
    list_for_each(link, &bench->worker.proxies)
    {
        struct proxy *proxy = container_of(link, struct proxy, link);
        proxy_stop_connections(proxy, CAUSE_STOPPED);
    }
}

static void on_event(void *user, const struct event *event)
{
    struct bench *bench = user;
    bench->events++;
    bench->closed += event->kind == EVENT_CLOSED;
    bench->begun = event->connection > bench->begun ? event->connection : bench->begun;
    if (bench->events != bench->cut_at)
        return;
    if (bench->cut == CUT_STOP)
        stop_sessions(bench);
    bench->due = bench->cut == CUT_CLOSE;
}

static bool move_bytes(struct bench *bench, const struct step *step)
{
    char bytes[16384] = {0};
    int fd = bench->fd[step->actor];
    size_t want = step->op == END ? sizeof bytes : step->n - bench->moved;
    want = want < sizeof bytes ? want : sizeof bytes;
    ssize_t n = step->op == SEND ? send(fd, bytes, want, MSG_NOSIGNAL) : recv(fd, bytes, want, 0);
    if (n < 0)
        return errno != EAGAIN && errno != EINTR; /* any other error ends the step */
    if (n == 0 && step->op != SEND)
        return true;
    bench->moved += (size_t)n;
    return step->op != END && bench->moved == step->n;
}

static void connect_client(struct bench *bench)
{
    struct proxy *proxy = container_of(bench->worker.proxies.next, struct proxy, link);
    const struct listener *listener = &proxy->listener;
    struct peer_address address = {listener->address, listener->address_len};
    bench->fd[CLIENT] = wire_connect(&address, bench->script->rcvbuf);
}

static void end_socket(int *fd, bool reset)
{
    if (reset)
        wire_reset(*fd);
    else if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* Goes on with a step. True: it is done, or can never be. */
static bool advance(struct bench *bench, const struct step *step)
{
    int *fd = &bench->fd[step->actor];
    switch (step->op) {
    case CONNECT:
        connect_client(bench);
        return true;
    case ACCEPT:
        *fd = accept4(bench->server.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        return *fd >= 0;
    case SEND:
    case READ:
    case END:
        return move_bytes(bench, step);
    case FIN:
        (void)shutdown(*fd, SHUT_WR);
        return true;
    case RESET:
    case QUIT:
        end_socket(fd, step->op == RESET);
        return true;
    case GONE:
        return bench->worker.connections == 0;
    case EVENT:
        return bench->events >= step->n;
    }
    return true;
}

static bool build_config(const struct bench *bench, struct config *config)
{
    char keys[512];
    char upstream[PEER_ADDRESS_TEXT];
    const struct script *script = bench->script;
    snprintf(
        upstream, sizeof upstream, "%s", script->upstream ? script->upstream : bench->server.text);
    if (strcmp(upstream, "localhost") == 0)
        snprintf(upstream, sizeof upstream, "localhost%s", strrchr(bench->server.text, ':'));
    snprintf(keys, sizeof keys, "listen=127.0.0.1:0 upstream=%s %s", upstream, script->proxy);
    struct config_source *source = config_source_new();
    if (source == NULL)
        return false;
    config_source_add_words(source, "proxy", "proxy p", keys);
    if (script->fault != NULL)
        config_source_add_words(source, "fault", "fault f", script->fault);
    size_t problems = config_build(source, config, stdout);
    config_source_free(source);
    return problems == 0;
}

/* "localhost" may be ::1 as well, where the same port may be anybody's: then it is not ours.
 * Without SO_REUSEADDR, which would let us in where another test has reserved it. */
static bool deafen_ipv6(struct bench *bench)
{
    struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_addr = in6addr_loopback};
    address.sin6_port = ((struct sockaddr_in *)&bench->server.address.storage)->sin_port;
    bench->drop_syns = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return bench->drop_syns < 0 ||
           bind(bench->drop_syns, (struct sockaddr *)&address, sizeof address) == 0 ||
           errno != EADDRINUSE;
}

static void end_server(struct bench *bench)
{
    wire_unlisten(&bench->server);
    end_socket(&bench->drop_syns, false);
}

static bool start_server(struct bench *bench)
{
    for (int tries = 0; tries < 100; tries++) {
        if (wire_listen(&bench->server, "127.0.0.1:0", 16, 0) != 0)
            return false;
        if (deafen_ipv6(bench))
            return true;
        end_server(bench);
    }
    return false;
}

static bool start(struct bench *bench)
{
    struct config config;
    struct err err = {0};
    bench->fd[CLIENT] = bench->fd[SERVER] = bench->drop_syns = -1;
    if (uv_loop_init(&bench->loop) != 0 ||
        worker_init(&bench->worker, &bench->loop, on_event, bench) != 0 || !start_server(bench) ||
        !build_config(bench, &config))
        return false;
    struct control control;
    control_init(&control, &bench->worker, &config.settings);
    bool good = control_load(&control, &config, CONTROL_KEEP_API, &err) == CONTROL_OK;
    control_deinit(&control);
    config_free(&config);
    if (!good)
        printf("FAIL %s: %s\n", bench->script->name, err.text);
    return good;
}

static bool is_cut(const struct bench *bench)
{
    return bench->due || (bench->cut == CUT_STOP && bench->events >= bench->cut_at) ||
           (bench->cut == CUT_STEP && bench->at >= bench->cut_at);
}

/* Plays the script up to its end or the cut. False: it got stuck. */
static bool play(struct bench *bench)
{
    int64_t deadline = wire_now_ms() + WIRE_DEADLINE_MS;
    while (bench->at < bench->script->count && !is_cut(bench)) {
        if (wire_now_ms() > deadline)
            return false;
        if (advance(bench, &bench->script->steps[bench->at])) {
            bench->at++;
            bench->moved = 0;
        }
        if (!is_cut(bench))
            worker_turn(&bench->worker, 0);
    }
    return true;
}

/* After session_stop() every connection has to go by itself. */
static bool drain(struct bench *bench)
{
    int64_t deadline = wire_now_ms() + WIRE_DEADLINE_MS;
    while (bench->cut == CUT_STOP && bench->worker.connections > 0) {
        if (wire_now_ms() > deadline)
            return false;
        worker_turn(&bench->worker, 0);
    }
    return true;
}

static void report_problem(const struct bench *bench, const char *what, long got, long wanted)
{
    static const char *const cuts[] = {"whole", "stop at event", "close at event", "close at step"};
    printf("FAIL %s, %s %zu: %s: %ld, not %ld (step %zu, event %zu)\n", bench->script->name,
        cuts[bench->cut], bench->cut_at, what, got, wanted, bench->at, bench->events);
}

/* One run; events emitted, or 0 if something was wrong. */
static size_t run_script(const struct script *script, enum cut cut, size_t cut_at)
{
    struct bench bench = {.script = script, .cut = cut, .cut_at = cut_at};
    int before = records_count_descriptors(getpid());
    bool good = start(&bench);
    if (good && (!play(&bench) || !drain(&bench))) {
        report_problem(&bench, "stuck, connections", (long)bench.worker.connections, 0);
        good = false;
    }
    size_t events = bench.events;
    proxies_close(&bench.worker);
    worker_close(&bench.worker);
    end_socket(&bench.fd[CLIENT], true);
    end_socket(&bench.fd[SERVER], true);
    end_server(&bench);
    uv_run(&bench.loop, UV_RUN_DEFAULT);
    worker_deinit(&bench.worker);
    int result = uv_loop_close(&bench.loop);
    int after = records_count_descriptors(getpid());
    const struct {
        const char *what;
        long got, wanted;
    } checks[] = {
        {"uv_loop_close()", result, 0},
        {"connections closed", (long)bench.closed, (long)bench.begun},
        {"descriptors", after, before},
    };
    for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++) {
        if (checks[i].got != checks[i].wanted) {
            report_problem(&bench, checks[i].what, checks[i].got, checks[i].wanted);
            good = false;
        }
    }
    return good ? events : 0;
}

/* libuv opens some descriptors for the life of the process with its first loop. */
static void open_lasting_descriptors(void)
{
    uv_loop_t loop;
    if (uv_loop_init(&loop) == 0)
        (void)uv_loop_close(&loop);
}

int main(void)
{
    size_t passed = 0;
    size_t failed = 0;
    open_lasting_descriptors();
    for (size_t i = 0; i < sizeof scripts / sizeof scripts[0]; i++) {
        const struct script *script = &scripts[i];
        size_t events = run_script(script, CUT_NONE, 0);
        size_t cuts[] = {1, events, events, script->count};
        for (int cut = CUT_NONE; cut <= CUT_STEP; cut++) {
            for (size_t k = 1; k <= cuts[cut]; k++) {
                bool good = run_script(script, (enum cut)cut, k) != 0 && events != 0;
                passed += good;
                failed += !good;
            }
        }
        printf("%s: %zu events, %zu steps\n", script->name, events, script->count);
        fflush(stdout);
    }
    printf("%zu passed, %zu failed\n", passed, failed);
    return failed == 0 ? 0 : 1;
}
