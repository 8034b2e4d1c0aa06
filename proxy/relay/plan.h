/* SPDX-License-Identifier: MIT */
/*
 * A plan: what one proxy does. Its rules are its faults, compiled. Both are immutable and
 * reference-counted: a change builds a new plan that shares the rules it does not change, so that the
 * same pointer means that nothing has changed for a running session, and what all connections of the
 * proxy share goes on.
 *
 * How often a fault was armed and fired stands in the counter: one entry for each fault of the file, by its
 * name, and for each fault that the API gave to one proxy. Counters live as long as the worker, and so do
 * the names that point into them.
 */
#ifndef RUDEPROXY_RELAY_PLAN_H
#define RUDEPROXY_RELAY_PLAN_H

#include <stdalign.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"
#include "proxy/base/clock.h"
#include "proxy/base/hash.h"
#include "proxy/base/list.h"
#include "proxy/relay/fault_counter.h"
#include "proxy/relay/matcher.h"

/* Who made a rule or a proxy. */
enum rule_origin {
    RULE_FROM_FILE,
    RULE_FROM_API,
    RULE_FOR_CONNECTION, /* injected in one connection, in no plan */
};

#define TOXIC_ATTRIBUTES_MAX 3 /* of one type; the order is that of its row in toxic.c */

/* The words in which a client of Toxiproxy's API spoke of a fault, given back as they were. */
struct toxic_fields {
    char stream[16];
    float toxicity;
    int64_t
        numbers[TOXIC_ATTRIBUTES_MAX]; /* attributes that mean another value than was written: */
    unsigned altered;                  /* a bit for each that does */
};

/* What all connections of a proxy share of a fault, those of older plans too: a rule hands it on to the rule that
 * takes its place. The one thing of a plan that changes. */
struct rule_shared {
    unsigned refs;
    alignas(max_align_t) unsigned char params[FAULT_PARAMS_MAX]; /* of the plan that is in force */
    /* Of a gate with shares_state, and of listener faults; zero at first. */
    alignas(max_align_t) unsigned char state[FAULT_STATE_MAX];
};

struct rule {
    unsigned refs;
    enum rule_origin origin;
    struct fault fault;
    struct toxic_fields toxic_fields;
    struct fault_counter *fault_counter;
    struct fired_name *first;                   /* of after = NAME/any; else NULL */
    struct matcher when_matcher, until_matcher; /* of triggers that match */
    struct rule_shared *shared;                 /* one reference */
};

/* Compiles a fault of one proxy, with one reference. `said` may be NULL. `before`: the rule it takes the
 * place of, or NULL; of the same type, its shared state goes on. NULL: out of memory. */
struct rule *rule_new(const struct fault *fault, enum rule_origin origin,
    const struct toxic_fields *toxic_fields, const char *proxy, const struct rule *before,
    struct fault_counters *book);
struct rule *rule_ref(struct rule *rule);
void rule_unref(struct rule *rule); /* NULL is allowed */

/* What a plan is beside its rules. */
struct plan_basis {
    uint64_t seed;
    time_us started_at;         /* of the run: what `active` counts from */
    enum rule_origin origin;    /* of the proxy */
    struct proxy_config config; /* of the proxy */
};

struct plan {
    unsigned refs;
    uint64_t seed;
    time_us started_at;
    enum rule_origin origin;    /* of the proxy */
    struct proxy_config config; /* of the proxy */
    size_t rule_count;
    /* The file's rules in its order, then the API's. One reference each; their names differ. */
    struct rule *rules[];
};

/* A plan of these rules, of which it takes references of its own, with one reference. NULL: out of
 * memory. */
struct plan *plan_new(const struct plan_basis *basis, struct rule *const *rules, size_t rule_count);
struct plan *plan_ref(struct plan *plan);
void plan_unref(struct plan *plan); /* NULL is allowed */

/* The proxy follows this plan from now on: what its connections share goes by its parameters. */
void plan_put_in_force(struct plan *plan);

/* Compiles the plan of a proxy with the faults of the configuration, and its seed. `old`: the plan of the
 * proxy so far, or NULL: faults that are equal keep their rule, and with `keep_api` those of the API stay
 * whose names the file does not take. NULL: out of memory. */
struct plan *plan_compile(const struct config *config, const struct proxy_config *proxy,
    enum rule_origin origin, time_us started_at, struct fault_counters *book,
    const struct plan *old, bool keep_api);

/* The rule of this name, NULL: none. */
struct rule *plan_find(const struct plan *plan, const char *name);

#endif
