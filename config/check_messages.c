/* SPDX-License-Identifier: MIT */
/*
 * Checks message triggers against the `protocol` of their proxies: whether it has messages, this
 * kind, this part, and a length that is known in advance.
 */
#include <string.h>

#include "config/check.h"

#define NAMED 64 /* characters of a name that an error text quotes */

static int check_part(const struct trigger *trigger, struct err *err)
{
    if (trigger->edge == EDGE_BEFORE)
        return err_set(err,
            "/%s is a point in the message and edge = before withholds the message: leave one of "
            "them out",
            trigger->word);
    if (strcmp(trigger->word, "chunk") == 0 && trigger->chunk == 0)
        return err_set(err, "chunks have numbers, write one such as message:1/chunk:2");
    if (trigger->plus > 0 || trigger->minus > 0)
        return err_set(err, "/%s is a point of its own: leave out %cK", trigger->word,
            trigger->plus > 0 ? '+' : '-');
    return 0;
}

/* Checks that one of the directions has this kind. */
static int check_kind(const struct trigger *trigger, unsigned directions,
    const struct protocol *protocol, struct err *err)
{
    int found = -1;
    for (int i = 0; i < 2 && found != 0; i++)
        if (bits_have(directions, i))
            found = protocol_check_kind(protocol, (enum direction)i, trigger->word, err);
    return found;
}

static int check_trigger(const struct trigger *trigger, unsigned directions,
    const struct proxy_config *proxy, struct err *err)
{
    const struct protocol *protocol = &proxy->protocol;
    char text[PROTOCOL_TEXT_MAX];
    if (directions == NO_BITS) /* the key does not suit the type, which is reported */
        return 0;
    protocol_format(protocol, text, sizeof text);
    if (protocol_is_raw(protocol))
        return err_set(err,
            "[proxy %.*s] has no protocol that cuts its bytes into messages: write one there, such "
            "as protocol = http or protocol = line",
            NAMED, proxy->name);
    if (trigger->minus > 0 && !protocol_knows_sizes(protocol))
        return err_set(err,
            "-K needs the length of a message before its end, and protocol = %s of [proxy %.*s] "
            "does "
            "not know it: count from the beginning with +K",
            text, NAMED, proxy->name);
    if (trigger->word[0] == '\0')
        return 0;
    if (trigger_is_part(trigger->word) && protocol_has_parts(protocol))
        return check_part(trigger, err);
    if (trigger->chunk > 0)
        return err_set(err, "messages of protocol = %s have no chunks, leave out /chunk:K", text);
    return check_kind(trigger, directions, protocol, err);
}

int config_check_messages(
    const struct fault *fault, const struct proxy_config *proxy, const char **key, struct err *err)
{
    *key = "when";
    if (fault->when.kind == TRIGGER_MESSAGE &&
        check_trigger(&fault->when, fault_watched_directions(fault), proxy, err) != 0)
        return -1;
    *key = "until";
    if (fault->until.kind == TRIGGER_MESSAGE &&
        check_trigger(&fault->until, fault->directions, proxy, err) != 0)
        return -1;
    return 0;
}

/* Reports the first proxy whose protocol does not fit. */
void check_messages(struct problems *problems, const struct config *config,
    const struct source_section *const *sections, const struct key_flags *flags)
{
    for (size_t i = 0; i < config->fault_count; i++) {
        const struct fault *fault = &config->faults[i];
        const char *key;
        struct err err;
        for (size_t p = 0; p < config->proxy_count; p++) {
            if (fault->type == NULL || check_is_bad(&flags[p], proxy_options, "protocol") ||
                !fault_names_proxy(fault, config->proxies[p].name) ||
                config_check_messages(fault, &config->proxies[p], &key, &err) == 0)
                continue;
            check_report_problem(problems, sections[i], key, err.text);
            break;
        }
    }
}
