/* SPDX-License-Identifier: MIT */
/* Shared by the files of the soak; soak.c tells how they fit together. */
#ifndef RUDEPROXY_TESTS_SOAK_SOAK_H
#define RUDEPROXY_TESTS_SOAK_SOAK_H

#include <sys/types.h>

#include "tests/lib/api_client.h"
#include "tests/lib/random_fault.h"
#include "tests/soak/loads.h"
#include "tests/soak/recipes.h"

#define LOADS_MAX 9
#define CONFIG_MAX (512 * 1024)
#define SLOTS 4 /* live faults of a proxy */

struct soak {
    struct proxy_process process;
    struct api api;
    int64_t ends_at;
    uint64_t random;
    struct load loads[LOADS_MAX];
    char addresses[LOADS_MAX][PEER_ADDRESS_TEXT];
    pid_t children[LOADS_MAX];
    unsigned load_count;
    struct recipe recipes[RECIPES_MAX];
    unsigned recipe_count;
    char *config;
    unsigned next_type;
    bool has_slot[2][SLOTS]; /* of live_exact and live_any */
    uint64_t changes, reloads, reads, ended, types_taken;
    int first_descriptors;
    long first_kb, last_kb;
    int last_descriptors;
    unsigned pauses;
};

/* Ends the process with status 1 unless `fine`. */
void soak_must(bool fine, const char *what);

/* --- changes.c: faults that come and go on the proxies live_exact and live_any --- */

/* Adds a fault, or takes one away. */
void changes_make_one(struct soak *soak);

/* Takes all of them away. */
void changes_clear(struct soak *soak);

#endif
