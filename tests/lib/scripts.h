/* SPDX-License-Identifier: MIT */
/*
 * The scripts at hand: how connections are used and how they end, after tcp-close.
 *
 * Constant data, in three lists by subject. Each script is deterministic on a direct connection,
 * and on a perfect proxy both ends see on it exactly what they see directly; where a proxy can do
 * no better than the kernel lets it (a reset between UNIX sockets), `families` leaves the family
 * out.
 */
#ifndef RUDEPROXY_TESTS_SCRIPTS_H
#define RUDEPROXY_TESTS_SCRIPTS_H

#include "proxy/peers/steps.h"

struct peer_script_list {
    const char *subject;
    const struct peer_script *scripts;
    size_t n;
};

extern const struct peer_script_list peers_scripts_flow;  /* bytes, back-pressure, urgent data */
extern const struct peer_script_list peers_scripts_close; /* FIN, close(), death */
extern const struct peer_script_list peers_scripts_reset; /* RST */

#endif
