/* SPDX-License-Identifier: MIT */
/* The pattern that the peers exchange: the same in whatever pieces it is made and compared. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "proxy/peers/pattern.h"

#define SIZE 1500

static void pieces_of_any_size_are_the_whole(void **state)
{
    (void)state;
    unsigned char whole[SIZE], piece[SIZE];
    peer_pattern_fill(1, 65000, whole, SIZE);
    for (size_t size = 1; size < SIZE; size += 97) {
        for (size_t at = 0; at + size <= SIZE; at += size)
            peer_pattern_fill(1, 65000 + at, piece + at, size);
        assert_memory_equal(piece, whole, SIZE - SIZE % size);
    }
}

static void the_first_wrong_byte_is_found(void **state)
{
    (void)state;
    unsigned char bytes[SIZE];
    peer_pattern_fill(0, 100, bytes, SIZE);
    assert_int_equal(peer_pattern_match(0, 100, bytes, SIZE), SIZE);
    assert_int_equal(peer_pattern_match(0, 100, bytes, 0), 0);
    for (size_t at = 0; at < SIZE; at++) {
        bytes[at] ^= 1;
        assert_int_equal(peer_pattern_match(0, 100, bytes, SIZE), at);
        bytes[at] ^= 1;
    }
}

static void neighbouring_blocks_and_senders_differ(void **state)
{
    (void)state;
    unsigned char bytes[256];
    for (uint64_t size = 1; size <= 1 << 20; size *= 2) {
        peer_pattern_fill(0, 0, bytes, sizeof bytes);
        assert_true(peer_pattern_match(0, size, bytes, sizeof bytes) < sizeof bytes);
        assert_true(peer_pattern_match(1, 0, bytes, sizeof bytes) < sizeof bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_of_any_size_are_the_whole),
        cmocka_unit_test(the_first_wrong_byte_is_found),
        cmocka_unit_test(neighbouring_blocks_and_senders_differ),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
