/* SPDX-License-Identifier: MIT */
/*
 * For tests with a runner of their own: a comparison that prints both values when it fails, and a
 * table of named cases.
 */
#ifndef RUDEPROXY_TESTS_EXPECT_H
#define RUDEPROXY_TESTS_EXPECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

static inline bool expect_number(const char *what, long got, long wanted)
{
    if (got != wanted)
        printf("     %s: %ld, not %ld\n", what, got, wanted);
    return got == wanted;
}

/* Both errnos positive, 0: EOF or no error. */
static inline bool expect_errno(const char *what, int got, int wanted)
{
    if (got != wanted)
        printf("     %s: %s, not %s\n", what, strerror(got), strerror(wanted));
    return got == wanted;
}

static inline bool expect_true(const char *what, bool got)
{
    if (!got)
        printf("     not so: %s\n", what);
    return got;
}

struct expect_case {
    const char *name;
    bool (*run)(void);
};

/* Runs them all and prints a line for each. How many passed. */
static inline size_t expect_run(const struct expect_case *cases, size_t n)
{
    size_t passed = 0;
    for (size_t i = 0; i < n; i++) {
        bool good = cases[i].run();
        printf("%s %s\n", good ? "ok" : "FAIL", cases[i].name);
        fflush(stdout);
        passed += good;
    }
    return passed;
}

#endif
