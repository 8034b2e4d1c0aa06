/* SPDX-License-Identifier: MIT */
/*
 * Upstreams that are hard to reach, and what their clients get.
 *
 * By name, with several addresses of which one listens; nobody there; a listener too full to answer
 * (connect_timeout); each way of `unreachable`, and a listener that comes back; a server that hangs
 * up at once; and a proxy that runs out of descriptors.
 *
 * The name with several addresses comes from a hosts file of our own, mounted over the real one in
 * a mount namespace; where that is not permitted, this one case is left out and said so.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/lib/expect.h"
#include "tests/lib/namespace.h"
#include "tests/lib/records.h"
#include "tests/lib/wire.h"

/* Nothing is to come: how long to look. */
#define QUIET_MS 150
/* An address is ours alone while a socket is bound to it, also one that never listens. */
#define RESERVED_MAX 8
#define FILLERS_MAX 16
#define LOW_LIMIT_CLIENTS 8
#define LOW_LIMIT_SERVED 3

static struct proxy_process process;
static struct wire_listener server; /* on 127.0.0.1 */
static struct wire_listener second; /* on 127.0.0.2 */
static int reserved[RESERVED_MAX];
static size_t reserved_count;
static struct wire_listener full; /* its backlog is */
static int fillers[FILLERS_MAX];
static size_t filler_count;
static char refuse_upstream[PEER_ADDRESS_TEXT];
static bool has_hosts;

/* Binds a socket that never listens to `where`, so that connections are refused there. `shared`: we
 * may listen there later (SO_REUSEADDR). The address, with its port, goes to `text`. */
static bool reserve(const char *where, bool shared, char *text, size_t size)
{
    const int on = shared;
    struct peer_address address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || reserved_count == RESERVED_MAX || peer_address_parse(where, &address) != 0)
        return false;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        bind(fd, (const struct sockaddr *)(const void *)&address.storage, address.length) != 0 ||
        peer_address_of_socket(fd, &address) != 0 ||
        peer_address_format(&address, text, size) != 0) {
        close(fd);
        return false;
    }
    reserved[reserved_count++] = fd;
    return true;
}

/* Listens on one address of both.test; the same port of the other one is deaf, and ours. A port
 * that is free on one address may be taken on the other: then another one. Without SO_REUSEADDR,
 * which would let us in where another test has reserved a port for itself. */
static bool listen_on_one(struct wire_listener *listener, const char *host, const char *deaf_host)
{
    char text[PEER_ADDRESS_TEXT];
    char drop_syns[PEER_ADDRESS_TEXT];
    for (int tries = 0; tries < 100; tries++) {
        snprintf(text, sizeof text, "%s:0", deaf_host);
        if (!reserve(text, false, drop_syns, sizeof drop_syns))
            return false;
        snprintf(text, sizeof text, "%s%s", host, strrchr(drop_syns, ':'));
        if (reserve(text, false, listener->text, sizeof listener->text)) {
            listener->fd = reserved[--reserved_count];
            return peer_address_parse(listener->text, &listener->address) == 0 &&
                   fcntl(listener->fd, F_SETFL, O_NONBLOCK) == 0 && listen(listener->fd, 64) == 0;
        }
        close(reserved[--reserved_count]);
    }
    return false;
}

/* Connects without waiting, until one connection is not answered any more. */
static bool fill_backlog(void)
{
    if (wire_listen(&full, "127.0.0.1:0", 0, 0) != 0)
        return false;
    const struct sockaddr *to = (const struct sockaddr *)(const void *)&full.address.storage;
    while (filler_count < FILLERS_MAX) {
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0)
            return false;
        fillers[filler_count++] = fd;
        if (connect(fd, to, full.address.length) != 0 &&
            wire_poll(fd, POLLOUT, QUIET_MS) == -ETIMEDOUT)
            return true;
    }
    return false;
}

/* Two addresses for one name; nobody but us sees it. */
static bool mount_hosts(void)
{
    char path[] = "/tmp/rudeproxy-hosts-XXXXXX";
    int result = namespace_enter(CLONE_NEWNS);
    int fd = result == 0 ? mkostemp(path, O_CLOEXEC) : -1;
    if (fd < 0) {
        printf("every_address_is_tried left out: no mount namespace: %s\n",
            strerror(result != 0 ? -result : errno));
        return false;
    }
    dprintf(fd, "127.0.0.1 localhost\n127.0.0.1 both.test\n"
                "127.0.0.2 both.test\n");
    bool good = fchmod(fd, 0644) == 0 && mount(path, "/etc/hosts", NULL, MS_BIND, NULL) == 0;
    if (!good)
        printf("every_address_is_tried left out: mount: %s\n", strerror(errno));
    close(fd);
    unlink(path);
    return good;
}

