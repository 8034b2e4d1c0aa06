/* SPDX-License-Identifier: MIT */
#ifndef RUDEPROXY_RECORD_JSON_TEXT_H
#define RUDEPROXY_RECORD_JSON_TEXT_H

#include <jansson.h>

/* Makes a string of a name or address. The path of a UNIX socket need not be UTF-8: such a byte is
 * spelled as in the log (quote_json_next). NULL: out of memory. */
json_t *json_text(const char *value);

#endif
