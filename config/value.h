/* SPDX-License-Identifier: MIT */
/*
 * One proxy or one fault made of keys and texts that stand in no file: what an API was given. The same
 * tables, defaults and checks as for a section of a file; names are not their business.
 */
#ifndef RUDEPROXY_CONFIG_VALUE_H
#define RUDEPROXY_CONFIG_VALUE_H

#include <stddef.h>

#include "config/config.h"
#include "config/problems.h"

/* A key and its text, in the file's language: {"delay", "10ms"}. A text for which the language wants
 * double quotes (match:"...") has them. */
struct config_word {
    const char *key;
    const char *text;
};

/* Most words of one value: as many keys as the largest table has, and some to be complained about. */
#define CONFIG_WORDS_MAX 64

/* Builds a value and returns the number of problems, which are added to `problems` (problems_key and
 * problems_text tell them apart); with 0, the value is complete. `base`: what the keys have that are not
 * given; NULL: their defaults. `fault` and `base`, or `proxy` and `base`, may be the same.
 *
 * A fault needs `type`, unless its base has one; with another type than its base's only the envelope of
 * that counts. `proxy` is no key here. Its name and its proxies are the base's, or empty. */
size_t config_fault_from_words(const struct config_word *words, size_t count,
    const struct fault *base, struct fault *fault, struct problems *problems);

/* `listen` and `upstream` are required, unless there is a base. The name is the base's, or empty. */
size_t config_proxy_from_words(const struct config_word *words, size_t count,
    const struct proxy_config *base, struct proxy_config *proxy, struct problems *problems);

#endif