/* A connection through the proxy carries bytes both ways to our server. */
static bool carries(const char *proxy, const struct wire_listener *upstream)
{
    int client = wire_connect_proxy(&process, proxy);
    int far = client >= 0 ? wire_accept(upstream) : -1;
    bool good = expect_true("accepted", far >= 0);
    good = good && expect_number("send up", wire_send(client, 0, 5000), 0) &&
           expect_number("read up", wire_read(far, 0, 5000), 0) &&
           expect_number("send down", wire_send(far, 1, 5000), 0) &&
           expect_number("read down", wire_read(client, 1, 5000), 0);
    wire_reset(client);
    wire_reset(far);
    return good;
}

/* Checks the error that a client of this proxy reads, and the reason in the log. */
static bool meets(const char *proxy, int errnum, const char *reason)
{
    char value[32] = "";
    int client = wire_connect_proxy(&process, proxy);
    if (!expect_true("connected to the proxy", client >= 0))
        return false;
    struct wire_end end = wire_read_end(client, 0, 100);
    close(client);
    char *record = records_wait(&process, "connect_failed", proxy, 1);
    bool good = expect_errno("the client reads", end.errnum, errnum) &&
                expect_true("connect_failed is in the log", record != NULL) &&
                records_value(record, NULL, "errno", value, sizeof value);
    if (good && strcmp(value, reason) != 0) {
        printf("     errno: %s, not %s\n", value, reason);
        good = false;
    }
    free(record);
    record = records_wait(&process, "closed", proxy, 1);
    good = good && expect_true("closed is in the log", record != NULL) &&
           records_value(record, NULL, "cause", value, sizeof value) &&
           expect_true("for that cause", strcmp(value, "\"connect_failed\"") == 0);
    free(record);
    return good;
}

static bool a_name_is_resolved(void)
{
    return carries("by-name", &server);
}

static bool every_address_is_tried(void)
{
    return !has_hosts || (carries("both-first", &server) && carries("both-second", &second));
}

static bool refused_upstream_resets_the_client(void)
{
    return meets("dead-reset", ECONNRESET, "\"ECONNREFUSED\"");
}

static bool unreachable_close_gives_eof(void)
{
    return meets("dead-close", 0, "\"ECONNREFUSED\"");
}

static bool full_backlog_times_out(void)
{
    return meets("full", ECONNRESET, "\"ETIMEDOUT\"");
}

static bool missing_unix_socket_resets_the_client(void)
{
    return meets("no-unix", ECONNRESET, "\"ENOENT\"");
}

static bool unreachable_hang_is_silent(void)
{
    int client = wire_connect_proxy(&process, "dead-hang");
    if (!expect_true("connected to the proxy", client >= 0))
        return false;
    char *failed = records_wait(&process, "connect_failed", "dead-hang", 1);
    bool good = expect_number("send", wire_send(client, 0, 1000), 0) &&
                expect_number("nothing is seen", wire_poll(client, POLLIN, QUIET_MS), -ETIMEDOUT);
    close(client);
    char *closed = records_wait(&process, "closed", "dead-hang", 1);
    good = expect_true("failed, then closed", failed != NULL && closed != NULL) && good;
    free(failed);
    free(closed);
    return good;
}

/* Tries until connect() gives this (0 or a negative errno), which nothing announces. */
static bool connect_comes_to(const char *proxy, int wanted)
{
    int64_t deadline = wire_now_ms() + WIRE_DEADLINE_MS;
    int result;
    do {
        int fd = wire_connect_proxy(&process, proxy);
        result = fd < 0 ? fd : 0;
        wire_reset(fd);
        wire_tick();
    } while (result != wanted && wire_now_ms() < deadline);
    return expect_errno("connect()", -result, -wanted);
}

