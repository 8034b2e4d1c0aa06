/* SPDX-License-Identifier: MIT */
/* The catalogue of scenarios over its lists, and what must hold for each row. */
#include "proxy/peers/scenario.h"

#include <string.h>

#define LIST_COUNT (sizeof lists / sizeof lists[0])

/* Every list, in the order of the catalogue. */
static const struct scenario_list *const lists[] = {
    &scenarios_careless,
    &scenarios_fin,
    &scenarios_linger,
    &scenarios_reset,
    &scenarios_connect,
    &scenarios_silence,
    &scenarios_pace,
};

size_t scenario_count(void)
{
    size_t n = 0;
    for (size_t i = 0; i < LIST_COUNT; i++)
        n += lists[i]->n;
    return n;
}

const struct scenario *scenario_at(size_t i)
{
    for (size_t list = 0; list < LIST_COUNT; list++) {
        if (i < lists[list]->n)
            return &lists[list]->scenarios[i];
        i -= lists[list]->n;
    }
    return NULL;
}

const struct scenario *scenario_find(const char *name)
{
    const struct scenario *scenario;
    for (size_t i = 0; (scenario = scenario_at(i)) != NULL; i++) {
        if (strcmp(scenario->name, name) == 0)
            return scenario;
    }
    return NULL;
}

/* The next step of `actor` from `*i` on; NULL when there is none. */
static const struct peer_step *next_step(
    const struct peer_script *script, enum peer_actor actor, size_t *i)
{
    while (*i < script->n) {
        const struct peer_step *step = &script->steps[(*i)++];
        if (step->actor == actor)
            return step;
    }
    return NULL;
}

bool scenario_victims_agree(const struct scenario *scenario)
{
    size_t i = 0;
    size_t j = 0;
    for (;;) {
        const struct peer_step *a = next_step(&scenario->native, scenario->victim, &i);
        const struct peer_step *b = next_step(&scenario->polite, scenario->victim, &j);
        if (a == NULL || b == NULL)
            return a == b;
        if (a->op != b->op || a->arg != b->arg || a->size != b->size)
            return false;
    }
}

bool scenario_is_proved(const struct scenario *scenario, const struct transcript *transcript)
{
    for (size_t i = 0; i < transcript->n; i++) {
        if (strcmp(transcript->lines[i].text, scenario->proof) == 0)
            return true;
    }
    return false;
}
