/* SPDX-License-Identifier: MIT */
/* Faults at messages that are added to an open connection: which message is their first. */
#include "tests/unit/adoption_fixture.h"

#define LINES "[proxy a]\nlisten = 127.0.0.1:0\nupstream = 127.0.0.1:1\nprotocol = line\n"
#define M "[fault m]\ntype = mark\n"
#define CHAINED F "type = mark\nwhen = message:1\nafter = g\n" G "type = mark\nwhen = time:1h\n"

/* Three messages and the beginning of a fourth were read, and `window` bytes were forwarded, when
 * the fault is added. */
static const struct joined {
    const char *others; /* faults */
    size_t window;
    const char *event;
} joined[] = {
    {"", 0, "fault m mark downstream 8 message 4 \n"},
    {"", 3, "fault m mark downstream 8 message 4 \n"},
    {"", 7, "fault m mark downstream 10 message 5 \n"},
    {CHAINED, 0, "fault m mark downstream 2"},
    {CHAINED, 1, "fault m mark downstream 4"},
    {CHAINED, 3, "fault m mark downstream 6"},
    {CHAINED, 7, "fault m mark downstream 10 message 5 \n"},
};

static void a_message_that_was_read_as_a_whole_counts_only_for_chains(void **state)
{
    for (size_t i = 0; i < COUNT(joined); i++) {
        const struct joined *row = &joined[i];
        char before[512], text[512];
        snprintf(before, sizeof before, LINES "%s", row->others);
        snprintf(text, sizeof text, LINES "%s" M "when = message:1\n", row->others);
        struct memory_session *it = open_with(state, before);
        memory_session_open_window(it, SIDE_CLIENT, row->window);
        say(it, "a\nb\nc\nd");
        adopt(state, text);
        memory_session_open_window(it, SIDE_CLIENT, SIZE_MAX);
        say(it, "\ne\n");
        expect_logged(it, row->event, 1);
        close_it(state);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_message_that_was_read_as_a_whole_counts_only_for_chains),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
