/* SPDX-License-Identifier: MIT */
/*
 * The page for browsers: the files of web/ under /ui/, and / for a browser. They contain no data;
 * the page requests everything under /v1. Its HTML contains the page's token (admin->page_token),
 * without which a browser gets nothing from the API. If an admin_token is configured, the HTML
 * contains no token, and the page asks its user.
 */
#ifndef RUDEPROXY_ADMIN_UI_UI_H
#define RUDEPROXY_ADMIN_UI_UI_H

#include "proxy/admin/call.h"

/* Whether a target ("/ui/page.js?x") belongs to the page. */
bool ui_has_target(const char *target);

/* Answers a call whose target belongs to the page. Returns false if it did not answer. */
bool ui_answer(const struct call *call);

#endif
