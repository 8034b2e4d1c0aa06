/* SPDX-License-Identifier: MIT */
/*
 * Sections of a replay, made of one fault: its type, parameters and trigger, tied to connections,
 * and to a byte where the run had a time.
 */
#ifndef RUDEPROXY_APP_REPLAY_SECTION_H
#define RUDEPROXY_APP_REPLAY_SECTION_H

#include "proxy/app/replay/config.h"

#define ANY UINT64_MAX

/* An injection, reduced to what decides which section it belongs to, and its connection. Members
 * that do not matter for the fault at hand are ANY. */
struct occurrence {
    uint64_t proxy; /* index of the replay's proxies */
    uint64_t direction;
    uint64_t watched; /* the direction that `offset` counts; ANY: that of `direction` */
    uint64_t offset;
    uint64_t until; /* bytes */
    uint64_t for_us;
    uint64_t after; /* index of the replay's section that it waits for */
    uint64_t connection;
};

/* A fault for which sections are made. */
struct replay_task {
    struct replay_config *replay;
    const struct replay_log *log;
    const struct fault *fault;
    size_t order;   /* see struct replay_remark */
    bool by_clock;  /* the clock decided at which byte it began */
    uint64_t first; /* with `after = NAME/any`: the section where NAME fired first; ANY: none */
    struct occurrence *occurrences; /* sorted, each once */
    size_t count;
    bool first_done; /* the section that keeps the name was made */
};

/* Adds a section like the fault, for the occurrence's place, with no connections chosen. `proxies`
 * NULL: as the fault has them. NULL: out of memory, which it reports. */
struct fault *replay_section_add(
    struct replay_task *task, const struct occurrence *at, const char *proxies, bool keep_window);

/* Adds as many as it takes, for occurrences that differ in nothing but the connection. */
int replay_sections_add(
    struct replay_task *task, const struct occurrence *from, size_t count, const char *proxies);

/* Whether the run had a fault of this name, or the replay has one. */
bool replay_name_is_taken(const struct replay_task *task, const char *name);

/* The `for` key of the fault's type, NULL if it has none. */
const struct option *replay_for_option(const struct fault *fault);

/* Says so, returns -1. */
int replay_out_of_memory(void);

#endif
