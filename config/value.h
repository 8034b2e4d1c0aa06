/* SPDX-License-Identifier: MIT */
/*
 * Builds one proxy or one fault from keys and texts that an API received, with the same tables,
 * defaults and checks as for a section of a file. Names are not checked here.
 */
#ifndef RUDEPROXY_CONFIG_VALUE_H
#define RUDEPROXY_CONFIG_VALUE_H

#include <stddef.h>

#include "config/config.h"
#include "config/problems.h"

/* A key and its text in the file's language: {"delay", "10ms"}. A text that needs double quotes
 * (match:"...") has them. */
struct config_word {
    const char *key;
    const char *text;
};

/* Limit of the words of one value: all keys of the largest table, and some unknown ones to
 * report. */
#define CONFIG_WORDS_MAX 64

/*
 * Build a value; keys that are not given have their defaults. Return the number of problems, which
 * are added to `problems` (problems_key and problems_text return them); if it is 0, the value is
 * complete. The name is empty.
 *
 * A fault needs `type`. `proxy` is not a key here, and the proxies are empty.
 */
size_t config_fault_from_words(
    const struct config_word *words, size_t count, struct fault *fault, struct problems *problems);

/* A proxy needs `listen` and `upstream`. */
size_t config_proxy_from_words(const struct config_word *words, size_t count,
    struct proxy_config *proxy, struct problems *problems);

#endif
