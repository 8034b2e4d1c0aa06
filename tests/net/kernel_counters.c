/* SPDX-License-Identifier: MIT */
/*
 * Which kind of RST went out, as the kernel counts them.
 *
 * To their peers a close() with unread bytes and one with SO_LINGER {1,0} look the same; only the
 * kernel that sent the RST knows why. It says so in TcpExt of /proc/net/netstat
 * (net/ipv4/proc.c), for each network namespace by itself. So this program moves into a namespace
 * of its own, with nothing in it but a loopback interface, starts the proxy in there, and compares
 * the counters before and after each connection: exactly, because nobody else counts here.
 *
 * The peers' own sockets must not count either. They read to the end and close with nothing
 * unread, and the second look waits for the proxy's `closed` record.
 *
 * Where a namespace is not permitted, there is nothing to prove: skipped.
 */
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/lib/namespace.h"
#include "tests/lib/records.h"
#include "tests/lib/wire.h"

/* After so many reads of the counters without a change they count as settled. */
#define SETTLED_READS 20

enum counter { ON_CLOSE, ON_DATA, ON_LINGER, ON_TIMEOUT, FAILED, COUNTERS };

static const char *const counter_names[COUNTERS] = {
    [ON_CLOSE] = "TCPAbortOnClose",
    [ON_DATA] = "TCPAbortOnData",
    [ON_LINGER] = "TCPAbortOnLinger",
    [ON_TIMEOUT] = "TCPAbortOnTimeout",
    [FAILED] = "TCPAbortFailed",
};

struct counters {
    long value[COUNTERS];
};

/* The client's action; the server always sends SERVER_BYTES first. */
enum client_act {
    JUST_READ,  /* to the end */
    SEND_LATER, /* reads SERVER_BYTES, then sends, then reads to the end */
    FILL_FIRST, /* sends until it blocks, before the server sends */
};

#define SERVER_BYTES 1000

struct counter_case {
    const char *name;
    const char *fault; /* keys, NULL: none */
    enum client_act client;
    int client_errnum; /* at the end of what the client reads */
    long wanted[COUNTERS];
};

/* The faults are on the client's side alone; the server's socket is closed gracefully by `other`,
 * which counts nowhere. */
#define AT_1000 "when = bytes:1000\nside = client\n"

static const struct counter_case cases[] = {
    {"no-fault", NULL, JUST_READ, 0, {0}},
    {"close-graceful", "type = close\n" AT_1000, JUST_READ, 0, {0}},
    {"close-graceful-drains", "type = close\n" AT_1000, SEND_LATER, 0, {0}},
    {"close-plain", "type = close\nmode = plain\n" AT_1000, JUST_READ, 0, {0}},
    {"close-plain-unread", "type = close\nmode = plain\n" AT_1000, FILL_FIRST, ECONNRESET,
        {[ON_CLOSE] = 1}},
    {"half-close", "type = half_close\n" AT_1000, JUST_READ, 0, {0}},
    {"hold-fin", "type = hold_fin\nfor = 10ms\n", JUST_READ, 0, {0}},
    {"unread", "type = unread\n" AT_1000, SEND_LATER, ECONNRESET, {[ON_CLOSE] = 1}},
    {"unread-from-open", "type = unread\nhold = open\n" AT_1000, SEND_LATER, ECONNRESET,
        {[ON_CLOSE] = 1}},
    {"reset-drain", "type = reset\n" AT_1000, JUST_READ, ECONNRESET, {[ON_DATA] = 1}},
    {"reset-abrupt", "type = reset\nmode = abrupt\n" AT_1000, JUST_READ, ECONNRESET,
        {[ON_DATA] = 1}},
    /* The acknowledgement of the FIN finds the socket closed, with TCP_LINGER2 < 0
     * (tcp_rcv_state_process in net/ipv4/tcp_input.c): counted as data after close. */
    {"reset-after-fin", "type = reset\nmode = after_fin\n" AT_1000, JUST_READ, 0, {[ON_DATA] = 1}},
    {"reset-both-sides", "type = reset\nwhen = bytes:1000\n", JUST_READ, ECONNRESET,
        {[ON_DATA] = 2}},
    /* One RST for the client's unread bytes, one for the server. */
    {"unread-other-reset", "type = unread\nother = reset\n" AT_1000, SEND_LATER, ECONNRESET,
        {[ON_CLOSE] = 1, [ON_DATA] = 1}},
    {"shut-rd-discard", "type = shut_rd\n" AT_1000, SEND_LATER, 0, {0}},
};

#define CASE_COUNT (sizeof cases / sizeof cases[0])

/* Takes a word off the line; its length goes to *length, 0 behind the last one. */
static const char *next_word(const char **line, size_t *length)
{
    const char *word = *line + strspn(*line, " \n");
    *length = strcspn(word, " \n");
    *line = word + *length;
    return word;
}

/* A row comes in two lines, of names and of values. */
static void take_row(const char *names, const char *values, struct counters *out)
{
    size_t name_length = 0;
    size_t value_length = 0;
    do {
        const char *name = next_word(&names, &name_length);
        const char *value = next_word(&values, &value_length);
        for (int i = 0; i < COUNTERS; i++) {
            if (strlen(counter_names[i]) == name_length &&
                strncmp(name, counter_names[i], name_length) == 0)
                out->value[i] = strtol(value, NULL, 10);
        }
    } while (name_length > 0 && value_length > 0);
}

