/* SPDX-License-Identifier: MIT */
/* Messages to a service manager (sd_notify(3)), without its library. */
#ifndef RUDEPROXY_APP_NOTIFY_H
#define RUDEPROXY_APP_NOTIFY_H

/* Sends `state`, such as "READY=1", to the socket that NOTIFY_SOCKET names. Does nothing without
 * one, or when the manager does not take it. */
void notify_manager(const char *state);

#endif
