/* SPDX-License-Identifier: MIT */
/*
 * Prints the lists of ctl: as columns with heads on a terminal, otherwise one tab between two cells
 * and no heads.
 *
 * Life: table_init, cells row by row, table_finish or table_free.
 */
#ifndef RUDEPROXY_CTL_TABLE_H
#define RUDEPROXY_CTL_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "proxy/ctl/ctl.h"

#define TABLE_COLUMNS_MAX 12

struct table {
    const char *const *heads; /* NULL-terminated */
    size_t columns;
    char **cells; /* owned, each */
    size_t count, capacity;
    size_t widths[TABLE_COLUMNS_MAX];
    bool failed; /* out of memory */
};

void table_init(struct table *table, const char *const *heads);
void table_cell(struct table *table, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Adds a cell with the name of a proxy or a fault, quoted if needed (quote_name). */
void table_name(struct table *table, const char *name);

void table_free(struct table *table);

/* Prints the table and frees it. */
enum ctl_status table_finish(struct table *table);

#endif
