/* SPDX-License-Identifier: MIT */
/*
 * The key `sni`: selects connections by the server name in the client's TLS ClientHello:
 * `db.example.com`, `*.example.com`, or a list of them.
 */
#ifndef RUDEPROXY_FAULT_SERVER_NAMES_H
#define RUDEPROXY_FAULT_SERVER_NAMES_H

#include <stdbool.h>

#include "proxy/base/option.h"

#define SERVER_NAMES_MAX 200 /* size of the list, longer than a line of the file */

struct server_names {
    char text
        [SERVER_NAMES_MAX]; /* names with commas between, no blanks; "": any connection (`any`) */
};

/* Whether the list has this name, ignoring case. `*.example.com` matches every name that ends with
 * `.example.com`. */
bool server_names_have(const struct server_names *names, const char *name);

extern const struct option_kind option_server_names; /* struct server_names */

#endif
