/* SPDX-License-Identifier: MIT */
/* The RST of a peer waits for the bytes before it, as long as they can still be forwarded. */
#include "tests/unit/memory_fixture.h"

#define MS US_PER_MS

/* The client takes 10,000 bytes every 600 ms, which moves them on although no byte of the server's
 * moves. */
static void a_reset_behind_an_insertion_waits_for_a_client_that_reads(void **state)
{
    struct memory_session *it =
        open_with(state, F "type = inject\nrandom = 100000\nwhen = bytes:3\n");
    memory_session_open_window(it, SIDE_CLIENT, 3);
    memory_session_feed(it, SIDE_SERVER, "abc", 3);
    memory_session_feed_rst(it, SIDE_SERVER);
    for (size_t taken = 3; taken < 100003; taken += 10000) {
        assert_int_equal(it->ended, 0);
        memory_session_advance(it, 600 * MS);
        memory_session_open_window(it, SIDE_CLIENT, taken + 10000);
    }
    assert_int_equal(it->end[SIDE_CLIENT].out_len, 100003);
    memory_session_advance(it, 100 * MS);
    assert_int_equal(it->ended, 1);
    assert_int_equal(it->end[SIDE_CLIENT].how, ENDPOINT_CLOSE_RESET);
    close_it(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_reset_behind_an_insertion_waits_for_a_client_that_reads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
