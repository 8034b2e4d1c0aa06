/* SPDX-License-Identifier: MIT */
/* Marks of arrival: see arrivals.h. */
#include "proxy/relay/arrivals.h"

#include <stdbool.h>
#include <stdlib.h>

#define ARRIVALS_FIRST_CAP 64

static size_t cap_of(const struct arrivals *arrivals)
{
    return arrivals->marks == NULL ? ARRIVALS_FEW : arrivals->cap;
}

void arrivals_deinit(struct arrivals *arrivals)
{
    free(arrivals->marks);
    *arrivals = (struct arrivals){0};
}

static size_t index_of(const struct arrivals *arrivals, size_t i)
{
    size_t index = arrivals->first + i; /* i is below the number of marks */
    return index >= cap_of(arrivals) ? index - cap_of(arrivals) : index;
}

static const struct arrival *mark_at(const struct arrivals *arrivals, size_t i)
{
    const struct arrival *marks = arrivals->marks == NULL ? arrivals->few : arrivals->marks;
    return &marks[index_of(arrivals, i)];
}

static void set_mark(struct arrivals *arrivals, size_t i, struct arrival mark)
{
    struct arrival *marks = arrivals->marks == NULL ? arrivals->few : arrivals->marks;
    marks[index_of(arrivals, i)] = mark;
}

/* Room for one mark more. Returns 0, or -1 when there is none. */
static int arrivals_make_room(struct arrivals *arrivals)
{
    if (arrivals->count < cap_of(arrivals))
        return 0;
    size_t cap = arrivals->cap < ARRIVALS_FIRST_CAP ? ARRIVALS_FIRST_CAP : arrivals->cap * 2;
    struct arrival *marks = cap <= ARRIVALS_MAX ? malloc(cap * sizeof marks[0]) : NULL;
    if (marks == NULL)
        return -1;
    for (size_t i = 0; i < arrivals->count; i++)
        marks[i] = *mark_at(arrivals, i);
    free(arrivals->marks);
    arrivals->marks = marks;
    arrivals->cap = cap;
    arrivals->first = 0;
    return 0;
}

void arrivals_add(struct arrivals *arrivals, uint64_t end, time_us at)
{
    size_t last = arrivals->count - 1;
    bool joins = arrivals->count > 0 && mark_at(arrivals, last)->at == at;
    if (!joins && arrivals_make_room(arrivals) == 0)
        last = arrivals->count++;
    set_mark(arrivals, last, (struct arrival){.end = end, .at = at});
}

void arrivals_forget(struct arrivals *arrivals, uint64_t offset)
{
    while (arrivals->count > 0 && mark_at(arrivals, 0)->end <= offset) {
        arrivals->first = index_of(arrivals, 1);
        arrivals->count--;
    }
}

void arrivals_cut(struct arrivals *arrivals, uint64_t offset)
{
    while (arrivals->count > 1 && mark_at(arrivals, arrivals->count - 2)->end >= offset)
        arrivals->count--;
    if (arrivals->count > 0 && mark_at(arrivals, arrivals->count - 1)->end > offset)
        set_mark(arrivals, arrivals->count - 1,
            (struct arrival){.end = offset, .at = mark_at(arrivals, arrivals->count - 1)->at});
}

/* Binary search: the first mark whose end lies behind the offset. */
time_us arrivals_at(const struct arrivals *arrivals, uint64_t offset, uint64_t *until)
{
    size_t low = 0;
    size_t high = arrivals->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (mark_at(arrivals, middle)->end <= offset)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == arrivals->count) {
        *until = UINT64_MAX;
        return 0;
    }
    *until = mark_at(arrivals, low)->end;
    return mark_at(arrivals, low)->at;
}
