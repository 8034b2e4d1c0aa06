/* SPDX-License-Identifier: MIT */
/*
 * A plan: the configuration of one proxy with its faults, compiled to rules. Plans and rules are
 * immutable and reference-counted. A change builds a new plan that shares the unchanged rules, so
 * for a running session the same pointer means no change, and the state shared by the connections
 * of the proxy continues.
 *
 * How often a fault was armed and fired is in a counter, which rules share (fault_counter.h).
 */
#ifndef RUDEPROXY_RELAY_PLAN_H
#define RUDEPROXY_RELAY_PLAN_H

#include <stdalign.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"
#include "proxy/base/clock.h"
#include "proxy/relay/fault_counter.h"
#include "proxy/relay/matcher.h"

/* The origin of a rule or a proxy. */
enum rule_origin {
    RULE_FROM_FILE,
    RULE_FROM_API,
    RULE_FOR_CONNECTION, /* injected into one connection, in no plan */
};

#define TOXIC_ATTRIBUTES_MAX 3 /* attributes of one type; in the order of its row in toxic.c */

/* The original values of a fault from a client of Toxiproxy's API, returned unchanged. */
struct toxic_fields {
    char stream[16];
    float toxicity;
    int64_t numbers[TOXIC_ATTRIBUTES_MAX]; /* attributes whose value was limited: */
    unsigned altered;                      /* bit i: attribute i was limited */
};

/* The state of a fault that all connections of a proxy share, also those with older plans. A rule
 * passes it to the rule that replaces it. It is the only mutable part of a plan. */
struct rule_shared {
    unsigned refs;
    /* parameters of the current plan */
    alignas(max_align_t) unsigned char params[FAULT_PARAMS_MAX];
    /* For a gate with shares_state, and for listener faults; initially zero. */
    alignas(max_align_t) unsigned char state[FAULT_STATE_MAX];
};

struct rule {
    unsigned refs;
    enum rule_origin origin;
    struct fault fault;
    struct toxic_fields toxic_fields;
    struct fault_counter *fault_counter;
    struct fired_name *first;                   /* for after = NAME/any; else NULL */
    struct matcher when_matcher, until_matcher; /* for triggers that match */
    struct rule_shared *shared;                 /* one reference */
};

/* Compiles a fault of one proxy, with one reference. `toxic_fields` may be NULL. `before`: the rule
 * it replaces, or NULL; if it has the same type, its shared state continues. Returns NULL if out of
 * memory. */
struct rule *rule_new(const struct fault *fault, enum rule_origin origin,
    const struct toxic_fields *toxic_fields, const char *proxy, const struct rule *before,
    struct fault_counters *book);
struct rule *rule_ref(struct rule *rule);
void rule_unref(struct rule *rule); /* NULL is allowed */

/* The parts of a plan other than its rules. */
struct plan_basis {
    uint64_t seed;
    time_us started_at;         /* start of the run, from which `active` counts */
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

/* Makes a plan with one reference. It takes its own references to the rules. NULL: out of
 * memory. */
struct plan *plan_new(const struct plan_basis *basis, struct rule *const *rules, size_t rule_count);
struct plan *plan_ref(struct plan *plan);
void plan_unref(struct plan *plan); /* NULL is allowed */

/* Makes this the current plan of the proxy: its parameters apply to the shared state of faults. */
void plan_put_in_force(struct plan *plan);

/* Compiles the plan of a proxy from the configuration's faults and seed. `old`: the current plan of
 * the proxy, or NULL. Equal faults keep their rule. With `keep_api`, the API's faults stay if the
 * file does not use their names. NULL: out of memory. */
struct plan *plan_compile(const struct config *config, const struct proxy_config *proxy,
    enum rule_origin origin, time_us started_at, struct fault_counters *book,
    const struct plan *old, bool keep_api);

/* Returns the rule of this name, or NULL. */
struct rule *plan_find(const struct plan *plan, const char *name);

/* Whether its sessions parse bytes into messages, or look for the server's name. */
bool plan_needs_messages(const struct plan *plan);

#endif
