/* SPDX-License-Identifier: MIT */
/* One conversation, again and again: see memory_script.h. */
#include "tests/lib/memory_script.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/random_fault.h"

/* Longer than all durations that are drawn, than every linger, and than one slice for each byte
 * with the longest gap behind it. */
#define AFTERWARDS (100 * (time_us)US_PER_S)

const unsigned char *script_bytes(enum side side)
{
    static unsigned char bytes[2][SCRIPT_BYTES];
    uint64_t random = 7;
    for (int i = 0; i < 2 && bytes[1][SCRIPT_BYTES - 1] == '\0'; i++)
        for (size_t at = 0; at < SCRIPT_BYTES; at++)
            bytes[i][at] = (unsigned char)"abc"[random_below(&random, 3)];
    return bytes[side];
}

static void send_all(struct memory_session *it, enum side side, struct script *script)
{
    for (size_t at = 0; at < SCRIPT_BYTES;) {
        size_t left = SCRIPT_BYTES - at;
        size_t most = script->piece < left ? script->piece : left;
        size_t n = script->varies ? 1 + random_below(&script->random, most) : most;
        memory_session_feed(it, side, script_bytes(side) + at, n);
        at += n;
        if (script->gap > 0)
            memory_session_advance(it, random_below(&script->random, script->gap));
    }
}

void script_play(struct memory_session *it, struct memory_proxy *proxy, const struct script *script)
{
    struct script rest = *script;
    assert_int_equal(memory_proxy_compile(proxy), 0);
    memory_session_open(it, proxy, script->connection == 0 ? 1 : script->connection);
    send_all(it, SIDE_CLIENT, &rest);
    send_all(it, SIDE_SERVER, &rest);
    memory_session_feed_fin(it, SIDE_CLIENT);
    memory_session_feed_fin(it, SIDE_SERVER);
    memory_session_advance(it, AFTERWARDS);
}

void script_run(struct memory_session *it, struct memory_proxy *proxy, const struct script *script,
    struct outcome *outcome)
{
    script_play(it, proxy, script);
    memory_session_close(it);
    for (int side = 0; side < 2; side++) {
        const struct memory_endpoint *end = &it->end[side];
        assert_in_range(end->out_len, 0, sizeof outcome->bytes[side]);
        memcpy(outcome->bytes[side], end->out, end->out_len);
        outcome->len[side] = end->out_len;
    }
    memcpy(outcome->log, it->log, sizeof outcome->log);
}

static void __attribute__((noreturn)) say_different(const struct outcome *got,
    const struct outcome *want, const struct script *script, const char *text, const char *what)
{
    fail_msg("%s\npieces of %zu%s, gaps of %ju us, seed %ju: %s\ngot %zu and %zu bytes\n%swant %zu "
             "and %zu bytes\n%s",
        text, script->piece, script->varies ? " at most" : "", (uintmax_t)script->gap,
        (uintmax_t)script->random, what, got->len[0], got->len[1], got->log, want->len[0],
        want->len[1], want->log);
    __builtin_unreachable();
}

void outcome_expect_same(const struct outcome *got, const struct outcome *want,
    const struct script *script, const char *text)
{
    if (strcmp(got->log, want->log) != 0)
        say_different(got, want, script, text, "the events differ");
    for (int side = 0; side < 2; side++)
        if (got->len[side] != want->len[side] ||
            memcmp(got->bytes[side], want->bytes[side], want->len[side]) != 0)
            say_different(got, want, script, text, "the bytes differ");
}

static const struct fault_type *random_type(uint64_t *random)
{
    size_t count = 0;
    while (fault_catalogue[count] != NULL)
        count++;
    for (;;) {
        const struct fault_type *type = fault_catalogue[random_below(random, count)];
        if (type->listener == LISTENER_OPEN)
            return type;
    }
}

void script_draw_faults(const struct fault_type *type, unsigned count, uint64_t *random, char *text,
    size_t size, struct memory_proxy *proxy)
{
    static const char *const letters[] = {"a", "b", "c", NULL};
    const struct random_range range = {
        .bytes = SCRIPT_BYTES + 100, .duration_us = 20 * US_PER_MS, .letters = letters};
    size_t used = 0;
    for (unsigned i = 0; i < count; i++) {
        for (unsigned tries = 0;; tries++) {
            const struct fault_type *one = i == 0 ? type : random_type(random);
            size_t head = (size_t)snprintf(text + used, size - used, "[fault f%u]\n", i);
            size_t keys = random_fault_write_plain(
                one, &range, random, text + used + head, size - used - head);
            bool good = memory_proxy_read(proxy, text) == 0;
            if (good) {
                used += head + keys;
                break;
            }
            if (tries > 1000)
                fail_msg("no fault of type %s is accepted, such as\n%s", one->name, text);
        }
        if (i + 1 < count)
            config_free(&proxy->config);
    }
    assert_int_equal(memory_proxy_compile(proxy), 0);
}

static bool value_is_timeless(const struct option *option, const void *params)
{
    const uint64_t *value = (const void *)((const char *)params + option->offset);
    bool is_duration =
        option->kind == &option_duration || option->kind == &option_duration_or_forever;
    return !is_duration || *value == TIME_NEVER || *value >= AFTERWARDS;
}

static bool fault_is_timeless(const struct fault *fault)
{
    const struct option *option = fault->type->options;
    if (fault->type->gate != NULL || trigger_is_timed(fault->when.kind) ||
        fault->trigger_delay_us > 0 || trigger_is_timed(fault->until.kind))
        return false;
    while (option->name != NULL && value_is_timeless(option, fault->params))
        option++;
    return option->name == NULL;
}

bool script_is_timeless(const struct memory_proxy *proxy)
{
    for (size_t i = 0; i < proxy->config.fault_count; i++)
        if (!fault_is_timeless(&proxy->config.faults[i]))
            return false;
    return true;
}
