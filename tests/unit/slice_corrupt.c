/* SPDX-License-Identifier: MIT */
/* `slice` and `corrupt`: what they do to which byte depends on its offset alone. */
#include "tests/unit/hand_flow.h"

/* Where the slices end, when `waiting` bytes are there at a time. The gap is 1 ms. */
static size_t cut(const char *keys, uint64_t bytes, uint64_t waiting, uint64_t *ends, size_t most)
{
    struct flow *flow = flow_new(keys);
    size_t count = 0;
    while (flow->head < bytes && count < most) {
        uint64_t n, before = flow->end;
        flow->count = 0;
        if (flow->end < bytes && flow->end - flow->head < waiting)
            arrive(flow, before + waiting > bytes ? bytes - before : waiting);
        time_us again = ask(flow, &n);
        if (n == 0) { /* the gap behind a slice */
            ends[count++] = flow->head;
            assert_int_equal(again, flow->now + 1000);
            flow->now = again;
            continue;
        }
        pass(flow, n);
    }
    free(flow);
    return count;
}

static void slices_end_where_they_end_however_much_waits(void **state)
{
    static const uint64_t waits[] = {1, 2, 7, 10, 99, 1448, 100000};
    static const char keys[] = "type = slice\nsize = 10\nvariation = 9\ngap = 1ms";
    uint64_t ends[500], others[500];
    (void)state;
    size_t count = cut(keys, 4000, 4000, ends, COUNT(ends));
    assert_in_range(count, 330, 470);
    for (size_t i = 0; i < count; i++)
        assert_in_range(ends[i] - (i == 0 ? 0 : ends[i - 1]), 1, 19);
    for (size_t i = 0; i < COUNT(waits); i++) {
        assert_int_equal(cut(keys, 4000, waits[i], others, COUNT(others)), count);
        assert_memory_equal(ends, others, count * sizeof ends[0]);
    }
}

static void slices_without_variation_are_equal(void **state)
{
    uint64_t ends[100];
    (void)state;
    size_t count = cut("type = slice\nsize = 10\ngap = 1ms", 1000, 64, ends, COUNT(ends));
    assert_int_equal(count, 99);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(ends[i], 10 * (i + 1));
}

/* Where nothing is left of the size, a slice is one byte. */
static void a_slicer_may_vary_by_all_of_its_size(void **state)
{
    uint64_t ends[1000], bytes = 4000;
    (void)state;
    size_t count = cut("type = slicer\naverage_size = 10\nsize_variation = 10\ndelay = 1ms", bytes,
        4000, ends, COUNT(ends));
    assert_in_range(count, 300, 500);
    for (size_t i = 0; i < count; i++)
        assert_in_range(ends[i] - (i == 0 ? 0 : ends[i - 1]), 1, 20);
}

static void slices_without_a_gap_go_one_by_one_at_once(void **state)
{
    struct flow *flow = flow_new("type = slice\nsize = 10");
    uint64_t n;
    (void)state;
    assert_true(flow->fault.type->cuts_segments);
    arrive(flow, 25);
    assert_true(ask(flow, &n) == TIME_NEVER && n == 10);
    pass(flow, 4); /* the socket took less */
    assert_true(ask(flow, &n) == TIME_NEVER && n == 6);
    pass(flow, n);
    assert_true(ask(flow, &n) == TIME_NEVER && n == 10);
    pass(flow, n);
    ask(flow, &n);
    assert_int_equal(n, 5);
    free(flow);
}

static void corruption_is_the_same_for_any_cutting(void **state)
{
    static const char *const texts[] = {"type = corrupt\nrate = 1%\nbits = 3",
        "type = corrupt\nrate = 100%", "type = corrupt\nat = 4999\nbits = 8"};
    static unsigned char whole[10000], pieces[10000];
    uint32_t random = 3;
    (void)state;
    for (size_t t = 0; t < COUNT(texts); t++) {
        struct fault fault = fault_of(texts[t]);
        memset(whole, 0, sizeof whole);
        fault.type->mutate(fault.params, 99, 0, whole, sizeof whole);
        for (uint32_t round = 0; round < 100; round++) {
            memset(pieces, 0, sizeof pieces);
            for (size_t at = 0, n; at < sizeof pieces; at += n) {
                n = 1 + next_random(&random) % (round * 40 + 1);
                n = n > sizeof pieces - at ? sizeof pieces - at : n;
                fault.type->mutate(fault.params, 99, at, pieces + at, n);
            }
            assert_memory_equal(whole, pieces, sizeof whole);
        }
    }
}

static unsigned bits_in(unsigned char byte)
{
    return (unsigned)__builtin_popcount(byte);
}

static void one_byte_is_hit_and_nothing_else(void **state)
{
    (void)state;
    for (unsigned bits = 1; bits <= 8; bits++) {
        char keys[64];
        unsigned char bytes[16] = {0}, zeros[16] = {0};
        snprintf(keys, sizeof keys, "type = corrupt\nat = 1000005\nbits = %u", bits);
        struct fault fault = fault_of(keys);
        fault.type->mutate(fault.params, 7, 1000000, bytes, sizeof bytes);
        assert_int_equal(bits_in(bytes[5]), bits);
        bytes[5] = 0;
        assert_memory_equal(bytes, zeros, sizeof bytes);
        fault.type->mutate(fault.params, 7, 1000006, bytes, sizeof bytes);
        fault.type->mutate(fault.params, 7, 1000005 - sizeof bytes, bytes, sizeof bytes);
        assert_memory_equal(bytes, zeros, sizeof bytes);
    }
}

static void a_rate_hits_as_many_bytes_as_it_says(void **state)
{
    static unsigned char bytes[1 << 20];
    struct fault fault = fault_of("type = corrupt\nrate = 1%\nbits = 2");
    unsigned hits = 0, of_bit[8] = {0};
    (void)state;
    fault.type->mutate(fault.params, 12345, 1 << 20, bytes, sizeof bytes);
    for (size_t i = 0; i < sizeof bytes; i++) {
        assert_true(bits_in(bytes[i]) == 0 || bits_in(bytes[i]) == 2);
        hits += bytes[i] != 0;
        for (unsigned bit = 0; bit < 8; bit++)
            of_bit[bit] += bytes[i] >> bit & 1;
    }
    assert_in_range(hits, 10486 - 510, 10486 + 510); /* five standard deviations */
    for (unsigned bit = 0; bit < 8; bit++)
        assert_in_range(of_bit[bit], 2621 - 270, 2621 + 270);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slices_end_where_they_end_however_much_waits),
        cmocka_unit_test(slices_without_variation_are_equal),
        cmocka_unit_test(a_slicer_may_vary_by_all_of_its_size),
        cmocka_unit_test(slices_without_a_gap_go_one_by_one_at_once),
        cmocka_unit_test(corruption_is_the_same_for_any_cutting),
        cmocka_unit_test(one_byte_is_hit_and_nothing_else),
        cmocka_unit_test(a_rate_hits_as_many_bytes_as_it_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
