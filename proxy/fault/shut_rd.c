/* SPDX-License-Identifier: MIT */
/*
 * `shut_rd`: shuts the read side of a socket, as shutdown(SHUT_RD) does. Linux continues to
 * acknowledge and drop arriving bytes; Windows answers the next byte with a RST.
 */
#include "proxy/fault/types.h"

enum { MODE_DISCARD, MODE_RESET };

struct shut_rd_params {
    int mode;
};
CHECK_PARAMS(struct shut_rd_params);

static const char *const modes[] = {"discard", "reset", NULL};

static const struct option options[] = {
    {.name = "mode",
        .kind = &option_choice,
        .offset = offsetof(struct shut_rd_params, mode),
        .default_text = "discard",
        .choices = modes,
        .help =
            "discard: arriving bytes are acknowledged and dropped, like on Linux; reset: the next "
            "byte is answered with a RST, like on Windows"},
    OPTIONS_END,
};

static struct action shut_rd_fire(const void *params)
{
    const struct shut_rd_params *shut = params;
    if (shut->mode == MODE_RESET)
        return (struct action){.kind = ACTION_RESET_ON_DATA};
    return (struct action){.kind = ACTION_DISCARD, .duration_us = TIME_NEVER};
}

const struct fault_type fault_shut_rd = {
    .name = "shut_rd",
    .summary =
        "shuts the read side of a socket: arriving bytes are dropped, or answered with a RST",
    .group = GROUP_ENDING,
    .side_rule = SIDE_REQUIRED,
    .takes_other = true,
    .options = options,
    .params_size = sizeof(struct shut_rd_params),
    .fire = shut_rd_fire,
};