static bool read_counters(struct counters *out)
{
    char names[8192] = "";
    char values[8192] = "";
    FILE *file = fopen("/proc/self/net/netstat", "re");
    bool found = false;
    while (file != NULL && !found && fgets(names, sizeof names, file) != NULL &&
           fgets(values, sizeof values, file) != NULL)
        found = strncmp(names, "TcpExt:", 7) == 0;
    if (file != NULL)
        fclose(file);
    if (found)
        take_row(names, values, out);
    return found;
}

/* Reads them until they stay the same: a RST that answers a late acknowledgement comes from a
 * softirq, of which no process is told. */
static bool settle_counters(
    const struct counters *before, const struct counter_case *it, struct counters *now)
{
    int64_t deadline = wire_now_ms() + WIRE_DEADLINE_MS;
    int same = 0;
    while (same < SETTLED_READS && wire_now_ms() < deadline) {
        same++;
        if (!read_counters(now))
            return false;
        for (int i = 0; i < COUNTERS; i++)
            same = now->value[i] - before->value[i] < it->wanted[i] ? 0 : same;
        wire_tick();
    }
    return true;
}

/* Until the proxy takes no more. */
static void splice_in(int fd)
{
    static const char bytes[65536];
    while (wire_poll(fd, POLLOUT, 300) > 0) {
        if (send(fd, bytes, sizeof bytes, MSG_NOSIGNAL) < 0 && errno != EAGAIN)
            return;
    }
}

/* Reads to the end, whatever it is, and leaves nothing unread. */
static void finish(int fd)
{
    (void)shutdown(fd, SHUT_WR);
    (void)wire_read_end(fd, 0, 65536);
    close(fd);
}

static bool drive(const struct counter_case *it, int client, int server)
{
    static const char bytes[10];
    if (it->client == FILL_FIRST)
        splice_in(client);
    if (wire_send(server, 1, SERVER_BYTES) != 0)
        return false;
    if (it->fault == NULL || strstr(it->fault, "hold_fin") != NULL ||
        strstr(it->fault, "shut_rd") != NULL)
        (void)shutdown(server, SHUT_WR);
    if (it->client == SEND_LATER) {
        if (wire_read(client, 1, SERVER_BYTES) != 0 ||
            send(client, bytes, sizeof bytes, MSG_NOSIGNAL) != sizeof bytes)
            return false;
        /* its answer, if it is a RST, comes at once */
    }
    struct wire_end end = wire_read_end(client, 1, 65536);
    if (end.errnum != it->client_errnum)
        printf("FAIL %s: the client read %s, not %s\n", it->name, strerror(end.errnum),
            strerror(it->client_errnum));
    return end.errnum == it->client_errnum;
}

static bool compare(
    const struct counter_case *it, const struct counters *before, const struct counters *after)
{
    bool good = true;
    printf("%-24s", it->name);
    for (int i = 0; i < COUNTERS; i++) {
        long got = after->value[i] - before->value[i];
        if (got != it->wanted[i])
            printf(" FAIL %s: %ld, not %ld", counter_names[i], got, it->wanted[i]);
        else if (got != 0)
            printf(" %s +%ld", counter_names[i], got);
        good = good && got == it->wanted[i];
    }
    printf("\n");
    return good;
}

static bool run_case(const struct proxy_process *process, const struct counter_case *it,
    const struct wire_listener *listener)
{
    struct counters before = {0};
    struct counters after = {0};
    if (!read_counters(&before))
        return false;
    int client = wire_connect_proxy(process, it->name);
    int server = client >= 0 ? wire_accept(listener) : -1;
    if (server < 0) {
        printf("FAIL %s: connect %d, accept %d\n", it->name, client, server);
        return false;
    }
    bool good = drive(it, client, server);
    finish(client);
    finish(server);
    char *record = records_wait(process, "closed", it->name, 1);
    good = good && record != NULL && settle_counters(&before, it, &after);
    good = compare(it, &before, &after) && good;
    if (!good)
        printf("     %s\n", record != NULL ? record : "not closed");
    free(record);
    return good;
}

static bool start(struct proxy_process *process, const struct wire_listener *listener)
{
    static char sections[CASE_COUNT * 320];
    size_t used = 0;
    for (size_t i = 0; i < CASE_COUNT; i++) {
        char fault[200] = "";
        if (cases[i].fault != NULL)
            snprintf(fault, sizeof fault, "[fault %s]\nproxy = %s\n%s", cases[i].name,
                cases[i].name, cases[i].fault);
        snprintf(sections + used, sizeof sections - used,
            "[proxy %s]\nlisten = 127.0.0.1:0\nupstream = %s\n%s\n", cases[i].name, listener->text,
            fault);
        used += strlen(sections + used);
    }
    return proxy_process_start(process, "grace = 1s\n", sections);
}

int main(void)
{
    struct proxy_process process;
    struct wire_listener listener;
    size_t passed = 0;
    int result = namespace_enter(CLONE_NEWNET);
    if (result == 0)
        result = namespace_loopback_up();
    if (result != 0) {
        printf("skipped: no network namespace of its own is permitted: %s\n", strerror(-result));
        return 77;
    }
    if (wire_listen(&listener, "127.0.0.1:0", 16, 0) != 0 || !start(&process, &listener)) {
        printf("FAIL cannot start\n");
        return 1;
    }
    for (size_t i = 0; i < CASE_COUNT; i++)
        passed += run_case(&process, &cases[i], &listener);
    bool stopped = proxy_process_stop(&process);
    wire_unlisten(&listener);
    printf("%zu passed, %zu failed\n", passed, CASE_COUNT - passed + !stopped);
    return passed == CASE_COUNT && stopped ? 0 : 1;
}
