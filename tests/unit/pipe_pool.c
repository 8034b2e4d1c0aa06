/* SPDX-License-Identifier: MIT */
/* Which pipes a pool keeps. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proxy/net/pipe_pool.h"

#define MANY (PIPE_POOL_MAX * 3)

static struct splice_pipe *taken[MANY];

static void take_all(struct pipe_pool *pipes)
{
    for (unsigned i = 0; i < MANY; i++)
        assert_non_null(taken[i] = pipes->pool.take(&pipes->pool));
}

static void free_pipes_are_kept_while_one_is_in_use(void **state)
{
    struct pipe_pool pipes;
    (void)state;
    pipe_pool_init(&pipes);
    take_all(&pipes);
    struct splice_pipe *in_use = taken[0], *again[MANY];
    for (unsigned i = 1; i < MANY; i++)
        pipes.pool.give(&pipes.pool, taken[i], true);
    assert_int_equal(pipes.count, MANY - 1);
    for (unsigned i = 1; i < MANY; i++)
        again[i] = pipes.pool.take(&pipes.pool);
    assert_int_equal(pipes.count, 0);
    for (unsigned i = 1; i < MANY; i++) /* last in, first out */
        assert_ptr_equal(again[i], taken[MANY - i]);
    for (unsigned i = 1; i < MANY; i++)
        pipes.pool.give(&pipes.pool, again[i], true);
    pipes.pool.give(&pipes.pool, in_use, true);
    pipe_pool_deinit(&pipes);
}

static void few_pipes_are_kept_once_none_is_in_use(void **state)
{
    struct pipe_pool pipes;
    (void)state;
    pipe_pool_init(&pipes);
    take_all(&pipes);
    for (unsigned i = 0; i < MANY; i++)
        pipes.pool.give(&pipes.pool, taken[i], true);
    assert_int_equal(pipes.count, PIPE_POOL_MAX);
    pipe_pool_deinit(&pipes);
    assert_int_equal(pipes.count, 0);
}

static void a_pipe_with_bytes_is_not_kept(void **state)
{
    struct pipe_pool pipes;
    (void)state;
    pipe_pool_init(&pipes);
    take_all(&pipes);
    for (unsigned i = 0; i < MANY; i++)
        pipes.pool.give(&pipes.pool, taken[i], i % 2 == 0);
    assert_int_equal(pipes.count, PIPE_POOL_MAX);
    pipe_pool_deinit(&pipes);
}

static void so_many_pipes_may_be_in_use(void **state)
{
    struct pipe_pool pipes;
    static struct splice_pipe *all[PIPE_POOL_TAKEN_MAX];
    (void)state;
    pipe_pool_init(&pipes);
    unsigned count = 0;
    while (count < PIPE_POOL_TAKEN_MAX && (all[count] = pipes.pool.take(&pipes.pool)) != NULL)
        count++;
    if (count == PIPE_POOL_TAKEN_MAX) /* else: the limit of descriptors */
        assert_null(pipes.pool.take(&pipes.pool));
    while (count > 0)
        pipes.pool.give(&pipes.pool, all[--count], true);
    assert_int_equal(pipes.count, PIPE_POOL_MAX);
    pipe_pool_deinit(&pipes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(free_pipes_are_kept_while_one_is_in_use),
        cmocka_unit_test(few_pipes_are_kept_once_none_is_in_use),
        cmocka_unit_test(a_pipe_with_bytes_is_not_kept),
        cmocka_unit_test(so_many_pipes_may_be_in_use),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
