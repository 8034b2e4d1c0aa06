/* SPDX-License-Identifier: MIT */
/*
 * `close`: an early close.
 *
 * A close() with unread bytes in the socket, or with bytes still arriving, makes the kernel send a
 * RST (RFC 1122 4.2.2.13). The graceful mode therefore drains the socket until the peer's FIN; the
 * plain mode is the careless program that does not.
 */
#include "proxy/fault/types.h"

enum { MODE_GRACEFUL, MODE_PLAIN };

struct close_params {
    int mode;
    uint64_t linger_us;
};
CHECK_PARAMS(struct close_params);

static const char *const modes[] = {"graceful", "plain", NULL};

static bool is_graceful(const void *base)
{
    const struct close_params *close = base;
    return close->mode == MODE_GRACEFUL;
}

static const struct option options[] = {
    {.name = "mode",
        .kind = &option_choice,
        .offset = offsetof(struct close_params, mode),
        .default_text = "graceful",
        .choices = modes,
        .help = "graceful: delivers the bytes already read, sends a FIN, and drains the socket; "
                "plain: close(), which sends a RST if bytes are unread; bytes that edge = before "
                "withholds are unread"},
    {.name = "linger",
        .applies = is_graceful,
        .misuse = "linger has no effect with mode = plain, which closes at once; leave it out or "
                  "write mode = graceful",
        .kind = &option_duration,
        .offset = offsetof(struct close_params, linger_us),
        .default_text = "5s",
        .min = 1000,
        .help = "with mode = graceful: after this time, bytes that are not delivered are dropped "
                "with a RST"},
    OPTIONS_END,
};

static struct action close_fire(const void *params)
{
    const struct close_params *close = params;
    if (close->mode == MODE_PLAIN)
        return (struct action){.kind = ACTION_CLOSE_PLAIN};
    return (struct action){.kind = ACTION_CLOSE_GRACEFUL, .duration_us = close->linger_us};
}

const struct fault_type fault_close = {
    .name = "close",
    .summary = "closes the connection early, with a FIN (graceful) or with a bare close() (plain)",
    .group = GROUP_ENDING,
    .side_rule = SIDE_BOTH,
    .takes_other = true,
    .options = options,
    .params_size = sizeof(struct close_params),
    .fire = close_fire,
};
