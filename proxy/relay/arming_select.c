/* SPDX-License-Identifier: MIT */
/* Which faults concern a connection: see arming.h. Decided when its client was accepted, and for a fault
 * that comes later when it comes. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/base/rng.h"
#include "proxy/relay/arming.h"
#include "proxy/relay/session.h"

/* What one fault draws on one connection: a stream for its chance, one for each direction. */
enum stream { STREAM_CHANCE, STREAM_DIRECTION };

static uint64_t key_of(const struct session *session, const struct fault *fault, uint64_t stream)
{
    const struct plan *plan = session->plan;
    return rng_key(plan->seed, plan->config.name, session->number, fault->name, stream);
}

bool arming_concerns(const struct session *session, const struct rule *rule,
    const struct sockaddr_storage *client, bool selected)
{
    const struct fault *fault = &rule->fault;
    return fault->enabled && fault->type->listener == LISTENER_OPEN &&
           selection_has(&fault->connections, session->number) &&
           (selected || rule->fault_counter->fired < fault->times) &&
           cidr_list_has(&fault->clients, client) &&
           rng_chance(key_of(session, fault, STREAM_CHANCE), 0, fault->chance_ppb);
}

static struct armed *make_one(struct session *session, struct rule *rule, unsigned directions)
{
    struct armed *armed = calloc(1, sizeof *armed);
    const struct fault_type *type = rule->fault.type;
    bool shared = type->shares_state != NULL && type->shares_state(rule->fault.params);
    if (armed == NULL)
        return NULL;
    armed->rule = rule_ref(rule);
    armed->directions = directions;
    armed->armed_at = session->now;
    armed->does.duration_us = TIME_NEVER;
    armed->state = shared ? rule->shared_state : armed->own_state;
    for (unsigned d = 0; d < 2; d++) {
        armed->key[d] = key_of(session, &rule->fault, STREAM_DIRECTION + d);
        armed->when_match[d].edge = armed->until_match[d].edge = FLOW_NO_EDGE;
    }
    return armed;
}

void arming_free(struct armed *armed)
{
    if (armed == NULL)
        return;
    rule_unref(armed->rule);
    free(armed);
}

unsigned arming_make(struct session *session, struct rule *rule, struct armed *made[2])
{
    bool splits = fault_goes_by_direction(&rule->fault) && rule->fault.directions == BOTH_BITS;
    made[0] = make_one(session, rule, splits ? UPSTREAM_BIT : rule->fault.directions);
    made[1] = NULL;
    if (made[0] == NULL || !splits)
        return made[0] != NULL;
    made[1] = make_one(session, rule, DOWNSTREAM_BIT);
    if (made[1] != NULL)
        return 2;
    arming_free(made[0]);
    return 0;
}

static int add(struct session *session, struct rule *rule)
{
    struct armed *made[2];
    unsigned count = arming_make(session, rule, made);
    if (count == 0)
        return -ENOMEM;
    rule->fault_counter->armed++;
    for (unsigned i = 0; i < count; i++)
        session->armed.list[session->armed.count++] = made[i];
    return 0;
}

int arming_select(struct session *session, const struct sockaddr_storage *client)
{
    const struct plan *plan = session->plan;
    size_t count = 0;
    for (size_t i = 0; i < plan->rule_count; i++)
        count += arming_concerns(session, plan->rules[i], client, false);
    if (count == 0)
        return 0;
    session->armed.list = calloc(2 * count, sizeof(struct armed *));
    if (session->armed.list == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < plan->rule_count; i++) {
        if (arming_concerns(session, plan->rules[i], client, false) &&
            add(session, plan->rules[i]) != 0)
            return -ENOMEM;
    }
    return 0;
}

void arming_deinit(struct session *session)
{
    for (size_t i = 0; i < session->armed.count; i++)
        arming_free(session->armed.list[i]);
    free(session->armed.list);
    session->armed = (struct armed_set){0};
    for (struct armed *armed; (armed = session->retired) != NULL;) {
        session->retired = armed->next;
        arming_free(armed);
    }
}
