/* SPDX-License-Identifier: MIT */
/*
 * The common keys of [fault NAME], and when each applies. Two columns of a row decide that: `needs`
 * looks at the type of the fault, `applies` at the values of its other keys.
 */
#include "config/fault_keys.h"

#include "config/config.h"
#include "config/kind.h"
#include "config/name.h"

static const char *const others[] = {"close", "reset", "hold", NULL};
static const char *const edges[] = {"after", "before", NULL};

/* The column `applies`. */

static bool direction_applies(const void *base)
{
    const struct fault *fault = base;
    return fault_works_on_direction(fault) || trigger_watches_direction(fault->when.kind) ||
           trigger_watches_direction(fault->until.kind);
}

/* `other` needs an ending and exactly one named side. At accept the client has no other side. */
static bool other_applies(const void *base)
{
    const struct fault *fault = base;
    return fault->sides != BOTH_BITS && fault->when.kind != TRIGGER_ACCEPT &&
           action_is_ending(fault->type->fire(fault->params).kind);
}

static bool when_direction_applies(const void *base)
{
    const struct fault *fault = base;
    return trigger_watches_direction(fault->when.kind);
}

/* At accept, nothing waits for the fault and no byte of the client was read. */
static bool is_after_accept(const void *base)
{
    const struct fault *fault = base;
    return fault->when.kind != TRIGGER_ACCEPT;
}

static bool edge_applies(const void *base)
{
    const struct fault *fault = base;
    return trigger_has_edge(fault->when.kind) || trigger_has_edge(fault->until.kind);
}

/* Whether the trigger is a point in a message that may be behind bytes of an incomplete header. */
static bool is_in_message(const struct trigger *trigger)
{
    return trigger->kind == TRIGGER_MESSAGE &&
           (trigger->plus > 0 || trigger->minus > 0 || trigger->chunk > 0);
}

static bool match_hold_applies(const void *base)
{
    const struct fault *fault = base;
    return (edge_applies(fault) && fault->edge == EDGE_BEFORE) || is_in_message(&fault->when) ||
           is_in_message(&fault->until) || fault->sni.text[0] != '\0';
}

