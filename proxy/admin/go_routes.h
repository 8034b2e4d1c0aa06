/* SPDX-License-Identifier: MIT */
/* Toxiproxy's routes, for the table in routes.c. */
#ifndef RUDEPROXY_ADMIN_GO_ROUTES_H
#define RUDEPROXY_ADMIN_GO_ROUTES_H

#include "proxy/admin/call.h"

void go_list_proxies(const struct call *call);
void go_create_proxy(const struct call *call);
void go_populate(const struct call *call);
void go_show_proxy(const struct call *call);
void go_update_proxy(const struct call *call);
void go_delete_proxy(const struct call *call);
void go_list_toxics(const struct call *call);
void go_create_toxic(const struct call *call);
void go_show_toxic(const struct call *call);
void go_update_toxic(const struct call *call);
void go_delete_toxic(const struct call *call);
void go_reset(const struct call *call);
void go_version(const struct call *call);

/* The proxy of the path; NULL: answered with a 404. */
struct proxy *go_find_proxy(const struct call *call);

/* The body's first JSON value, a new reference; NULL: answered with a 400. */
json_t *go_read_body(const struct call *call);

#endif
