/* SPDX-License-Identifier: MIT */
/* Counts of proxies, by their names. */
#ifndef RUDEPROXY_ADMIN_PROXY_COUNTS_H
#define RUDEPROXY_ADMIN_PROXY_COUNTS_H

#include "proxy/admin/admin.h"
#include "proxy/admin/counters.h"

struct proxy_counts {
    const struct proxy *proxy;
    const struct ledger_proxy *past; /* of connections that have ended */
    struct counters now;             /* of its open connections, and those of removed namesakes */
};

/* All proxies at one time, in the order of control_next_proxy(). */
struct proxy_counts_list {
    struct proxy_counts *list; /* owned by the caller, for free(); NULL: out of memory */
    size_t count;
};

struct proxy_counts proxy_counts_of(const struct admin_context *context, const struct proxy *proxy);
struct proxy_counts_list proxy_counts_of_all(const struct admin_context *context);

#endif
