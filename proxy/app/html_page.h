/* SPDX-License-Identifier: MIT */
/* A page of HTML with its data inside. Nothing in the data can become markup. */
#ifndef RUDEPROXY_APP_HTML_PAGE_H
#define RUDEPROXY_APP_HTML_PAGE_H

#include <jansson.h>
#include <stdio.h>

/* Prints `page`. The data replaces "@DATA@" as JSON; it stands in a <script> element of a type that
 * no browser runs. The modules replace "@SCRIPT@", one behind the other, without the lines in which
 * they import each other. `modules` ends with NULL; NULL: the page has no "@SCRIPT@". A failed
 * write shows in ferror(3). */
void html_page_print(FILE *out, const char *page, const json_t *data, const char *const *modules);

#endif
