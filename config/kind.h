/* SPDX-License-Identifier: MIT */
/* The kinds of value that only the configuration has. */
#ifndef RUDEPROXY_CONFIG_KIND_H
#define RUDEPROXY_CONFIG_KIND_H

#include "proxy/base/option.h"

extern const struct option_kind option_seed;     /* struct settings: has_seed and seed */
extern const struct option_kind option_log;      /* char[OPTION_PATH_MAX] */
extern const struct option_kind option_user;     /* char[OPTION_USER_MAX] */
extern const struct option_kind option_token;    /* char[OPTION_TOKEN_MAX] */
extern const struct option_kind option_listen;   /* struct address, of this machine */
extern const struct option_kind option_buffer;   /* uint64_t: bytes, or `auto` = BUFFER_AUTO */
extern const struct option_kind option_upstream; /* struct address, or a builtin service */
extern const struct option_kind option_text;     /* char[OPTION_PATH_MAX], a text of any kind */
extern const struct option_kind option_type;     /* const struct fault_type * */

#endif
