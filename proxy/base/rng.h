/* SPDX-License-Identifier: MIT */
/*
 * Random draws without state: a draw is a function of a key and an index, so it depends neither on
 * the order of draws nor on the size of a read. Each fault on each connection has its own key, so
 * adding a fault does not change the draws of others.
 */
#ifndef RUDEPROXY_BASE_RNG_H
#define RUDEPROXY_BASE_RNG_H

#include <stdbool.h>
#include <stdint.h>

#define PPB_ALL 1000000000u /* parts per billion: certain */

/* Returns the key of one stream of draws. `stream` separates the draws of one fault for different
 * purposes, such as its directions. */
uint64_t rng_key(
    uint64_t seed, const char *proxy, uint64_t connection, const char *fault, uint64_t stream);

/* Returns 64 uniformly distributed bits. */
uint64_t rng_at(uint64_t key, uint64_t index);

/* For a loop over many indices: `rng_at() < rng_threshold(ppb)` is true in `ppb` of a billion
 * cases. ppb < PPB_ALL. */
uint64_t rng_threshold(uint64_t ppb);

/* Returns true in `ppb` of a billion cases. */
bool rng_chance(uint64_t key, uint64_t index, uint64_t ppb);

/* Uniform in [0, bound), bound > 0. */
uint64_t rng_below(uint64_t key, uint64_t index, uint64_t bound);

/* With mean 0 and standard deviation 1: a Gaussian (cut at 6), and a Pareto of shape 3 with its
 * heavy tail above (from -0.58, cut at RNG_PARETO_MAX: one in 700,000). */
double rng_normal(uint64_t key, uint64_t index);
double rng_pareto(uint64_t key, uint64_t index);
#define RNG_PARETO_MAX 100.0

#endif
