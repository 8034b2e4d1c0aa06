/* SPDX-License-Identifier: MIT */
/*
 * Forwards DNS over UDP. The command sends a question to port 53 of any address, a name server of
 * the machine gets it, and the answer comes from the address that the command asked. A silent proxy
 * forwards DNS over TCP.
 *
 * Life: dns_start, the loop runs, dns_stop (idempotent), the loop runs until libuv has closed its
 * handles.
 */
#ifndef RUDEPROXY_APP_INTERCEPT_DNS_H
#define RUDEPROXY_APP_INTERCEPT_DNS_H

#include <uv.h>

#include "proxy/app/intercept/netns.h"
#include "proxy/app/intercept/resolv.h"
#include "proxy/base/list.h"
#include "proxy/base/must_check.h"
#include "proxy/net/name_cache.h"

/* Flows (dns.c) at one time. Each has a descriptor. At the limit, a new one replaces the oldest. */
#define DNS_FLOWS_MAX 256

#define DNS_MESSAGE_MAX 65535 /* bytes: UDP has no longer datagram */

struct dns {
    struct list flows; /* of struct flow in dns.c, the oldest first */
    size_t count;
    struct resolv resolv;
    struct name_cache *names; /* learns from the answers */
    /* Called when an answer may have added to `names`, before the command gets that answer. NULL:
     * not called. */
    void (*on_names)(struct dns *dns);
    uv_loop_t *loop;
    uv_poll_t *poll;   /* of fd; allocated, because libuv uses a handle until its close callback */
    uv_timer_t *sweep; /* ends unused flows; allocated for the same reason */
    int fd;            /* in the command's network */
    unsigned char message[DNS_MESSAGE_MAX]; /* the one that is being forwarded */
};

/* Returns 0, or -1 with err filled. `names` must live until dns_stop. */
MUST_CHECK int dns_start(struct dns *dns, uv_loop_t *loop, struct netns *netns,
    struct name_cache *names, struct err *err);
void dns_stop(struct dns *dns);

#endif
