/* SPDX-License-Identifier: MIT */
/*
 * A receiver that does not read costs no more than its `buffer`.
 *
 * CONNECTIONS connections at once (or as many as the descriptor limit permits) are opened through
 * one program and left idle; then their senders push until nothing moves any more, first in one
 * direction, then in both. The program's own memory (RssAnon; what the kernel holds in socket
 * buffers is not in it) may grow by `buffer` a direction and connection, and a small overhead, and
 * should grow by most of it, or the test would have measured nothing. Small socket buffers keep
 * the kernel's part low.
 *
 * The figures are printed: they are in the documentation. Under sanitizers memory says nothing, and
 * only the behaviour is tested, with fewer connections.
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/lib/expect.h"
#include "tests/lib/records.h"
#include "tests/lib/wire.h"

#ifdef RUDEPROXY_SANITIZED
#define CONNECTIONS 200
#define JUDGED false
#else
#define CONNECTIONS 1000
#define JUDGED true
#endif

#define BUFFER_KB 64
#define SOCKET_BUFFER 4096
/* Of an idle connection, and of a full one on top of its buffers. */
#define OVERHEAD_KB 2
/* malloc(3) begins a mapping with a header, which takes a page. */
#define PAGE_KB 4
/* Memory that may stay when all are closed: that kept for reuse, and holes in the heap. */
#define REST_KB 4096
/* Nothing has moved for so long: it is blocked, unless the program got no CPU for that time. */
#define QUIET_MS 500
/* Ours are two descriptors a connection, and some more. */
#define SPARE_DESCRIPTORS 64

static struct proxy_process process;
static struct wire_listener server;
static int clients[CONNECTIONS];
static int servers[CONNECTIONS];
static size_t count;

/* As many connections as we may have descriptors for. */
static size_t permitted(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return 0;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
    size_t most = (size_t)(limit.rlim_max - SPARE_DESCRIPTORS) / 2;
    return most < CONNECTIONS ? most : CONNECTIONS;
}

static long memory_kb(void)
{
    return records_memory_kb(process.pid, "RssAnon");
}

static void shrink(int fd)
{
    const int size = SOCKET_BUFFER;
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
}

static bool connect_all(const struct peer_address *proxy)
{
    for (size_t i = 0; i < count; i++) {
        clients[i] = wire_connect(proxy, SOCKET_BUFFER);
        if (clients[i] < 0)
            return expect_number("clients", (long)i, (long)count);
        shrink(clients[i]);
    }
    return true;
}

/* The proxy is stopped while they connect, so it dials as many as it can at the same time: what a
 * dial needs leaves holes between the connections. */
static bool open_all(void)
{
    struct peer_address proxy;
    char text[PEER_ADDRESS_TEXT];
    if (!proxy_process_address(&process, "p", text, sizeof text) ||
        peer_address_parse(text, &proxy) != 0)
        return false;
    (void)kill(process.pid, SIGSTOP);
    bool good = connect_all(&proxy);
    (void)kill(process.pid, SIGCONT);
    if (!good)
        return false;
    for (size_t i = 0; i < count; i++) {
        servers[i] = wire_accept(&server);
        if (servers[i] < 0)
            return expect_number("accepted", (long)i, (long)count);
        shrink(servers[i]);
    }
    return expect_number("open", (long)records_wait_count(&process, "open", count), (long)count);
}

/* One round over all of them; bytes the kernel took. */
static uint64_t push_once(const int *fds)
{
    static const char bytes[16384];
    uint64_t moved = 0;
    for (size_t i = 0; i < count; i++) {
        ssize_t n;
        while ((n = send(fds[i], bytes, sizeof bytes, MSG_NOSIGNAL)) > 0)
            moved += (uint64_t)n;
    }
    return moved;
}

/* Pushes until nothing has moved for a while and the program has grown to `full_kb`: it reads what
 * it was sent only when it gets CPU. The bytes taken, 0 if they never ceased to move. */
