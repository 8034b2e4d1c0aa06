/* SPDX-License-Identifier: MIT */
/*
 * Scenarios: the ways in which real programs end connections badly, each in two scripts.
 *
 * `native` is the real thing: two programs without a proxy, one of which misbehaves. `polite` runs
 * through rudeproxy with the recipe config/recipes/NAME.ini: both programs behave, the proxy does
 * not. The victim takes the same steps in both, so its two transcripts can be compared line by
 * line. scenario_victims_agree() checks that.
 *
 * Constant data. A new scenario is one row in one of the lists, and a recipe of its name.
 */
#ifndef RUDEPROXY_PEERS_SCENARIO_H
#define RUDEPROXY_PEERS_SCENARIO_H

#include "proxy/peers/steps.h"

/* Privileges that a scenario needs, as bits. */
#define SCENARIO_NEEDS_NET_ADMIN 1u /* CAP_NET_ADMIN */

struct scenario {
    const char *name;  /* and of its recipe, and of the proxy in it */
    const char *story; /* what happens natively, one or two sentences */
    const char *sees;  /* what the victim sees, in a few words */
    /* How the two runs necessarily differ, or what replaces something that this machine does not
     * have. NULL: none. */
    const char *note;
    /* A line that the victim's transcript must contain, also natively; otherwise the script proves
     * nothing. */
    const char *proof;
    enum peer_actor victim; /* whose transcripts are compared */
    unsigned needs;         /* SCENARIO_NEEDS_* */
    struct peer_script native;
    struct peer_script polite;
};

struct scenario_list {
    const char *subject;
    const struct scenario *scenarios;
    size_t n;
};

extern const struct scenario_list scenarios_careless; /* close() at the wrong moment */
extern const struct scenario_list scenarios_fin;      /* a FIN too early, too late, or lost */
extern const struct scenario_list scenarios_linger;   /* bytes still queued at the end */
extern const struct scenario_list scenarios_reset;    /* RST */
extern const struct scenario_list scenarios_connect;  /* the listening socket */
extern const struct scenario_list scenarios_silence;  /* nothing at all */
extern const struct scenario_list scenarios_pace;     /* too slow, or in pieces */

/* Returns the number of scenarios, and the i-th of all. */
size_t scenario_count(void);
const struct scenario *scenario_at(size_t i);

/* Returns a scenario by its name, or NULL. */
const struct scenario *scenario_find(const char *name);

/* Whether the victim takes the same steps in both scripts. */
bool scenario_victims_agree(const struct scenario *scenario);

/* Whether a transcript holds the scenario's proof. */
bool scenario_is_proved(const struct scenario *scenario, const struct transcript *transcript);

#endif
