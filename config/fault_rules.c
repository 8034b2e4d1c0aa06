/* SPDX-License-Identifier: MIT */
/*
 * The rules between the keys of a fault are rows of one table. A rule is checked only if every
 * common key that it reads is valid and applies to the type. A rule that reads the type's own keys
 * looks whether they are valid.
 */
#include "config/fault_rules.h"

#include <string.h>
#include <strings.h>

#define BIT(row) (1u << (row))

/* Reports the keys that do not suit the type. Returns the set of the others that are given. */
static unsigned check_suits(const struct fault_check *check)
{
    unsigned given = check->envelope.given;
    for (unsigned i = 0; i < ROW_COUNT; i++) {
        const struct option *row = &fault_options[i];
        struct err err;
        if (!key_given(check, i) || fault_key_suits(row, check->fault->type))
            continue;
        MAY_FAIL(fault_key_report_need(row, check->fault->type, &err)); /* it always does */
        check_report_problem(check->problems, check->section, row->name, err.text);
        given &= ~BIT(i);
    }
    return given;
}

/* Whether a key is given that does not apply beside the other keys. */
static bool given_without_effect(const struct fault_check *check, unsigned row)
{
    return key_given(check, row) && !fault_key_applies(&fault_options[row], check->fault);
}

static const char *trigger_text(const struct fault *fault, char *buf, size_t size)
{
    option_trigger.format(&fault_options[ROW_WHEN], &fault->when, buf, size);
    return buf;
}

/* The rules. Each fills `err` and returns -1, or returns 0. */

static int direction_has_effect(const struct fault_check *check, struct err *err)
{
    char when[64];
    if (!given_without_effect(check, ROW_DIRECTION))
        return 0;
    return err_set(err,
        "neither when = %s nor type = %s uses a direction, leave it out, or write when = "
        "bytes:N, match:\"...\", message:N or eof",
        trigger_text(check->fault, when, sizeof when), check->fault->type->name);
}

static int side_is_given(const struct fault_check *check, struct err *err)
{
    if (check->fault->type->side_rule != SIDE_REQUIRED || key_given(check, ROW_SIDE))
        return 0;
    return err_set(err, "the key is missing, type = %s needs it: write client, server or both",
        check->fault->type->name);
}

static bool is_early(const struct fault *fault)
{
    return fault->when.kind == TRIGGER_ACCEPT && !fault->type->at_accept;
}

static int when_direction_has_effect(const struct fault_check *check, struct err *err)
{
    char when[64];
    if (!given_without_effect(check, ROW_WHEN_DIRECTION))
        return 0;
    return err_set(err,
        "when = %s uses no direction, leave it out, or write when = bytes:N, match:\"...\", "
        "message:N or eof",
        trigger_text(check->fault, when, sizeof when));
}

static int when_is_right(const struct fault_check *check, struct err *err)
{
    return trigger_check(&check->fault->when, err);
}

/* A fault that does not last fires only once on a connection. */
static int every_lasts(const struct fault_check *check, struct err *err)
{
    if (!check->fault->when.every || check->fault->type->lasting)
        return 0;
    return err_set(err,
        "message:every:K is for faults that last, and type = %s does not: write message:N",
        check->fault->type->name);
}

/* A fault that has ended once cannot end again. */
static int until_is_one_message(const struct fault_check *check, struct err *err)
{
    if (!check->fault->until.every)
        return 0;
    return err_set(err, "a fault ends once: write message:N");
}

static int until_is_right(const struct fault_check *check, struct err *err)
{
    return trigger_check(&check->fault->until, err);
}

/* No fault fires on a connection before its accept. */
static int after_can_come(const struct fault_check *check, struct err *err)
{
    const struct after *after = &check->fault->after;
    if (!key_given(check, ROW_AFTER) || after->any || check->fault->when.kind != TRIGGER_ACCEPT)
        return 0;
    return err_set(err,
        "nothing has fired on a connection that is just accepted, write %.64s/any, or when = open",
        after->name);
}

static int sni_fits_accept(const struct fault_check *check, struct err *err)
{
    if (!given_without_effect(check, ROW_SNI) || check->fault->sni.text[0] == '\0')
        return 0;
    return err_set(err, "when = accept is before the client has named a server: leave it out, or "
                        "write when = open");
}

static int delay_fits_accept(const struct fault_check *check, struct err *err)
{
    if (!given_without_effect(check, ROW_TRIGGER_DELAY))
        return 0;
    return err_set(err, "when = accept is before anything is dialled, and nothing waits for the "
                        "fault: leave it out, or write when = open");
}

/* At accept there are no bytes yet and no segments to filter: only an ending is possible. */
static int type_fits_accept(const struct fault_check *check, struct err *err)
{
    const struct fault *fault = check->fault;
    if (!is_early(fault) || fault->type->group == GROUP_ENDING || fault->type->only_watches)
        return 0;
    return err_set(err,
        "accept is too early for type = %s, nothing was dialled yet: write when = open",
        fault->type->name);
}

