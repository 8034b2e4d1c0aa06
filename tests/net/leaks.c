/* SPDX-License-Identifier: MIT */
/*
 * Thousands of connections that end in every way leave nothing behind.
 *
 * Each connection picks a proxy, one for each kind of fault (and one without, one whose upstream
 * refuses, one on UNIX sockets), and both its ends pick what they do, from a generator with a fixed
 * seed. They run BATCH at a time, side by side; at the end of a batch everything still open is
 * closed or reset by its owner, which ends also what a fault holds open.
 *
 * First WARM_UP connections let the program allocate what it keeps for ever. Then its descriptors
 * are counted and its memory measured, COUNTED more connections run, and both must be as before:
 * descriptors exactly, memory within a few pages for the allocator's mood. When the log has a
 * `closed` record for every connection they are all gone; nothing here waits for a time.
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/lib/records.h"
#include "tests/lib/wire.h"

#define WARM_UP 600
#define COUNTED 2000
#define BATCH 40
#define ROUNDS 4 /* acts of each end */
#define SEED 20240607u
#define GROWTH_MAX_KB 200

/* Memory that the program keeps for reuse depends by chance on how many connections were open at
 * once. It fills up sooner or later; a leak never does. A leak of one small connection in ten would
 * be 200 kB in every stretch of COUNTED. Sanitizers keep freed memory aside. */
#define STRETCHES 12
#define CONNECTIONS_MAX (WARM_UP + STRETCHES * COUNTED)
#ifdef RUDEPROXY_SANITIZED
#define MEASURE_MEMORY false
#else
#define MEASURE_MEMORY true
#endif

static const struct {
    const char *name;
    const char *fault; /* NULL: none */
} rows[] = {
    {"plain", NULL},
    {"refused", NULL},
    {"mixed", "type = reset\nwhen = bytes:100\nconnections = every:3\n"
              "[fault mixed-2]\nproxy = mixed\ntype = close\nwhen = time:1ms\n"
              "connections = 1-400,every:7\n[fault mixed-3]\nproxy = mixed\ntype = half_close\n"
              "side = server\ntimes = 50\n"},
    {"close-graceful", "type = close\nwhen = bytes:1000\nlinger = 20ms\n"},
    {"close-plain", "type = close\nmode = plain\nwhen = bytes:1000\ndirection = upstream\n"},
    {"close-at-eof", "type = close\nwhen = eof\ndirection = both\n"},
    {"reset-drain", "type = reset\nwhen = bytes:3000\nside = client\n"},
    {"reset-abrupt", "type = reset\nmode = abrupt\nside = server\nother = hold\n"},
    {"reset-after-fin", "type = reset\nmode = after_fin\nwhen = bytes:1\n"},
    {"reset-accept", "type = reset\nwhen = accept\nside = client\nconnections = every:2\n"},
    {"reset-time", "type = reset\nwhen = time:2ms\nside = client\nother = reset\n"},
    {"unread", "type = unread\nside = client\nbytes = 500\nother = reset\n"},
    {"unread-open", "type = unread\nside = server\nhold = open\nwhen = bytes:1\n"
                    "direction = upstream\n"},
    {"half-close", "type = half_close\nside = client\nwhen = bytes:2000\n"},
    {"hold-fin", "type = hold_fin\n"},
    {"hold-fin-for", "type = hold_fin\nfor = 3ms\n"},
    {"shut-rd", "type = shut_rd\nside = client\nwhen = bytes:10\n"},
    {"shut-rd-reset", "type = shut_rd\nside = server\nmode = reset\nwhen = bytes:10\n"},
};

#define ROW_COUNT (sizeof rows / sizeof rows[0])

/* Some faults hold a connection for ever if both ends only close: there the client resets. */
static bool holds(size_t row)
{
    return strcmp(rows[row].name, "hold-fin") == 0 || strcmp(rows[row].name, "unread-open") == 0;
}

struct suite {
    struct proxy_process process;
    struct wire_listener server;
    struct peer_address proxies[ROW_COUNT];
    uint64_t actions, picks; /* generators */
    size_t opened;
    size_t by_row[ROW_COUNT];
};

