/* SPDX-License-Identifier: MIT */
/* Any text as a JSON string. Private to sweep/. */
#ifndef RUDEPROXY_APP_SWEEP_JSON_TEXT_H
#define RUDEPROXY_APP_SWEEP_JSON_TEXT_H

#include <jansson.h>

/* If `value` is not UTF-8, its bytes from 0x80 on become question marks. NULL: out of memory. */
json_t *sweep_json_text(const char *value);

#endif
