/* SPDX-License-Identifier: MIT */
/* Addresses in the form of Toxiproxy's clients, with Go's error texts. */
#ifndef RUDEPROXY_ADMIN_TOXIPROXY_ADDRESS_H
#define RUDEPROXY_ADMIN_TOXIPROXY_ADDRESS_H

#include "proxy/base/address.h"
#include "proxy/base/err.h"
#include "proxy/base/must_check.h"
#include "proxy/net/resolver.h"

/* Parses an address for net.Listen: "127.0.0.1:80", "[::1]:80", ":80" and "0.0.0.0:80" (every
 * interface, IPv6 too), "localhost:80"; names stay names. "" is a free port on 127.0.0.1; Toxiproxy
 * uses every interface, which is unsafe by default. Returns 0, or -1 with err in Go's words. */
MUST_CHECK int toxiproxy_listen_parse(const char *text, struct address *address, struct err *err);

/* Parses an upstream: any text that Toxiproxy accepts. One that is no address becomes
 * ADDRESS_NOWHERE. Returns -1 for an address of rudeproxy's own forms with a mistake in it. */
MUST_CHECK int toxiproxy_upstream_parse(const char *text, struct address *address, struct err *err);

/* Writes "listen tcp: address nope: missing port in address", for a text that
 * toxiproxy_listen_parse refuses. */
void toxiproxy_listen_nowhere(const char *text, struct err *err);

/* Writes "listen tcp 127.0.0.1:80: bind: address already in use". */
void toxiproxy_listen_error(
    const struct address *address, struct resolver *resolver, int errnum, struct err *err);

#endif
