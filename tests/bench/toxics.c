/* SPDX-License-Identifier: MIT */
/*
 * The API under load, in three measures. Prints Markdown; scripts/bench-toxics runs it.
 *
 *   changes [SECONDS]  200 changes of toxics a second while eight streams run, none of whose bytes
 * may be lost, doubled or moved: that ends the program with status 1 limits             the timing
 * that Toxiproxy's own tests and those of its clients ask for scale [ADDRESS]    1,000 proxies,
 * 10,000 toxics: the time of each call, and of a list of all; of the server whose API is at
 * ADDRESS, if it is given smoke              a little of each
 *
 * A figure that misses its goal is printed, not judged.
 */
#include "tests/lib/bench.h"

#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/lib/live_changes.h"

#define STREAMS 8
#define PER_S 200
#define SAMPLES_MAX 20000
#define TOXICS "/proxies/p/toxics"

struct samples {
    int64_t us[SAMPLES_MAX];
    size_t n;
};

struct world {
    struct bench bench;
    struct api api;
};

static int compare(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;
    return (left > right) - (left < right);
}

/* Sorts; 50 is the median. In milliseconds. */
static double percentile_ms(struct samples *samples, size_t percent)
{
    qsort(samples->us, samples->n, sizeof samples->us[0], compare);
    return (double)samples->us[(samples->n - 1) * percent / 100] / 1000;
}

static double mean_us(const struct samples *samples)
{
    double sum = 0;
    for (size_t i = 0; i < samples->n; i++)
        sum += (double)samples->us[i];
    return sum / (double)samples->n;
}

static void world_start(struct world *world)
{
    char address[64];
    bench_start(&world->bench, NULL, "admin = 127.0.0.1:0", "");
    assert_true(proxy_process_address(&world->bench.process, "@admin", address, sizeof address));
    api_open(&world->api, address);
}

static void world_stop(struct world *world)
{
    api_close(&world->api);
    bench_stop(&world->bench);
}

/* --- changes --- */

static void measure_changes(unsigned seconds)
{
    static struct world world;
    struct live_changes changes;
    struct stream streams[STREAMS];
    int fds[STREAMS];
    world_start(&world);
    for (int i = 0; i < STREAMS; i += 2) {
        fds[i] = bench_connect(&world.bench, NULL);
        fds[i + 1] = bench_accept(&world.bench);
        streams[i] = (struct stream){.from = fds[i], .to = fds[i + 1], .most = UINT64_MAX};
        streams[i + 1] = (struct stream){.from = fds[i + 1], .to = fds[i], .most = UINT64_MAX};
    }
    int64_t begin = bench_now_us();
    live_changes_run(&changes, &world.api, streams, STREAMS, seconds * PER_S, PER_S, 1);
    double took = (double)(bench_now_us() - begin) / 1e6;
    streams_finish(streams, STREAMS);
    for (int i = 0; i < STREAMS; i++)
        close(fds[i]);
    world_stop(&world);
    printf(
        "| changes | of them added, changed, removed | seconds | longest call | carried meanwhile "
        "| lost |\n| --- | --- | --- | --- | --- | --- |\n");
    printf("| %u | %u, %u, %u | %.1f | %.1f ms | %.1f GB | 0 |\n\n", changes.made, changes.added,
        changes.changed, changes.removed, took, (double)changes.longest_us / 1000,
        (double)changes.bytes / 1e9);
}

/* --- limits --- */

#define LINE (32 * 1024)

static unsigned char bytes[1000000];

static void add_toxic(
    struct world *world, const char *name, const char *type, const char *attributes)
{
    char body[256];
    snprintf(body, sizeof body, "{\"name\":\"%s\",\"type\":\"%s\",\"attributes\":{%s}}", name, type,
        attributes);
    api_must(&world->api, 200, "POST", TOXICS, body);
}

