/* SPDX-License-Identifier: MIT */
/* Finds the ledger's proxies and faults by name. A name has the index of its element, because the
 * elements of the list move. */
#ifndef RUDEPROXY_RECORD_LEDGER_NAME_H
#define RUDEPROXY_RECORD_LEDGER_NAME_H

#include <stddef.h>

#include "proxy/base/hash.h"

struct ledger_name {
    struct hash_link link;
    size_t index;
    char text[];
};

/* Adds a name that is not there yet. NULL: out of memory. */
struct ledger_name *ledger_name_add(struct hash *names, const char *text, size_t index);
/* Returns NULL if it is not there. */
struct ledger_name *ledger_name_find(const struct hash *names, const char *text);
/* Removes and frees it. */
void ledger_name_remove(struct hash *names, struct ledger_name *name);

#endif
