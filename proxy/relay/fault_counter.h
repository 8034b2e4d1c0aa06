/* SPDX-License-Identifier: MIT */
/*
 * How often a fault was armed and fired: one counter for each fault of the file, by its name, whatever proxies
 * it names; one for each fault that the API gave to one proxy; one for each that was injected into one
 * connection. A fault that is deleted and added again is another one, and counts from zero.
 *
 * Life: a rule holds its counter, and so does a connection that names the fault in its record. When nobody
 * does any more, the counts are kept as history for the report, of the last FAULT_HISTORY_MAX faults.
 */
#ifndef RUDEPROXY_RELAY_FAULT_COUNTER_H
#define RUDEPROXY_RELAY_FAULT_COUNTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"
#include "proxy/base/clock.h"
#include "proxy/base/hash.h"
#include "proxy/base/list.h"

#define FAULT_HISTORY_MAX                                                                          \
    1000 /* a test run of hours that adds a fault for each test case; 300 kB */

/* Whether faults of one name have fired on any connection of the run: what `after = NAME/any` waits for.
 * Counters of that name hold it, and rules that wait for it. */
struct fired_name {
    struct list link;
    struct hash_link by_name;
    struct fault_counters *book;
    unsigned refs;
    uint64_t fired;     /* connections, and listening sockets; since the last reset of the counts */
    time_us fired_at;   /* the first of these */
    bool for_listeners; /* a fault of a listening socket waits for it */
    struct list waiting; /* of armed faults, by their chain_link: see armed.h */
    char name[FAULT_NAME_MAX];
};

/* Is called when a fault has fired that a listening socket waits for, or the counts were reset. Not to change
 * anything from inside: a session may be running. */
struct fired_watch {
    struct list link;
    void (*on_fired)(struct fired_watch *watch);
};

struct fault_counter {
    struct list link; /* in one of the lists below */
    struct hash_link by_name;
    struct fault_counters *book;
    unsigned refs;
    bool named;                 /* it is in `named` and found by its name */
    char proxy[PROXY_NAME_MAX]; /* whose fault it is alone; "": it may name several (the file's) */
    char name[FAULT_NAME_MAX];  /* of the fault */
    uint64_t armed;             /* connections it was selected for */
    uint64_t fired;             /* connections it was injected in */
    uint64_t fired_before;      /* of these, before the last reset of the counts */
    struct fired_name *shared;  /* with all faults of its name; NULL in the history */
};

/* In how many connections it was injected as `times` counts them. */
static inline uint64_t fault_counter_times(const struct fault_counter *counter)
{
    return counter->fired - counter->fired_before;
}

struct fault_counters {
    struct list named;   /* of faults that are there, in order of appearance */
    struct list others;  /* of those in one connection, or deleted and still in open connections */
    struct list history; /* of those that are gone; the oldest first */
    size_t history_count;
    struct hash by_name;     /* those of `named` */
    struct list names;       /* of struct fired_name */
    struct hash fired_names; /* the same */
    struct list watches;     /* of struct fired_watch */
};

/* Counts a connection, or a listening socket, in which the fault was injected. */
void fault_counter_fired(struct fault_counter *counter, time_us now);

/* `times`, and what `after = NAME/any` waits for, begin anew. `armed` and `fired` go on. */
void fault_counters_reset(struct fault_counters *book);

void fault_counters_init(struct fault_counters *book);
void fault_counters_deinit(struct fault_counters *book);

/* The counter of the file's fault of this name, made when it is first asked for. With a reference; NULL: out
 * of memory. */
struct fault_counter *fault_counter_of_file(struct fault_counters *book, const char *name);

/* A new counter of a fault that the API gave to one proxy. One of the same name is deleted by now. With a
 * reference; NULL: out of memory. */
struct fault_counter *fault_counter_new(
    struct fault_counters *book, const char *proxy, const char *name);

/* The same of a fault in one connection, which nothing finds by its name. */
struct fault_counter *fault_counter_new_unnamed(
    struct fault_counters *book, const char *proxy, const char *name);

struct fault_counter *fault_counter_ref(struct fault_counter *counter);
void fault_counter_unref(struct fault_counter *counter); /* NULL is allowed */

/* What faults of this name share, made when it is first asked for. With a reference; NULL: out of memory. */
struct fired_name *fired_name_of(struct fault_counters *book, const char *name);
void fired_name_unref(struct fired_name *name); /* NULL is allowed */

/* Whether they count, or counted, a fault of one name. */
bool fault_counter_has_same_name(const struct fault_counter *a, const struct fault_counter *b);

#endif
