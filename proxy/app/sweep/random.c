/* SPDX-License-Identifier: MIT */
#include "proxy/app/sweep/random.h"

#include <stdlib.h>
#include <string.h>

#include "proxy/app/sweep/sweep.h"
#include "proxy/app/sweep/template.h"
#include "proxy/app/sweep/wave.h"
#include "proxy/base/rng.h"

#define SIMPLER_MOST 16 /* places tried for one fault while a run is shrunk */

/* The cases from which runs are drawn: the first wave, most important first. */
struct space {
    struct sweep_cases cases;
};

/* For each proxy one more connection, like its last. */
static int add_retries(struct observation *seen, const struct observation *baseline)
{
    seen->connections = calloc(2 * baseline->count, sizeof seen->connections[0]);
    if (seen->connections == NULL)
        return -1;
    for (size_t i = 0; i < baseline->count; i++) {
        const struct seen_connection *connection = &baseline->connections[i];
        seen->connections[seen->count++] = *connection;
        if (i + 1 < baseline->count && baseline->connections[i + 1].proxy == connection->proxy)
            continue;
        seen->connections[seen->count] = *connection;
        seen->connections[seen->count++].number++;
    }
    return 0;
}

static int space_make(struct space *space, const struct sweep *sweep, struct err *err)
{
    struct observation seen = {.connections = NULL};
    sweep_cases_init(&space->cases, sweep->options->fault_count);
    if (add_retries(&seen, &sweep->baseline.seen) != 0)
        return err_set(err, "out of memory");
    sweep_cases_begin(&space->cases, &seen, UINT64_MAX, sweep_template_fits, sweep);
    free(seen.connections); /* their messages are the baseline's */
    if (space->cases.out_of_memory)
        return err_set(err, "out of memory");
    return space->cases.count > 0 ? 0 : err_set(err, "no fault of the list fits any place");
}

/* --- drawing --- */

static bool has_pick(const struct sweep_case *tried, size_t count, const struct sweep_pick *pick)
{
    for (size_t i = 0; i < count; i++) {
        const struct sweep_pick *other = i == 0 ? &tried->pick : &tried->more[i - 1];
        if (sweep_place_equal(&other->place, &pick->place))
            return true;
    }
    return false;
}

/* The run's draws come from the seed and its number alone: more runs change no earlier one. */
static void draw(
    const struct sweep *sweep, const struct space *space, uint64_t run, struct sweep_case *tried)
{
    uint64_t key = rng_key(sweep->seed, "", run, "sweep", 0), index = 0;
    size_t wanted = 2 + (size_t)rng_below(key, index++, SWEEP_PICKS_MAX - 1), count = 0;
    for (int i = 0; i < 32 && count < wanted; i++) {
        const struct sweep_pick *pick =
            &space->cases.list[rng_below(key, index++, space->cases.count)].pick;
        if (has_pick(tried, count, pick))
            continue;
        if (count == 0)
            tried->pick = *pick;
        else
            tried->more[count - 1] = *pick;
        count++;
    }
    tried->more_count = count > 0 ? count - 1 : 0;
}

/* --- shrinking --- */

static struct sweep_pick *pick_of(struct sweep_case *tried, size_t i)
{
    return i == 0 ? &tried->pick : &tried->more[i - 1];
}

static void remove_pick(struct sweep_case *tried, size_t at)
{
    for (size_t i = at; i < tried->more_count; i++)
        *pick_of(tried, i) = *pick_of(tried, i + 1);
    tried->more_count--;
}

/* Tries `changed` in place of *best. Takes it if it ends alike, and says so in *taken. Returns the
 * same as sweep_wave_try(). */
static int try_instead(struct sweep *sweep, struct sweep_case *best, struct sweep_case *changed,
    bool *taken, struct err *err)
{
    changed->done = false;
    changed->evidence = (struct sweep_evidence){.excerpt = NULL};
    int result = sweep_wave_try(sweep, changed, err);
    *taken = result == 0 && changed->outcome == best->outcome;
    sweep_evidence_free(*taken ? &best->evidence : &changed->evidence);
    if (*taken)
        *best = *changed;
    return result;
}

