/* SPDX-License-Identifier: MIT */
/*
 * Sections from the command line: `type=reset when=bytes:1k`. Blanks separate the pairs; a blank
 * inside double quotes belongs to its value. Values have the syntax of the file.
 */
#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "config/source.h"
#include "proxy/base/quote.h"

static void add_word(
    struct config_source *source, struct source_section *section, struct place place, char *word)
{
    char *equals = strchr(word, '=');
    if (equals == NULL || equals == word) {
        problems_add(&source->problems, place, section->title, NULL,
            "'%.64s' is not a key with a value, write KEY=VALUE", word);
        return;
    }
    *equals = '\0';
    bool fit = source_check_value(source, section, place, word, equals + 1);
    source_add_key(source, section, place, word, fit ? equals + 1 : NULL);
}

void config_source_add_words(
    struct config_source *source, const char *where, const char *title, const char *keys)
{
    struct place place = source_place(source, where);
    struct source_section *section = source_begin_section(source, place, title, strlen(title));
    char *copy = strdup(keys);
    if (copy == NULL)
        problems_out_of_memory(&source->problems);
    if (copy == NULL || section == NULL) {
        free(copy);
        return;
    }
    for (char *word = copy + strspn(copy, " \t"); *word != '\0';) {
        char *end = word + (quote_word_end(word) - word);
        char *next = *end == '\0' ? end : end + 1 + strspn(end + 1, " \t");
        *end = '\0';
        add_word(source, section, place, word);
        word = next;
    }
    free(copy);
}
