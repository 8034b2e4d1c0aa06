/* SPDX-License-Identifier: MIT */
/* Streaming search: see matcher.h. */
#include "proxy/relay/matcher.h"

#include <assert.h>

/* The state after one more byte: how much of the pattern the stream now ends in. */
static unsigned step(const struct matcher *matcher, unsigned matched, unsigned char byte)
{
    const struct trigger *trigger = matcher->trigger;
    while (matched > 0 && (matched == trigger->pattern_len || trigger->pattern[matched] != byte))
        matched = matcher->border[matched - 1];
    return trigger->pattern[matched] == byte ? matched + 1 : matched;
}

void matcher_init(struct matcher *matcher, const struct trigger *trigger)
{
    assert(trigger->pattern_len > 0 && trigger->pattern_len <= TRIGGER_PATTERN_MAX);
    matcher->trigger = trigger;
    matcher->border[0] = 0;
    for (unsigned i = 1; i < trigger->pattern_len; i++) {
        unsigned k = matcher->border[i - 1];
        while (k > 0 && trigger->pattern[k] != trigger->pattern[i])
            k = matcher->border[k - 1];
        matcher->border[i] =
            (unsigned char)(trigger->pattern[k] == trigger->pattern[i] ? k + 1 : k);
    }
}

size_t matcher_scan(
    const struct matcher *matcher, unsigned *matched, const unsigned char *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        *matched = step(matcher, *matched, bytes[i]);
        if (*matched == matcher->trigger->pattern_len)
            return i + 1;
    }
    return n;
}
