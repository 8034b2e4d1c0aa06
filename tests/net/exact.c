/* SPDX-License-Identifier: MIT */
/*
 * `bytes:N` is exact: the reader gets N bytes, the right ones, and then the fault; never one byte
 * less or more, whatever sizes the writer's calls have and however slowly the reader reads.
 *
 * Every combination of type, direction and N is a proxy section of one running program, with a
 * server socket of its own. On each the writer writes more than N bytes in chunks of 1, 1447 and
 * 100000; for the larger N there is a fourth run with a reader that takes a little at a time from a
 * small receive buffer, so that the wait for acknowledgements is a long one. Up to FEW_SEGMENTS a
 * chunk of 1 is a segment of 1 (TCP_NODELAY). Above, the calls have one byte each only from
 * FEW_SEGMENTS before N on, and the writer's kernel may join them: that keeps the whole under a few
 * seconds.
 *
 * In the end the log must name the same N in each `fault` record, and in what each `closed` record
 * says was handed to the reader.
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proxy/peers/pattern.h"
#include "tests/lib/records.h"
#include "tests/lib/wire.h"

#define FEW_SEGMENTS 70000
#define FAR_CHUNK 1447
#define BEYOND 150000 /* what the writer has to write after N */
#define SLOW_FROM 65535
#define SLOW_RCVBUF 16384
#define SLOW_READ 1000
#define CHUNK_MAX 100000
#define THREADS 3
#define SECTION_BYTES 256

enum { TYPE_COUNT = 3, DIRECTION_COUNT = 2, OFFSET_COUNT = 9, RUN_COUNT = 4 };
#define SECTION_COUNT (TYPE_COUNT * DIRECTION_COUNT * OFFSET_COUNT)

static const struct {
    const char *name;
    const char *keys;
    int errnum; /* what the reader gets after the bytes */
} types[TYPE_COUNT] = {
    {"reset", "type = reset\nmode = drain\n", ECONNRESET},
    {"close", "type = close\nlinger = 60s\n", 0},
    {"half_close", "type = half_close\n", 0},
};

static const char *const directions[DIRECTION_COUNT] = {"upstream", "downstream"};
static const uint64_t offsets[OFFSET_COUNT] = {
    0, 1, 4095, 4096, 4097, 65535, 65537, 262145, 1000003};

static const struct run {
    size_t chunk;
    bool slow;
} runs[RUN_COUNT] = {{1, false}, {1447, false}, {100000, false}, {100000, true}};

struct section {
    char name[40];
    unsigned type;
    unsigned direction; /* index of directions */
    uint64_t offset;
    struct wire_listener listener;
};

struct suite {
    struct proxy_process process;
    struct section sections[SECTION_COUNT];
    atomic_size_t next; /* section to be run */
    atomic_size_t passed;
    atomic_size_t failed;
    unsigned char bytes[2][BEYOND + 1000003 + CHUNK_MAX]; /* the pattern, by direction */
};

static struct suite suite;

static bool is_run(const struct section *section, const struct run *run)
{
    return !run->slow || section->offset >= SLOW_FROM;
}

/* One connection under way. */
struct transfer {
    const struct section *section;
    const struct run *run;
    int writer, reader;
    uint64_t sent;
    bool sending;
    struct wire_end end;
    bool ended;
};

/* Writes until the kernel takes no more, or a few chunks. */
static void write_some(struct transfer *it)
{
    const unsigned char *bytes = suite.bytes[it->section->direction];
    uint64_t total = it->section->offset + BEYOND;
    for (int i = 0; i < 256 && it->sending; i++) {
        bool far_before = it->sent + FEW_SEGMENTS < it->section->offset;
        size_t chunk = far_before && it->run->chunk == 1 ? FAR_CHUNK : it->run->chunk;
        ssize_t n = send(it->writer, bytes + it->sent, chunk, MSG_NOSIGNAL);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        it->sent += n > 0 ? (uint64_t)n : 0;
        it->sending = n > 0 && it->sent < total;
    }
}

