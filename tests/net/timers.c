/* SPDX-License-Identifier: MIT */
/* Deadlines on a real loop: in order, never early, whatever is set, moved and taken back. */
#include "proxy/net/timers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <uv.h>

#include "proxy/base/list.h"
#include "tests/lib/random_fault.h"

#define COUNT 500

struct bed;

struct deadline {
    struct timer timer;
    struct bed *bed;
    time_us at; /* as it was set; TIME_NEVER: not */
    unsigned fired;
};

struct bed {
    uv_loop_t loop;
    struct poller poller;
    struct timers timers;
    struct deadline deadlines[COUNT];
    bool stopped;
    unsigned waited_for; /* deadlines that are still to come */
    time_us last;        /* the latest that came */
    void (*on_due)(struct deadline *deadline);
};

static void stop_all(struct bed *bed)
{
    for (size_t i = 0; i < COUNT; i++)
        timer_deinit(&bed->timers, &bed->deadlines[i].timer);
    bed->stopped = true;
}

static void on_due(struct timer *timer)
{
    struct deadline *deadline = container_of(timer, struct deadline, timer);
    struct bed *bed = deadline->bed;
    assert_true(timers_now() >= deadline->at);
    assert_int_equal(timer->at, TIME_NEVER);
    deadline->fired++;
    bed->waited_for--;
    if (bed->on_due != NULL)
        bed->on_due(deadline);
    if (bed->waited_for == 0)
        stop_all(bed);
}

static struct bed *bed_new(void)
{
    struct bed *bed = calloc(1, sizeof *bed);
    assert_non_null(bed);
    assert_int_equal(uv_loop_init(&bed->loop), 0);
    assert_int_equal(poller_init(&bed->poller, &bed->loop), 0);
    assert_int_equal(timers_init(&bed->timers, &bed->poller), 0);
    for (size_t i = 0; i < COUNT; i++) {
        bed->deadlines[i].bed = bed;
        bed->deadlines[i].at = TIME_NEVER;
        assert_int_equal(timer_init(&bed->timers, &bed->deadlines[i].timer, on_due), 0);
    }
    return bed;
}

static void set(struct deadline *deadline, time_us at)
{
    struct bed *bed = deadline->bed;
    bed->waited_for -= deadline->at != TIME_NEVER ? 1 : 0;
    bed->waited_for += at != TIME_NEVER ? 1 : 0;
    deadline->at = at;
    timer_set(&bed->timers, &deadline->timer, at);
}

static void run_and_free(struct bed *bed)
{
    while (!bed->stopped) {
        timers_arm(&bed->timers);
        poller_turn(&bed->poller, -1);
    }
    poller_close(&bed->poller);
    timers_deinit(&bed->timers);
    assert_int_equal(uv_loop_close(&bed->loop), 0);
    free(bed);
}

/* They come in the order of their deadlines. */
static void note_order(struct deadline *deadline)
{
    assert_true(deadline->at >= deadline->bed->last);
    deadline->bed->last = deadline->at;
}

static void they_come_in_order_and_never_early(void **state)
{
    struct bed *bed = bed_new();
    uint64_t random = 1;
    (void)state;
    bed->on_due = note_order;
    for (size_t i = 0; i < COUNT; i++)
        set(&bed->deadlines[i], timers_now() + 1000 + random_below(&random, 20000));
    for (size_t i = 0; i < COUNT; i++) {
        struct deadline *moved = &bed->deadlines[random_below(&random, COUNT)];
        bool away = random_below(&random, 4) == 0;
        set(moved, away ? TIME_NEVER : timers_now() + 1000 + random_below(&random, 20000));
    }
    run_and_free(bed);
}

/* One that came sets itself again, sets another, and takes back a third. */
static void meddle(struct deadline *deadline)
{
    struct bed *bed = deadline->bed;
    deadline->at = TIME_NEVER;
    if (deadline != &bed->deadlines[0] || deadline->fired > 3)
        return;
    set(deadline, timers_now() + 500);
    set(&bed->deadlines[1], timers_now());
    set(&bed->deadlines[2], TIME_NEVER);
}

static void a_callback_may_set_and_take_back(void **state)
{
    struct bed *bed = bed_new();
    (void)state;
    bed->on_due = meddle;
    set(&bed->deadlines[2], timers_now() + 60 * (time_us)US_PER_S);
    set(&bed->deadlines[0], timers_now());
    run_and_free(bed);
}

static void one_in_the_past_comes_at_once(void **state)
{
    struct bed *bed = bed_new();
    (void)state;
    set(&bed->deadlines[7], 0);
    run_and_free(bed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(they_come_in_order_and_never_early),
        cmocka_unit_test(a_callback_may_set_and_take_back),
        cmocka_unit_test(one_in_the_past_comes_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
