/* SPDX-License-Identifier: MIT */
/*
 * A namespace of a test's own: nobody else's packets are counted in it, and what is mounted in it
 * nobody else sees. Not permitted everywhere; then the test says so and skips.
 */
#ifndef RUDEPROXY_TESTS_NAMESPACE_H
#define RUDEPROXY_TESTS_NAMESPACE_H

/* Moves this process (of one thread still) into new namespaces: CLONE_NEWNET, CLONE_NEWNS. Where
 * that takes a privilege it does not have, into a user namespace as well, as root of it. What is
 * mounted from then on stays in there. 0 or -errno. */
int namespace_enter(int flags);

/* A new network namespace has a loopback interface, which is down. 0 or -errno. */
int namespace_loopback_up(void);

#endif
