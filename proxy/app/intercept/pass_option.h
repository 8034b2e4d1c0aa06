/* SPDX-License-Identifier: MIT */
/* `--pass`: which connections pass, of those that no proxy intercepts. */
#ifndef RUDEPROXY_APP_INTERCEPT_PASS_OPTION_H
#define RUDEPROXY_APP_INTERCEPT_PASS_OPTION_H

#include <stdbool.h>

#include "proxy/base/err.h"
#include "proxy/fault/destination.h"

/* Connections that do not pass are refused. */
struct intercept_pass {
    enum { PASS_ALL, PASS_NONE, PASS_LIST } kind;
    struct destination_list ports; /* PASS_LIST */
    bool is_explicit;              /* the command line has `--pass` */
};

/* Parses the value of `--pass`; NULL means `all`. Returns 0, or -1 with err filled. */
MUST_CHECK int intercept_parse_pass(const char *text, struct intercept_pass *pass, struct err *err);

/* The value as the user would write it. Lives as long as `pass`. */
const char *intercept_pass_name(const struct intercept_pass *pass);

#endif
