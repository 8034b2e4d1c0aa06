/* SPDX-License-Identifier: MIT */
/*
 * How exact is time through the real program? Prints Markdown tables; scripts/bench-timing runs it.
 *
 * Every comparison alternates in one run, since a machine's own timers are late by more than ours
 * may add: a sleep on a bare timerfd, an exchange through a proxy without a fault, one with it. The
 * peers are threads of this process with blocking sockets. What cannot be measured ends the program
 * with status 1; a figure that misses its goal is printed, not judged.
 *
 * usage: bench_timing [smoke | latency | stream | rate]
 */
#include "tests/lib/proxy_process.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define MESSAGE 64         /* bytes of a request, and of its response */
#define SAMPLES_MAX 300    /* with the warm-up */
#define WARM_UP 5          /* exchanges that do not count: slow start of caches and clocks */
#define CHUNK (256 * 1024) /* bytes of a read or write of a bulk stream */
#define STREAM_ROUNDS 3
#define NS_PER_S 1000000000

struct samples {
    int64_t ns[SAMPLES_MAX];
    size_t n;
};

struct server {
    void *(*serve)(void *fd);
    int listener;
    int port;
};

static void must(bool fine, const char *what)
{
    if (fine)
        return;
    perror(what);
    exit(1);
}

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

/* --- Samples --- */

static void add(struct samples *samples, int64_t ns)
{
    samples->ns[samples->n++] = ns;
}

static int compare(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;
    return (left > right) - (left < right);
}

/* In milliseconds; sorts. 0 is the least. */
static double percentile(struct samples *samples, size_t percent)
{
    qsort(samples->ns, samples->n, sizeof samples->ns[0], compare);
    return (double)samples->ns[(samples->n - 1) * percent / 100] / 1e6;
}

/* --- Peers --- */

static void *serve_echo(void *argument)
{
    int fd = (int)(intptr_t)argument;
    char bytes[MESSAGE];
    ssize_t n;
    while (
        (n = recv(fd, bytes, sizeof bytes, 0)) > 0 && send(fd, bytes, (size_t)n, MSG_NOSIGNAL) == n)
        continue;
    close(fd);
    return NULL;
}

static void *serve_bulk(void *argument)
{
    static const char zeros[CHUNK];
    int fd = (int)(intptr_t)argument;
    while (send(fd, zeros, sizeof zeros, MSG_NOSIGNAL) > 0)
        continue;
    close(fd);
    return NULL;
}

static void set_nodelay(int fd)
{
    const int on = 1;
    must(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0, "TCP_NODELAY");
}

static void start_thread(void *(*routine)(void *), void *argument)
{
    pthread_t thread;
    must(pthread_create(&thread, NULL, routine, argument) == 0, "pthread_create");
    must(pthread_detach(thread) == 0, "pthread_detach");
}

static void *accept_all(void *argument)
{
    struct server *server = argument;
    for (;;) {
        int fd = accept4(server->listener, NULL, NULL, SOCK_CLOEXEC);
        must(fd >= 0, "accept");
        set_nodelay(fd);
        start_thread(server->serve, (void *)(intptr_t)fd);
    }
    return NULL;
}

/* Lives until the process ends. */
static void server_start(struct server *server, void *(*serve)(void *))
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    server->serve = serve;
    server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    must(bind(server->listener, (struct sockaddr *)&address, size) == 0, "bind");
    must(getsockname(server->listener, (struct sockaddr *)&address, &size) == 0, "getsockname");
    must(listen(server->listener, 16) == 0, "listen");
    server->port = ntohs(address.sin_port);
    start_thread(accept_all, server);
}

/* --- The program: a proxy `plain`, and a proxy `faulty` with one fault --- */

static void start(struct proxy_process *process, int port, const char *keys, const char *fault)
{
    char sections[1024];
    snprintf(sections, sizeof sections,
        "[proxy plain]\nlisten = 127.0.0.1:0\nupstream = 127.0.0.1:%d\n%s\n"
        "[proxy faulty]\nlisten = 127.0.0.1:0\nupstream = 127.0.0.1:%d\n%s\n"
        "[fault f]\nproxy = faulty\n%s\n",
        port, keys, port, keys, fault);
    must(proxy_process_start(process, "grace = 100ms\n", sections), "rudeproxy");
}

