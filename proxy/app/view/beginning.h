/* SPDX-License-Identifier: MIT */
/*
 * How a connection began, in a log that may lack its first events: the file begins in the middle of
 * the connection (a rotation), or lines were lost. Pure.
 */
#ifndef RUDEPROXY_APP_VIEW_BEGINNING_H
#define RUDEPROXY_APP_VIEW_BEGINNING_H

#include <jansson.h>
#include <stdbool.h>

#include "proxy/base/side.h"

/* Whether the server was connected before the first of `events`. `closed` is the last one, or
 * NULL. */
bool view_lacks_beginning(const json_t *events, const json_t *closed);

/* The address of the peer of a side, from the first event that has it. "": none has. */
const char *view_address_of(const json_t *events, const json_t *closed, enum side side);

#endif
