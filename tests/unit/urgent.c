/* SPDX-License-Identifier: MIT */
/* Urgent bytes stay urgent, whenever they arrive. */
#include "tests/unit/memory_fixture.h"

/* Once urgent data has come, the mark is looked at before each read. A read that begins at a mark
 * does not stop there, so no byte may be read that arrived behind that look. */
static void a_second_one_may_arrive_between_a_look_and_a_read(void **state)
{
    struct memory_session *it = open_with(state, "");
    memory_endpoint_feed_urgent(&it->end[SIDE_SERVER], 'A');
    say(it, "x");
    assert_int_equal(it->end[SIDE_CLIENT].urgent_out, 0);
    it->end[SIDE_SERVER].late_urgent = 'B';
    say(it, "y");
    say(it, "z");
    memory_session_expect(it, SIDE_CLIENT, "AxyBz", 5);
    assert_int_equal(it->end[SIDE_CLIENT].urgent_out, 3);
    close_it(state);
}

static void behind_it_a_fin_is_still_seen(void **state)
{
    struct memory_session *it = open_with(state, "");
    memory_endpoint_feed_urgent(&it->end[SIDE_SERVER], 'A');
    say(it, "x");
    memory_session_feed_fin(it, SIDE_SERVER);
    assert_true(it->end[SIDE_CLIENT].fin_out);
    close_it(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_second_one_may_arrive_between_a_look_and_a_read),
        TEST(behind_it_a_fin_is_still_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