static int open_through(const struct proxy_process *process, const char *name)
{
    char text[64];
    must(proxy_process_address(process, name, text, sizeof text), "address");
    long port = strtol(strrchr(text, ':') + 1, NULL, 10);
    struct sockaddr_in address = {.sin_family = AF_INET,
        .sin_port = htons((uint16_t)port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    must(connect(fd, (struct sockaddr *)&address, sizeof address) == 0, "connect");
    set_nodelay(fd);
    return fd;
}

/* --- Latency --- */

/* How late a bare loop is: one timerfd in one epoll. */
static int64_t sleep_lateness_ns(int epoll, int timer, int64_t sleep_ns)
{
    uint64_t expirations;
    struct epoll_event event;
    struct itimerspec when = {.it_value = {sleep_ns / NS_PER_S, sleep_ns % NS_PER_S}};
    int64_t began = now_ns();
    must(timerfd_settime(timer, 0, &when, NULL) == 0, "timerfd_settime");
    must(epoll_wait(epoll, &event, 1, -1) == 1, "epoll_wait");
    int64_t late = now_ns() - began - sleep_ns;
    must(read(timer, &expirations, sizeof expirations) == sizeof expirations, "timerfd");
    return late;
}

static int64_t round_trip_ns(int fd)
{
    char bytes[MESSAGE] = {0};
    int64_t began = now_ns();
    must(send(fd, bytes, sizeof bytes, MSG_NOSIGNAL) == MESSAGE, "send");
    must(recv(fd, bytes, sizeof bytes, MSG_WAITALL) == MESSAGE, "recv");
    return now_ns() - began;
}

struct latency_run {
    struct samples bare, plain, late;
};

static void sample_latency(
    const struct proxy_process *process, int64_t delay_ns, size_t n, struct latency_run *run)
{
    int plain = open_through(process, "plain"), faulty = open_through(process, "faulty");
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN};
    must(epoll_ctl(epoll, EPOLL_CTL_ADD, timer, &event) == 0, "epoll_ctl");
    for (size_t i = 0; i < n + WARM_UP; i++) {
        if (i == WARM_UP)
            run->bare.n = run->plain.n = run->late.n = 0;
        add(&run->bare, sleep_lateness_ns(epoll, timer, delay_ns));
        add(&run->plain, round_trip_ns(plain));
        add(&run->late, round_trip_ns(faulty) - delay_ns);
    }
    close(timer);
    close(epoll);
    close(plain);
    close(faulty);
}

/* The median of the exchange without the fault is taken off every one with it: what is left at the
 * 99th percentile holds the whole path's noise, which the column before shows by itself. */
static void print_latency(const char *direction, double delay_ms, struct latency_run *run)
{
    double path = percentile(&run->plain, 50);
    double median = percentile(&run->late, 50) - path, high = percentile(&run->late, 99) - path;
    double bare_median = percentile(&run->bare, 50), bare_high = percentile(&run->bare, 99);
    printf("| %g ms %s | %zu | %.3f / %.3f | %.3f / %.3f | %.3f / %.3f | %+.3f / %+.3f | %s |\n",
        delay_ms, direction, run->late.n, path, percentile(&run->plain, 99), bare_median, bare_high,
        median, high, median - bare_median, high - bare_high,
        percentile(&run->late, 0) < 0 ? "EARLY" : "no");
}

static void measure_latency(
    const struct server *server, const char *direction, int64_t delay_us, size_t samples)
{
    struct proxy_process process;
    static struct latency_run run;
    char fault[128];
    snprintf(fault, sizeof fault, "type = latency\ndelay = %lldus\ndirection = %s\n",
        (long long)delay_us, direction);
    start(&process, server->port, "", fault);
    sample_latency(&process, delay_us * 1000, samples, &run);
    must(proxy_process_stop(&process), "stop");
    print_latency(direction, (double)delay_us / 1e3, &run);
    fflush(stdout);
}

static void latency_head(void)
{
    printf("\nAll in ms, median / 99th percentile.\n\n"
           "| injected | samples | round trip without | late: bare timerfd | late: rudeproxy "
           "| difference | ever early |\n| --- | --- | --- | --- | --- | --- | --- |\n");
}

static void all_latencies(const struct server *server)
{
    static const int64_t delays_us[] = {500, 1000, 10000, 100000};
    static const char *const directions[] = {"downstream", "upstream"};
    latency_head();
    for (size_t i = 0; i < 4; i++) {
        for (size_t k = 0; k < 2; k++)
            measure_latency(server, directions[k], delays_us[i], delays_us[i] < 100000 ? 295 : 50);
    }
}

/* --- Streams --- */

/* Bytes a second over about `seconds`, from the first read that ends `skip` seconds after the first
 * byte to the last one. */
static double stream_rate(
    const struct proxy_process *process, const char *name, double skip, double seconds)
{
    static char bytes[CHUNK];
    int fd = open_through(process, name);
    must(recv(fd, bytes, sizeof bytes, 0) > 0, "recv");
    int64_t now = now_ns(), from = now + (int64_t)(skip * 1e9);
    while (now < from) {
        must(recv(fd, bytes, sizeof bytes, 0) > 0, "recv");
        now = now_ns();
    }
    from = now;
    uint64_t total = 0;
    while (now < from + (int64_t)(seconds * 1e9)) {
        ssize_t n = recv(fd, bytes, sizeof bytes, 0);
        must(n > 0, "recv");
        total += (uint64_t)n;
        now = now_ns();
    }
    close(fd);
    return (double)total / ((double)(now - from) / 1e9);
}

static double median_rate(double *rates)
{
    double low = rates[0] < rates[1] ? rates[0] : rates[1];
    double high = rates[0] < rates[1] ? rates[1] : rates[0];
    return rates[2] < low ? low : rates[2] > high ? high : rates[2];
}

static void measure_stream(const struct server *server)
{
    struct proxy_process process;
    double plain[STREAM_ROUNDS], late[STREAM_ROUNDS];
    start(&process, server->port, "buffer = 64M\n", "type = latency\ndelay = 100ms\n");
    printf("\n| round | without, MB/s | with 100 ms, MB/s | ratio |\n| --- | --- | --- | --- |\n");
    for (int i = 0; i < STREAM_ROUNDS; i++) {
        plain[i] = stream_rate(&process, "plain", 1, 2) / 1e6;
        late[i] = stream_rate(&process, "faulty", 1, 2) / 1e6;
        printf("| %d | %.0f | %.0f | %.2f |\n", i + 1, plain[i], late[i], late[i] / plain[i]);
    }
    must(proxy_process_stop(&process), "stop");
    double without = median_rate(plain), with = median_rate(late);
    printf("| median | %.0f | %.0f | %.2f |\n", without, with, with / without);
    fflush(stdout);
}

static void measure_rate(const struct server *server, const char *text, double rate, double seconds)
{
    struct proxy_process process;
    char fault[128];
    snprintf(fault, sizeof fault, "type = bandwidth\nrate = %s\n", text);
    start(&process, server->port, "", fault);
    double got = stream_rate(&process, "faulty", 0, seconds);
    must(proxy_process_stop(&process), "stop");
    printf("| %s | %.0f | %.0f | %+.3f %% |\n", text, rate, got, (got / rate - 1) * 100);
    fflush(stdout);
}

static void rate_head(void)
{
    printf("\n| rate | bytes/s asked | bytes/s in 2 s | error |\n| --- | --- | --- | --- |\n");
}

static void all_rates(const struct server *server)
{
    static const struct {
        const char *text;
        double rate;
    } rates[] = {{"10k/s", 10240}, {"100k/s", 102400}, {"1M/s", 1048576}, {"10M/s", 10485760},
        {"100M/s", 104857600}, {"500M/s", 524288000}};
    rate_head();
    for (size_t i = 0; i < sizeof rates / sizeof rates[0]; i++)
        measure_rate(server, rates[i].text, rates[i].rate, 2);
}

int main(int argc, char **argv)
{
    static struct server echo, bulk;
    const char *what = argc > 1 ? argv[1] : "";
    server_start(&echo, serve_echo);
    server_start(&bulk, serve_bulk);
    if (strcmp(what, "smoke") == 0) {
        latency_head();
        measure_latency(&echo, "downstream", 1000, 20);
        rate_head();
        measure_rate(&bulk, "1M/s", 1048576, 0.3);
        return 0;
    }
    if (*what == '\0' || strcmp(what, "latency") == 0)
        all_latencies(&echo);
    if (*what == '\0' || strcmp(what, "stream") == 0)
        measure_stream(&bulk);
    if (*what == '\0' || strcmp(what, "rate") == 0)
        all_rates(&bulk);
    return 0;
}
