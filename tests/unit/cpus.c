/* SPDX-License-Identifier: MIT */
/* CPUs: the quota of a cgroup, as cpu.max writes it. */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proxy/base/cpus.h"

static void a_quota_is_rounded_up(void **state)
{
    (void)state;
    assert_int_equal(cpus_of_quota("200000 100000\n"), 2);
    assert_int_equal(cpus_of_quota("150000 100000\n"), 2);
    assert_int_equal(cpus_of_quota("100001 100000\n"), 2);
    assert_int_equal(cpus_of_quota("1000 100000\n"), 1);
}

static void what_is_not_a_quota_is_no_limit(void **state)
{
    (void)state;
    assert_int_equal(cpus_of_quota("max 100000\n"), UINT_MAX);
    assert_int_equal(cpus_of_quota(""), UINT_MAX);
    assert_int_equal(cpus_of_quota("100000"), UINT_MAX);
    assert_int_equal(cpus_of_quota("0 0"), UINT_MAX);
}

static void at_least_one_cpu_is_usable(void **state)
{
    (void)state;
    assert_in_range(cpus_usable(), 1, 1 << 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_quota_is_rounded_up),
        cmocka_unit_test(what_is_not_a_quota_is_no_limit),
        cmocka_unit_test(at_least_one_cpu_is_usable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
