/* SPDX-License-Identifier: MIT */
/* Help texts in two columns, at most 80 characters wide. */
#ifndef RUDEPROXY_BASE_COLUMNS_H
#define RUDEPROXY_BASE_COLUMNS_H

#include <stdio.h>

#define COLUMNS_WIDTH 80 /* of a terminal, by default everywhere */

/* Prints `left`, then `text` from column `indent` (0: the first one). Further lines of the text
 * begin in the same column, cut between words. A `left` that reaches into the column gets a line of
 * its own. Ends with a newline. */
void columns_print(FILE *out, const char *left, unsigned indent, const char *text);

#endif