static int drop_faults(struct sweep *sweep, struct sweep_case *best, struct err *err)
{
    for (size_t i = 0; i <= best->more_count && best->more_count > 0;) {
        struct sweep_case changed = *best;
        bool taken;
        remove_pick(&changed, i);
        int result = try_instead(sweep, best, &changed, &taken, err);
        if (result != 0)
            return result;
        i = taken ? 0 : i + 1;
    }
    return 0;
}

/* In the space, the places of one direction begin with the simplest. */
static int simplify_place(struct sweep *sweep, const struct space *space, struct sweep_case *best,
    size_t at, struct err *err)
{
    int tries = 0;
    for (size_t i = 0; i < space->cases.count && tries < SIMPLER_MOST; i++) {
        const struct sweep_pick *simpler = &space->cases.list[i].pick, *now = pick_of(best, at);
        if (simpler->fault != now->fault || simpler->place.proxy != now->place.proxy ||
            simpler->place.connection != now->place.connection ||
            simpler->place.direction != now->place.direction)
            continue;
        if (sweep_place_equal(&simpler->place, &now->place))
            return 0;
        struct sweep_case changed = *best;
        bool taken;
        *pick_of(&changed, at) = *simpler;
        int result = try_instead(sweep, best, &changed, &taken, err);
        if (result != 0 || taken)
            return result;
        tries++;
    }
    return 0;
}

/* Equal finds become equal cases, in this report and in others (--known). */
static void sort_picks(struct sweep_case *tried)
{
    for (size_t i = 1; i <= tried->more_count; i++) {
        for (size_t k = i; k > 0; k--) {
            struct sweep_pick *before = pick_of(tried, k - 1), *here = pick_of(tried, k);
            if (sweep_pick_compare(before, here) <= 0)
                break;
            const struct sweep_pick moved = *here;
            *here = *before;
            *before = moved;
        }
    }
}

/* Returns the same as sweep_wave_try(). */
static int shrink(
    struct sweep *sweep, const struct space *space, struct sweep_case *best, struct err *err)
{
    int result = drop_faults(sweep, best, err);
    for (size_t i = 0; i <= best->more_count && result == 0; i++)
        result = simplify_place(sweep, space, best, i, err);
    sort_picks(best);
    sweep_wave_settle(sweep, best);
    return result;
}

/* --- the runs --- */

static bool same_case(const struct sweep_case *a, const struct sweep_case *b)
{
    if (a->more_count != b->more_count || a->outcome != b->outcome)
        return false;
    for (size_t i = 0; i <= a->more_count; i++) {
        const struct sweep_pick *x = i == 0 ? &a->pick : &a->more[i - 1];
        const struct sweep_pick *y = i == 0 ? &b->pick : &b->more[i - 1];
        if (x->fault != y->fault || !sweep_place_equal(&x->place, &y->place))
            return false;
    }
    return true;
}

/* A bad run that shrinks to one that was found before is the same find. */
static void merge_equal(struct sweep_cases *cases)
{
    size_t kept = 0;
    for (size_t i = 0; i < cases->count; i++) {
        bool again = false;
        for (size_t k = 0; k < kept && cases->list[i].bad && !again; k++)
            again = cases->list[k].bad && same_case(&cases->list[k], &cases->list[i]);
        if (again)
            sweep_evidence_free(&cases->list[i].evidence);
        else
            cases->list[kept++] = cases->list[i];
    }
    cases->count = kept;
}

static int run_drawn(struct sweep *sweep, const struct space *space, struct err *err)
{
    for (uint64_t i = 0; i < sweep->options->random; i++) {
        struct sweep_case drawn = {.done = false};
        draw(sweep, space, i, &drawn);
        struct sweep_case *added =
            sweep_cases_add(&sweep->cases, &drawn.pick.place, drawn.pick.fault);
        if (added == NULL)
            return err_set(err, "out of memory");
        *added = drawn;
    }
    int result = sweep_wave_run(sweep, err);
    for (size_t i = 0; i < sweep->cases.count && result == 0; i++) {
        if (sweep->cases.list[i].bad)
            result = shrink(sweep, space, &sweep->cases.list[i], err);
    }
    merge_equal(&sweep->cases);
    return result;
}

int sweep_random_run(struct sweep *sweep, struct err *err)
{
    struct space space;
    int result = space_make(&space, sweep, err);
    sweep->cases.place_total = space.cases.place_total;
    if (result == 0)
        result = run_drawn(sweep, &space, err);
    sweep_cases_deinit(&space.cases);
    return result;
}
