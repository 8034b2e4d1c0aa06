/* SPDX-License-Identifier: MIT */
/*
 * Scenarios: the ways in which real programs end connections badly, each told twice.
 *
 * `native` is the real thing: two programs without a proxy, one of which misbehaves. `polite` is
 * run through rudeproxy with the recipe config/recipes/NAME.ini: both programs behave, the proxy
 * does not. What the victim does is the same in both, step by step, so that its two transcripts can
 * be compared line by line; scenario_victims_agree() says whether the scripts keep to that.
 *
 * Constant data. A new scenario is one row in one of the lists, and a recipe of its name.
 */
#ifndef RUDEPROXY_PEERS_SCENARIO_H
#define RUDEPROXY_PEERS_SCENARIO_H

#include "proxy/peers/steps.h"

/* What a scenario needs beyond an ordinary user's rights, as bits. */
#define SCENARIO_NEEDS_NET_ADMIN 1u /* CAP_NET_ADMIN */

struct scenario {
    const char *name;       /* and of its recipe, and of the proxy in it */
    const char *story;      /* what happens natively, one or two sentences */
    const char *sees;       /* what the victim sees, in a few words */
    const char *note;       /* where the two runs differ by nature, or how the native one stands in
                               for something this machine does not have; NULL: nothing to say */
    const char *proof;      /* a line the victim's transcript must hold, natively too, else the
                               script shows nothing */
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

/* Every list; the order of the catalogue. */
#define SCENARIO_LISTS 7
extern const struct scenario_list *const scenario_lists[SCENARIO_LISTS];

extern const struct scenario_list scenarios_careless; /* close() at the wrong moment */
extern const struct scenario_list scenarios_fin;      /* a FIN too early, too late, or lost */
extern const struct scenario_list scenarios_linger;   /* what is still queued at the end */
extern const struct scenario_list scenarios_reset;    /* RST */
extern const struct scenario_list scenarios_connect;  /* the listening socket */
extern const struct scenario_list scenarios_silence;  /* nothing at all */
extern const struct scenario_list scenarios_pace;     /* too slow, or in pieces */

/* How many there are, and the i-th of all. */
size_t scenario_count(void);
const struct scenario *scenario_at(size_t i);

/* NULL if there is none of that name. */
const struct scenario *scenario_find(const char *name);

/* Whether the victim takes the same steps in both scripts. */
bool scenario_victims_agree(const struct scenario *scenario);

/* Whether a transcript holds the scenario's proof. */
bool scenario_is_proved(const struct scenario *scenario, const struct transcript *transcript);

#endif
