/* SPDX-License-Identifier: MIT */
/* The result of a run for people: printed on stderr at its end. */
#ifndef RUDEPROXY_RECORD_SUMMARY_H
#define RUDEPROXY_RECORD_SUMMARY_H

#include <stdio.h>

#include "proxy/record/ledger.h"

/* Prints the summary of a settled ledger. */
void summary_print(const struct ledger *ledger, FILE *out);

/* Prints one line for each fault that had to fire and did not. */
void summary_print_failed(const struct ledger *ledger, FILE *out);

#endif