static void read_some(struct transfer *it)
{
    unsigned char bytes[65536];
    size_t want = it->run->slow ? SLOW_READ : sizeof bytes;
    ssize_t n = recv(it->reader, bytes, want, 0);
    if (n > 0) {
        size_t good = peer_pattern_match(it->section->direction, it->end.bytes, bytes, (size_t)n);
        it->end.spoiled = it->end.spoiled || good != (size_t)n;
        it->end.bytes += (uint64_t)n;
    } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
        it->end.errnum = n == 0 ? 0 : errno;
        it->ended = true;
    }
}

static bool judge(const struct transfer *it)
{
    const struct section *section = it->section;
    int errnum = types[section->type].errnum;
    bool good = it->ended && it->end.bytes == section->offset && it->end.errnum == errnum &&
                !it->end.spoiled;
    if (!good)
        printf("FAIL %s, chunks of %zu%s: read %" PRIu64 " of %" PRIu64 " bytes%s, then %s, not "
               "%s; written %" PRIu64 "\n",
            section->name, it->run->chunk, it->run->slow ? ", slow reader" : "", it->end.bytes,
            section->offset, it->end.spoiled ? " (wrong ones)" : "",
            it->ended ? strerror(it->end.errnum) : "TIMED OUT", strerror(errnum), it->sent);
    return good;
}

/* Both ends in turn until the reader has seen the end. */
static bool transfer(struct transfer *it)
{
    int64_t deadline = wire_now_ms() + 3 * WIRE_DEADLINE_MS;
    it->sending = true;
    while (!it->ended && wire_now_ms() < deadline) {
        struct pollfd entries[2] = {
            {.fd = it->reader, .events = POLLIN},
            {.fd = it->sending ? it->writer : -1, .events = POLLOUT},
        };
        (void)poll(entries, 2, 100);
        if (entries[1].revents != 0)
            write_some(it);
        if (entries[0].revents != 0)
            read_some(it);
    }
    return judge(it);
}

static bool run_connection(struct section *section, const struct run *run)
{
    char text[PEER_ADDRESS_TEXT] = "";
    struct peer_address proxy;
    int rcvbuf = run->slow ? SLOW_RCVBUF : 0;
    if (!proxy_process_address(&suite.process, section->name, text, sizeof text) ||
        peer_address_parse(text, &proxy) != 0)
        return false;
    int client = wire_connect(&proxy, rcvbuf);
    int server = client >= 0 ? wire_accept(&section->listener) : -1;
    bool good = false;
    if (server >= 0) {
        bool up = section->direction == 0;
        struct transfer it = {.section = section, .run = run};
        it.writer = up ? client : server;
        it.reader = up ? server : client;
        if (up && rcvbuf != 0)
            (void)setsockopt(server, SOL_SOCKET, SO_RCVBUF, &rcvbuf, sizeof rcvbuf);
        (void)wire_set_nodelay(it.writer, run->chunk > 1 || section->offset < FEW_SEGMENTS);
        good = transfer(&it);
        close(server);
    } else {
        printf("FAIL %s: connect %d, accept %d\n", section->name, client, server);
    }
    if (client >= 0)
        close(client);
    return good;
}

static void *run_sections(void *unused)
{
    size_t i;
    (void)unused;
    while ((i = atomic_fetch_add(&suite.next, 1)) < SECTION_COUNT) {
        for (size_t r = 0; r < RUN_COUNT; r++) {
            if (!is_run(&suite.sections[i], &runs[r]))
                continue;
            if (run_connection(&suite.sections[i], &runs[r]))
                atomic_fetch_add(&suite.passed, 1);
            else
                atomic_fetch_add(&suite.failed, 1);
        }
    }
    return NULL;
}

