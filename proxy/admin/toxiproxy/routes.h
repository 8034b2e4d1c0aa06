/* SPDX-License-Identifier: MIT */
/* Toxiproxy's routes, for the table in routes.c. */
#ifndef RUDEPROXY_ADMIN_TOXIPROXY_ROUTES_H
#define RUDEPROXY_ADMIN_TOXIPROXY_ROUTES_H

#include "proxy/admin/call.h"

void toxiproxy_list_proxies(const struct call *call);
void toxiproxy_create_proxy(const struct call *call);
void toxiproxy_populate(const struct call *call);
void toxiproxy_show_proxy(const struct call *call);
void toxiproxy_update_proxy(const struct call *call);
void toxiproxy_delete_proxy(const struct call *call);
void toxiproxy_list_toxics(const struct call *call);
void toxiproxy_create_toxic(const struct call *call);
void toxiproxy_show_toxic(const struct call *call);
void toxiproxy_update_toxic(const struct call *call);
void toxiproxy_delete_toxic(const struct call *call);
void toxiproxy_reset(const struct call *call);
void toxiproxy_version(const struct call *call);

/* Returns the proxy of the path; NULL: a 404 was sent. */
struct proxy *toxiproxy_find_proxy(const struct call *call);

/* Returns the body's first JSON value, a new reference; NULL: a 400 was sent. */
json_t *toxiproxy_read_body(const struct call *call);

#endif
