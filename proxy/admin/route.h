/* SPDX-License-Identifier: MIT */
/* Finds the function for a method and a path: rows of one table. */
#ifndef RUDEPROXY_ADMIN_ROUTE_H
#define RUDEPROXY_ADMIN_ROUTE_H

#include "proxy/admin/call.h"

struct route {
    const char *methods; /* "GET", "POST PATCH"; "*": any */
    const char *pattern; /* "/proxies/{}"; each {} is one of call->names. NULL ends the table */
    void (*handle)(const struct call *call);
};

extern const struct route routes[];

/* Answers a call, with the path as sent. */
void route_call(struct admin *admin, struct http_request *request);

#endif
