/* SPDX-License-Identifier: MIT */
#include "proxy/admin/loop_lag.h"

#include <string.h>

#define INTERVAL_US (250 * US_PER_MS)

const uint64_t loop_lag_bounds_us[LOOP_LAG_BUCKETS] = {
    100, 250, 500, 1000, 2000, 5000, 10000, 20000, 50000, 100000, 200000, 500000, 1000000, 2000000};

static void wait_again(struct loop_lag *lag)
{
    lag->due = time_add(timers_now(), INTERVAL_US);
    timer_set(lag->timers, &lag->timer, lag->due);
}

static void on_due(struct timer *timer)
{
    struct loop_lag *lag = container_of(timer, struct loop_lag, timer);
    uint64_t late = timers_now() - lag->due;
    size_t bucket = 0;
    while (bucket < LOOP_LAG_BUCKETS && late > loop_lag_bounds_us[bucket])
        bucket++;
    lag->counts[bucket]++;
    lag->sum_us += late;
    wait_again(lag);
}

int loop_lag_init(struct loop_lag *lag, struct timers *timers)
{
    memset(lag, 0, sizeof *lag);
    lag->timers = timers;
    int result = timer_init(timers, &lag->timer, on_due);
    if (result == 0)
        wait_again(lag);
    return result;
}

void loop_lag_deinit(struct loop_lag *lag)
{
    timer_deinit(lag->timers, &lag->timer);
}