/* At accept there is no server side. */
static int side_is_there(const struct fault_check *check, struct err *err)
{
    const struct fault *fault = check->fault;
    if (!is_early(fault) || fault->type->group != GROUP_ENDING ||
        fault->type->side_rule == SIDE_UNUSED)
        return 0;
    bool ending = check->own.bad != 0 || action_is_ending(fault->type->fire(fault->params).kind);
    if (fault->sides == SERVER_BIT || (!ending && (fault->sides & SERVER_BIT) != 0))
        return err_set(err, "there is no server side when = accept, nothing was dialled yet: write "
                            "side = client, or when = open");
    return 0;
}

static int other_has_effect(const struct fault_check *check, struct err *err)
{
    const struct fault *fault = check->fault;
    if (!given_without_effect(check, ROW_OTHER))
        return 0;
    if (fault->when.kind == TRIGGER_ACCEPT)
        return err_set(err, "there is no other side when = accept, nothing was dialled yet: leave "
                            "it out");
    if (fault->sides == BOTH_BITS)
        return err_set(err, "both sides are named, so there is no other: leave it out, or write "
                            "side = client or side = server");
    if (check->own.bad != 0) /* a mode decides whether shut_rd ends the connection */
        return 0;
    return fault_key_report_need(&fault_options[ROW_OTHER], fault->type, err);
}

static int edge_has_effect(const struct fault_check *check, struct err *err)
{
    const struct fault *fault = check->fault;
    if (!given_without_effect(check, ROW_EDGE))
        return 0;
    return err_set(err,
        "belongs to a match or a message: leave it out, or write when = match:\"...\"%s",
        fault->type->lasting ? " or until = match:\"...\"" : "");
}

static int match_hold_has_effect(const struct fault_check *check, struct err *err)
{
    if (!given_without_effect(check, ROW_MATCH_HOLD))
        return 0;
    return err_set(err, "belongs to edge = before, to +K, -K or /chunk:K of a message, and to sni: "
                        "leave it out, or write edge = before");
}

/* Whether the trigger is a point in a message that not every message has. */
static bool is_point(const struct trigger *trigger)
{
    return trigger->plus > 0 || trigger->minus > 0 || trigger_is_part(trigger->word);
}

/* Whether the message of `until` has certainly ended when the one of `when` comes. */
static bool message_has_ended(const struct trigger *when, const struct trigger *until)
{
    bool at_end = when->edge == EDGE_AFTER && !is_point(when);
    bool counts_all = until->word[0] == '\0' || strcasecmp(until->word, when->word) == 0;
    return counts_all && !until->every && !is_point(until) &&
           (until->nth < when->nth || (at_end && until->nth == when->nth));
}

/* Whether `until` comes no later than `when`, so that the fault ends as it begins. With two
 * directions, one may begin it and the other end it. During a trigger_delay a byte may begin a new
 * idle time. */
static bool ends_at_once(const struct fault *fault)
{
    const struct trigger *when = &fault->when, *until = &fault->until;
    bool timed = until->kind == TRIGGER_TIME || until->kind == TRIGGER_RUN;
    bool is_open = when->kind == TRIGGER_OPEN && until->kind == TRIGGER_TIME; /* after 0 s */
    if ((timed || until->kind == TRIGGER_BYTES) && until->value == 0)
        return true;
    if (when->kind != until->kind && !is_open)
        return false;
    if (timed)
        return until->value <= time_add(when->value, fault->trigger_delay_us);
    if (until->kind == TRIGGER_IDLE)
        return until->value <= when->value && fault->trigger_delay_us == 0;
    if (fault->directions == BOTH_BITS || fault->when_directions != NO_BITS)
        return false;
    if (until->kind == TRIGGER_MESSAGE)
        return message_has_ended(when, until);
    return until->kind == TRIGGER_EOF ||
           (until->kind == TRIGGER_BYTES && until->value <= when->value);
}

static int until_comes_later(const struct fault_check *check, struct err *err)
{
    char when[64];
    if (!key_given(check, ROW_UNTIL) || !ends_at_once(check->fault))
        return 0;
    return err_set(err, "the fault would end before it begins (when = %s%s), write a later end",
        trigger_text(check->fault, when, sizeof when),
        check->fault->trigger_delay_us > 0 ? " with its trigger_delay" : "");
}

/* A fault that forwards nothing never reaches a later offset, and one that does not read never sees
 * the FIN. */
static int until_is_reachable(const struct fault_check *check, struct err *err)
{
    const struct fault *fault = check->fault;
    enum action_kind kind = fault->type->fire(fault->params).kind;
    bool stops = kind == ACTION_STOP_READING, silent = stops || kind == ACTION_DISCARD;
    bool counts = trigger_watches_direction(fault->until.kind) &&
                  (fault->until.kind != TRIGGER_EOF || stops); /* an unread FIN is not seen */
    if (!key_given(check, ROW_UNTIL) || !counts || !silent || ends_at_once(fault))
        return 0;
    return err_set(err,
        "type = %s forwards nothing in its direction, so that this never comes: write time:5s or "
        "idle:5s",
        fault->type->name);
}

