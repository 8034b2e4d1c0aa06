/* SPDX-License-Identifier: MIT */
/*
 * `slice`, and `slicer` with Toxiproxy's keys: cuts the stream into slices, each written as a
 * segment of its own with a gap after it. This breaks every parser that takes one read for one
 * message.
 *
 * The end of a slice depends only on its start. A slice that has arrived in part is forwarded in
 * part: nobody knows whether more bytes will come.
 */
#include "proxy/base/rng.h"
#include "proxy/fault/types.h"

#define SIZE_MAX_BYTES (UINT64_C(1) << 30) /* largest size of a buffer */

struct slice_params {
    uint64_t size;
    uint64_t variation;
    uint64_t gap_us;
};
CHECK_PARAMS(struct slice_params);

struct slice_state {
    bool started;
    uint64_t end;     /* offset behind the current slice */
    time_us ready_at; /* when its first byte may be forwarded */
};
CHECK_STATE(struct slice_state);

enum { KEY_SIZE, KEY_VARIATION, KEY_GAP };

static const struct option options[] = {
    [KEY_SIZE] = {.name = "size",
        .kind = &option_size,
        .offset = offsetof(struct slice_params, size),
        .required = true,
        .min = 1,
        .max = SIZE_MAX_BYTES,
        .help = "the bytes of a slice"},
    [KEY_VARIATION] = {.name = "variation",
        .kind = &option_size,
        .offset = offsetof(struct slice_params, variation),
        .default_text = "0",
        .max = SIZE_MAX_BYTES,
        .help =
            "how far the size varies up and down, one random value for each slice; less than size"},
    [KEY_GAP] = {.name = "gap",
        .kind = &option_duration,
        .offset = offsetof(struct slice_params, gap_us),
        .default_text = "0s",
        .help = "the time between two slices"},
    OPTIONS_END,
};

static const struct option toxic_options[] = {
    {.name = "average_size",
        .kind = &option_size,
        .offset = offsetof(struct slice_params, size),
        .required = true,
        .min = 1,
        .max = SIZE_MAX_BYTES,
        .help = "the bytes of a slice"},
    {.name = "size_variation",
        .kind = &option_size,
        .offset = offsetof(struct slice_params, variation),
        .default_text = "0",
        .max = SIZE_MAX_BYTES,
        .help = "how far the size varies up and down, one random value for each slice; at most "
                "average_size"},
    {.name = "delay",
        .kind = &option_duration,
        .offset = offsetof(struct slice_params, gap_us),
        .default_text = "0s",
        .help = "the time between two slices"},
    OPTIONS_END,
};

static struct action slice_fire(const void *params)
{
    (void)params;
    return (struct action){.kind = ACTION_SHAPE, .duration_us = TIME_NEVER};
}

static uint64_t draw_size(const struct slice_params *slice, uint64_t key, uint64_t begin)
{
    uint64_t smallest = slice->variation < slice->size ? slice->size - slice->variation : 1;
    return smallest + rng_below(key, begin, slice->size + slice->variation - smallest + 1);
}

static uint64_t slice_gate(
    const void *params, void *memory, const struct gate_view *view, time_us *again)
{
    const struct slice_params *slice = params;
    struct slice_state *state = memory;
    if (!state->started || view->head >= state->end) {
        state->started = true;
        state->end = view->head + draw_size(slice, view->key, view->head);
    }
    *again = view->now < state->ready_at ? state->ready_at : TIME_NEVER;
    return view->now < state->ready_at ? view->head : state->end;
}

static void slice_passed(const void *params, void *memory, uint64_t offset, size_t n, time_us now)
{
    const struct slice_params *slice = params;
    struct slice_state *state = memory;
    if (state->started && offset + n >= state->end)
        state->ready_at = time_add(now, slice->gap_us);
}

static int slice_check(const struct fault *fault, const char **key, struct err *err)
{
    const struct slice_params *slice = (const void *)fault->params;
    *key = "variation";
    if (slice->variation >= slice->size)
        return err_set(err, "a slice could be empty, write a variation smaller than size");
    return 0;
}

/* If the variation equals the size, the smallest slice is one byte. */
static int check_toxic(const struct fault *fault, const char **key, struct err *err)
{
    const struct slice_params *slice = (const void *)fault->params;
    *key = "size_variation";
    if (slice->variation > slice->size)
        return err_set(err, "size_variation is more than there is to vary, write at most "
                            "average_size");
    return 0;
}

const struct fault_type fault_slice = {
    .name = "slice",
    .summary = "forwards the bytes in segments of a given size, with gaps between them",
    .group = GROUP_FLOW,
    .side_rule = SIDE_UNUSED,
    .options = options,
    .params_size = sizeof(struct slice_params),
    .fire = slice_fire,
    .gate = slice_gate,
    .passed = slice_passed,
    .cuts_segments = true,
    .lasting = true,
    .check = slice_check,
};

const struct fault_type fault_slicer = {
    .name = "slicer",
    .summary = "forwards the bytes in segments of a given average size, with delays between them",
    .group = GROUP_TOXIC,
    .side_rule = SIDE_UNUSED,
    .options = toxic_options,
    .params_size = sizeof(struct slice_params),
    .fire = slice_fire,
    .gate = slice_gate,
    .passed = slice_passed,
    .cuts_segments = true,
    .lasting = true,
    .check = check_toxic,
};
