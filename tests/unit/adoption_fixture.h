/* SPDX-License-Identifier: MIT */
/* A connection whose peers send one endless pattern, and whose faults change while they do. */
#ifndef RUDEPROXY_TESTS_UNIT_ADOPTION_FIXTURE_H
#define RUDEPROXY_TESTS_UNIT_ADOPTION_FIXTURE_H

#include "tests/unit/memory_fixture.h"

#define BLOCK (600u << 10)

static unsigned char pattern[CAP];

static inline void fill_pattern(void)
{
    for (size_t i = 0; i < CAP; i++)
        pattern[i] = (unsigned char)(i * 31 + i / 251);
}

static inline void adopt(void **state, const char *text)
{
    struct fixture *fixture = *state;
    struct config config;
    if (memory_config_read(&config, text) != 0)
        fail_msg("this is no configuration:\n%s", text);
    assert_int_equal(memory_session_adopt(&fixture->it, &fixture->proxy, &config), 0);
    config_free(&config);
}

static inline size_t arrived(const struct memory_session *it, enum side side)
{
    return it->end[side].out_len;
}

static inline void feed(struct memory_session *it, enum side side, size_t n)
{
    memory_session_feed(it, side, pattern + it->end[side].in_len, n);
}

#endif
