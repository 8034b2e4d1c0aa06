/* SPDX-License-Identifier: MIT */
/*
 * The cases of a sweep: each is one fault at one place, in the order in which they are tried,
 * with their outcomes. Pure: a function of the baseline, the faults, the seed and the outcomes
 * so far.
 *
 * The first wave holds the places that the conversation itself names: before the first byte, the
 * edges of messages and the bytes beside them, their middles, the last bytes, the FIN. Each further
 * wave halves the gaps between neighbours whose outcomes differ.
 *
 * Life: sweep_cases_init, sweep_cases_begin, then sweep_cases_refine after each wave until it adds
 * nothing, sweep_cases_deinit.
 */
#ifndef RUDEPROXY_APP_SWEEP_CASES_H
#define RUDEPROXY_APP_SWEEP_CASES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proxy/app/sweep/evidence.h"
#include "proxy/app/sweep/observation.h"
#include "proxy/app/sweep/outcome.h"
#include "proxy/app/sweep/place_name.h"

struct sweep_case {
    struct sweep_pick pick;
    struct sweep_pick more[SWEEP_PICKS_MAX - 1]; /* further faults of a random run */
    size_t more_count;
    bool done;
    enum sweep_outcome outcome;
    struct run_facts facts;
    unsigned run;                   /* number of its first run */
    bool bad;                       /* by the options and the known report */
    struct sweep_evidence evidence; /* of that run; none if no report shows it */
};

struct sweep_cases {
    struct sweep_case *list; /* owned */
    size_t count, capacity;
    size_t fault_count;
    uint64_t
        place_total; /* points at which the baseline's conversation can break, times the faults */
    bool out_of_memory;
};

void sweep_cases_init(struct sweep_cases *cases, size_t fault_count);
void sweep_cases_deinit(struct sweep_cases *cases);

/* Adds the first wave, at most `most` cases. `fits` says whether a fault can be injected at a
 * place. */
void sweep_cases_begin(struct sweep_cases *cases, const struct observation *baseline, uint64_t most,
    bool (*fits)(const void *user, size_t fault, const struct sweep_place *place),
    const void *user);

/* Adds the middles of gaps whose ends differ in outcome, status or signal, at most `most`; where
 * there are none left, of those that differ in output. A status or an output that is not stable in
 * the baseline is not compared. Every case is done. Returns how many it added. */
size_t sweep_cases_refine(
    struct sweep_cases *cases, uint64_t most, bool compare_status, bool compare_output);

/* Fills in the offset and the message of a place that its text does not hold, from the baseline. */
void sweep_cases_locate(struct sweep_place *place, const struct observation *baseline);

/* Adds one case. NULL: out of memory. */
struct sweep_case *sweep_cases_add(
    struct sweep_cases *cases, const struct sweep_place *place, size_t fault);

/* Order of the report: by proxy, connection, direction, fault, offset. The second is for qsort, and
 * compares only the first faults of cases. */
int sweep_pick_compare(const struct sweep_pick *a, const struct sweep_pick *b);
int sweep_case_compare(const void *a, const void *b);

#endif
