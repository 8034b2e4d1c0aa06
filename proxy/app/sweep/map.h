/* SPDX-License-Identifier: MIT */
/* The results of a sweep for people: a map of 80 columns, and the bad outcomes in groups. */
#ifndef RUDEPROXY_APP_SWEEP_MAP_H
#define RUDEPROXY_APP_SWEEP_MAP_H

#include <stdbool.h>
#include <stdio.h>

struct sweep;

/* The cases are sorted by sweep_case_compare(). `colour`: with the codes of a terminal. */
void sweep_map_print(const struct sweep *sweep, FILE *out, bool colour);

#endif
