/* SPDX-License-Identifier: MIT */
/* One connection in memory for each test, opened as often as it likes. */
#ifndef RUDEPROXY_TESTS_UNIT_MEMORY_FIXTURE_H
#define RUDEPROXY_TESTS_UNIT_MEMORY_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/memory_session.h"

#define CAP (4u << 20) /* bytes that go either way */
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define F "[fault f]\n"
#define G "[fault g]\n"
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

struct fixture {
    struct memory_proxy proxy;
    struct memory_session it;
};

static inline int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    *state = fixture;
    assert_non_null(fixture);
    memory_session_init(&fixture->it, CAP);
    return 0;
}

static inline int teardown(void **state)
{
    struct fixture *fixture = *state;
    memory_session_deinit(&fixture->it);
    free(fixture);
    return 0;
}

static inline struct memory_session *open_with(void **state, const char *text)
{
    struct fixture *fixture = *state;
    memory_proxy_init(&fixture->proxy, text);
    memory_session_open(&fixture->it, &fixture->proxy, 1);
    return &fixture->it;
}

static inline struct memory_session *open_spliced(void **state, const char *text)
{
    struct fixture *fixture = *state;
    fixture->it.splices = true;
    return open_with(state, text);
}

static inline void close_it(void **state)
{
    struct fixture *fixture = *state;
    memory_session_close(&fixture->it);
    memory_proxy_deinit(&fixture->proxy);
}

/* The server sends a text. */
static inline void say(struct memory_session *it, const char *words)
{
    memory_session_feed(it, SIDE_SERVER, words, strlen(words));
}

/* The server sends a text in two pieces. */
static inline void say_cut(struct memory_session *it, const char *words, size_t cut)
{
    memory_session_feed(it, SIDE_SERVER, words, cut);
    memory_session_feed(it, SIDE_SERVER, words + cut, strlen(words) - cut);
}

/* Checks the bytes that the client has got so far. */
static inline void expect(const struct memory_session *it, const char *words)
{
    memory_session_expect(it, SIDE_CLIENT, words, strlen(words));
}

/* Checks how often a text stands in the log. */
static inline void expect_logged(const struct memory_session *it, const char *line, unsigned times)
{
    unsigned found = 0;
    for (const char *at = it->log; (at = strstr(at, line)) != NULL; at++)
        found++;
    if (found != times)
        fail_msg("%u times instead of %u: %s\n%s", found, times, line, it->log);
}

#endif