/* splitmix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014). */
static uint64_t splitmix(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static uint64_t draw(struct suite *suite, uint64_t below)
{
    return splitmix(&suite->actions) % below;
}

/* How many actions are drawn depends on how fast connections come; what is connected to does not.
 */
static size_t pick_row(struct suite *suite)
{
    return (size_t)(splitmix(&suite->picks) % ROW_COUNT);
}

/* One random deed on an open socket; whether it works does not matter. */
static void act(struct suite *suite, int *fd, bool may_close)
{
    static char bytes[20000];
    if (*fd < 0)
        return;
    switch (draw(suite, 8)) {
    case 0:
    case 1:
        (void)send(*fd, bytes, 1 + draw(suite, sizeof bytes), MSG_NOSIGNAL);
        break;
    case 2:
        (void)send(*fd, bytes, 1 + draw(suite, 20), MSG_NOSIGNAL);
        break;
    case 3:
    case 4:
        (void)recv(*fd, bytes, 1 + draw(suite, sizeof bytes), 0);
        break;
    case 5:
        (void)shutdown(*fd, SHUT_WR);
        break;
    case 6:
        if (may_close && draw(suite, 2) == 0) {
            close(*fd);
            *fd = -1;
        }
        break;
    default:
        if (draw(suite, 2) == 0) {
            wire_reset(*fd);
            *fd = -1;
        }
    }
}

static void end_all(struct suite *suite, int *fds, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (fds[i] >= 0 && draw(suite, 2) == 0)
            (void)shutdown(fds[i], SHUT_RDWR);
        wire_reset(fds[i]);
        fds[i] = -1;
    }
}

/* Accepts the connections that wait now; servers act while their clients do. */
static void accept_some(struct suite *suite, int *fds, size_t *n)
{
    while (*n < 2 * BATCH) {
        int fd = accept4(suite->server.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd < 0)
            return;
        fds[(*n)++] = fd;
    }
}

static bool open_clients(struct suite *suite, int *fds, size_t *picked)
{
    for (size_t i = 0; i < BATCH; i++) {
        size_t row = picked[i] = pick_row(suite);
        fds[i] = wire_connect(&suite->proxies[row], 0);
        if (fds[i] < 0) {
            printf("FAIL connect to %s: %s\n", rows[row].name, strerror(-fds[i]));
            return false;
        }
        suite->opened++;
        suite->by_row[row]++;
    }
    return true;
}

/* BATCH connections at once, from connect() to the last close(). */
static bool run_batch(struct suite *suite)
{
    int clients[BATCH];
    int servers[2 * BATCH];
    size_t accepted = 0;
    size_t picked[BATCH];
    if (!open_clients(suite, clients, picked))
        return false;
    for (size_t round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < BATCH; i++) {
            act(suite, &clients[i], !holds(picked[i]));
            accept_some(suite, servers, &accepted);
            if (accepted > 0)
                act(suite, &servers[draw(suite, accepted)], true);
        }
        wire_tick();
    }
    end_all(suite, clients, BATCH);
    end_all(suite, servers, accepted);
    return true;
}

/* Prints the log of a connection that is still open. */
static void print_events(const char *log, const char *proxy, size_t number)
{
    static const char *const events[] = {"open", "fault", "eof", "reset_seen", "connect_failed"};
    printf("     %s, connection %zu is open\n", proxy, number);
    for (size_t i = 0; i < sizeof events / sizeof events[0]; i++) {
        char *record = records_find(log, events[i], proxy, number);
        if (record != NULL)
            printf("       %s\n", record);
        free(record);
    }
}

/* The row and number in the head of a line about the end of a connection; false for other lines. */
static bool parse_closed(const char *line, size_t *row, size_t *number)
{
    char name[32];
    const char *head = strstr(line, "\"event\":\"closed\",\"proxy\":\"");
    const char *end = strchr(line, '\n');
    if (head == NULL || end == NULL || head > end ||
        sscanf(head, "\"event\":\"closed\",\"proxy\":\"%31[^\"]\",\"connection\":%zu,", name,
            number) != 2)
        return false;
    for (*row = 0; *row < ROW_COUNT; (*row)++)
        if (strcmp(rows[*row].name, name) == 0)
            return *number <= CONNECTIONS_MAX;
    return false;
}

/* Which connections have no record yet, and what is known of them. */
static void report_problem(const struct suite *suite, size_t closed)
{
    static bool has_record[ROW_COUNT][CONNECTIONS_MAX + 1];
    char *log = proxy_process_read_log(&suite->process);
    size_t row, number;
    printf("FAIL %zu closed of %zu\n", closed, suite->opened);
    for (const char *line = log; line != NULL && *line != '\0'; line++) {
        if (parse_closed(line, &row, &number))
            has_record[row][number] = true;
        line = strchr(line, '\n');
        if (line == NULL)
            break;
    }
    for (row = 0; row < ROW_COUNT; row++)
        for (number = 1; number <= suite->by_row[row]; number++)
            if (!has_record[row][number])
                print_events(log, rows[row].name, number);
    free(log);
}