static void remove_toxic(struct world *world, const char *name)
{
    char path[64];
    snprintf(path, sizeof path, TOXICS "/%s", name);
    api_must(&world->api, 204, "DELETE", path, NULL);
}

/* How long `n` bytes of the server take to reach the client. */
static double transfer_ms(struct world *world, size_t n)
{
    static unsigned char got[sizeof bytes];
    int64_t begin = bench_now_us();
    bench_pump(world->bench.server, world->bench.client, bytes, n, n, got);
    return (double)(bench_now_us() - begin) / 1000;
}

static void print_limit(const char *what, double got, double least, double most)
{
    printf("| %s | %.1f | %.0f to %.0f | %s |\n", what, got, least, most,
        got >= least && got <= most ? "yes" : "**no**");
}

static void limit_latency(struct world *world, unsigned ms, const char *what)
{
    char attributes[64];
    snprintf(attributes, sizeof attributes, "\"latency\":%u", ms);
    add_toxic(world, "a", "latency", attributes);
    print_limit(what, transfer_ms(world, LINE), ms - 10, ms + 10);
    remove_toxic(world, "a");
}

static void limit_two_latencies(struct world *world)
{
    add_toxic(world, "a", "latency", "\"latency\":100");
    add_toxic(world, "b", "latency", "\"latency\":100");
    print_limit("two latencies of 100 ms", transfer_ms(world, 64), 190, 210);
    remove_toxic(world, "a");
    remove_toxic(world, "b");
}

static void limit_bandwidth(struct world *world)
{
    add_toxic(world, "a", "bandwidth", "\"rate\":1000");
    print_limit("480 KB at 1000 KB/s", transfer_ms(world, 480000), 470, 490);
    remove_toxic(world, "a");
}

static void limit_reset(struct world *world)
{
    int64_t begin = bench_now_us();
    add_toxic(world, "a", "reset_peer", "\"timeout\":100");
    bench_expect_error(world->bench.client, ECONNRESET);
    print_limit("a reset after 100 ms", (double)(bench_now_us() - begin) / 1000, 100, 210);
    remove_toxic(world, "a");
}

/* One byte there and one back, through the proxy or not. */
static void sample_exchanges(struct bench *bench, struct samples *samples, size_t n)
{
    samples->n = 0;
    for (size_t i = 0; i < n; i++) {
        int64_t begin = bench_now_us();
        bench_exchange(bench);
        samples->us[samples->n++] = bench_now_us() - begin;
    }
}

/* Measures the added latency between two sockets of this process. */
static void limit_added_latency(struct world *world, size_t n)
{
    static struct samples through, direct;
    struct bench beside = {.listener = world->bench.listener, .client = -1, .server = -1};
    socklen_t size = sizeof beside.address;
    assert_int_equal(getsockname(beside.listener, (struct sockaddr *)&beside.address, &size), 0);
    bench_open(&beside);
    bench_open(&world->bench);
    sample_exchanges(&world->bench, &through, n);
    sample_exchanges(&beside, &direct, n);
    bench_close(&beside);
    print_limit("added to an exchange without a toxic, us, mean",
        mean_us(&through) - mean_us(&direct), 0, 300);
}

static void measure_limits(bool all)
{
    static struct world world;
    world_start(&world);
    bench_pattern(bytes, sizeof bytes);
    bench_open(&world.bench);
    printf("| | ms | wanted | met |\n| --- | --- | --- | --- |\n");
    limit_latency(&world, 100, "latency 100 ms, a line of 32 KiB");
    if (all) {
        limit_latency(&world, 500, "latency 500 ms, a line of 32 KiB");
        limit_latency(&world, 1000, "latency 1000 ms, a line of 32 KiB");
        limit_two_latencies(&world);
        limit_bandwidth(&world);
    }
    limit_reset(&world);
    bench_close(&world.bench);
    limit_added_latency(&world, all ? 10000 : 100);
    printf("\n");
    world_stop(&world);
}

/* --- scale --- */

