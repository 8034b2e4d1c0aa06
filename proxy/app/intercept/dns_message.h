/* SPDX-License-Identifier: MIT */
/* Reads the few parts of a DNS message (RFC 1035 4) that a forwarder needs. */
#ifndef RUDEPROXY_APP_INTERCEPT_DNS_MESSAGE_H
#define RUDEPROXY_APP_INTERCEPT_DNS_MESSAGE_H

#include <stddef.h>

#include "proxy/net/name_cache.h"

/* Adds the addresses in an answer to `names`, under the name in its question. The bytes may be
 * anything: parts that are not understood add nothing. */
void dns_note_addresses(const unsigned char *bytes, size_t size, struct name_cache *names);

/* Turns a question into the answer SERVFAIL (RCODE 2), in place. Keeps the question section and
 * cuts the bytes behind it. Returns the size of the answer; 0: the bytes are not a question. */
size_t dns_make_failure(unsigned char *bytes, size_t size);

#endif
