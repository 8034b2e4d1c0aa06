/* SPDX-License-Identifier: MIT */
/* The first bytes of each message, whatever the sizes of the pieces in which they come. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "proxy/relay/capture.h"

static void take(struct capture *capture, uint64_t offset, const char *bytes)
{
    capture_take(
        capture, DIRECTION_DOWNSTREAM, offset, (const unsigned char *)bytes, strlen(bytes));
}

static void expect_message(
    const struct capture *capture, uint64_t start, uint64_t size, const char *wanted)
{
    const unsigned char *bytes;
    size_t n = capture_message(capture, DIRECTION_DOWNSTREAM, start, size, &bytes);
    if (n != strlen(wanted) || memcmp(wanted, n > 0 ? (const char *)bytes : "", n) != 0)
        fail_msg("'%.*s' is kept, not '%s'", (int)n, n > 0 ? (const char *)bytes : "", wanted);
}

static void a_message_is_kept_up_to_the_most(void **state)
{
    struct capture capture;
    (void)state;
    assert_int_equal(capture_init(&capture, 4), 0);
    take(&capture, 0, "ab");
    take(&capture, 2, "cdef");
    expect_message(&capture, 0, 6, "abcd");
    capture_forget(&capture, DIRECTION_DOWNSTREAM, 6);
    take(&capture, 6, "gh");
    expect_message(&capture, 6, 2, "gh");
    capture_free(&capture);
}

static void bytes_behind_the_end_belong_to_the_next_message(void **state)
{
    struct capture capture;
    (void)state;
    assert_int_equal(capture_init(&capture, 8), 0);
    take(&capture, 0, "abcdef");
    expect_message(&capture, 0, 4, "abcd");
    capture_forget(&capture, DIRECTION_DOWNSTREAM, 4);
    take(&capture, 6, "gh");
    expect_message(&capture, 4, 4, "efgh");
    expect_message(&capture, 5, 2, "fg");
    capture_free(&capture);
}

static void what_follows_bytes_that_passed_unseen_is_no_beginning(void **state)
{
    struct capture capture;
    (void)state;
    assert_int_equal(capture_init(&capture, 8), 0);
    take(&capture, 0, "ab");
    take(&capture, 5, "fg");
    expect_message(&capture, 0, 7, "ab");
    capture_forget(&capture, DIRECTION_DOWNSTREAM, 9);
    take(&capture, 10, "x");
    expect_message(&capture, 9, 2, "");
    capture_free(&capture);
}

static void bytes_that_are_no_message_are_not_kept(void **state)
{
    struct capture capture;
    (void)state;
    assert_int_equal(capture_init(&capture, 4), 0);
    take(&capture, 0, "PRI *");
    capture_forget(&capture, DIRECTION_DOWNSTREAM, 7);
    take(&capture, 5, "..");
    take(&capture, 7, "a");
    capture_forget(&capture, DIRECTION_DOWNSTREAM, 7);
    take(&capture, 8, "b");
    expect_message(&capture, 7, 2, "ab");
    capture_forget(&capture, DIRECTION_DOWNSTREAM, 11);
    take(&capture, 9, "..cd");
    expect_message(&capture, 11, 2, "cd");
    capture_free(&capture);
}

static void the_directions_do_not_mix(void **state)
{
    struct capture capture;
    const unsigned char *bytes;
    (void)state;
    assert_int_equal(capture_init(&capture, 2), 0);
    take(&capture, 0, "abc");
    capture_take(&capture, DIRECTION_UPSTREAM, 0, (const unsigned char *)"xyz", 3);
    expect_message(&capture, 0, 3, "ab");
    assert_int_equal(capture_message(&capture, DIRECTION_UPSTREAM, 0, 3, &bytes), 2);
    assert_memory_equal(bytes, "xy", 2);
    capture_free(&capture);
}

static void without_a_size_nothing_is_kept(void **state)
{
    struct capture capture;
    (void)state;
    assert_int_equal(capture_init(&capture, 0), 0);
    take(&capture, 0, "abc");
    expect_message(&capture, 0, 3, "");
    capture_forget(&capture, DIRECTION_DOWNSTREAM, 3);
    capture_free(&capture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_is_kept_up_to_the_most),
        cmocka_unit_test(bytes_behind_the_end_belong_to_the_next_message),
        cmocka_unit_test(what_follows_bytes_that_passed_unseen_is_no_beginning),
        cmocka_unit_test(bytes_that_are_no_message_are_not_kept),
        cmocka_unit_test(the_directions_do_not_mix),
        cmocka_unit_test(without_a_size_nothing_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
