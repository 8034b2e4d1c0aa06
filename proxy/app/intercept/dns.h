/* SPDX-License-Identifier: MIT */
/*
 * Forwards DNS over UDP: what the command asks any address at port 53 goes to a name server of the
 * machine, and the answer comes from the address that was asked. Over TCP a silent proxy does it.
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

/* Questions that wait for an answer. Each has a descriptor; the oldest gives way to a new one. */
#define DNS_FLOWS_MAX 256

#define DNS_MESSAGE_MAX 65535 /* of UDP */

struct dns {
    struct list flows; /* of struct flow in dns.c, the oldest first */
    size_t count;
    struct resolv resolv;
    struct name_cache *names; /* learns from the answers */
    /* Called when an answer may have told a name, before the command gets it; NULL: not called. */
    void (*on_names)(struct dns *dns);
    uv_loop_t *loop;
    uv_poll_t *poll;   /* of fd; allocated, because libuv frees no handle at once */
    uv_timer_t *sweep; /* owned, as well */
    int fd;            /* in the command's network */
    unsigned char message[DNS_MESSAGE_MAX]; /* the one at hand */
};

/* 0, or -1 with err filled. `names` outlives it. */
MUST_CHECK int dns_start(struct dns *dns, uv_loop_t *loop, struct netns *netns,
    struct name_cache *names, struct err *err);
void dns_stop(struct dns *dns);

#endif
