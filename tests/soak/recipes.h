/* SPDX-License-Identifier: MIT */
/* Every recipe of config/recipes, as part of one configuration with a proxy for each. */
#ifndef RUDEPROXY_TESTS_SOAK_RECIPES_H
#define RUDEPROXY_TESTS_SOAK_RECIPES_H

#include <stdbool.h>

#include "tests/lib/wire.h"

#define RECIPES_MAX 64

struct recipe {
    char name[64];
    char address[PEER_ADDRESS_TEXT];
    char *faults; /* its sections, with names of their own */
    char protocol[1024];
    bool changes;
};

/* Reads the recipes of a folder into `recipes`, which may have RECIPES_MAX, behind the first
 * `count`. Returns how many there are then; an error ends the process. */
unsigned recipes_read(struct recipe *recipes, unsigned count, const char *folder);

#endif
