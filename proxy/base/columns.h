/* SPDX-License-Identifier: MIT */
/* Help texts in two columns, at most 80 characters wide. */
#ifndef RUDEPROXY_BASE_COLUMNS_H
#define RUDEPROXY_BASE_COLUMNS_H

#include <stdio.h>

#define COLUMNS_WIDTH 80 /* of a terminal, by default everywhere */

/* Prints `left`, then `text` from column `indent` on (0: the first one). The text continues in the
 * same column on further lines, cut between words. A `left` that reaches into the column has a
 * line of its own. Ends with a newline. */
void columns_print(FILE *out, const char *left, unsigned indent, const char *text);

#endif
