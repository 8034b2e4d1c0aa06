/* SPDX-License-Identifier: MIT */
/*
 * From a method and a path to the function that answers: rows of one table.
 */
#ifndef RUDEPROXY_ADMIN_ROUTE_H
#define RUDEPROXY_ADMIN_ROUTE_H

#include "proxy/admin/call.h"

/* Whose manners a route has: how it refuses. */
enum route_style {
    ROUTE_TOXIPROXY, /* as Toxiproxy does, byte for byte */
    ROUTE_OWN,       /* JSON always */
};

struct route {
    const char *methods; /* "GET", "POST PATCH"; "*": any */
    const char *pattern; /* "/proxies/{}"; each {} is one of call->names. NULL ends the table */
    void (*handle)(const struct call *call);
};

extern const struct route routes[];

/* Answers a call of a path as it was sent. */
void route_call(struct admin *admin, struct http_request *request);

#endif
