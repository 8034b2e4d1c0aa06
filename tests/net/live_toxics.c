/* SPDX-License-Identifier: MIT */
/*
 * Toxics added, changed and removed through the API while connections stand and bytes flow: none is
 * lost, doubled or moved where the toxic does not say so, and where it does, exactly what it says.
 */
#include "tests/lib/bench.h"

#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/lib/live_changes.h"

#define MS 1000
#define TOXICS "/proxies/p/toxics"
#define TOXIC TOXICS "/t"

struct world {
    struct bench bench;
    struct api api;
};

static unsigned char sent[200000], got[sizeof sent];

static void start(struct world *world)
{
    char address[64];
    bench_start(&world->bench, NULL, "admin = 127.0.0.1:0", "");
    assert_true(proxy_process_address(&world->bench.process, "@admin", address, sizeof address));
    api_open(&world->api, address);
    bench_pattern(sent, sizeof sent);
}

static void stop_all(struct world *world)
{
    api_close(&world->api);
    bench_stop(&world->bench);
}

static void add(struct world *world, const char *type, const char *attributes)
{
    char body[512];
    snprintf(body, sizeof body, "{\"name\":\"t\",\"type\":\"%s\",\"attributes\":{%s}}", type,
        attributes);
    api_must(&world->api, 200, "POST", TOXICS, body);
}

static void change(struct world *world, const char *attributes)
{
    char body[512];
    snprintf(body, sizeof body, "{\"attributes\":{%s}}", attributes);
    api_must(&world->api, 200, "POST", TOXIC, body);
}

static void take_away(struct world *world)
{
    api_must(&world->api, 204, "DELETE", TOXIC, NULL);
}

/* `n` bytes from the server reach the client, from an offset of the pattern on. */
static void pass(struct world *world, size_t from, size_t n)
{
    bench_send(world->bench.server, sent + from, n);
    bench_read(world->bench.client, got, n);
    assert_memory_equal(got, sent + from, n);
}

static void expect_end(int fd, size_t bytes, int error)
{
    int seen;
    assert_int_equal(bench_read_end(fd, got, sizeof got, &seen), bytes);
    assert_int_equal(seen, error);
}

/* --- what loses nothing --- */

static const struct {
    const char *type, *first, *second;
} harmless[] = {
    {"noop", "", ""},
    {"latency", "\"latency\":5", "\"latency\":30,\"jitter\":30"},
    {"bandwidth", "\"rate\":20000", "\"rate\":5000"},
    {"bandwidth", "\"rate\":0", "\"rate\":30000"},
    {"slow_close", "\"delay\":10", "\"delay\":20"},
    {"slicer", "\"average_size\":9000,\"delay\":20", "\"average_size\":700,\"size_variation\":700"},
    {"packet_loss", "\"loss_rate\":0.0001", "\"loss_rate\":0.0005,\"correlation\":0.5"},
};

static void each_toxic_comes_changes_and_goes_while_bytes_flow(void **state)
{
    struct world world;
    (void)state;
    start(&world);
    for (size_t i = 0; i < sizeof harmless / sizeof harmless[0]; i++) {
        bench_open(&world.bench);
        struct stream streams[] = {
            {.from = world.bench.server, .to = world.bench.client, .most = UINT64_MAX},
            {.from = world.bench.client, .to = world.bench.server, .most = UINT64_MAX},
        };
        for (int round = 0; round < 3; round++) {
            streams_run(streams, 2, 10);
            add(&world, harmless[i].type, harmless[i].first);
            streams_run(streams, 2, 20);
            change(&world, harmless[i].second);
            streams_run(streams, 2, 20);
            take_away(&world);
            streams_run(streams, 2, 10);
        }
        assert_true(streams[0].got > 0 && streams[1].got > 0);
        streams_finish(streams, 2);
        bench_close(&world.bench);
    }
    stop_all(&world);
}

static void two_hundred_changes_a_second_lose_nothing(void **state)
{
    struct world world;
    struct live_changes changes;
    struct stream streams[8];
    int fds[8];
    (void)state;
    start(&world);
    for (int i = 0; i < 8; i += 2) {
        fds[i] = bench_connect(&world.bench, NULL);
        fds[i + 1] = bench_accept(&world.bench);
        streams[i] = (struct stream){.from = fds[i], .to = fds[i + 1], .most = UINT64_MAX};
        streams[i + 1] = (struct stream){.from = fds[i + 1], .to = fds[i], .most = UINT64_MAX};
    }
    live_changes_run(&changes, &world.api, streams, 8, 400, 200, 7);
    assert_int_equal(changes.made, 400);
    assert_true(changes.added > 50 && changes.changed > 50 && changes.removed > 50);
    streams_run(streams, 8, 50);
    streams_finish(streams, 8);
    for (int i = 0; i < 8; i++)
        close(fds[i]);
    stop_all(&world);
}

