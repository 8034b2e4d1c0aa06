/* SPDX-License-Identifier: MIT */
/*
 * Inserted bytes go through the faults that stand behind their own in the file, and a fault that
 * finds nothing to do has not fired.
 */
#include "tests/unit/memory_fixture.h"

#define MS US_PER_MS
#define INJECT "type = inject\ndata = \"abcd\"\nwhen = bytes:2\n"

static size_t received(const struct memory_session *it)
{
    return it->end[SIDE_CLIENT].out_len;
}

static void latency_behind_an_inject_delays_its_bytes(void **state)
{
    struct memory_session *it =
        open_with(state, F INJECT G "type = latency\ndelay = 100ms\nwhen = bytes:1\n");
    memory_session_feed(it, SIDE_SERVER, "xyz", 3);
    memory_session_advance(it, 100 * MS); /* now y has gone, and the inject fires */
    expect(it, "xy");
    memory_session_advance(it, 99 * MS);
    expect(it, "xy");
    memory_session_advance(it, 1 * MS);
    expect(it, "xyabcdz");
    close_it(state);
}

static void latency_in_front_of_an_inject_does_not(void **state)
{
    struct memory_session *it = open_with(state, F "type = latency\ndelay = 100ms\n" G INJECT);
    memory_session_feed(it, SIDE_SERVER, "xyz", 3);
    memory_session_advance(it, 100 * MS);
    expect(it, "xyabcdz"); /* z arrived with the others, although it is read behind the inject */
    close_it(state);
}

static void bandwidth_behind_an_inject_paces_its_bytes(void **state)
{
    struct memory_session *it =
        open_with(state, F "type = inject\nrandom = 1000\nwhen = bytes:2\n" G
                           "type = bandwidth\nrate = 1k/s\nburst = 1\n");
    memory_session_feed(it, SIDE_SERVER, "xyz", 3);
    memory_session_advance(it, 500 * MS);
    assert_in_range(received(it), 480, 520);
    memory_session_advance(it, 600 * MS);
    assert_int_equal(received(it), 1003);
    close_it(state);
}

static void bandwidth_in_front_of_an_inject_does_not(void **state)
{
    struct memory_session *it =
        open_with(state, F "type = bandwidth\nrate = 1k/s\nburst = 1\n" G
                           "type = inject\nrandom = 1000\nwhen = bytes:2\n");
    memory_session_feed(it, SIDE_SERVER, "xyz", 3);
    memory_session_advance(it, 10 * MS);
    assert_in_range(received(it), 1002, 1003);
    close_it(state);
}

static void slice_behind_an_inject_cuts_its_bytes(void **state)
{
    struct memory_session *it = open_with(state, F INJECT G "type = slice\nsize = 2\ngap = 10ms\n");
    static const char *const steps[] = {"xy", "xyab", "xyabcd", "xyabcdz"};
    memory_session_feed(it, SIDE_SERVER, "xyz", 3);
    for (size_t i = 0; i < COUNT(steps); i++) {
        expect(it, steps[i]);
        memory_session_advance(it, 10 * MS);
    }
    close_it(state);
}

static void corrupt_behind_an_inject_flips_its_bytes_only(void **state)
{
    static const unsigned char flipped[] = {
        'x' ^ 0xff, 'y' ^ 0xff, 'a' ^ 0xff, 'b' ^ 0xff, 'c' ^ 0xff, 'd' ^ 0xff, 'z' ^ 0xff};
    struct memory_session *it =
        open_with(state, F INJECT G "type = corrupt\nrate = 100%\nbits = 8\n");
    memory_session_feed(it, SIDE_SERVER, "xyz", 3);
    memory_session_expect(it, SIDE_CLIENT, flipped, sizeof flipped);
    close_it(state);
}

static void corrupt_in_front_of_an_inject_leaves_them(void **state)
{
    static const unsigned char flipped[] = {'x' ^ 0xff, 'y' ^ 0xff, 'a', 'b', 'c', 'd', 'z' ^ 0xff};
    struct memory_session *it =
        open_with(state, F "type = corrupt\nrate = 100%\nbits = 8\n" G INJECT);
    memory_session_feed(it, SIDE_SERVER, "xyz", 3);
    memory_session_expect(it, SIDE_CLIENT, flipped, sizeof flipped);
    close_it(state);
}