static uint64_t push_until_blocked(const int *fds, long full_kb)
{
    int64_t deadline = wire_now_ms() + 3 * WIRE_DEADLINE_MS;
    int64_t last_move = wire_now_ms();
    uint64_t total = 0;
    bool quiet = false;
    while (wire_now_ms() < deadline) {
        uint64_t moved = push_once(fds);
        total += moved;
        if (moved > 0)
            last_move = wire_now_ms();
        quiet = wire_now_ms() - last_move > QUIET_MS;
        if (quiet && (!JUDGED || memory_kb() >= full_kb))
            return total;
        wire_tick();
    }
    return quiet ? total : 0;
}

/* Returns the size of the log. On a busy machine all of its lines wait in memory at once. */
static long log_kb(void)
{
    struct stat status;
    return stat(process.log, &status) == 0 ? (long)(status.st_size / 1024) : 0;
}

/* Memory that grew since `before`, against what is allowed and what there should be. */
static bool judge(const char *what, long before, long allowed_kb, long least_kb)
{
    long grown = memory_kb() - before;
    long n = (long)count;
    long most_kb = allowed_kb * n + log_kb();
    printf("%s: %ld kB for %ld connections, %.2f kB each; allowed %ld kB each, and the log\n", what,
        grown, n, (double)grown / (double)n, allowed_kb);
    if (JUDGED && (grown > most_kb || grown < least_kb * n)) {
        printf("     %ld kB, not %ld to %ld\n", grown, least_kb * n, most_kb);
        return false;
    }
    return true;
}

static bool block(const char *what, const int *fds, long before, long directions)
{
    long least_kb = directions * BUFFER_KB / 2;
    uint64_t taken = push_until_blocked(fds, before + least_kb * (long)count);
    bool good = expect_true("the senders are blocked", taken > 0);
    printf("%s: %" PRIu64 " kB taken from each sender, %d kB of them in user space at most\n", what,
        taken / 1024 / count, BUFFER_KB);
    return judge(what, before, directions * (BUFFER_KB + PAGE_KB) + OVERHEAD_KB, least_kb) && good;
}

static bool end_all(void)
{
    for (size_t i = 0; i < count; i++) {
        wire_reset(clients[i]);
        wire_reset(servers[i]);
    }
    return expect_number(
        "closed", (long)records_wait_count(&process, "closed", count), (long)count);
}

static bool measure(void)
{
    int descriptors = records_count_unpooled(process.pid);
    long before = memory_kb();
    bool good = open_all();
    good = good && judge("idle", before, OVERHEAD_KB, 0);
    good = good && block("downstream blocked", servers, before, 1);
    good = good && block("both blocked", clients, before, 2);
    good = end_all() && good;
    long after = memory_kb();
    printf("all closed: %ld kB, %ld kB before the first, allowed %d kB more\n", after, before,
        REST_KB);
    good = (!JUDGED || expect_true("it was given back", after - before <= REST_KB)) && good;
    return expect_number("descriptors", records_count_unpooled(process.pid), descriptors) && good;
}

int main(void)
{
    char sections[256];
    bool good = false;
    count = permitted();
    if (count < 10) {
        printf("skipped: the descriptor limit permits %zu connections only\n", count);
        return 77;
    }
    if (wire_listen(&server, "127.0.0.1:0", 1024, SOCKET_BUFFER) != 0)
        return 1;
    snprintf(sections, sizeof sections,
        "[proxy p]\nlisten = 127.0.0.1:0\nupstream = %s\nbuffer = %dk\nrcvbuf = 4k\nsndbuf = 4k\n",
        server.text, BUFFER_KB);
    if (proxy_process_start(&process, "grace = 1s\n", sections)) {
        good = measure();
        good = proxy_process_stop(&process) && good;
    }
    wire_unlisten(&server);
    printf("%d passed, %d failed\n", good, !good);
    return good ? 0 : 1;
}