/* --- what does what it says --- */

static void latency_and_bandwidth_of_a_standing_connection(void **state)
{
    struct world world;
    (void)state;
    start(&world);
    bench_open(&world.bench);
    pass(&world, 0, 1000);
    add(&world, "latency", "\"latency\":100");
    int64_t begin = bench_now_us();
    pass(&world, 0, 1000);
    assert_true(bench_now_us() - begin >= 100 * MS);
    api_must(&world.api, 200, "POST", TOXICS,
        "{\"name\":\"u\",\"type\":\"latency\",\"attributes\":{\"latency\":100}}");
    begin = bench_now_us();
    pass(&world, 0, 1000);
    assert_true(bench_now_us() - begin >= 200 * MS);
    api_must(&world.api, 204, "DELETE", TOXICS "/u", NULL);
    take_away(&world);
    add(&world, "bandwidth", "\"rate\":0");
    bench_send(world.bench.server, sent, 1000);
    bench_expect_silence(world.bench.client, BENCH_SILENCE_MS);
    int64_t changed = bench_now_us(); /* the rate holds from here: a late wake-up is made up for */
    change(&world, "\"rate\":1000");
    bench_read(world.bench.client, got, 1000);
    bench_send(world.bench.server, sent + 1000, 100000);
    bench_read(world.bench.client, got + 1000, 100000);
    assert_memory_equal(got, sent, 101000);
    assert_true(bench_now_us() - changed >= 101 * MS);
    take_away(&world);
    stop_all(&world);
}

static void limit_data_counts_over_changes_and_is_exact(void **state)
{
    struct world world;
    (void)state;
    start(&world);
    bench_open(&world.bench);
    pass(&world, 0, 50000);
    add(&world, "limit_data", "\"bytes\":1000");
    pass(&world, 50000, 600);
    change(&world, "\"bytes\":3000");
    bench_send(world.bench.server, sent + 50600, 100000);
    expect_end(world.bench.client, 2400, 0);
    assert_memory_equal(got, sent + 50600, 2400);
    expect_end(world.bench.server, 0, 0);
    take_away(&world);

    bench_open(&world.bench); /* removed in time, it was never there */
    add(&world, "limit_data", "\"bytes\":1000");
    pass(&world, 0, 999);
    take_away(&world);
    pass(&world, 999, 100000);

    add(&world, "limit_data", "\"bytes\":1000"); /* now below what has gone */
    pass(&world, 0, 500);
    change(&world, "\"bytes\":400");
    expect_end(world.bench.client, 0, 0);
    expect_end(world.bench.server, 0, 0);
    stop_all(&world);
}

static void timeout_drops_and_closes_both_when_it_is_removed(void **state)
{
    struct world world;
    (void)state;
    start(&world);
    bench_open(&world.bench);
    pass(&world, 0, 1000);
    add(&world, "timeout", "\"timeout\":0");
    bench_send(world.bench.server, sent, sizeof sent);
    bench_wait_acked(world.bench.server);
    bench_send(world.bench.client, "up", 2);
    bench_read(world.bench.server, got, 2);
    bench_expect_silence(world.bench.client, BENCH_SILENCE_MS);
    take_away(&world);
    expect_end(world.bench.client, 0, 0);
    expect_end(world.bench.server, 0, 0);

    bench_open(&world.bench);
    add(&world, "timeout", "\"timeout\":3600000");
    int64_t begin = bench_now_us();
    bench_send(world.bench.server, sent, 1000);
    change(&world, "\"timeout\":50");
    expect_end(world.bench.client, 0, 0);
    assert_true(bench_now_us() - begin >= 50 * MS);
    expect_end(world.bench.server, 0, 0);
    stop_all(&world);
}

