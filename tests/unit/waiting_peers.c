/* SPDX-License-Identifier: MIT */
/* Endings on both sockets that wait for their peers to send. */
#include "proxy/relay/teardown.h"
#include "tests/unit/memory_fixture.h"

/* Both peers are there, and may be silent for as long as they like. */
static void two_waits_for_a_byte_do_not_end_by_themselves(void **state)
{
    static const struct {
        const char *text;
        enum endpoint_close how;
    } rows[] = {
        {F "type = shut_rd\nside = both\nmode = reset\nwhen = bytes:4\n", ENDPOINT_CLOSE_RESET},
        {F "type = unread\nside = both\nwhen = bytes:4\n", ENDPOINT_CLOSE_PLAIN},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct memory_session *it = open_with(state, rows[i].text);
        say(it, "abcd");
        memory_session_advance(it, 2 * TEARDOWN_IDLE_US);
        for (int side = 0; side < 2; side++) {
            assert_false(it->end[side].closed);
            memory_session_feed(it, (enum side)side, "x", 1);
            assert_true(it->end[side].closed);
            assert_int_equal(it->end[side].how, rows[i].how);
        }
        close_it(state);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(two_waits_for_a_byte_do_not_end_by_themselves)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