static void write_section(const struct section *section, char *text, size_t size)
{
    bool half = strstr(types[section->type].keys, "half_close") != NULL;
    const char *side = section->direction == 0 ? "side = server\n" : "side = client\n";
    snprintf(text, size,
        "[proxy %s]\nlisten = 127.0.0.1:0\nupstream = %s\n"
        "[fault %s]\nproxy = %s\ndirection = %s\nwhen = bytes:%" PRIu64 "\n%s%s\n",
        section->name, section->listener.text, section->name, section->name,
        directions[section->direction], section->offset, types[section->type].keys,
        half ? side : "");
}

static void fill_section(struct section *section, size_t i)
{
    section->type = (unsigned)(i % TYPE_COUNT);
    section->direction = (unsigned)(i / TYPE_COUNT % DIRECTION_COUNT);
    /* The long ones first: the threads then end at about the same time. */
    section->offset = offsets[OFFSET_COUNT - 1 - i / TYPE_COUNT / DIRECTION_COUNT];
    snprintf(section->name, sizeof section->name, "%s-%s-%" PRIu64, types[section->type].name,
        directions[section->direction], section->offset);
}

static bool prepare(void)
{
    static char sections[SECTION_COUNT * SECTION_BYTES];
    size_t used = 0;
    for (unsigned d = 0; d < 2; d++)
        peer_pattern_fill(d, 0, suite.bytes[d], sizeof suite.bytes[d]);
    for (size_t i = 0; i < SECTION_COUNT; i++) {
        struct section *section = &suite.sections[i];
        fill_section(section, i);
        if (wire_listen(&section->listener, "127.0.0.1:0", 16, 0) != 0)
            return false;
        write_section(section, sections + used, SECTION_BYTES);
        used += strlen(sections + used);
    }
    return proxy_process_start(&suite.process, "grace = 1s\n", sections);
}

/* Checks the log of one connection. */
static bool check_records(const char *log, const struct section *section, uint64_t connection)
{
    char *fault = records_find(log, "fault", section->name, connection);
    char *closed = records_find(log, "closed", section->name, connection);
    const char *reader = section->direction == 0 ? "server" : "client";
    uint64_t at = fault != NULL ? records_number(fault, NULL, "offset") : UINT64_MAX;
    uint64_t out = closed != NULL ? records_number(closed, reader, "bytes_out") : UINT64_MAX;
    bool good = at == section->offset && out == section->offset;
    if (!good)
        printf("FAIL %s, log of connection %" PRIu64 ": fault at %" PRIu64 ", handed %" PRIu64
               ", not %" PRIu64 "\n%s\n%s\n",
            section->name, connection, at, out, section->offset, fault ? fault : "no fault",
            closed ? closed : "not closed");
    free(fault);
    free(closed);
    return good;
}

static void check_log(size_t connections)
{
    size_t closed = records_wait_count(&suite.process, "closed", connections);
    char *log = proxy_process_read_log(&suite.process);
    if (closed != connections) {
        printf("FAIL %zu connections closed of %zu\n", closed, connections);
        suite.failed++;
    }
    for (size_t i = 0; i < SECTION_COUNT; i++) {
        uint64_t connection = 0;
        for (size_t r = 0; r < RUN_COUNT; r++) {
            if (is_run(&suite.sections[i], &runs[r]) &&
                !check_records(log, &suite.sections[i], ++connection))
                suite.failed++;
        }
    }
    free(log);
}

int main(void)
{
    pthread_t threads[THREADS];
    if (!prepare()) {
        printf("FAIL cannot prepare\n");
        return 1;
    }
    for (size_t i = 0; i < THREADS; i++)
        (void)pthread_create(&threads[i], NULL, run_sections, NULL);
    for (size_t i = 0; i < THREADS; i++)
        (void)pthread_join(threads[i], NULL);
    check_log(suite.passed + suite.failed);
    if (!proxy_process_stop(&suite.process))
        suite.failed++;
    for (size_t i = 0; i < SECTION_COUNT; i++)
        wire_unlisten(&suite.sections[i].listener);
    printf("%zu passed, %zu failed\n", (size_t)suite.passed, (size_t)suite.failed);
    return suite.failed == 0 ? 0 : 1;
}
