/* SPDX-License-Identifier: MIT */
/*
 * `reset`: a RST by SO_LINGER {1,0} and close().
 *
 * The kernel drops bytes that it has not sent, and the peer's kernel bytes that the peer has not
 * read. So an abrupt reset may destroy bytes that were forwarded before the trigger. `drain` first
 * waits until the peer's kernel has acknowledged all of them: then the RST comes exactly behind the
 * named byte.
 */
#include "proxy/fault/types.h"

enum { MODE_ABRUPT, MODE_DRAIN, MODE_AFTER_FIN };

struct reset_params {
    int mode;
};
CHECK_PARAMS(struct reset_params);

static const char *const modes[] = {"abrupt", "drain", "after_fin", NULL};

static const struct option options[] = {
    {.name = "mode",
        .kind = &option_choice,
        .offset = offsetof(struct reset_params, mode),
        .default_text = "drain",
        .choices = modes,
        .help = "abrupt: a RST at once, and queued bytes are lost; drain: a RST when all bytes "
                "before the trigger are acknowledged; after_fin: a FIN, then at once a RST"},
    OPTIONS_END,
};

static struct action reset_fire(const void *params)
{
    static const enum action_kind kinds[] = {
        [MODE_ABRUPT] = ACTION_RESET_ABRUPT,
        [MODE_DRAIN] = ACTION_RESET_DRAIN,
        [MODE_AFTER_FIN] = ACTION_RESET_AFTER_FIN,
    };
    const struct reset_params *reset = params;
    return (struct action){.kind = kinds[reset->mode]};
}

const struct fault_type fault_reset = {
    .name = "reset",
    .summary = "sends a RST (SO_LINGER 0): connection reset by peer",
    .group = GROUP_ENDING,
    .side_rule = SIDE_BOTH,
    .takes_other = true,
    .options = options,
    .params_size = sizeof(struct reset_params),
    .fire = reset_fire,
};
