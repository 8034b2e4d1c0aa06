/* SPDX-License-Identifier: MIT */
/*
 * The heap is an array. Each timer knows its index, so it is moved or removed in O(log n). The
 * timerfd is set once in a turn of the loop, and only to an earlier time: a postponed deadline
 * costs one early wake-up instead of a system call for each change.
 */
#include "proxy/net/timers.h"

#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

time_us timers_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (time_us)now.tv_sec * US_PER_S + (time_us)now.tv_nsec / 1000;
}

static void place(struct timers *timers, struct timer *timer, size_t index)
{
    timers->heap[index] = timer;
    timer->index = index;
}

static void sift_up(struct timers *timers, struct timer *timer, size_t index)
{
    for (; index > 1 && timers->heap[index / 2]->at > timer->at; index /= 2)
        place(timers, timers->heap[index / 2], index);
    place(timers, timer, index);
}

static void sift_down(struct timers *timers, struct timer *timer, size_t index)
{
    for (size_t child; (child = index * 2) <= timers->count; index = child) {
        if (child < timers->count && timers->heap[child + 1]->at < timers->heap[child]->at)
            child++;
        if (timers->heap[child]->at >= timer->at)
            break;
        place(timers, timers->heap[child], index);
    }
    place(timers, timer, index);
}

static void take_out(struct timers *timers, struct timer *timer)
{
    size_t index = timer->index;
    struct timer *last = timers->heap[timers->count--];
    timer->index = 0;
    if (last == timer)
        return;
    sift_up(timers, last, index);
    sift_down(timers, last, last->index);
}

static void on_timerfd(struct poller_item *item, unsigned events)
{
    (void)events;
    struct timers *timers = container_of(item, struct timers, item);
    uint64_t expirations;
    ssize_t n = read(timers->fd, &expirations, sizeof expirations);
    (void)n; /* EAGAIN: the timerfd was set again meanwhile */
    timers->armed_at = TIME_NEVER;
    time_us now = timers_now();
    while (timers->count > 0 && timers->heap[1]->at <= now) {
        struct timer *timer = timers->heap[1];
        take_out(timers, timer);
        timer->at = TIME_NEVER;
        timer->on_due(timer);
    }
}

int timers_init(struct timers *timers, struct poller *poller)
{
    *timers = (struct timers){.item.on_event = on_timerfd, .armed_at = TIME_NEVER};
    timers->fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (timers->fd < 0)
        return -errno;
    int result = poller_add(poller, timers->fd, &timers->item);
    if (result != 0)
        close(timers->fd);
    return result;
}

void timers_deinit(struct timers *timers)
{
    assert(timers->reserved == 0);
    close(timers->fd);
    free(timers->heap);
    timers->heap = NULL;
}

void timers_arm(struct timers *timers)
{
    if (timers->count == 0 || timers->heap[1]->at >= timers->armed_at)
        return;
    timers->armed_at = timers->heap[1]->at;
    struct itimerspec when = {
        .it_value.tv_sec = (time_t)(timers->armed_at / US_PER_S),
        /* never 0/0, which would disarm */
        .it_value.tv_nsec = (long)(timers->armed_at % US_PER_S * 1000 + 1),
    };
    timerfd_settime(timers->fd, TFD_TIMER_ABSTIME, &when, NULL);
}

int timer_init(struct timers *timers, struct timer *timer, void (*on_due)(struct timer *timer))
{
    if (timers->reserved + 1 >= timers->cap) {
        size_t cap = timers->cap == 0 ? 64 : timers->cap * 2;
        struct timer **heap = realloc(timers->heap, cap * sizeof heap[0]);
        if (heap == NULL)
            return -ENOMEM;
        timers->heap = heap;
        timers->cap = cap;
    }
    timers->reserved++;
    *timer = (struct timer){.at = TIME_NEVER, .on_due = on_due};
    return 0;
}

void timer_set(struct timers *timers, struct timer *timer, time_us at)
{
    if (timer->index != 0)
        take_out(timers, timer);
    timer->at = at;
    if (at != TIME_NEVER)
        sift_up(timers, timer, ++timers->count);
}

void timer_deinit(struct timers *timers, struct timer *timer)
{
    timer_set(timers, timer, TIME_NEVER);
    timers->reserved--;
}
