/* SPDX-License-Identifier: MIT */
#include "proxy/relay/matcher.h"

#include <assert.h>

/* Returns the state after one more byte: how much of the pattern is a suffix of the stream. */
static unsigned step(const struct matcher *matcher, unsigned matched, unsigned char byte)
{
    const struct trigger *trigger = matcher->trigger;
    while (matched > 0 && trigger->pattern[matched] != byte)
        matched = matcher->border[matched - 1];
    return trigger->pattern[matched] == byte ? matched + 1 : matched;
}

void matcher_init(struct matcher *matcher, const struct trigger *trigger)
{
    assert(trigger->pattern_len > 0 && trigger->pattern_len <= TRIGGER_PATTERN_MAX);
    assert(trigger->nth > 0);
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

bool matcher_has_found(const struct matcher *matcher, const struct match_progress *progress)
{
    return progress->occurrences == matcher->trigger->nth;
}

bool matcher_may_find(const struct matcher *matcher, const struct match_progress *progress)
{
    return progress->matched > 0 && progress->occurrences + 1 == matcher->trigger->nth;
}

size_t matcher_scan(const struct matcher *matcher, struct match_progress *progress,
    const unsigned char *bytes, size_t n)
{
    assert(!matcher_has_found(matcher, progress));
    for (size_t i = 0; i < n; i++) {
        progress->matched = step(matcher, progress->matched, bytes[i]);
        if (progress->matched < matcher->trigger->pattern_len)
            continue;
        progress->matched = 0;
        progress->occurrences++;
        if (matcher_has_found(matcher, progress))
            return i + 1;
    }
    return n;
}
