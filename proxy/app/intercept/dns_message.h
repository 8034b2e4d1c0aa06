/* SPDX-License-Identifier: MIT */
/* The little of a DNS message (RFC 1035 4) that a forwarder looks at. */
#ifndef RUDEPROXY_APP_INTERCEPT_DNS_MESSAGE_H
#define RUDEPROXY_APP_INTERCEPT_DNS_MESSAGE_H

#include <stddef.h>

#include "proxy/net/name_cache.h"

/* Remembers the addresses that an answer gives for the name that was asked for. Anything may be
 * in the bytes: what is not understood is left. */
void dns_note_addresses(const unsigned char *bytes, size_t size, struct name_cache *names);

/* Turns a question into the answer that the server failed (RCODE 2), in place: the question
 * section stays, what follows it is cut. Returns the size, 0: not a question. */
size_t dns_make_failure(unsigned char *bytes, size_t size);

#endif
