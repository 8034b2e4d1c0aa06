/* SPDX-License-Identifier: MIT */
/*
 * The checks: from sections as read to values. Each takes one section and reports all problems in
 * it. config.c combines the sections and checks the rules between them.
 */
#ifndef RUDEPROXY_CONFIG_CHECK_H
#define RUDEPROXY_CONFIG_CHECK_H

#include "config/config.h"
#include "config/source.h"

/* The keys of one table in a section. Bit i stands for row i. */
struct key_flags {
    unsigned given; /* a key was written */
    unsigned bad;   /* its value is invalid; or it is required and missing */
};

/* Writes the defaults of `table` into `base`, then every key of the section that the table has.
 * Reports wrong values and missing keys. */
struct key_flags check_table(struct problems *problems, const struct source_section *section,
    const struct option *table, void *base);

/* Whether the value of a key of the table is invalid. This has been reported, and no rule can use
 * the value. */
bool check_is_bad(const struct key_flags *flags, const struct option *table, const char *name);

/* Whether the section has this key, with a right value or a wrong one. */
bool check_has_key(const struct source_section *section, const char *name);

/* Reports a key that is in neither table, with the nearest key or all keys of `owner`. `more` may
 * be NULL. */
void check_report_unknown(struct problems *problems, const struct source_section *section,
    const struct source_key *key, const struct option *table, const struct option *more,
    const char *owner);

/* Reports all unknown keys of a section. */
void check_unknown_keys(struct problems *problems, const struct source_section *section,
    const struct option *table, const struct option *more, const char *owner);

/* Reports a problem with a key, at the place of the value in force. If the key was not given, at
 * the place of the section. */
void check_report_problem(struct problems *problems, const struct source_section *section,
    const char *key, const char *text);

/* Checks the `after` keys of all faults; sections[i] is that of faults[i]. */
void check_after(struct problems *problems, const struct config *config,
    const struct source_section *const *sections);

/* Reads a proxy and reports all problems in it. The caller sets its name. Returns the flags of
 * proxy_options. */
struct key_flags check_proxy(
    struct problems *problems, const struct source_section *section, struct proxy_config *proxy);

/* Checks that the `bytes` of all `unread` faults fit into the receive buffers of their proxies. */
void check_unread(struct problems *problems, const struct config *config,
    const struct source_section *const *sections);

/* Checks the message triggers of all faults against the protocols of their proxies. flags[i] are
 * those of proxies[i]. */
void check_messages(struct problems *problems, const struct config *config,
    const struct source_section *const *sections, const struct key_flags *flags);

/* Checks that faults can act on the connections of their proxies. flags[i] are those of
 * proxies[i]. `has_api`: the API may add proxies, which get the faults for all. */
void check_reach(struct problems *problems, const struct config *config,
    const struct source_section *const *sections, const struct key_flags *flags, bool has_api);

void check_fault(
    struct problems *problems, const struct source_section *section, struct fault *fault);

#endif
