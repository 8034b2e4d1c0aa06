/* SPDX-License-Identifier: MIT */
/* Which faults concern a connection: see arming.h. Decided once, when its client was accepted. */
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
    return rng_key(plan->seed, plan->proxy.name, session->number, fault->name, stream);
}

static bool concerns(
    const struct session *session, const struct rule *rule, const struct sockaddr_storage *client)
{
    const struct fault *fault = &rule->fault;
    return fault->enabled && fault->type->listener == LISTENER_OPEN &&
           selection_has(&fault->connections, session->number) &&
           rule->tally->fired < fault->times && cidr_list_has(&fault->clients, client) &&
           rng_chance(key_of(session, fault, STREAM_CHANCE), 0, fault->chance_ppb);
}

static void add_one(struct session *session, const struct rule *rule, unsigned directions)
{
    struct armed *armed = &session->armed[session->armed_count++];
    const struct fault_type *type = rule->fault.type;
    bool shared = type->shares_state != NULL && type->shares_state(rule->fault.params);
    memset(armed, 0, sizeof *armed);
    armed->rule = rule;
    armed->directions = directions;
    armed->until_at = TIME_NEVER;
    armed->state = shared ? rule->shared_state : armed->own_state;
    for (unsigned d = 0; d < 2; d++) {
        armed->key[d] = key_of(session, &rule->fault, STREAM_DIRECTION + d);
        armed->when_match[d].edge = armed->until_match[d].edge = FLOW_NO_EDGE;
    }
}

static void add(struct session *session, const struct rule *rule)
{
    rule->tally->armed++;
    if (!fault_goes_by_direction(&rule->fault)) {
        add_one(session, rule, rule->fault.directions);
        return;
    }
    for (unsigned bit = BOTH_FIRST; bit <= BOTH_SECOND; bit <<= 1) {
        if ((rule->fault.directions & bit) != 0)
            add_one(session, rule, bit);
    }
}

int arming_select(struct session *session, const struct sockaddr_storage *client)
{
    const struct plan *plan = session->plan;
    size_t count = 0;
    for (size_t i = 0; i < plan->rule_count; i++)
        count += concerns(session, &plan->rules[i], client);
    if (count == 0)
        return 0;
    session->armed = calloc(2 * count, sizeof session->armed[0]);
    if (session->armed == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < plan->rule_count; i++) {
        if (concerns(session, &plan->rules[i], client))
            add(session, &plan->rules[i]);
    }
    return 0;
}