/* Runs `n` connections and waits until each has its record, as long as records come. What the proxy
 * dialled late still waits at our listener: it is accepted and ended, too. */
static bool run_connections(struct suite *suite, size_t n)
{
    size_t closed = 0;
    for (size_t i = 0; i < n / BATCH; i++) {
        if (!run_batch(suite))
            return false;
    }
    int64_t deadline = wire_now_ms() + 3 * WIRE_DEADLINE_MS;
    while (closed < suite->opened && wire_now_ms() < deadline) {
        int late[2 * BATCH];
        size_t count = 0, before = closed;
        accept_some(suite, late, &count);
        end_all(suite, late, count);
        closed = records_count(&suite->process, "closed");
        if (closed > before)
            deadline = wire_now_ms() + 3 * WIRE_DEADLINE_MS;
        wire_tick();
    }
    if (closed != suite->opened)
        report_problem(suite, closed);
    return closed == suite->opened;
}

#define SECTION_MAX 1024

static void write_section(const struct suite *suite, size_t i, char *text, size_t size)
{
    const char *upstream =
        strcmp(rows[i].name, "refused") == 0 ? "127.0.0.1:1" : suite->server.text;
    char fault[480] = "";
    if (rows[i].fault != NULL)
        snprintf(fault, sizeof fault, "[fault %s]\nproxy = %s\n%s", rows[i].name, rows[i].name,
            rows[i].fault);
    snprintf(text, size, "[proxy %s]\nlisten = 127.0.0.1:0\nupstream = %s\n%s\n", rows[i].name,
        upstream, fault);
}

static bool start(struct suite *suite)
{
    static char sections[ROW_COUNT * SECTION_MAX];
    size_t used = 0;
    if (wire_listen(&suite->server, "127.0.0.1:0", 1024, 0) != 0)
        return false;
    for (size_t i = 0; i < ROW_COUNT; i++) {
        write_section(suite, i, sections + used, SECTION_MAX);
        used += strlen(sections + used);
    }
    if (!proxy_process_start(&suite->process, "grace = 1s\n", sections))
        return false;
    for (size_t i = 0; i < ROW_COUNT; i++) {
        char text[PEER_ADDRESS_TEXT] = "";
        if (!proxy_process_address(&suite->process, rows[i].name, text, sizeof text) ||
            peer_address_parse(text, &suite->proxies[i]) != 0)
            return false;
    }
    return true;
}

/* The last sockets are closed just before the record is written, so one look is enough. */
static bool run(struct suite *suite)
{
    pid_t pid = suite->process.pid;
    int idle = records_count_unpooled(pid);
    bool settled = !MEASURE_MEMORY;
    if (!run_connections(suite, WARM_UP))
        return false;
    long memory = records_memory_kb(pid, "RssAnon");
    printf("RssAnon: %ld kB after %d connections", memory, WARM_UP);
    for (int i = 0; i < STRETCHES && (i == 0 || !settled); i++) {
        long before = memory;
        if (!run_connections(suite, COUNTED))
            return false;
        memory = records_memory_kb(pid, "RssAnon");
        settled = settled || memory - before <= GROWTH_MAX_KB;
        printf(", %ld kB after %d more", memory, COUNTED);
    }
    int descriptors = records_count_unpooled(pid);
    printf("\ndescriptors: %d at start, %d in the end\n", idle, descriptors);
    if (descriptors > idle)
        printf("FAIL descriptors: %d, not %d\n", descriptors, idle);
    if (!settled)
        printf("FAIL memory: each stretch took more than %d kB\n", GROWTH_MAX_KB);
    return descriptors == idle && settled;
}

int main(void)
{
    static struct suite suite = {.actions = SEED, .picks = SEED};
    bool good = false;
    if (start(&suite)) {
        good = run(&suite);
        for (size_t i = 0; i < ROW_COUNT; i++)
            printf("  %4zu %s\n", suite.by_row[i], rows[i].name);
        good = proxy_process_stop(&suite.process) && good;
    }
    wire_unlisten(&suite.server);
    printf("%d passed, %d failed\n", good, !good);
    return good ? 0 : 1;
}
