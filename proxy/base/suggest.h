/* SPDX-License-Identifier: MIT */
/*
 * "Did you mean": finds the candidate nearest to a word that is not among them. Offer each
 * candidate, then get the text. Candidates are borrowed until then. Case is ignored.
 */
#ifndef RUDEPROXY_BASE_SUGGEST_H
#define RUDEPROXY_BASE_SUGGEST_H

#include <stddef.h>

#define SUGGEST_WORD_MAX 64 /* longer words get no suggestion */
#define SUGGEST_TEXT_MAX (SUGGEST_WORD_MAX + 24)

struct suggest {
    const char *word;
    const char *best;  /* nearest candidate so far, NULL if none is near */
    unsigned distance; /* its edit distance */
};

void suggest_init(struct suggest *suggest, const char *word);
void suggest_offer(struct suggest *suggest, const char *candidate);

/* Writes ", did you mean 'reset'?", or "" if no candidate is near. Returns `buf`. */
const char *suggest_text(const struct suggest *suggest, char *buf, size_t size);

/* Returns the nearest of a NULL-terminated array of candidates, or NULL. */
const char *suggest_nearest(const char *word, const char *const *candidates);

/* Returns the number of insertions, deletions, substitutions and swaps of neighbours that turn a
 * into b, ignoring case (the "optimal string alignment" distance). Both are at most
 * SUGGEST_WORD_MAX long. */
unsigned suggest_distance(const char *a, const char *b);

#endif
