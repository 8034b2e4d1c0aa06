/* SPDX-License-Identifier: MIT */
/*
 * `corrupt`: flips bits and keeps the length. The offset of a byte alone decides whether it is
 * changed, and in which bits.
 */
#include <stdio.h>

#include "proxy/base/rng.h"
#include "proxy/base/units.h"
#include "proxy/fault/types.h"

/* Separates the draws of bits from other draws; any constant will do. */
#define BITS_STREAM UINT64_C(0x3c6ef372fe94f82b)

struct corrupt_params {
    uint64_t rate_ppb; /* 0: unset */
    uint64_t behind;   /* offset of the one byte, plus 1; 0: unset */
    uint64_t bits;
};
CHECK_PARAMS(struct corrupt_params);

static int parse_at(const struct option *option, const char *text, void *value, struct err *err)
{
    uint64_t at;
    (void)option;
    if (units_parse_size(text, &at, err) != 0)
        return -1;
    if (at == UINT64_MAX)
        return err_set(err, "'%s' is too large, no stream is that long", text);
    *(uint64_t *)value = at + 1;
    return 0;
}

static void format_at(const struct option *option, const void *value, char *buf, size_t size)
{
    uint64_t behind = *(const uint64_t *)value;
    (void)option;
    if (behind == 0)
        snprintf(buf, size, "%s", "");
    else
        units_format_size(behind - 1, buf, size);
}

static const struct option_kind option_at = {
    .name = "offset",
    .form = "an offset such as 0, 512 or 64k",
    .size = sizeof(uint64_t),
    .parse = parse_at,
    .format = format_at,
};

#define EXCLUDE "rate and at exclude each other, leave one of them out"

static bool has_no_at(const void *base)
{
    const struct corrupt_params *corrupt = base;
    return corrupt->behind == 0;
}

static bool has_no_rate(const void *base)
{
    const struct corrupt_params *corrupt = base;
    return corrupt->rate_ppb == 0;
}

static const struct option options[] = {
    {.name = "rate",
        .applies = has_no_at,
        .misuse = EXCLUDE,
        .kind = &option_percentage,
        .offset = offsetof(struct corrupt_params, rate_ppb),
        .min = 1,
        .max = PPB_ALL,
        .unset_text = "at",
        .help = "the probability that a byte is changed; rate or at must be given"},
    {.name = "at",
        .applies = has_no_rate,
        .misuse = EXCLUDE,
        .kind = &option_at,
        .offset = offsetof(struct corrupt_params, behind),
        .unset_text = "rate",
        .help =
            "the offset of the one byte that is changed, counted from 0; rate or at must be given"},
    {.name = "bits",
        .kind = &option_number,
        .offset = offsetof(struct corrupt_params, bits),
        .default_text = "1",
        .min = 1,
        .max = 8,
        .help = "how many bits of a changed byte are flipped"},
    OPTIONS_END,
};

static struct action corrupt_fire(const void *params)
{
    (void)params;
    return (struct action){.kind = ACTION_SHAPE, .duration_us = TIME_NEVER};
}

/* Returns a mask of `bits` distinct bits, every choice equally likely (Knuth, algorithm 3.4.2
 * S). */
static unsigned char draw_mask(uint64_t key, uint64_t offset, uint64_t bits)
{
    uint64_t draw = rng_at(key ^ BITS_STREAM, offset);
    unsigned mask = 0;
    for (unsigned bit = 0; bit < 8 && bits > 0; bit++) {
        unsigned left = 8 - bit;
        bool chosen = (draw & 0xff) * left < bits * 256;
        mask |= chosen ? 1u << bit : 0;
        bits -= chosen ? 1 : 0;
        draw >>= 8;
    }
    return (unsigned char)mask;
}

static uint64_t first_drawn(
    const struct corrupt_params *corrupt, uint64_t key, uint64_t offset, size_t n)
{
    bool all = corrupt->rate_ppb >= PPB_ALL;
    uint64_t threshold = all ? 0 : rng_threshold(corrupt->rate_ppb);
    for (size_t i = 0; i < n; i++)
        if (all || rng_at(key, offset + i) < threshold)
            return offset + i;
    return FAULT_NO_PLACE;
}

static uint64_t first_changed(const void *params, uint64_t key, uint64_t offset, size_t n)
{
    const struct corrupt_params *corrupt = params;
    uint64_t at = corrupt->behind - 1;
    if (corrupt->behind == 0)
        return first_drawn(corrupt, key, offset, n);
    return at >= offset && at - offset < n ? at : FAULT_NO_PLACE;
}

static void mutate(
    const void *params, uint64_t key, uint64_t offset, unsigned char *bytes, size_t n)
{
    const struct corrupt_params *corrupt = params;
    uint64_t at, end = offset + n;
    for (uint64_t from = offset; from < end; from = at + 1) {
        at = first_changed(corrupt, key, from, (size_t)(end - from));
        if (at == FAULT_NO_PLACE)
            return;
        bytes[at - offset] ^= draw_mask(key, at, corrupt->bits);
    }
}

static uint64_t place(const void *params)
{
    const struct corrupt_params *corrupt = params;
    return corrupt->behind != 0 ? corrupt->behind - 1 : FAULT_NO_PLACE;
}

/* Whether the byte named by `at` passes before the fault begins, or after it has ended. With both
 * directions, one may begin or end it for the other. */
static bool misses(const struct fault *fault, uint64_t at)
{
    if (fault->directions == BOTH_BITS || !fault_counts_offsets(fault))
        return false;
    return (fault->when.kind == TRIGGER_BYTES && at < fault->when.value) ||
           (fault->until.kind == TRIGGER_BYTES && at >= fault->until.value);
}

static int corrupt_check(const struct fault *fault, const char **key, struct err *err)
{
    const struct corrupt_params *corrupt = (const void *)fault->params;
    *key = "type";
    if (has_no_rate(corrupt) && has_no_at(corrupt))
        return err_set(err, "which bytes? write rate = 0.01%% or at = 512");
    *key = "at";
    if (!has_no_at(corrupt) && misses(fault, corrupt->behind - 1))
        return err_set(err,
            "the byte at that offset is forwarded while the fault is not active, write "
            "another one or change when and until");
    return 0;
}

const struct fault_type fault_corrupt = {
    .name = "corrupt",
    .summary = "flips bits of forwarded bytes; the number of bytes stays the same",
    .group = GROUP_FLOW,
    .side_rule = SIDE_UNUSED,
    .options = options,
    .params_size = sizeof(struct corrupt_params),
    .fire = corrupt_fire,
    .mutate = mutate,
    .first_changed = first_changed,
    .place = place,
    .not_yet = "it changed no byte",
    .lasting = true,
    .check = corrupt_check,
};