static bool unreachable_refuse_closes_the_listener_for_a_while(void)
{
    struct wire_listener late;
    bool good = meets("dead-refuse", ECONNRESET, "\"ECONNREFUSED\"");
    /* Closed before the first client was told, so at once. */
    int fd = wire_connect_proxy(&process, "dead-refuse");
    good = expect_number("connect()", fd, -ECONNREFUSED) && good;
    if (!expect_number("the upstream listens", wire_listen(&late, refuse_upstream, 16, 0), 0))
        return false;
    good = connect_comes_to("dead-refuse", 0) && good;
    int client = wire_connect_proxy(&process, "dead-refuse");
    good = expect_true("connected on the same port", client >= 0) && good;
    good = expect_number("send", wire_send(client, 0, 100), 0) && good;
    /* Before it come a probe, and the connection that found the proxy listening again. */
    bool found = false;
    for (int i = 0; i < 4 && !found; i++) {
        int far = wire_accept(&late);
        found = wire_read(far, 0, 100) == 0;
        wire_reset(far);
    }
    wire_reset(client);
    wire_unlisten(&late);
    return expect_true("served again", found) && good;
}

static bool bytes_before_an_immediate_reset_arrive(void)
{
    bool good = true;
    for (int i = 0; i < 50 && good; i++) {
        int client = wire_connect_proxy(&process, "hasty");
        int far = client >= 0 ? wire_accept(&server) : -1;
        good =
            expect_true("accepted", far >= 0) && expect_number("send", wire_send(far, 1, 5000), 0);
        wire_reset(far);
        struct wire_end end = wire_read_end(client, 1, 65536);
        good = good && expect_number("bytes", (long)end.bytes, 5000) &&
               expect_true("the right ones", !end.spoiled) &&
               expect_errno("then", end.errnum, ECONNRESET);
        close(client);
    }
    return good;
}

/* The lowest limit under which `pid` may open `room` more: numbers count, not descriptors, and it
 * may have inherited high ones. */
static rlim_t limit_for(pid_t pid, int room)
{
    char path[64];
    rlim_t limit = 0;
    while (room > 0) {
        snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)pid, (int)limit++);
        room -= faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) != 0;
    }
    return limit;
}

/* Answers the next client that was let in, and ends it, which makes room for the next two
 * descriptors. The first byte says which one it is. */
static bool serve_one(int *clients)
{
    unsigned char byte = 0;
    int far = wire_accept(&server);
    bool good = expect_true("its byte comes", wire_poll(far, POLLIN, WIRE_DEADLINE_MS) > 0) &&
                expect_number("read up", recv(far, &byte, 1, 0), 1) &&
                expect_true("it is a client's", byte < LOW_LIMIT_CLIENTS && clients[byte] >= 0);
    if (good) {
        good = expect_number("send down", wire_send(far, 1, 100), 0) &&
               expect_number("read down", wire_read(clients[byte], 1, 100), 0);
        wire_reset(clients[byte]);
        clients[byte] = -1;
    }
    wire_reset(far);
    return good;
}

/* For the client of the last free descriptor no upstream can be dialled: it is reset. */
static bool serve_all(const struct proxy_process *low, int *clients)
{
    int64_t deadline = wire_now_ms() + WIRE_DEADLINE_MS;
    size_t served = 0;
    bool good = true;
    while (good && wire_now_ms() < deadline &&
           served + records_count(low, "connect_failed") < LOW_LIMIT_CLIENTS) {
        if (wire_poll(server.fd, POLLIN, 5) <= 0)
            continue;
        good = serve_one(clients);
        served++;
    }
    for (size_t i = 0; i < LOW_LIMIT_CLIENTS; i++) {
        if (clients[i] >= 0)
            good = expect_errno(
                       "who was not served", wire_read_end(clients[i], 0, 1).errnum, ECONNRESET) &&
                   good;
        wire_reset(clients[i]);
    }
    return expect_true("more than at once were served", served > LOW_LIMIT_SERVED) && good;
}

static bool send_number(int fd, size_t number)
{
    const unsigned char byte = (unsigned char)number;
    return expect_number("send up", send(fd, &byte, 1, MSG_NOSIGNAL), 1);
}

/* In a program of its own: the limit is set from outside, when it is up. */
static bool no_descriptors_pause_accepting(void)
{
    struct proxy_process low;
    char sections[256];
    int clients[LOW_LIMIT_CLIENTS];
    snprintf(
        sections, sizeof sections, "[proxy p]\nlisten = 127.0.0.1:0\nupstream = %s\n", server.text);
    if (!proxy_process_start(&low, "grace = 1s\n", sections))
        return false;
    int used = records_count_unpooled(low.pid);
    rlim_t room = limit_for(low.pid, 2 * LOW_LIMIT_SERVED);
    const struct rlimit limit = {room, room};
    bool good = prlimit(low.pid, RLIMIT_NOFILE, &limit, NULL) == 0;
    for (size_t i = 0; i < LOW_LIMIT_CLIENTS; i++) {
        clients[i] = wire_connect_proxy(&low, "p");
        good = send_number(clients[i], i) && good;
    }
    char *failed = records_wait(&low, "accept_failed", "p", 0);
    good = expect_true("accept_failed for want of descriptors",
               failed != NULL && strstr(failed, "EMFILE") != NULL) &&
           good;
    free(failed);
    good = serve_all(&low, clients) && good;
    good = expect_number("closed", (long)records_wait_count(&low, "closed", LOW_LIMIT_CLIENTS),
               LOW_LIMIT_CLIENTS) &&
           good;
    good = expect_number("descriptors", records_count_unpooled(low.pid), used) && good;
    return proxy_process_stop(&low) && good;
}

