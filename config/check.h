/* SPDX-License-Identifier: MIT */
/*
 * The checks: from sections as they were read to values. Each takes one section and reports all
 * that is wrong with it; config.c puts the parts together and checks what lies between them.
 */
#ifndef RUDEPROXY_CONFIG_CHECK_H
#define RUDEPROXY_CONFIG_CHECK_H

#include "config/config.h"
#include "config/source.h"

/* What a section said about the rows of one table. Bit i stands for row i. */
struct answers {
    unsigned given; /* a key was written */
    unsigned bad;   /* and its value could not be taken; or it is missing and required */
};

/* Writes the defaults of `table` into `base`, then every key of the section that the table knows,
 * and reports wrong values and missing keys. */
struct answers check_table(struct problems *problems, const struct source_section *section,
    const struct option *table, void *base);

/* Reports a key that neither table knows: what to write instead, the nearest key, or all that `owner`
 * has. `more` may be NULL. */
void check_report_unknown(struct problems *problems, const struct source_section *section,
    const struct source_key *key, const struct option *table, const struct option *more,
    const char *owner);

/* The same for all such keys of a section. */
void check_unknown_keys(struct problems *problems, const struct source_section *section,
    const struct option *table, const struct option *more, const char *owner);

/* Reports a problem with a key: at the key's place if it was given, else at the section's. */
void check_complain(struct problems *problems, const struct source_section *section,
    const char *key, const char *text);

/* The `after` keys of all faults; sections[i] is that of faults[i]. */
void check_after(struct problems *problems, const struct config *config,
    const struct source_section *const *sections);

/* Reads a proxy and reports all that is wrong with it. Its name is the caller's. */
void check_proxy(
    struct problems *problems, const struct source_section *section, struct proxy_config *proxy);

/* The `bytes` of all `unread` faults fit into the receive buffers that their proxies ask for. */
void check_unread(struct problems *problems, const struct config *config,
    const struct source_section *const *sections);

/* The message triggers of all faults, against the protocols of their proxies. */
void check_messages(struct problems *problems, const struct config *config,
    const struct source_section *const *sections);

void check_fault(
    struct problems *problems, const struct source_section *section, struct fault *fault);

#endif
