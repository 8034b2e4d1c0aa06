/* SPDX-License-Identifier: MIT */
/*
 * The page for browsers: the files of web/ under /ui/, and / for a browser. They hold no data; the page asks
 * for everything under /v1. Its HTML holds the page's token (admin->page_token), without which a browser gets
 * nothing from the API; where an admin_token is configured it holds none, and the page asks its user.
 */
#ifndef RUDEPROXY_ADMIN_UI_UI_H
#define RUDEPROXY_ADMIN_UI_UI_H

#include "proxy/admin/call.h"

/* Whether a target ("/ui/page.js?x") belongs to the page. */
bool ui_has_target(const char *target);

/* Answers a call whose target belongs to the page. False: not answered. */
bool ui_answer(const struct call *call);

#endif