const struct option fault_options[] = {
    [ROW_PROXY] = {.name = "proxy",
        .kind = &option_names,
        .offset = offsetof(struct fault, proxies),
        .default_text = "*",
        .help = "the proxies that have the fault"},
    [ROW_TYPE] = {.name = "type",
        .kind = &option_type,
        .offset = offsetof(struct fault, type),
        .required = true,
        .help = "the type of the fault"},
    [ROW_DIRECTION] = {.name = "direction",
        .needs = OF_CONNECTIONS | HAS_TRIGGER,
        .applies = direction_applies,
        .kind = &option_directions,
        .offset = offsetof(struct fault, directions),
        .default_text = "downstream",
        .help = "the bytes, or the FIN, that the fault counts, matches or changes"},
    [ROW_SIDE] = {.name = "side",
        .needs = OF_CONNECTIONS | HAS_TRIGGER | HAS_SIDE,
        .kind = &option_sides,
        .offset = offsetof(struct fault, sides),
        .unset_text = "the type's own",
        .help = "the socket that the fault acts on: to the client, to the server, or both"},
    [ROW_OTHER] = {.name = "other",
        .needs = OF_CONNECTIONS | HAS_TRIGGER | HAS_OTHER,
        .applies = other_applies,
        .kind = &option_choice,
        .offset = offsetof(struct fault, other),
        .default_text = "close",
        .choices = others,
        .help = "what an ending does to the socket that side does not name"},
    [ROW_WHEN] = {.name = "when",
        .needs = OF_CONNECTIONS | HAS_TRIGGER,
        .kind = &option_trigger,
        .offset = offsetof(struct fault, when),
        .default_text = "open",
        .help = "the trigger: when the fault fires or begins; bytes:N: N bytes were forwarded in "
                "the direction; match:\"...\"#N+K: K bytes after the N-th match; message:N: the "
                "N-th message of the proxy's protocol; idle: no byte in either direction; run: "
                "counted from the start of the run"},
    [ROW_WHEN_DIRECTION] = {.name = "when_direction",
        .needs = OF_CONNECTIONS | HAS_TRIGGER,
        .applies = when_direction_applies,
        .kind = &option_directions,
        .offset = offsetof(struct fault, when_directions),
        .unset_text = "that of direction",
        .help = "the direction that when looks at, if it is not that of direction"},
    [ROW_AFTER] = {.name = "after",
        .kind = &option_after,
        .offset = offsetof(struct fault, after),
        .unset_text = "armed from the start",
        .help = "the fault is armed when the named fault has fired on the same connection, or with "
                "/any on any connection; when and until count from there"},
    [ROW_TRIGGER_DELAY] = {.name = "trigger_delay",
        .needs = OF_CONNECTIONS | HAS_TRIGGER,
        .applies = is_after_accept,
        .kind = &option_duration,
        .offset = offsetof(struct fault, trigger_delay_us),
        .default_text = "0s",
        .help = "the time between the trigger and the fault"},
    [ROW_UNTIL] = {.name = "until",
        .needs = OF_CONNECTIONS | HAS_TRIGGER | LASTS,
        .kind = &option_until,
        .offset = offsetof(struct fault, until),
        .default_text = "never",
        .help = "the trigger that ends the fault"},
    [ROW_EDGE] = {.name = "edge",
        .needs = OF_CONNECTIONS | HAS_TRIGGER,
        .applies = edge_applies,
        .kind = &option_choice,
        .offset = offsetof(struct fault, edge),
        .default_text = "after",
        .choices = edges,
        .help = "for the match or the message in when, or else in until; after: it is forwarded "
                "first; before: its first byte and all later bytes are withheld"},
    [ROW_MATCH_HOLD] = {.name = "match_hold",
        .needs = OF_CONNECTIONS | HAS_TRIGGER,
        .applies = match_hold_applies,
        .kind = &option_duration_or_forever,
        .offset = offsetof(struct fault, match_hold_us),
        .default_text = "20ms",
        .min = 1,
        .help = "with edge = before: how long the beginning of a possible match waits for the next "
                "byte; then it is forwarded, and a match that becomes complete fires after its "
                "last byte; with +K, -K or /chunk:K of a message, and with sni: the same for an "
                "incomplete header or ClientHello"},
    [ROW_CONNECTIONS] = {.name = "connections",
        .needs = OF_CONNECTIONS,
        .kind = &option_selection,
        .offset = offsetof(struct fault, connections),
        .default_text = "all",
        .help = "the connections that get the fault; each proxy numbers its connections from 1"},
    [ROW_CONCURRENT] = {.name = "concurrent",
        .needs = OF_CONNECTIONS,
        .kind = &option_selection,
        .offset = offsetof(struct fault, concurrent),
        .default_text = "all",
        .help = "like connections, but the number of a connection is how many connections of the "
                "proxy were open when it was accepted, itself included"},
    [ROW_TIMES] = {.name = "times",
        .needs = OF_CONNECTIONS,
        .kind = &option_number_or_unlimited,
        .offset = offsetof(struct fault, times),
        .default_text = "unlimited",
        .min = 1,
        .help = "on how many connections the fault fires at most"},
    [ROW_CHANCE] = {.name = "chance",
        .needs = OF_CONNECTIONS,
        .kind = &option_percentage,
        .offset = offsetof(struct fault, chance_ppb),
        .default_text = "100%",
        .min = 1,
        .max = 1000000000,
        .help =
            "the probability that a connection gets the fault, decided once for each connection"},
    [ROW_CLIENTS] = {.name = "clients",
        .needs = OF_CONNECTIONS,
        .kind = &option_cidr_list,
        .offset = offsetof(struct fault, clients),
        .default_text = "any",
        .help = "the addresses of clients whose connections get the fault"},
    [ROW_DESTINATIONS] = {.name = "destinations",
        .needs = OF_CONNECTIONS,
        .kind = &option_destinations,
        .offset = offsetof(struct fault, destinations),
        .default_text = "any",
        .help = "where an intercepted client wanted to connect"},
    [ROW_SNI] = {.name = "sni",
        .needs = OF_CONNECTIONS | HAS_TRIGGER,
        .applies = is_after_accept,
        .kind = &option_server_names,
        .offset = offsetof(struct fault, sni),
        .default_text = "any",
        .help = "server names in the TLS ClientHello; the fault is armed when the name is known, "
                "and earlier triggers do not fire"},
    [ROW_ACTIVE] = {.name = "active",
        .kind = &option_active_time,
        .offset = offsetof(struct fault, active),
        .default_text = "always",
        .help = "a window of time in which the fault can fire or last, counted from the start of "
                "the run"},
    [ROW_MUST_FIRE] = {.name = "must_fire",
        .kind = &option_yes_no,
        .offset = offsetof(struct fault, must_fire),
        .default_text = "no",
        .help = "yes: the run fails (exit status 3) if the fault never fired"},
    [ROW_ENABLED] = {.name = "enabled",
        .kind = &option_yes_no,
        .offset = offsetof(struct fault, enabled),
        .default_text = "yes",
        .help = "no: the fault does nothing"},
    [ROW_COUNT] = {.name = NULL},
};

/* Returns the needs that a type meets. */
static unsigned needs_met(const struct fault_type *type)
{
    return (type->listener == LISTENER_OPEN ? OF_CONNECTIONS : 0u) |
           (type->at_accept ? 0u : HAS_TRIGGER) | (type->side_rule == SIDE_UNUSED ? 0u : HAS_SIDE) |
           (type->takes_other ? HAS_OTHER : 0u) | (type->lasting ? LASTS : 0u);
}

bool fault_key_suits(const struct option *row, const struct fault_type *type)
{
    return (row->needs & ~needs_met(type)) == 0;
}

bool fault_key_applies(const struct option *row, const struct fault *fault)
{
    return fault_key_suits(row, fault->type) && (row->applies == NULL || row->applies(fault));
}

int fault_key_report_need(const struct option *row, const struct fault_type *type, struct err *err)
{
    static const struct {
        unsigned need;
        const char *before, *after; /* the text around the name of the type */
    } texts[] = {
        {OF_CONNECTIONS, "has no effect for type = ",
            ", which concerns the listening socket and no connection: leave it out; active and "
            "after = NAME/any say when"},
        {HAS_TRIGGER, "has no effect for type = ",
            ", which happens when a client was accepted, before the upstream is dialled: leave it "
            "out"},
        {HAS_SIDE, "has no effect for type = ",
            ", which follows direction: write direction = upstream, downstream or both"},
        {LASTS, "has no effect for type = ", ", which does not last: leave it out"},
        {HAS_OTHER,
            "has no effect for a type = ", " that does not end the connection, leave it out"},
    };
    size_t i = 0;
    unsigned missing = row->needs & ~needs_met(type);
    while (i + 1 < sizeof texts / sizeof texts[0] && (texts[i].need & missing) == 0)
        i++;
    return err_set(err, "%s%s%s", texts[i].before, type->name, texts[i].after);
}
