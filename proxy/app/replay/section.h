/* SPDX-License-Identifier: MIT */
/*
 * Makes the sections of a replay from one fault: its type, parameters and trigger, tied to
 * connections. If the run had a time, the section has a byte.
 */
#ifndef RUDEPROXY_APP_REPLAY_SECTION_H
#define RUDEPROXY_APP_REPLAY_SECTION_H

#include "proxy/app/replay/config.h"

#define ANY UINT64_MAX

/* The connection of an injection, and the members that decide to which section it belongs. A member
 * that does not matter for the fault is ANY. */
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

/* Adds a section: the fault, tied to the place of the occurrence, with no connections chosen.
 * `proxies` NULL: those of the fault. `keep_window`: keeps the fault's `active`. Returns NULL after
 * reporting the error. */
struct fault *replay_section_add(
    struct replay_task *task, const struct occurrence *at, const char *proxies, bool keep_window);

/* Adds as many sections as `count` occurrences need, which differ only in the connection. Returns
 * 0, or -1 after reporting the error. */
int replay_sections_add(
    struct replay_task *task, const struct occurrence *from, size_t count, const char *proxies);

/* Whether the run had a fault of this name, or the replay has one. */
bool replay_name_is_taken(const struct replay_task *task, const char *name);

/* The `for` key of the fault's type, NULL if it has none. */
const struct option *replay_for_option(const struct fault *fault);

/* Reports that memory ran out. Returns -1. */
int replay_out_of_memory(void);

#endif
