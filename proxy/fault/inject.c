/* SPDX-License-Identifier: MIT */
/* `inject`: inserts bytes that nobody sent into the stream. */
#include "proxy/fault/types.h"

#define RANDOM_MAX (UINT64_C(1) << 30) /* largest size of a buffer */

struct inject_params {
    struct byte_string data; /* length 0: random bytes instead */
    uint64_t random;         /* number of random bytes; 0: unset */
};
CHECK_PARAMS(struct inject_params);

#define EXCLUDE "data and random exclude each other, leave one of them out"

static bool has_no_random(const void *base)
{
    const struct inject_params *inject = base;
    return inject->random == 0;
}

static bool has_no_data(const void *base)
{
    const struct inject_params *inject = base;
    return inject->data.length == 0;
}

static const struct option options[] = {
    {.name = "data",
        .applies = has_no_random,
        .misuse = EXCLUDE,
        .kind = &option_string,
        .offset = offsetof(struct inject_params, data),
        .unset_text = "random",
        .help = "the bytes to insert; data or random must be given"},
    {.name = "random",
        .applies = has_no_data,
        .misuse = EXCLUDE,
        .kind = &option_size,
        .offset = offsetof(struct inject_params, random),
        .min = 1,
        .max = RANDOM_MAX,
        .unset_text = "data",
        .help = "how many random bytes are inserted; data or random must be given"},
    OPTIONS_END,
};

static struct action inject_fire(const void *params)
{
    const struct inject_params *inject = params;
    if (inject->random != 0)
        return (struct action){.kind = ACTION_INSERT, .bytes = inject->random};
    return (struct action){
        .kind = ACTION_INSERT, .bytes = inject->data.length, .data = inject->data.bytes};
}

static int inject_check(const struct fault *fault, const char **key, struct err *err)
{
    *key = "type";
    if (has_no_data(fault->params) && has_no_random(fault->params))
        return err_set(err, "which bytes? write data = \"\\r\\n\" or random = 64");
    return 0;
}

const struct fault_type fault_inject = {
    .name = "inject",
    .summary = "inserts bytes that nobody sent",
    .group = GROUP_FLOW,
    .side_rule = SIDE_UNUSED,
    .options = options,
    .params_size = sizeof(struct inject_params),
    .fire = inject_fire,
    .check = inject_check,
};