static void timed(struct samples *samples, struct api *api, int status, const char *method,
    const char *path, const char *body)
{
    int64_t begin = bench_now_us();
    api_must(api, status, method, path, body);
    samples->us[samples->n++] = bench_now_us() - begin;
}

static void print_samples(const char *what, struct samples *samples)
{
    double median = percentile_ms(samples, 50), late = percentile_ms(samples, 99);
    printf("| %s | %zu | %.3f | %.3f | %.3f |\n", what, samples->n, median, late,
        percentile_ms(samples, 100));
    samples->n = 0;
}

static void create_all(struct samples *samples, struct api *api, unsigned proxies, unsigned toxics)
{
    char path[64], body[256];
    for (unsigned i = 0; i < proxies; i++) {
        snprintf(body, sizeof body,
            "{\"name\":\"s%u\",\"listen\":\"127.0.0.1:0\",\"upstream\":\"127.0.0.1:9\"}", i);
        timed(samples, api, 201, "POST", "/proxies", body);
    }
    print_samples("create a proxy", samples);
    for (unsigned i = 0; i < proxies * toxics; i++) {
        snprintf(path, sizeof path, "/proxies/s%u/toxics", i % proxies);
        snprintf(body, sizeof body,
            "{\"name\":\"t%u\",\"type\":\"latency\",\"attributes\":{\"latency\":%u}}", i / proxies,
            i);
        timed(samples, api, 200, "POST", path, body);
    }
    print_samples("add a toxic", samples);
}

static void change_and_remove_all(
    struct samples *samples, struct api *api, unsigned proxies, unsigned toxics)
{
    char path[64];
    for (unsigned i = 0; i < proxies * toxics; i++) {
        snprintf(path, sizeof path, "/proxies/s%u/toxics/t%u", i % proxies, i / proxies);
        timed(samples, api, 200, "POST", path, "{\"attributes\":{\"latency\":1}}");
    }
    print_samples("change a toxic", samples);
    for (unsigned i = 0; i < proxies; i++) {
        snprintf(path, sizeof path, "/proxies/s%u", i);
        timed(samples, api, 204, "DELETE", path, NULL);
    }
    print_samples("delete a proxy with its toxics", samples);
}

/* `address` NULL: of a rudeproxy of our own. */
static void measure_scale(const char *address, unsigned proxies, unsigned toxics)
{
    static struct samples samples;
    struct world world;
    struct api given, *api = &given;
    if (address == NULL) {
        world_start(&world);
        api = &world.api;
    } else {
        api_open(&given, address);
    }
    printf("%s, %u proxies, %u toxics:\n\n| call | times | median ms | 99%% | longest |\n"
           "| --- | --- | --- | --- | --- |\n",
        address == NULL ? "rudeproxy" : address, proxies, proxies * toxics);
    create_all(&samples, api, proxies, toxics);
    for (int i = 0; i < 20; i++)
        timed(&samples, api, 200, "GET", "/proxies", NULL);
    print_samples("list all", &samples);
    change_and_remove_all(&samples, api, proxies, toxics);
    printf("\n");
    if (address == NULL)
        world_stop(&world);
    else
        api_close(&given);
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    const char *operand = argc > 2 ? argv[2] : NULL;
    if (strcmp(what, "smoke") == 0) {
        measure_changes(2);
        measure_limits(false);
        measure_scale(NULL, 20, 5);
    } else if (strcmp(what, "changes") == 0) {
        measure_changes(operand == NULL ? 30 : (unsigned)strtoul(operand, NULL, 10));
    } else if (strcmp(what, "limits") == 0) {
        measure_limits(true);
    } else if (strcmp(what, "scale") == 0) {
        measure_scale(operand, 1000, 10);
    } else {
        fprintf(
            stderr, "usage: %s changes [SECONDS] | limits | scale [ADDRESS] | smoke\n", argv[0]);
        return 2;
    }
    return 0;
}
