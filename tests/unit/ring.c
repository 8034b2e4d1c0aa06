/* SPDX-License-Identifier: MIT */
/* The ring of bytes: against the plain stream that goes through it. */
#include "proxy/base/ring.h"

#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/random_fault.h"

static unsigned char byte_at(uint64_t offset)
{
    return (unsigned char)(offset * 7 ^ offset >> 8);
}

static void put(struct ring *ring, size_t want, size_t use)
{
    size_t got = 0;
    unsigned char *space = ring_reserve(ring, want, &got);
    if (space == NULL) {
        assert_int_equal(ring_used(ring), ring->limit);
        return;
    }
    assert_in_range(got, 1, want);
    use = use < got ? use : got;
    for (size_t i = 0; i < use; i++)
        space[i] = byte_at(ring->tail + i);
    ring_commit(ring, use);
}

static void check(const struct ring *ring, size_t max)
{
    struct iovec pieces[2];
    int count = ring_peek(ring, max, pieces);
    uint64_t offset = ring->head;
    for (int i = 0; i < count; i++)
        for (size_t at = 0; at < pieces[i].iov_len; at++)
            assert_int_equal(((unsigned char *)pieces[i].iov_base)[at], byte_at(offset++));
    size_t want = ring_used(ring) < max ? ring_used(ring) : max;
    assert_int_equal(offset - ring->head, want);
}

static void bytes_come_out_as_they_went_in(void **state)
{
    static const size_t limits[] = {1, 2, 7, 4096, RING_BLOCK, RING_BLOCK + 1, 5 * RING_BLOCK};
    uint64_t random = 1;
    (void)state;
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        struct ring_pool pool = {0};
        struct ring ring;
        ring_init(&ring, limits[i], &pool);
        for (int round = 0; round < 300; round++) {
            size_t want = 1 + random_below(&random, limits[i]);
            put(&ring, want, random_below(&random, want + 1));
            assert_in_range(ring_used(&ring), 0, limits[i]);
            check(&ring, 1 + random_below(&random, 3000));
            ring_consume(&ring, random_below(&random, ring_used(&ring) + 1));
        }
        check(&ring, SIZE_MAX);
        ring_deinit(&ring);
        ring_pool_deinit(&pool);
    }
}

static void an_empty_ring_holds_no_memory(void **state)
{
    struct ring_pool pool = {0};
    struct ring ring;
    (void)state;
    ring_init(&ring, 4 * RING_BLOCK, &pool);
    for (int round = 0; round < 3; round++) {
        put(&ring, 10, 10);
        assert_non_null(ring.data);
        ring_consume(&ring, 10);
        assert_null(ring.data);
        assert_int_equal(pool.count, 1);
        put(&ring, 10, 0);
        assert_null(ring.data);
    }
    assert_int_equal(ring.head, 30);
    ring_deinit(&ring);
    ring_deinit(&ring);
    ring_pool_deinit(&pool);
}

static void it_grows_up_to_its_limit_and_no_further(void **state)
{
    struct ring_pool pool = {0};
    struct ring ring;
    size_t got;
    (void)state;
    ring_init(&ring, 3 * RING_BLOCK, &pool);
    while (ring_room(&ring) > 0)
        put(&ring, SIZE_MAX, SIZE_MAX);
    assert_int_equal(ring_used(&ring), 3 * RING_BLOCK);
    assert_int_equal(ring.cap, 3 * RING_BLOCK);
    assert_null(ring_reserve(&ring, 1, &got));
    check(&ring, SIZE_MAX);
    ring_forget(&ring);
    assert_int_equal(ring.tail, 0);
    assert_null(ring.data);
    ring_deinit(&ring);
    ring_pool_deinit(&pool);
}

/* Every block of a pool has room for a whole read, whatever the ring was that gave it back. */
static void a_pool_holds_whole_blocks(void **state)
{
    static const size_t limits[] = {1, 65536, RING_BLOCK - 1, RING_BLOCK, 2 * RING_BLOCK};
    struct ring_pool pool = {0};
    (void)state;
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        for (size_t n = 1; n <= 2 * RING_BLOCK; n += RING_BLOCK / 4 - 1) {
            struct ring ring;
            ring_init(&ring, limits[i], &pool);
            memset(ring_reserve_whole(&ring, n), 'x', n);
            ring_commit(&ring, n);
            ring_consume(&ring, n);
            ring_deinit(&ring);
        }
    }
    assert_true(pool.count > 0);
    for (unsigned i = 0; i < pool.count; i++)
        assert_true(malloc_usable_size(pool.blocks[i]) >= RING_BLOCK);
    ring_pool_deinit(&pool);
}

/* To look at nothing, to take nothing, to give nothing back: no mistakes. */
static void nothing_is_allowed(void **state)
{
    struct ring_pool pool = {0};
    struct iovec pieces[2];
    struct ring ring;
    size_t got;
    (void)state;
    ring_init(&ring, 8, &pool);
    assert_int_equal(ring_peek(&ring, 100, pieces), 0);
    ring_commit(&ring, 0);
    ring_consume(&ring, 0);
    ring_forget(&ring);
    assert_null(ring_reserve(&ring, 0, &got));
    ring_deinit(&ring);
    ring_pool_deinit(&pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_come_out_as_they_went_in),
        cmocka_unit_test(an_empty_ring_holds_no_memory),
        cmocka_unit_test(it_grows_up_to_its_limit_and_no_further),
        cmocka_unit_test(a_pool_holds_whole_blocks),
        cmocka_unit_test(nothing_is_allowed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
