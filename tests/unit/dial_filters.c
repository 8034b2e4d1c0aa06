/* SPDX-License-Identifier: MIT */
/* Packet filters of faults that fire while the upstream is dialled: its socket comes later. */
#include <errno.h>

#include "tests/unit/memory_fixture.h"

#define MS US_PER_MS
#define MARK "[fault m]\ntype = mark\nwhen = accept\n"

/* The fault fires 100 ms into the dial, and the connection opens after 300 ms. */
static struct memory_session *open_late(void **state, const char *text, int filter_error)
{
    struct fixture *fixture = *state;
    fixture->it.hangs = true;
    struct memory_session *it = open_with(state, text);
    it->end[SIDE_SERVER].filter_error = filter_error;
    memory_session_advance(it, 300 * MS);
    expect_logged(it, "fault f packet_loss", 1);
    it->hangs = false;
    memory_session_settle(it);
    expect_logged(it, "open\n", 1);
    return it;
}

static void a_loss_that_began_in_the_dial_acts_on_the_connected_socket(void **state)
{
    struct memory_session *it = open_late(state,
        MARK F "type = packet_loss\nside = server\nafter = m\nwhen = time:100ms\nrate = 10%\n", 0);
    assert_int_equal(it->end[SIDE_SERVER].filter_count, 1);
    assert_int_equal(it->end[SIDE_SERVER].filters[0].loss_ppb, 100000000);
    close_it(state);
}

static void a_loss_that_is_over_before_the_open_has_no_filter(void **state)
{
    struct memory_session *it = open_late(state,
        MARK F "type = packet_loss\nside = server\nafter = m\nwhen = time:100ms\nfor = 50ms\n", 0);
    assert_int_equal(it->end[SIDE_SERVER].filter_count, 0);
    close_it(state);
}

static void a_refusal_at_the_open_is_told(void **state)
{
    struct memory_session *it = open_late(
        state, MARK F "type = packet_loss\nside = server\nafter = m\nwhen = time:100ms\n", EPERM);
    expect_logged(it, "fault_failed f 1\n", 1);
    assert_int_equal(it->end[SIDE_SERVER].filter_count, 0);
    memory_session_advance(it, 10 * US_PER_S);
    expect_logged(it, "fault_failed", 1);
    close_it(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_loss_that_began_in_the_dial_acts_on_the_connected_socket),
        TEST(a_loss_that_is_over_before_the_open_has_no_filter),
        TEST(a_refusal_at_the_open_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
