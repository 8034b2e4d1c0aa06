/* SPDX-License-Identifier: MIT */
/*
 * The loads of a soak. Each runs in a process of its own that has both ends of its connections, and
 * repeats one round until it is told to pause or to end. soak.c starts the program between them.
 */
#ifndef RUDEPROXY_TESTS_SOAK_LOADS_H
#define RUDEPROXY_TESTS_SOAK_LOADS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "tests/lib/wire.h"

#define LOAD_PROXIES_MAX 64

/* Shared by its process and the soak. */
struct load_shared {
    atomic_bool pause; /* no further round */
    atomic_bool idle;  /* it pauses, and its sockets are closed */
    _Atomic uint64_t rounds, bytes;
};

struct load;

struct load_kind {
    const char *name;
    /* Whether every byte and the end are known, and not only that what arrives is a beginning of
     * what was sent. */
    bool exact;
    void (*round)(struct load *load);
};

struct load {
    const struct load_kind *kind;
    struct load_shared *shared;
    struct wire_listener listener;         /* of the server's end */
    const char *proxies[LOAD_PROXIES_MAX]; /* addresses, used in turn */
    bool changes[LOAD_PROXIES_MAX]; /* the proxy changes or adds bytes: they are not checked */
    unsigned proxy_count, next;
    uint64_t random;
    bool leaves; /* some rounds end with a FIN that nobody may pass on, and not with a RST */
};

/* Ends with a kind without a name. */
extern const struct load_kind load_kinds[];

/* Rounds until the process is killed. An error ends it with a status that is not 0. */
_Noreturn void load_run(struct load *load);

#endif
