/* SPDX-License-Identifier: MIT */
/*
 * One conversation, run again and again: the client sends, the server answers, both say goodbye,
 * and time passes. Only the pieces in which the bytes arrive differ from run to run.
 */
#ifndef RUDEPROXY_TESTS_LIB_MEMORY_SCRIPT_H
#define RUDEPROXY_TESTS_LIB_MEMORY_SCRIPT_H

#include "tests/lib/memory_session.h"

#define SCRIPT_BYTES 4000    /* sent in each direction */
#define SCRIPT_TEXT_MAX 8192 /* of a configuration */

struct script {
    size_t piece;        /* largest piece; 1: byte by byte; SIZE_MAX: all at once */
    bool varies;         /* pieces are of random size, up to `piece` */
    time_us gap;         /* the most time that goes by between two; random; 0: none */
    uint64_t random;     /* seed of the two */
    uint64_t connection; /* its number; 0: 1 */
};

/* The outcome of a run. */
struct outcome {
    unsigned char bytes[2][3 * SCRIPT_BYTES]; /* that arrived at each side */
    size_t len[2];
    char log[MEMORY_LOG_MAX];
};

/* Returns the bytes that the peer of `side` sends: the letters a, b and c. */
const unsigned char *script_bytes(enum side side);

/* Opens the session and plays; the session is still open then, though it may have ended. */
void script_play(
    struct memory_session *it, struct memory_proxy *proxy, const struct script *script);

/* Plays, closes, and notes what came of it. */
void script_run(struct memory_session *it, struct memory_proxy *proxy, const struct script *script,
    struct outcome *outcome);

/* Fails the test unless both are the same; `text` is the configuration. */
void outcome_expect_same(const struct outcome *got, const struct outcome *want,
    const struct script *script, const char *text);

/* Draws faults of the type until one is accepted. `count` sections named f0, f1...; of the others
 * the type is random. */
void script_draw_faults(const struct fault_type *type, unsigned count, uint64_t *random, char *text,
    size_t size, struct memory_proxy *proxy);

/* Whether anything of the faults is a matter of time. */
bool script_is_timeless(const struct memory_proxy *proxy);

#endif
