/* SPDX-License-Identifier: MIT */
/* A backlog gives back the messages that it was given, in little memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "proxy/relay/message_backlog.h"

static struct ring_pool memory; /* without a limit */

/* Adds an event of message `number`, which begins at offset 100 * number. */
static void add(struct message_backlog *backlog, unsigned what, uint64_t number, uint64_t size,
    uint64_t offset, const char *kind)
{
    struct framing_message message = {
        .number = number, .start = 100 * number, .size = size, .kind = kind, .line = ""};
    struct framing_event event = {.what = what,
        .direction = DIRECTION_DOWNSTREAM,
        .offset = offset,
        .parts = (what & FRAMING_PART) != 0 ? FRAMING_CHUNK : 0,
        .chunk = (what & FRAMING_PART) != 0 ? 7 : 0,
        .message = &message};
    assert_int_equal(message_backlog_add(backlog, &event), 0);
}

static void expect(struct message_backlog *backlog, size_t n, unsigned what, uint64_t number,
    uint64_t size, uint64_t offset, const char *kind)
{
    struct framing_event event = message_backlog_event(backlog, n);
    assert_int_equal(event.what, what);
    assert_int_equal(event.direction, DIRECTION_DOWNSTREAM);
    assert_int_equal(event.message->number, number);
    assert_int_equal(event.message->start, 100 * number);
    assert_int_equal(event.message->size, size);
    assert_string_equal(event.message->kind, kind);
    if ((what & (FRAMING_PART | FRAMING_END | FRAMING_LOST)) != 0)
        assert_int_equal(event.offset, offset);
    assert_int_equal(event.chunk, (what & FRAMING_PART) != 0 ? 7 : 0);
}

#define HEAD (FRAMING_BEGIN | FRAMING_SIZED)

static void a_message_takes_one_entry(void **state)
{
    struct message_backlog backlog = {.memory = &memory};
    (void)state;
    add(&backlog, FRAMING_BEGIN, 1, FRAMING_UNKNOWN_SIZE, 0, "a");
    add(&backlog, FRAMING_SIZED, 1, 100, 0, "a");
    add(&backlog, FRAMING_END, 1, 100, 200, "a");
    add(&backlog, HEAD, 2, FRAMING_UNKNOWN_SIZE, 0, "b");
    add(&backlog, FRAMING_END, 2, FRAMING_UNKNOWN_SIZE, 300, "b");
    add(&backlog, HEAD, 3, 100, 0, "a");
    assert_int_equal(backlog.count, 3);
    assert_int_equal(backlog.kind_count, 2);
    expect(&backlog, 0, HEAD | FRAMING_END, 1, 100, 200, "a");
    expect(&backlog, 1, HEAD | FRAMING_END, 2, FRAMING_UNKNOWN_SIZE, 300, "b");
    expect(&backlog, 2, HEAD, 3, 100, 0, "a");
    assert_int_equal(message_backlog_event(&backlog, 3).what, 0);
    message_backlog_clear(&backlog);
    assert_int_equal(memory.held, 0);
}

/* An event has one offset: that of a part is not that of the end. */
static void parts_and_losses_stay_events_of_their_own(void **state)
{
    struct message_backlog backlog = {.memory = &memory};
    (void)state;
    add(&backlog, HEAD, 1, FRAMING_UNKNOWN_SIZE, 0, "200");
    add(&backlog, FRAMING_PART, 1, FRAMING_UNKNOWN_SIZE, 120, "200");
    add(&backlog, FRAMING_PART, 1, FRAMING_UNKNOWN_SIZE, 150, "200");
    add(&backlog, FRAMING_END, 1, FRAMING_UNKNOWN_SIZE, 200, "200");
    add(&backlog, FRAMING_LOST, 1, FRAMING_UNKNOWN_SIZE, 200, "200");
    assert_int_equal(backlog.count, 5);
    expect(&backlog, 1, FRAMING_PART, 1, FRAMING_UNKNOWN_SIZE, 120, "200");
    expect(&backlog, 2, FRAMING_PART, 1, FRAMING_UNKNOWN_SIZE, 150, "200");
    expect(&backlog, 3, FRAMING_END, 1, FRAMING_UNKNOWN_SIZE, 200, "200");
    expect(&backlog, 4, FRAMING_LOST, 1, FRAMING_UNKNOWN_SIZE, 200, "200");
    message_backlog_clear(&backlog);
}

/* While some are forwarded, others come. */
static void forwarded_messages_are_dropped(void **state)
{
    struct message_backlog backlog = {.memory = &memory};
    uint64_t first = 1;
    (void)state;
    for (uint64_t number = 1; number <= 3000; number++) {
        add(&backlog, HEAD, number, 100, 0, "a");
        add(&backlog, FRAMING_END, number, 100, 100 * number + 100, "a");
        if (number % 3 != 0)
            continue;
        first += 2;
        message_backlog_forward(&backlog, 100 * first);
        expect(&backlog, 0, HEAD | FRAMING_END, first, 100, 100 * first + 100, "a");
        assert_int_equal(backlog.count, number - first + 1);
    }
    assert_in_range(backlog.capacity, 1, 2048);
    message_backlog_forward(&backlog, 100 * 3001);
    assert_int_equal(backlog.count, 0);
    message_backlog_clear(&backlog);
}

/* Bytes that wait make room for as many messages as take the same memory. */
static void more_messages_are_kept_where_more_bytes_wait(void **state)
{
    struct message_backlog backlog = {.memory = &memory};
    const size_t entry = sizeof *backlog.entries;
    uint64_t number = 0;
    (void)state;
    while (!message_backlog_is_full(&backlog, 0))
        add(&backlog, HEAD, ++number, 100, 0, "a");
    assert_int_equal(number, MESSAGE_BACKLOG_MIN);
    while (!message_backlog_is_full(&backlog, 100000 * entry))
        add(&backlog, HEAD, ++number, 100, 0, "a");
    assert_int_equal(number, 100000);
    assert_in_range(memory.held, 100000 * entry, 300000 * entry);
    memory.most = memory.held;
    assert_true(message_backlog_is_full(&backlog, UINT64_MAX));
    memory.most = 0;
    while (!message_backlog_is_full(&backlog, UINT64_MAX))
        add(&backlog, HEAD, ++number, 100, 0, "a");
    assert_int_equal(number, MESSAGE_BACKLOG_MAX);
    message_backlog_forward(&backlog, UINT64_MAX);
    assert_int_equal(memory.held, 0);
}

/* A peer invents kinds. */
static void too_many_kinds_fill_it_until_it_is_empty(void **state)
{
    struct message_backlog backlog = {.memory = &memory};
    char kind[16];
    uint64_t number = 0;
    (void)state;
    while (!message_backlog_is_full(&backlog, UINT64_MAX)) {
        snprintf(kind, sizeof kind, "kind%d", (int)++number);
        add(&backlog, HEAD, number, 100, 0, kind);
    }
    assert_int_equal(number, MESSAGE_BACKLOG_KINDS);
    expect(&backlog, 255, HEAD, 256, 100, 0, "kind256");
    message_backlog_forward(&backlog, UINT64_MAX);
    assert_false(message_backlog_is_full(&backlog, 0));
    message_backlog_clear(&backlog);
    assert_int_equal(memory.held, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_takes_one_entry),
        cmocka_unit_test(parts_and_losses_stay_events_of_their_own),
        cmocka_unit_test(forwarded_messages_are_dropped),
        cmocka_unit_test(more_messages_are_kept_where_more_bytes_wait),
        cmocka_unit_test(too_many_kinds_fill_it_until_it_is_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
