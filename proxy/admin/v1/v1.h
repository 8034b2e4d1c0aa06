/* SPDX-License-Identifier: MIT */
/* rudeproxy's own routes, under /v1, and /metrics, for the table in routes.c. */
#ifndef RUDEPROXY_ADMIN_V1_V1_H
#define RUDEPROXY_ADMIN_V1_V1_H

#include "proxy/admin/call.h"

void v1_version(const struct call *call);
void v1_report(const struct call *call);
void v1_config(const struct call *call);
void v1_reload(const struct call *call);
void v1_reset_counts(const struct call *call);
void v1_catalogue(const struct call *call);

void v1_list_proxies(const struct call *call);
void v1_create_proxy(const struct call *call);
void v1_show_proxy(const struct call *call);
void v1_change_proxy(const struct call *call);
void v1_delete_proxy(const struct call *call);

void v1_list_faults(const struct call *call);
void v1_add_fault(const struct call *call);
void v1_show_fault(const struct call *call);
void v1_change_fault(const struct call *call);
void v1_remove_fault(const struct call *call);

void v1_list_all_connections(const struct call *call);
void v1_list_connections(const struct call *call);
void v1_show_connection(const struct call *call);
void v1_inject(const struct call *call);
void v1_end_connection(const struct call *call);

void v1_events(const struct call *call);
void metrics_show(const struct call *call);

/* Returns the proxy of the path; NULL: a 404 was sent. */
struct proxy *v1_find_proxy(const struct call *call);

/* Writes the connection as a JSON object. */
struct connection;
void v1_write_connection(struct text *text, const struct connection *connection);

/* Returns the body as an object, a new reference; NULL: a 400 was sent. */
json_t *v1_read_body(const struct call *call);

/* Answers with the problems of a body, or out of memory. */
void v1_answer_problems(const struct call *call, const struct text *problems);

/* Answers for a change that control refused. */
void v1_answer_failure(const struct call *call, enum control_result result, const struct err *err);

#endif
