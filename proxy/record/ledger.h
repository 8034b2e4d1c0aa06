/* SPDX-License-Identifier: MIT */
/*
 * What a run came to, gathered from its events: for each proxy its connections and how they ended,
 * for each fault where it was injected. What a reload removes stays in it. The summary, the report
 * and the JUnit file are three ways to print it.
 *
 * Life: ledger_init; ledger_note_config at the start and after each reload; ledger_note_event;
 * ledger_settle before it is read; ledger_deinit.
 */
#ifndef RUDEPROXY_RECORD_LEDGER_H
#define RUDEPROXY_RECORD_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"
#include "proxy/base/hash.h"
#include "proxy/relay/event.h"
#include "proxy/relay/plan.h"

/* A run may inject millions of faults: the first ones are listed, all are counted. */
#define LEDGER_PLACES_MAX 1000

/* Proxies, and faults, that the API may have made under ever new names: those that come later are not in the
 * report, which says that they are left out. */
#define LEDGER_NAMES_MAX 10000

/* Where a name stands in one of the lists: those move as they grow. */
struct ledger_name {
    struct hash_link link;
    size_t index;
};

/* Destinations of intercepted clients that are listed for each proxy; all connections are counted. */
#define LEDGER_DESTINATIONS_MAX 64

struct ledger_destination {
    char address[ADDRESS_TEXT_MAX];
    uint64_t connections; /* that ended */
};

struct ledger_proxy {
    struct ledger_name *by_name; /* owned */
    char name[PROXY_NAME_MAX];
    char listen[ADDRESS_TEXT_MAX]; /* where it listened last, "" if it never did */
    char upstream[ADDRESS_TEXT_MAX];
    uint64_t connections; /* that ended */
    uint64_t connect_failed;
    uint64_t bytes[2];                       /* handed on, by enum direction */
    uint64_t ended[CAUSE_COUNT];             /* connections by first cause */
    uint64_t marks[2][END_COUNT];            /* by enum side: connections with that mark */
    struct ledger_destination *destinations; /* owned; NULL: nobody was intercepted */
    size_t destination_count;
};

/* One injection. */
struct ledger_place {
    size_t proxy;        /* index of the ledger's proxies */
    uint64_t connection; /* 0: the listening socket */
    enum direction direction;
    uint64_t offset;
};

/* Different reasons for which one fault did not fire: the first ones are listed. */
#define LEDGER_MISSES_MAX 8

/* Connections of one proxy on which a fault was armed and did not fire, for one reason. */
struct ledger_miss {
    size_t proxy;         /* index of the ledger's proxies */
    uint64_t connection;  /* the first of them */
    uint64_t connections; /* how many */
    char reason[NOT_FIRED_REASON_MAX];
};

struct ledger_fault {
    struct ledger_name *by_name; /* owned */
    char name[FAULT_NAME_MAX];
    const char *type;
    bool enabled;
    bool must_fire;              /* and enabled, in the configuration now in force */
    uint64_t armed, fired;       /* connections; known after ledger_settle */
    uint64_t injections;         /* events: one for each direction, and of a listening socket */
    struct ledger_place *places; /* the first LEDGER_PLACES_MAX of them; owned */
    size_t place_count, place_capacity;
    struct ledger_miss *misses; /* room for LEDGER_MISSES_MAX; owned; NULL: none */
    size_t miss_count;
    uint64_t missed; /* connections on which it was armed and did not fire */
};

struct ledger {
    int64_t started_us, ended_us; /* wall clock */
    uint64_t seed;
    struct ledger_proxy *proxies; /* owned; in order of appearance */
    size_t proxy_count;
    struct ledger_fault *faults; /* likewise */
    size_t fault_count;
    uint64_t log_lost;                    /* lines of the log that nobody took; its owner sets it */
    struct hash proxy_names, fault_names; /* of struct ledger_name */
    bool left_out;                        /* more than LEDGER_NAMES_MAX proxies, or faults */
    bool incomplete;                      /* out of memory: something is missing */
};

void ledger_init(struct ledger *ledger);
void ledger_deinit(struct ledger *ledger);

/* Adds its proxies and faults, so that those are known to which nothing happens. */
void ledger_note_config(struct ledger *ledger, const struct config *config);
void ledger_note_event(struct ledger *ledger, const struct event *event);

/* Takes over what only the counters know, as of now: at the end, and before any print. */
void ledger_settle(struct ledger *ledger, const struct fault_counters *book);

/* A fault by its name, NULL: not known. */
const struct ledger_fault *ledger_find_fault(const struct ledger *ledger, const char *name);

/* Whether the fault had to fire and did not. */
bool ledger_fault_failed(const struct ledger_fault *fault);
size_t ledger_count_failed(const struct ledger *ledger);

#endif
