/* SPDX-License-Identifier: MIT */
/*
 * Decides who may call the API. With an `admin_token`: clients that send it. Without: every program
 * that can connect, all on this machine. A browser gets the page (ui/ui.h), and from the API only
 * what that page requests: with the same origin, and with the page's token or the `admin_token`.
 */
#ifndef RUDEPROXY_ADMIN_ACCESS_H
#define RUDEPROXY_ADMIN_ACCESS_H

#include <stdbool.h>

#include "proxy/admin/call.h"

/* The header with the page's token. A page of another origin cannot send it without a preflight
 * request (https://fetch.spec.whatwg.org/#cors-preflight-fetch), which is never granted. */
#define ACCESS_PAGE_HEADER "X-Rudeproxy-Page"

/* Answers the request if it is refused. */
void access_check(const struct call *call);

/* Whether the User-Agent is that of a browser. */
bool access_is_browser(const struct call *call);

/* Whether the request comes from rudeproxy's own page, which proves it by a token. */
bool access_is_own_page(const struct call *call);

#endif
