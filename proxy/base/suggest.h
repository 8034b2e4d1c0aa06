/* SPDX-License-Identifier: MIT */
/*
 * "Did you mean": the nearest of some candidates to a word that is not among them. Offer each
 * candidate, then ask for the text. Candidates are borrowed until then; case does not count.
 */
#ifndef RUDEPROXY_BASE_SUGGEST_H
#define RUDEPROXY_BASE_SUGGEST_H

#include <stddef.h>

#define SUGGEST_WORD_MAX 64 /* a longer word is no slip of the finger, and gets no suggestion */
#define SUGGEST_TEXT_MAX (SUGGEST_WORD_MAX + 24)

struct suggest {
    const char *word;
    const char *best;  /* nearest candidate so far, NULL if none is near */
    unsigned distance; /* its edit distance */
};

void suggest_init(struct suggest *suggest, const char *word);
void suggest_offer(struct suggest *suggest, const char *candidate);

/* ", did you mean 'reset'?", or "" when nothing is near. Returns `buf`. */
const char *suggest_text(const struct suggest *suggest, char *buf, size_t size);

/* For a NULL-terminated array of candidates, at once: the nearest one, or NULL. */
const char *suggest_nearest(const char *word, const char *const *candidates);

/* Insertions, deletions, substitutions and swaps of neighbours that turn a into b, case ignored
 * (the "optimal string alignment" distance). Both at most SUGGEST_WORD_MAX long. */
unsigned suggest_distance(const char *a, const char *b);

#endif
