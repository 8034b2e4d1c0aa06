/* SPDX-License-Identifier: MIT */
/*
 * Every allocation of a connection fails once: the connection either works, or ends and says that
 * memory ran out (tests/lib/torture.h).
 */
#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/memory_script.h"
#include "tests/lib/torture.h"

#define CAP (4 * SCRIPT_BYTES)
#define ADOPTION_BYTES (1200u << 10)

/* Lets the allocation number `n` from now on fail; LONG_MAX: none. */
static void begin(long n)
{
    torture_begin(TORTURE_MEMORY, n, ENOMEM, false);
}

/* The talk of script_run, with receivers that take nothing for a while, so that rings grow. Returns
 * whether the allocation was reached. */
static bool play_with_failure(struct memory_session *it, struct memory_proxy *proxy, long n)
{
    begin(n);
    memory_session_open(it, proxy, 1);
    for (int side = 0; side < 2; side++)
        memory_session_open_window(it, (enum side)side, 100);
    for (int side = 0; side < 2; side++)
        for (unsigned i = 0; i < 20; i++) {
            memory_session_feed(it, (enum side)side, script_bytes((enum side)side), 200);
            memory_session_advance(it, 100);
        }
    for (int side = 0; side < 2; side++)
        memory_session_open_window(it, (enum side)side, SIZE_MAX);
    memory_session_feed_fin(it, SIDE_CLIENT);
    memory_session_feed_fin(it, SIDE_SERVER);
    memory_session_advance(it, 10 * US_PER_S);
    memory_session_close(it);
    bool reached = torture_end() > n;
    return reached;
}

static void note_outcome(const struct memory_session *it, struct outcome *outcome)
{
    for (int side = 0; side < 2; side++) {
        memcpy(outcome->bytes[side], it->end[side].out, it->end[side].out_len);
        outcome->len[side] = it->end[side].out_len;
    }
    memcpy(outcome->log, it->log, sizeof outcome->log);
}

/* Connections that ended for want of memory. */
static unsigned ended_without_memory;

/* Fails the n-th allocation for each n, until there is none. What is a matter of time may come
 * later then, for want of memory to note it exactly. */
static void fail_each(struct memory_session *it, struct memory_proxy *proxy, const char *text)
{
    static struct outcome want, got;
    const struct script failing = {.piece = 200};
    play_with_failure(it, proxy, LONG_MAX);
    note_outcome(it, &want);
    for (long n = 0;; n++) {
        ring_pool_deinit(&it->pool);
        assert_int_equal(memory_proxy_compile(proxy), 0);
        bool reached = play_with_failure(it, proxy, n);
        note_outcome(it, &got);
        ended_without_memory += it->session.stop_cause == CAUSE_OUT_OF_MEMORY ? 1 : 0;
        if (it->session.stop_cause != CAUSE_OUT_OF_MEMORY && script_is_timeless(proxy))
            outcome_expect_same(&got, &want, &failing, text);
        if (!reached)
            return;
        assert_in_range(n, 0, 1000);
    }
}

static void every_allocation_of_every_fault_may_fail(void **state)
{
    static char text[SCRIPT_TEXT_MAX];
    struct memory_session *it = calloc(1, sizeof *it);
    struct memory_proxy proxy;
    (void)state;
    assert_non_null(it);
    memory_session_init(it, CAP);
    for (size_t i = 0; fault_catalogue[i] != NULL; i++) {
        uint64_t random = i * 999983;
        for (unsigned round = 0; round < 40 && fault_catalogue[i]->listener == LISTENER_OPEN;
             round++) {
            script_draw_faults(
                fault_catalogue[i], 1 + round % 3, &random, text, sizeof text, &proxy);
            fail_each(it, &proxy, text);
            memory_proxy_deinit(&proxy);
        }
    }
    assert_true(ended_without_memory > 1000); /* else nothing failed: see CMakeLists.txt */
    memory_session_deinit(it);
    free(it);
}

