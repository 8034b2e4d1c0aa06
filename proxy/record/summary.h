/* SPDX-License-Identifier: MIT */
/* What a run came to, for people: printed on stderr when it ends. */
#ifndef RUDEPROXY_RECORD_SUMMARY_H
#define RUDEPROXY_RECORD_SUMMARY_H

#include <stdio.h>

#include "proxy/record/ledger.h"

/* The ledger is settled. */
void summary_print(const struct ledger *ledger, FILE *out);

/* One line on each fault that had to fire and did not. */
void summary_print_failed(const struct ledger *ledger, FILE *out);

#endif