static void add_proxy(FILE *out, const char *name, const char *upstream, const char *keys)
{
    fprintf(out, "[proxy %s]\nlisten = 127.0.0.1:0\nupstream = %s\n%s\n", name, upstream, keys);
}

static void write_sections(FILE *out, const char *dead)
{
    char name[64];
    const char *port = strrchr(server.text, ':');
    snprintf(name, sizeof name, "localhost%s", port);
    add_proxy(out, "by-name", name, "");
    if (has_hosts) {
        /* Whichever the resolver's order is, one of the two meets the deaf address first. */
        snprintf(name, sizeof name, "both.test%s", port);
        add_proxy(out, "both-first", name, "");
        snprintf(name, sizeof name, "both.test%s", strrchr(second.text, ':'));
        add_proxy(out, "both-second", name, "connect_timeout = 1s\n");
    }
    add_proxy(out, "dead-reset", dead, "");
    add_proxy(out, "dead-close", dead, "unreachable = close\n");
    add_proxy(out, "dead-hang", dead, "unreachable = hang\n");
    add_proxy(out, "dead-refuse", refuse_upstream, "unreachable = refuse\n");
    add_proxy(out, "full", full.text, "connect_timeout = 200ms\n");
    add_proxy(out, "no-unix", "unix:/tmp/rudeproxy-no-such-socket", "");
    add_proxy(out, "hasty", server.text, "");
}

static bool start(void)
{
    char dead[PEER_ADDRESS_TEXT];
    char *sections = NULL;
    size_t size = 0;
    has_hosts = mount_hosts();
    if (!listen_on_one(&server, "127.0.0.1", "127.0.0.2") ||
        !listen_on_one(&second, "127.0.0.2", "127.0.0.1") ||
        !reserve("127.0.0.1:0", false, dead, sizeof dead) ||
        !reserve("127.0.0.1:0", true, refuse_upstream, sizeof refuse_upstream) || !fill_backlog())
        return false;
    FILE *out = open_memstream(&sections, &size);
    if (out == NULL)
        return false;
    write_sections(out, dead);
    fclose(out);
    bool good = proxy_process_start(&process, "grace = 1s\n", sections);
    free(sections);
    return good;
}

int main(void)
{
    static const struct expect_case cases[] = {
        {"a_name_is_resolved", a_name_is_resolved},
        {"every_address_is_tried", every_address_is_tried},
        {"refused_upstream_resets_the_client", refused_upstream_resets_the_client},
        {"unreachable_close_gives_eof", unreachable_close_gives_eof},
        {"unreachable_hang_is_silent", unreachable_hang_is_silent},
        {"unreachable_refuse_closes_the_listener_for_a_while",
            unreachable_refuse_closes_the_listener_for_a_while},
        {"full_backlog_times_out", full_backlog_times_out},
        {"missing_unix_socket_resets_the_client", missing_unix_socket_resets_the_client},
        {"bytes_before_an_immediate_reset_arrive", bytes_before_an_immediate_reset_arrive},
        {"no_descriptors_pause_accepting", no_descriptors_pause_accepting},
    };
    const size_t n = sizeof cases / sizeof cases[0];
    if (!start()) {
        printf("FAIL cannot start: %s\n", strerror(errno));
        return 1;
    }
    size_t passed = expect_run(cases, n);
    bool stopped = proxy_process_stop(&process);
    for (size_t i = 0; i < reserved_count; i++)
        close(reserved[i]);
    for (size_t i = 0; i < filler_count; i++)
        close(fillers[i]);
    wire_unlisten(&full);
    wire_unlisten(&second);
    wire_unlisten(&server);
    printf("%zu passed, %zu failed\n", passed, n - passed + !stopped);
    return passed == n && stopped ? 0 : 1;
}