/* Messages wait, and a fault that is not armed yet will count them. */
static void every_allocation_of_a_chain_may_fail(void **state)
{
    static const char text[] =
        "[proxy a]\nlisten = 127.0.0.1:0\nupstream = 127.0.0.1:1\nprotocol = length:size=1\n"
        "[fault f]\ntype = inject\ndata = \"*\"\nwhen = message:20\nafter = m\n"
        "[fault m]\ntype = mark\ndirection = upstream\nwhen = bytes:3k\n";
    struct memory_session *it = calloc(1, sizeof *it);
    struct memory_proxy proxy;
    (void)state;
    assert_non_null(it);
    memory_session_init(it, CAP);
    memory_proxy_init(&proxy, text);
    unsigned before = ended_without_memory;
    fail_each(it, &proxy, text);
    /* those of the beginning, and the backlog that grows */
    assert_in_range(ended_without_memory - before, 6, 1000);
    memory_proxy_deinit(&proxy);
    memory_session_deinit(it);
    free(it);
}

static void a_plan_without_memory_is_none(void **state)
{
    struct memory_proxy proxy;
    (void)state;
    assert_int_equal(
        memory_proxy_read(&proxy, "[fault f]\ntype = close\n[fault g]\ntype = reset\n"), 0);
    for (long n = 0;; n++) {
        begin(n);
        int result = memory_proxy_compile(&proxy);
        bool reached = torture_end() > n;
        assert_int_equal(result, reached ? -1 : 0);
        if (!reached)
            break;
        assert_in_range(n, 0, 100);
    }
    memory_proxy_deinit(&proxy);
}

/* Bytes wait in a pipe, in a ring and behind a fault when the n-th allocation of an adoption fails.
 * Returns whether it was reached. A ring that cannot grow only reads later. */
static bool adopt_with_failure(
    struct memory_session *it, struct memory_proxy *proxy, const struct config *config, long n)
{
    static unsigned char bytes[ADOPTION_BYTES];
    it->splices = true;
    memory_session_open(it, proxy, 1);
    memory_session_open_window(it, SIDE_CLIENT, RING_BLOCK + 1000);
    memory_session_feed(it, SIDE_SERVER, bytes, ADOPTION_BYTES);
    assert_true(it->session.flow[DIRECTION_DOWNSTREAM].spliced.bytes > RING_BLOCK);
    const struct plan *plan = it->session.plan;
    const struct armed_fault *armed = it->session.armed.list[0];
    begin(n);
    int result = memory_session_adopt(it, proxy, config);
    bool reached = torture_end() > n;
    assert_true(result == 0 || reached);
    if (result != 0) {
        assert_ptr_equal(it->session.plan, plan);
        assert_ptr_equal(it->session.armed.list[0], armed);
        assert_int_equal(it->session.armed.count, 1);
    }
    memory_session_open_window(it, SIDE_CLIENT, SIZE_MAX);
    memory_session_advance(it, 10 * US_PER_S);
    memory_session_expect(it, SIDE_CLIENT, bytes, ADOPTION_BYTES);
    memory_session_close(it);
    ring_pool_deinit(&it->pool);
    return reached;
}

static void an_adoption_without_memory_leaves_the_old_plan(void **state)
{
    struct memory_session *it = calloc(1, sizeof *it);
    struct memory_proxy proxy;
    struct config config;
    (void)state;
    assert_non_null(it);
    memory_session_init(it, 2 * ADOPTION_BYTES);
    assert_int_equal(memory_config_read(&config, "[fault f]\ntype = half_close\nside = server\n"
                                                 "[fault g]\ntype = latency\ndelay = 1ms\n"
                                                 "[fault h]\ntype = slice\nsize = 1k\n"
                                                 "direction = both\n"),
        0);
    for (long n = 0;; n++) {
        memory_proxy_init(&proxy, "[fault f]\ntype = hold_fin\ndirection = upstream\n");
        bool reached = adopt_with_failure(it, &proxy, &config, n);
        memory_proxy_deinit(&proxy);
        if (!reached)
            break;
        assert_in_range(n, 0, 100);
    }
    config_free(&config);
    memory_session_deinit(it);
    free(it);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_allocation_of_every_fault_may_fail),
        cmocka_unit_test(every_allocation_of_a_chain_may_fail),
        cmocka_unit_test(a_plan_without_memory_is_none),
        cmocka_unit_test(an_adoption_without_memory_leaves_the_old_plan),
    };
    torture_enter();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
