/* SPDX-License-Identifier: MIT */
/* Turns the words KEY=VALUE of the command line into the members of a JSON object. */
#include <stdio.h>
#include <string.h>

#include "proxy/base/quote.h"
#include "proxy/ctl/command.h"

int ctl_set_member(const struct ctl *ctl, json_t *object, const char *key, json_t *value)
{
    if (json_object_get(object, key) != NULL) {
        json_decref(value);
        ctl_wrong(ctl, "%s: given twice, leave one of them out", key);
        return -1;
    }
    if (json_object_set_new(object, key, value) == 0)
        return 0;
    ctl_wrong(ctl, "%s: a key and its value have to be UTF-8", key);
    return -1;
}

static int take_word(const struct ctl *ctl, json_t *object, const char *word, size_t length)
{
    const char *equals = memchr(word, '=', length);
    char key[64];
    if (equals == NULL || equals == word || (size_t)(equals - word) >= sizeof key) {
        ctl_wrong(ctl, "'%.*s' is not a key with a value, write KEY=VALUE", (int)length, word);
        return -1;
    }
    snprintf(key, sizeof key, "%.*s", (int)(equals - word), word);
    size_t size = length - (size_t)(equals + 1 - word);
    json_t *value = size > 0 ? json_stringn(equals + 1, size) : json_null();
    return ctl_set_member(ctl, object, key, value);
}

int ctl_words(const struct ctl *ctl, json_t *object, const char *words)
{
    for (const char *word = words + strspn(words, " \t"); *word != '\0';) {
        const char *end = quote_word_end(word);
        if (take_word(ctl, object, word, (size_t)(end - word)) != 0)
            return -1;
        word = end + strspn(end, " \t");
    }
    return 0;
}
