/* SPDX-License-Identifier: MIT */
/*
 * The statistics of a run, gathered from its events: for each proxy its connections and how they
 * ended, for each fault where it was injected. Objects that a reload removes stay in the ledger.
 * The summary, the report and the JUnit file print it, and the API reads it while it grows.
 *
 * Life: ledger_init; ledger_note_config at the start, and after each reload that
 * ledger_begin_reload began; ledger_note_plan and ledger_note_event; ledger_settle before it is
 * read; ledger_deinit.
 */
#ifndef RUDEPROXY_RECORD_LEDGER_H
#define RUDEPROXY_RECORD_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"
#include "proxy/base/hash.h"
#include "proxy/record/ledger_name.h"
#include "proxy/relay/event.h"
#include "proxy/relay/plan.h"

/* A run may inject millions of faults: the first ones are listed, all are counted. */
#define LEDGER_PLACES_MAX 1000

/* Limit of proxies and of faults, because an API client may keep creating new names. Later ones are
 * left out of the report, which says so. Exception: a fault in force, which may have to fire. */
#define LEDGER_NAMES_MAX 10000

/* Destinations of intercepted clients that are listed for each proxy. All connections are
 * counted. */
#define LEDGER_DESTINATIONS_MAX 64

struct ledger_destination {
    char address[ADDRESS_TEXT_MAX];
    uint64_t connections; /* ended ones */
};

struct ledger_proxy {
    struct ledger_name *by_name; /* owned */
    size_t running;              /* proxies of this name that have a plan */
    char name[PROXY_NAME_MAX];
    char listen[ADDRESS_TEXT_MAX]; /* where it listened last; "": never */
    char upstream[ADDRESS_TEXT_MAX];
    uint64_t connections; /* ended ones */
    uint64_t connect_failed;
    uint64_t accept_failed;      /* failures of accept(), one for each pause, and dropped clients */
    uint64_t received[2];        /* bytes, by enum direction */
    uint64_t bytes[2];           /* forwarded, by enum direction */
    uint64_t ended[CAUSE_COUNT]; /* connections by first cause */
    uint64_t marks[2][END_COUNT];            /* by enum side: connections with that mark */
    struct ledger_destination *destinations; /* owned; NULL: no client was intercepted */
    size_t destination_count;
    uint64_t elsewhere; /* connections to destinations that are not listed */
};

#define LEDGER_KIND_MAX 32 /* of a message, with its NUL */

/* One injection. */
struct ledger_place {
    size_t proxy;        /* index into the ledger's proxies */
    uint64_t connection; /* 0: the listening socket */
    enum direction direction;
    uint64_t offset;
    uint64_t message;           /* number of the message there; 0: not known */
    char kind[LEDGER_KIND_MAX]; /* of it; "": it has none */
};

/* Different reasons why one fault did not fire: the first ones are listed. */
#define LEDGER_MISSES_MAX 8

/* Connections of one proxy on which a fault was armed and did not fire, for one reason. */
struct ledger_miss {
    size_t proxy;         /* index into the ledger's proxies */
    uint64_t connection;  /* the first of them */
    uint64_t connections; /* number of them */
    char reason[NOT_FIRED_REASON_MAX];
};

struct ledger_fault {
    struct ledger_name *by_name; /* owned */
    char name[FAULT_NAME_MAX];
    const char *type;
    bool enabled;
    bool must_fire; /* `must_fire = yes`, and enabled */
    bool was_gone;  /* in no plan when ledger_begin_reload() was called */
    /* Plans in force that have a fault of this name; of these, those in which it is enabled, and
     * those in which it must fire. */
    size_t plans, plans_enabled, plans_must_fire;
    uint64_t armed, fired;       /* numbers of connections; valid after ledger_settle */
    uint64_t injections;         /* events: one for each direction or listening socket */
    struct ledger_place *places; /* the first LEDGER_PLACES_MAX of them; owned */
    size_t place_count, place_capacity;
    struct ledger_miss *misses; /* room for LEDGER_MISSES_MAX; owned; NULL: none */
    size_t miss_count;
    uint64_t missed; /* connections on which it was armed and did not fire */
};

struct ledger {
    int64_t started_us, ended_us; /* wall clock */
    int64_t began_us, took_us;    /* monotonic clock, which nobody sets */
    uint64_t seed;
    /* Owned. The first proxy_count are listed, in order of appearance. Others have an entry behind
     * LEDGER_NAMES_MAX while they run: the API reads their counts. */
    struct ledger_proxy *proxies;
    size_t proxy_count, proxy_entries;
    /* Owned. In order of appearance; behind LEDGER_NAMES_MAX are those that are in force, and those
     * that had to fire and did not. */
    struct ledger_fault *faults;
    size_t fault_count;
    uint64_t log_lost;                    /* lines that the log lost; set by the owner */
    struct hash proxy_names, fault_names; /* of struct ledger_name */
    /* there were more than LEDGER_NAMES_MAX proxies or faults */
    bool left_out;
    bool incomplete; /* out of memory: some data is missing */
};

void ledger_init(struct ledger *ledger);
void ledger_deinit(struct ledger *ledger);

/* Call it before a reload changes a plan. A fault that is in no plan by now was removed by the API,
 * not by the reload. */
void ledger_begin_reload(struct ledger *ledger);

/* Adds the proxies and faults of the configuration, so that unused ones are listed too. A fault
 * that the reload removed need not fire. */
void ledger_note_config(struct ledger *ledger, const struct config *config);

/* A proxy has another plan: see on_plan of its worker. A fault that is in no plan any more keeps
 * its must_fire: a fault that a test deletes at its end had to fire. */
void ledger_note_plan(struct ledger *ledger, const struct plan *before, const struct plan *now);

void ledger_note_event(struct ledger *ledger, const struct event *event);

/* Copies the current values of the fault counters. Call it before any print, and at the end. */
void ledger_settle(struct ledger *ledger, const struct fault_counters *book);

/* Returns the counts of a proxy; all zero if the ledger does not know its name. Valid until the
 * next event. */
const struct ledger_proxy *ledger_proxy_counts(const struct ledger *ledger, const char *name);

/* Returns a fault by its name, or NULL. */
const struct ledger_fault *ledger_find_fault(const struct ledger *ledger, const char *name);

/* Whether the fault has fired, even if its counter is no longer kept. */
bool ledger_fault_fired(const struct ledger_fault *fault);

/* Whether the fault had to fire and did not. */
bool ledger_fault_failed(const struct ledger_fault *fault);
size_t ledger_count_failed(const struct ledger *ledger);

#endif
