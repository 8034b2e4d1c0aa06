/* SPDX-License-Identifier: MIT */
/*
 * How often a fault was armed and fired. There is one counter for each fault of the file, by its
 * name, whatever proxies it names; one for each fault that the API gave to one proxy; one for each
 * fault that was injected into one connection. A fault that is deleted and added again gets a new
 * counter.
 *
 * Life: a rule has a reference to its counter, and so does a connection that names the fault in its
 * record. After the last reference, the counts are kept as history for the report: one sum for each
 * of the first FAULT_HISTORY_MAX names.
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

#define FAULT_HISTORY_MAX 10000 /* as many as the report lists; 3 MB */

/* Whether faults of one name have fired on any connection of the run, for `after = NAME/any`.
 * Counters with that name have a reference to it, and so have rules that wait for it. */
struct fired_name {
    struct list link;
    struct hash_link by_name;
    struct fault_counters *book;
    unsigned refs;
    uint64_t fired;     /* connections, and listening sockets; since the last reset of the counts */
    time_us fired_at;   /* time of the first one */
    bool for_listeners; /* a listening socket's fault waits for it */
    /* Lists of armed faults, by their chain_link (armed.h): those that wait for the name, and those
     * of this name that act before their trigger and have `times`. */
    struct list waiting, acting;
    char name[FAULT_NAME_MAX];
};

/* Called when a fault has fired that a listening socket waits for, or the counts were reset. The
 * callback must not change anything, because a session may be running. */
struct fired_watch {
    struct list link;
    void (*on_fired)(struct fired_watch *watch);
};

struct fault_counter {
    struct list link; /* in one of the lists below */
    struct hash_link by_name;
    struct fault_counters *book;
    unsigned refs;
    bool named; /* it is in `named`, and can be found by its name */
    /* the only proxy of the fault; "": a fault of the file, with any number of proxies */
    char proxy[PROXY_NAME_MAX];
    char name[FAULT_NAME_MAX]; /* of the fault */
    uint64_t armed;            /* connections it was selected for */
    uint64_t fired;            /* connections it was injected in */
    uint64_t fired_before;     /* of these, before the last reset of the counts */
    struct fired_name *shared; /* shared by all faults of its name; NULL in the history */
};

/* Returns the number of connections it was injected in, as counted for `times`. */
static inline uint64_t fault_counter_times(const struct fault_counter *counter)
{
    return counter->fired - counter->fired_before;
}

struct fault_counters {
    struct list named;       /* current faults, in order of appearance */
    struct list others;      /* faults of one connection, and deleted faults of open connections */
    struct list history;     /* faults that are gone, one counter for each name */
    struct hash past_names;  /* the counters in `history` */
    struct hash by_name;     /* the counters in `named` */
    struct list names;       /* of struct fired_name */
    struct hash fired_names; /* the names in `names` */
    struct list watches;     /* of struct fired_watch */
};

/* Counts a connection, or a listening socket, in which the fault was injected. */
void fault_counter_fired(struct fault_counter *counter, time_us now);

/* Restarts the counts of `times` and `after = NAME/any`. `armed` and `fired` continue. */
void fault_counters_reset(struct fault_counters *book);

void fault_counters_init(struct fault_counters *book);
void fault_counters_deinit(struct fault_counters *book);

/* Returns the counter of the file's fault of this name, creating it if needed. With a reference;
 * NULL: out of memory. */
struct fault_counter *fault_counter_of_file(struct fault_counters *book, const char *name);

/* Creates a counter for a fault that the API gave to one proxy. An earlier fault of the same name
 * is already deleted. With a reference; NULL: out of memory. */
struct fault_counter *fault_counter_new(
    struct fault_counters *book, const char *proxy, const char *name);

/* Creates a counter for a fault in one connection, which cannot be found by its name. With a
 * reference; NULL: out of memory. */
struct fault_counter *fault_counter_new_unnamed(
    struct fault_counters *book, const char *proxy, const char *name);

struct fault_counter *fault_counter_ref(struct fault_counter *counter);
void fault_counter_unref(struct fault_counter *counter); /* NULL is allowed */

/* Returns the shared state of faults with this name, creating it if needed. With a reference; NULL:
 * out of memory. */
struct fired_name *fired_name_of(struct fault_counters *book, const char *name);
void fired_name_unref(struct fired_name *name); /* NULL is allowed */

#endif
