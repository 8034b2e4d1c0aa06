/* SPDX-License-Identifier: MIT */
/*
 * A plan: what one proxy does, compiled from the configuration. Immutable and reference-counted: a
 * reload builds a new one, and a running session keeps the plan it opened with.
 *
 * How often a fault was armed and fired stands in the tally:
 * one entry for each fault name, kept for the life of the worker, shared by all plans.
 */
#ifndef RUDEPROXY_RELAY_PLAN_H
#define RUDEPROXY_RELAY_PLAN_H

#include <stddef.h>
#include <stdint.h>

#include "config/config.h"
#include "proxy/base/clock.h"
#include "proxy/base/list.h"
#include "proxy/relay/matcher.h"

struct tally {
    struct list link;
    char name[FAULT_NAME_MAX]; /* of the fault */
    uint64_t armed;            /* connections it was selected for */
    uint64_t fired;            /* connections it was injected in */
    bool must_fire;
};

struct tally_book {
    struct list tallies; /* of struct tally */
};

void tally_book_init(struct tally_book *book);
void tally_book_deinit(struct tally_book *book);

struct rule {
    struct fault fault;
    struct tally *tally;
    struct matcher when_matcher, until_matcher; /* of triggers that match */
    void *shared_state; /* FAULT_STATE_MAX bytes, zero at first: of a gate that all connections of
                           the proxy share. The one thing of a plan that changes. */
};

struct plan {
    unsigned refs;
    uint64_t seed;
    time_us started_at; /* of the run: what `active` counts from */
    struct proxy_config proxy;
    void *shared_states; /* of all rules; owned */
    size_t rule_count;
    struct rule rules[]; /* the faults that name this proxy, in file order */
};

/* Compiles the plan of config->proxies[index], with one reference. NULL: out of memory. */
struct plan *plan_new(
    const struct config *config, size_t index, time_us started_at, struct tally_book *book);
struct plan *plan_ref(struct plan *plan);
void plan_unref(struct plan *plan); /* NULL is allowed */

#endif