/* `run` counts from the same moment as `active`. A lasting fault waits for the window. */
static int active_has_run_times(const struct fault_check *check, struct err *err)
{
    const struct fault *fault = check->fault;
    const struct active_time *active = &fault->active;
    const struct trigger *when = &fault->when, *until = &fault->until;
    time_us at = time_add(when->value, fault->trigger_delay_us);
    bool never = at >= active->to || (!fault->type->lasting && at < active->from);
    char text[64];
    if (key_given(check, ROW_WHEN) && when->kind == TRIGGER_RUN && never)
        return err_set(err,
            "when = %s%s is outside of the window, so that the fault never fires: write a window "
            "that includes this time",
            trigger_text(fault, text, sizeof text),
            fault->trigger_delay_us > 0 ? " with its trigger_delay" : "");
    if (!key_given(check, ROW_UNTIL) || until->kind != TRIGGER_RUN || until->value == 0 ||
        until->value > active->from)
        return 0;
    option_until.format(&fault_options[ROW_UNTIL], until, text, sizeof text);
    return err_set(err,
        "the fault would end before the window begins (until = %s), write an earlier window", text);
}

#define TRIGGERS (BIT(ROW_WHEN) | BIT(ROW_UNTIL))
#define END (TRIGGERS | BIT(ROW_DIRECTION) | BIT(ROW_EDGE) | BIT(ROW_TRIGGER_DELAY))

/* The rules, in the order in which they are checked. */
static const struct rule {
    const char *key; /* the reported key */
    unsigned needs;  /* rows of the common keys that it reads */
    int (*ask)(const struct fault_check *check, struct err *err);
} rules[] = {
    {"direction", TRIGGERS, direction_has_effect},
    {"when_direction", BIT(ROW_WHEN) | BIT(ROW_WHEN_DIRECTION), when_direction_has_effect},
    {"side", 0, side_is_given},
    {"when", BIT(ROW_WHEN), type_fits_accept},
    {"when", BIT(ROW_WHEN) | BIT(ROW_EDGE), when_is_right},
    {"when", BIT(ROW_WHEN), every_lasts},
    {"after", BIT(ROW_WHEN) | BIT(ROW_AFTER), after_can_come},
    {"trigger_delay", BIT(ROW_WHEN) | BIT(ROW_TRIGGER_DELAY), delay_fits_accept},
    {"sni", BIT(ROW_WHEN) | BIT(ROW_SNI), sni_fits_accept},
    {"side", BIT(ROW_WHEN) | BIT(ROW_SIDE), side_is_there},
    {"other", BIT(ROW_OTHER) | BIT(ROW_WHEN) | BIT(ROW_SIDE), other_has_effect},
    {"edge", BIT(ROW_EDGE) | TRIGGERS, edge_has_effect},
    {"match_hold", BIT(ROW_EDGE) | BIT(ROW_MATCH_HOLD) | BIT(ROW_SNI) | TRIGGERS,
        match_hold_has_effect},
    {"until", BIT(ROW_UNTIL), until_is_one_message},
    {"until", BIT(ROW_UNTIL) | BIT(ROW_EDGE), until_is_right},
    {"until", END, until_comes_later},
    {"until", END, until_is_reachable},
    {"active", BIT(ROW_ACTIVE) | BIT(ROW_TRIGGER_DELAY) | TRIGGERS, active_has_run_times},
};

/* Reports the first own key that does not apply; if all do, what the type has against the keys. */
static void ask_type(const struct fault_check *check)
{
    const struct fault_type *type = check->fault->type;
    const char *key;
    struct err err;
    if (check->own.bad != 0)
        return;
    for (unsigned i = 0; type->options[i].name != NULL; i++) {
        const struct option *row = &type->options[i];
        if ((check->own.given & BIT(i)) == 0 || fault_row_applies(check->fault, type->options, row))
            continue;
        check_report_problem(check->problems, check->section, row->name, row->misuse);
        return;
    }
    if ((check->envelope.bad & (TRIGGERS | BIT(ROW_SIDE) | BIT(ROW_DIRECTION))) == 0 &&
        type->check != NULL && type->check(check->fault, &key, &err) != 0)
        check_report_problem(check->problems, check->section, key, err.text);
}

void fault_rules_ask(const struct fault_check *check)
{
    struct fault_check left = *check;
    left.envelope.given = check_suits(check);
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        struct err err;
        const struct rule *rule = &rules[i];
        if ((check->envelope.bad & rule->needs) != 0)
            continue;
        if (rule->ask(&left, &err) != 0)
            check_report_problem(check->problems, check->section, rule->key, err.text);
    }
    ask_type(check);
}
