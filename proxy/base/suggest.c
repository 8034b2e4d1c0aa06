/* SPDX-License-Identifier: MIT */
/*
 * Allows one typing error in a short word, two in most words, and one for every three letters in
 * long words.
 */
#include "proxy/base/suggest.h"

#include <assert.h>
#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static bool same(char a, char b)
{
    return tolower((unsigned char)a) == tolower((unsigned char)b);
}

static unsigned least(unsigned a, unsigned b, unsigned c)
{
    unsigned ab = a < b ? a : b;
    return ab < c ? ab : c;
}

unsigned suggest_distance(const char *a, const char *b)
{
    size_t rows = strlen(a), columns = strlen(b);
    assert(rows <= SUGGEST_WORD_MAX && columns <= SUGGEST_WORD_MAX);
    unsigned table[SUGGEST_WORD_MAX + 1][SUGGEST_WORD_MAX + 1];
    for (size_t i = 0; i <= rows; i++)
        table[i][0] = (unsigned)i;
    for (size_t j = 0; j <= columns; j++)
        table[0][j] = (unsigned)j;
    for (size_t i = 1; i <= rows; i++) {
        for (size_t j = 1; j <= columns; j++) {
            unsigned change = same(a[i - 1], b[j - 1]) ? 0 : 1;
            unsigned cost =
                least(table[i - 1][j] + 1, table[i][j - 1] + 1, table[i - 1][j - 1] + change);
            if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1]) &&
                table[i - 2][j - 2] + 1 < cost)
                cost = table[i - 2][j - 2] + 1;
            table[i][j] = cost;
        }
    }
    return table[rows][columns];
}

/* Returns the allowed distance between two words of at most this length. */
static unsigned slips_allowed(size_t length)
{
    if (length < 4)
        return 1;
    return length / 3 > 2 ? (unsigned)(length / 3) : 2;
}

void suggest_init(struct suggest *suggest, const char *word)
{
    suggest->word = word;
    suggest->best = NULL;
    suggest->distance = 0;
}

void suggest_offer(struct suggest *suggest, const char *candidate)
{
    size_t a = strlen(suggest->word), b = strlen(candidate);
    if (a == 0 || a > SUGGEST_WORD_MAX || b > SUGGEST_WORD_MAX)
        return;
    size_t longer = a > b ? a : b, shorter = a > b ? b : a;
    /* the distance is at least the difference of the lengths */
    if (longer - shorter > slips_allowed(longer))
        return;
    unsigned distance = suggest_distance(suggest->word, candidate);
    if (distance > slips_allowed(longer) || distance >= longer)
        return;
    if (suggest->best == NULL || distance < suggest->distance) {
        suggest->best = candidate;
        suggest->distance = distance;
    }
}

const char *suggest_text(const struct suggest *suggest, char *buf, size_t size)
{
    if (suggest->best == NULL)
        snprintf(buf, size, "%s", "");
    else
        snprintf(buf, size, ", did you mean '%s'?", suggest->best);
    return buf;
}

const char *suggest_nearest(const char *word, const char *const *candidates)
{
    struct suggest suggest;
    suggest_init(&suggest, word);
    for (; *candidates != NULL; candidates++)
        suggest_offer(&suggest, *candidates);
    return suggest.best;
}
