/* SPDX-License-Identifier: MIT */
/*
 * Who may ask at all: those with the token, where there is one; else whoever can reach us, which is
 * this machine; and never a web page that a browser on this machine shows.
 */
#ifndef RUDEPROXY_ADMIN_GUARD_H
#define RUDEPROXY_ADMIN_GUARD_H

#include "proxy/admin/call.h"

/* Answers the request if it is refused. */
void guard_check(const struct call *call);

#endif
