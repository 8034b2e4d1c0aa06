/* SPDX-License-Identifier: MIT */
/*
 * Thousands of faults on a proxy cost a connection time in proportion to their number, not to its
 * square. Measured is the CPU time of this thread; the bound lies between the two with room on both
 * sides. Where each of them fires on a byte of its own, the square is spread over many turns of the
 * loop.
 */
#include "tests/unit/memory_fixture.h"

#include <time.h>

#define FEW 250u
#define MANY (16 * FEW) /* 16 times the time if linear, 256 times if it is the square */
#define RATIO_MAX 140

static time_us moment = MEMORY_START;

static time_us host_now(struct session *session)
{
    (void)session;
    return moment;
}

static void host_ignore(struct session *session)
{
    (void)session;
}

static void host_set_timer(struct session *session, time_us at)
{
    (void)session;
    (void)at;
}

static unsigned woken, fired;

static void host_wake_soon(struct session *session)
{
    (void)session;
    woken++;
}

static void host_emit(struct session *session, const struct event *event)
{
    (void)session;
    fired += event->kind == EVENT_FAULT;
}

static bool host_wants_details(struct session *session)
{
    (void)session;
    return false;
}

static const struct session_host host = {
    .now = host_now,
    .dial = host_ignore,
    .cancel_dial = host_ignore,
    .set_timer = host_set_timer,
    .wake_soon = host_wake_soon,
    .emit = host_emit,
    .wants_details = host_wants_details,
    .ended = host_ignore,
};

static uint64_t cpu_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

/* One connection that carries a byte. */
static void play(struct memory_session *it, struct plan *plan)
{
    const struct session_pools pools = {.rings = &it->pool};
    struct sockaddr_storage client = {.ss_family = AF_INET};
    struct session session;
    for (int side = 0; side < 2; side++)
        memory_endpoint_reset(&it->end[side]);
    session_init(&session, &host, plan, 1, &it->end[SIDE_CLIENT].ep, "client", &pools);
    session_start(&session, &client);
    session_on_connected(&session, &it->end[SIDE_SERVER].ep, "server");
    memory_endpoint_feed(&it->end[SIDE_SERVER], "x", 1);
    session_wake(&session);
    session_stop(&session, CAUSE_STOPPED);
    session_deinit(&session);
}

/* CPU time of a connection with so many faults, the best of `rounds`. */
static uint64_t cost(void **state, const char *keys, unsigned count, int rounds)
{
    struct fixture *fixture = *state;
    size_t size = count * (strlen(keys) + 40) + 1, used = 0;
    char *text = malloc(size);
    uint64_t best = UINT64_MAX;
    assert_non_null(text);
    for (unsigned i = 0; i < count; i++)
        used += (size_t)snprintf(text + used, size - used, "[fault f%u]\n%s", i, keys);
    memory_proxy_init(&fixture->proxy, text);
    for (int round = 0; round < rounds; round++) {
        uint64_t begin = cpu_ns();
        play(&fixture->it, fixture->proxy.plan);
        uint64_t took = cpu_ns() - begin;
        best = took < best ? took : best;
    }
    memory_proxy_deinit(&fixture->proxy);
    free(text);
    return best;
}

static void a_connection_costs_time_in_proportion_to_the_faults(void **state)
{
    static const char *const keys[] = {
        "type = noop\n",
        "type = latency\ndelay = 0s\n",
        "type = corrupt\nrate = 1%\ndirection = both\n",
        "type = bandwidth\nrate = 1G/s\nwhen = bytes:0\n",
        "type = reset\nwhen = bytes:1G\n",
        "type = reset\nwhen = match:\"never\"\nedge = before\ntimes = 3\n",
        "type = stall\nwhen = time:1h\nconnections = 2-\n",
    };
    for (size_t i = 0; i < COUNT(keys); i++) {
        uint64_t few = 0, many = 1;
        /* Caches that other programs use cost CPU time too: more rounds find a calm moment. */
        for (int rounds = 7; rounds < 200 && many > few * RATIO_MAX; rounds *= 3) {
            few = cost(state, keys[i], FEW, rounds);
            many = cost(state, keys[i], MANY, rounds);
        }
        if (many > few * RATIO_MAX)
            fail_msg("%u faults take %ju ns, %u take %ju\n%s", FEW, (uintmax_t)few, MANY,
                (uintmax_t)many, keys[i]);
    }
}

#define APART 2000u

/* The limit below is of faults that fire in one run: each is an edge or a time, which looks at all
 * of them. All times are due when the run comes. */
static void expect_many_runs(void **state, const char *when)
{
    struct fixture *fixture = *state;
    struct memory_session *it = &fixture->it;
    const struct session_pools pools = {.rings = &it->pool};
    static char text[APART * 64], bytes[APART + 1];
    struct sockaddr_storage client = {.ss_family = AF_INET};
    struct session session;
    size_t used = 0;
    unsigned runs = 0, most = 0;
    for (unsigned i = 1; i <= APART; i++)
        used += (size_t)snprintf(text + used, sizeof text - used,
            "[fault f%u]\ntype = noop\nwhen = %s:%u%s\n", i, when, i,
            strcmp(when, "time") == 0 ? "us" : "");
    memory_proxy_init(&fixture->proxy, text);
    for (int side = 0; side < 2; side++)
        memory_endpoint_reset(&it->end[side]);
    session_init(
        &session, &host, fixture->proxy.plan, 1, &it->end[SIDE_CLIENT].ep, "client", &pools);
    session_start(&session, &client);
    session_on_connected(&session, &it->end[SIDE_SERVER].ep, "server");
    memset(bytes, 'x', sizeof bytes);
    memory_endpoint_feed(&it->end[SIDE_SERVER], bytes, sizeof bytes);
    fired = 0;
    moment = MEMORY_START + APART;
    do {
        unsigned before = fired;
        woken = 0;
        session_wake(&session);
        most = fired - before > most ? fired - before : most;
        runs++;
    } while (woken > 0);
    moment = MEMORY_START;
    assert_int_equal(fired, APART);
    assert_int_equal(flow_forwarded(&session.flow[DIRECTION_DOWNSTREAM]), sizeof bytes);
    if (most > 16)
        fail_msg("%u of %u faults fired in one of %u runs", most, APART, runs);
    session_stop(&session, CAUSE_STOPPED);
    session_deinit(&session);
    memory_proxy_deinit(&fixture->proxy);
}

static void a_run_does_not_go_through_thousands_of_edges(void **state)
{
    expect_many_runs(state, "bytes");
}

static void a_late_run_does_not_go_through_thousands_of_times(void **state)
{
    expect_many_runs(state, "time");
}

/* A fault that cannot concern a connection is not armed for it: no memory, no later work. */
static void faults_of_other_connections_are_not_armed(void **state)
{
    struct memory_session *it = open_with(state,
        F "type = noop\nconnections = 2-\n[fault g]\ntype = noop\nclients = 9.9.9.9\n[fault h]\n"
          "type = noop\nenabled = no\n");
    assert_int_equal(it->session.armed.count, 0);
    assert_null(it->session.armed.list);
    close_it(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_connection_costs_time_in_proportion_to_the_faults),
        TEST(a_run_does_not_go_through_thousands_of_edges),
        TEST(a_late_run_does_not_go_through_thousands_of_times),
        TEST(faults_of_other_connections_are_not_armed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
