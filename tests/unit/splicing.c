/* SPDX-License-Identifier: MIT */
/* Which bytes go through a pipe and which are copied: bulk by the first, messages by the second. */
#include "tests/unit/memory_fixture.h"

#include "proxy/relay/flow.h"

static unsigned char bytes[CAP];

/* So many come from the server; the number of those that went through a pipe. */
static uint64_t spliced_of(struct memory_session *it, size_t n)
{
    uint64_t before = it->splice_pipes.spliced;
    memory_session_feed(it, SIDE_SERVER, bytes, n);
    return it->splice_pipes.spliced - before;
}

static void bulk_data_is_spliced_from_its_second_read_on(void **state)
{
    struct memory_session *it = open_spliced(state, "");
    assert_int_equal(spliced_of(it, 2 * FLOW_READ_MAX), FLOW_READ_MAX);
    close_it(state);
}

static void a_bulk_stream_that_pauses_is_still_spliced(void **state)
{
    struct memory_session *it = open_spliced(state, "");
    spliced_of(it, 2 * FLOW_READ_MAX);
    for (int i = 0; i < 5; i++)
        assert_int_equal(spliced_of(it, FLOW_SPLICE_MIN), FLOW_SPLICE_MIN);
    close_it(state);
}

static void small_messages_behind_bulk_data_are_copied(void **state)
{
    struct memory_session *it = open_spliced(state, "");
    spliced_of(it, 2 * FLOW_READ_MAX);
    spliced_of(it, 100); /* says that the bulk is over */
    for (int i = 0; i < 5; i++)
        assert_int_equal(spliced_of(it, 100), 0);
    close_it(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(bulk_data_is_spliced_from_its_second_read_on),
        TEST(a_bulk_stream_that_pauses_is_still_spliced),
        TEST(small_messages_behind_bulk_data_are_copied),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