static void reset_peer_resets_an_open_connection_or_has_only_dropped(void **state)
{
    struct world world;
    (void)state;
    start(&world);
    bench_open(&world.bench);
    pass(&world, 0, 1000);
    int64_t begin = bench_now_us();
    add(&world, "reset_peer", "\"timeout\":100");
    bench_expect_error(world.bench.client, ECONNRESET);
    assert_true(bench_now_us() - begin >= 100 * MS);
    bench_expect_error(world.bench.server, ECONNRESET);
    take_away(&world);

    bench_open(&world.bench);
    pass(&world, 0, 1000);
    add(&world, "reset_peer", "\"timeout\":3600000");
    bench_send(world.bench.server, sent + 1000, 5000);
    bench_wait_acked(world.bench.server);
    bench_expect_silence(world.bench.client, BENCH_SILENCE_MS);
    take_away(&world);
    pass(&world, 6000, 100000); /* what came meanwhile is gone, nothing else */
    stop_all(&world);
}

static void slow_close_holds_a_fin_until_it_is_removed(void **state)
{
    struct world world;
    (void)state;
    start(&world);
    bench_open(&world.bench);
    add(&world, "slow_close", "\"delay\":3600000");
    pass(&world, 0, 1000);
    assert_int_equal(shutdown(world.bench.server, SHUT_WR), 0);
    bench_expect_silence(world.bench.client, BENCH_SILENCE_MS);
    int64_t begin = bench_now_us();
    change(&world, "\"delay\":300");
    expect_end(world.bench.client, 0, 0);
    assert_true(bench_now_us() - begin >= 300 * MS);

    bench_open(&world.bench);
    change(&world, "\"delay\":3600000");
    assert_int_equal(shutdown(world.bench.server, SHUT_WR), 0);
    bench_expect_silence(world.bench.client, BENCH_SILENCE_MS);
    take_away(&world);
    expect_end(world.bench.client, 0, 0);
    bench_send(world.bench.client, "up", 2);
    bench_read(world.bench.server, got, 2);
    stop_all(&world);
}

#define CROWD 40

/* Which of them have a fault, as the API tells. How many. */
static size_t find_held(struct world *world, bool held[CROWD])
{
    char path[64];
    size_t hit = 0;
    for (int i = 0; i < CROWD; i++) {
        snprintf(path, sizeof path, "/v1/proxies/p/connections/%d", i + 1);
        api_must(&world->api, 200, "GET", path, NULL);
        held[i] = strstr(world->api.answer, "\"faults\":[]") == NULL;
        hit += held[i];
    }
    return hit;
}

/* Of many connections about so many, and a connection's verdict is the same at every change. */
static void a_toxicity_is_drawn_once(void **state)
{
    struct world world;
    int clients[CROWD], servers[CROWD];
    bool first[CROWD], held[CROWD];
    (void)state;
    start(&world);
    for (int i = 0; i < CROWD; i++) {
        clients[i] = bench_connect(&world.bench, NULL);
        servers[i] = bench_accept(&world.bench);
    }
    for (int round = 0; round < 3; round++) {
        api_must(&world.api, 200, "POST", TOXICS,
            "{\"name\":\"t\",\"type\":\"bandwidth\",\"toxicity\":0.5,\"attributes\":{\"rate\":0}}");
        assert_in_range(find_held(&world, round == 0 ? first : held), 5, 35);
        if (round > 0)
            assert_memory_equal(held, first, sizeof held);
        for (int i = 0; i < CROWD; i++)
            bench_send(servers[i], "x", 1);
        for (int i = 0; i < CROWD; i++)
            if (!first[i])
                bench_read(clients[i], got, 1);
        for (int i = 0; i < CROWD; i++)
            bench_expect_silence(clients[i], 1);
        take_away(&world);
        for (int i = 0; i < CROWD; i++)
            if (first[i])
                bench_read(clients[i], got, 1);
    }
    for (int i = 0; i < CROWD; i++) {
        close(clients[i]);
        close(servers[i]);
    }
    stop_all(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_toxic_comes_changes_and_goes_while_bytes_flow),
        cmocka_unit_test(two_hundred_changes_a_second_lose_nothing),
        cmocka_unit_test(latency_and_bandwidth_of_a_standing_connection),
        cmocka_unit_test(limit_data_counts_over_changes_and_is_exact),
        cmocka_unit_test(timeout_drops_and_closes_both_when_it_is_removed),
        cmocka_unit_test(reset_peer_resets_an_open_connection_or_has_only_dropped),
        cmocka_unit_test(slow_close_holds_a_fin_until_it_is_removed),
        cmocka_unit_test(a_toxicity_is_drawn_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
