/* SPDX-License-Identifier: MIT */
/*
 * `unread`: an ordinary close() with unread bytes in the socket. The kernel sends a RST instead of
 * a FIN (RFC 1122 4.2.2.13, RFC 2525 2.17): the server that answers "too large" without reading the
 * request, the client that hangs up in the middle of a greeting.
 */
#include "proxy/fault/types.h"

enum { HOLD_OPEN, HOLD_TRIGGER };

struct unread_params {
    uint64_t bytes;
    int hold;
};
CHECK_PARAMS(struct unread_params);

static const char *const holds[] = {"open", "trigger", NULL};

static const struct option options[] = {
    {.name = "bytes",
        .kind = &option_size,
        .offset = offsetof(struct unread_params, bytes),
        .default_text = "1",
        .min = 1,
        .help = "how many bytes have to be unread before the close"},
    {.name = "hold",
        .kind = &option_choice,
        .offset = offsetof(struct unread_params, hold),
        .default_text = "trigger",
        .choices = holds,
        .help = "open: reading from that side stops when the connection opens; trigger: it stops "
                "at the trigger; the close comes a trigger_delay later"},
    OPTIONS_END,
};

static struct action stop_reading(const void *params)
{
    (void)params;
    return (struct action){.kind = ACTION_STOP_READING, .duration_us = TIME_NEVER};
}

static struct action arm(const void *params)
{
    const struct unread_params *unread = params;
    return unread->hold == HOLD_OPEN ? stop_reading(params) : (struct action){.kind = ACTION_NONE};
}

static struct action unread_fire(const void *params)
{
    const struct unread_params *unread = params;
    return (struct action){.kind = ACTION_CLOSE_UNREAD, .bytes = unread->bytes};
}

/* Refuses a fault that can never fire: every direction that its trigger watches comes from a socket
 * that the fault does not read. */
static int unread_check(const struct fault *fault, const char **key, struct err *err)
{
    const struct unread_params *unread = (const void *)fault->params;
    bool starved = (fault_watched_directions(fault) & ~fault->sides) == 0;
    *key = "hold";
    if (unread->hold != HOLD_OPEN || !trigger_watches_direction(fault->when.kind) || !starved)
        return 0;
    if (fault->when.kind == TRIGGER_BYTES && fault->when.value == 0 && fault->after.name[0] == '\0')
        return 0;
    return err_set(err, "the trigger never comes: hold = open reads nothing from the side whose "
                        "bytes it waits for; write hold = trigger or the other direction");
}

const struct fault_type fault_unread = {
    .name = "unread",
    .summary = "calls close() with bytes left unread, so that the kernel sends a RST",
    .group = GROUP_ENDING,
    .side_rule = SIDE_REQUIRED,
    .takes_other = true,
    .options = options,
    .params_size = sizeof(struct unread_params),
    .arm = arm,
    .delay = stop_reading,
    .fire = unread_fire,
    .check = unread_check,
};
