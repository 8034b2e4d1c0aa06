/* SPDX-License-Identifier: MIT */
/*
 * Manual pages and shell completion, printed from the tables that the program itself reads: of
 * commands, options, variables, keys and fault types.
 */
#ifndef RUDEPROXY_APP_PAGES_PAGES_H
#define RUDEPROXY_APP_PAGES_PAGES_H

#include <stdio.h>

#include "proxy/base/must_check.h"

/* `page`: "rudeproxy" (section 1), "ctl" (1) or "ini" (5). 0, or -1: there is no such page. */
MUST_CHECK int pages_print_man(const char *page, FILE *out);

/* `shell`: "bash", "zsh" or "fish". 0, or -1: another one. */
MUST_CHECK int pages_print_completion(const char *shell, FILE *out);

#endif
