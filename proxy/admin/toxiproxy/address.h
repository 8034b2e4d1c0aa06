/* SPDX-License-Identifier: MIT */
/* Addresses as Toxiproxy's clients write them, and as Go complains of them. */
#ifndef RUDEPROXY_ADMIN_TOXIPROXY_ADDRESS_H
#define RUDEPROXY_ADMIN_TOXIPROXY_ADDRESS_H

#include "proxy/base/address.h"
#include "proxy/base/err.h"
#include "proxy/base/must_check.h"

/* Reads what net.Listen takes: "127.0.0.1:80", "[::1]:80", ":80" and
 * "0.0.0.0:80" (every interface, IPv6 too), "localhost:80"; names stay names. "" is a port of the kernel's choice on 127.0.0.1: there it is one on every
 * interface, which nobody means who writes nothing. 0, or -1 with err as Go has it. */
MUST_CHECK int toxiproxy_listen_parse(const char *text, struct address *address, struct err *err);

/* Any text that Toxiproxy takes for an upstream; one that is no address leads nowhere. -1: it is an
 * address of ours with a mistake in it. */
MUST_CHECK int toxiproxy_upstream_parse(const char *text, struct address *address, struct err *err);

/* "listen tcp: address nope: missing port in address": of a text that toxiproxy_listen_parse does not take. */
void toxiproxy_listen_nowhere(const char *text, struct err *err);

/* "listen tcp 127.0.0.1:80: bind: address already in use" */
void toxiproxy_listen_error(const struct address *address, int errnum, struct err *err);

#endif