/* The offsets of `corrupt` are those of the stream: inserted bytes have none. */
static void corrupt_at_an_offset_hits_the_same_byte_behind_an_inject(void **state)
{
    static const unsigned char want[] = {'x', 'y', 'a', 'b', 'c', 'd', 'z' ^ 0xff, 'w'};
    struct memory_session *it = open_with(state, F INJECT G "type = corrupt\nat = 2\nbits = 8\n");
    memory_session_feed(it, SIDE_SERVER, "xyzw", 4);
    memory_session_expect(it, SIDE_CLIENT, want, sizeof want);
    close_it(state);
}

/* --- fired means that something happened --- */

static void corrupt_at_a_byte_that_went_before_the_match_has_not_fired(void **state)
{
    struct memory_session *it = open_with(state, F "type = corrupt\nat = 1\nwhen = match:\"cd\"\n");
    memory_session_feed(it, SIDE_SERVER, "abcdef", 6);
    expect(it, "abcdef");
    assert_int_equal(it->injected_count, 0);
    assert_int_equal(it->session.plan->rules[0]->fault_counter->fired, 0);
    close_it(state);
}

static void corrupt_at_a_byte_behind_the_match_has(void **state)
{
    static const unsigned char want[] = {'a', 'b', 'c', 'd', 'e' ^ 0xff, 'f'};
    struct memory_session *it =
        open_with(state, F "type = corrupt\nat = 4\nbits = 8\nwhen = match:\"cd\"\n");
    memory_session_feed(it, SIDE_SERVER, "abcdef", 6);
    memory_session_expect(it, SIDE_CLIENT, want, sizeof want);
    assert_int_equal(memory_session_injected(it, EVENT_FAULT, 0)->offset, 4);
    assert_int_equal(memory_session_injected(it, EVENT_FAULT_OVER, 0)->offset, 5);
    assert_int_equal(it->injected_count, 2);
    close_it(state);
}

/* Of 1000 inserted bytes one in a hundred changes, and none of the few bytes of the stream. */
static void corrupt_that_changes_an_insertion_fires_where_it_stands(void **state)
{
    struct memory_session *it = open_with(state,
        F "type = inject\nrandom = 1000\nwhen = bytes:2\n" G "type = corrupt\nrate = 1%\n"
          "[fault m]\ntype = mark\nafter = g\nwhen = bytes:1\n");
    memory_session_feed(it, SIDE_SERVER, "xyzw", 4);
    assert_int_equal(received(it), 1004);
    assert_int_equal(memory_session_injected(it, EVENT_FAULT, 0)->offset, 2);
    assert_int_equal(memory_session_injected(it, EVENT_FAULT, 1)->offset, 2);
    assert_int_equal(memory_session_injected(it, EVENT_FAULT, 2)->offset, 3);
    assert_int_equal(it->injected_count, 3);
    close_it(state);
}

static void corrupt_at_a_byte_that_never_came_has_not_fired(void **state)
{
    struct memory_session *it =
        open_with(state, F "type = corrupt\nat = 6\n" G "type = mark\nafter = f\nwhen = open\n");
    memory_session_feed(it, SIDE_SERVER, "abcdef", 6);
    expect(it, "abcdef");
    assert_int_equal(it->injected_count, 0);
    assert_int_equal(it->session.plan->rules[0]->fault_counter->fired, 0);
    close_it(state);
}

static void a_fault_behind_corrupt_at_counts_from_the_changed_byte(void **state)
{
    static const unsigned char want[] = {'a', 'b' ^ 0xff, 'c', '!', 'd', 'e', 'f'};
    struct memory_session *it = open_with(state,
        F "type = corrupt\nat = 1\nbits = 8\n" G "type = inject\ndata = \"!\"\nafter = f\n"
          "when = bytes:1\n");
    memory_session_feed(it, SIDE_SERVER, "abcdef", 6);
    memory_session_expect(it, SIDE_CLIENT, want, sizeof want);
    close_it(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(latency_behind_an_inject_delays_its_bytes),
        TEST(latency_in_front_of_an_inject_does_not),
        TEST(bandwidth_behind_an_inject_paces_its_bytes),
        TEST(bandwidth_in_front_of_an_inject_does_not),
        TEST(slice_behind_an_inject_cuts_its_bytes),
        TEST(corrupt_behind_an_inject_flips_its_bytes_only),
        TEST(corrupt_in_front_of_an_inject_leaves_them),
        TEST(corrupt_at_an_offset_hits_the_same_byte_behind_an_inject),
        TEST(corrupt_at_a_byte_that_went_before_the_match_has_not_fired),
        TEST(corrupt_at_a_byte_behind_the_match_has),
        TEST(corrupt_that_changes_an_insertion_fires_where_it_stands),
        TEST(corrupt_at_a_byte_that_never_came_has_not_fired),
        TEST(a_fault_behind_corrupt_at_counts_from_the_changed_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
