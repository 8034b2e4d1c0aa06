/* SPDX-License-Identifier: MIT */
#include "proxy/app/sweep/template.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/value.h"
#include "proxy/app/sweep/sweep.h"
#include "proxy/base/quote.h"

#define FAULT_NAME "sweep"

/* Keys and texts, in `buffer`, which is cut up. */
struct words {
    struct config_word list[CONFIG_WORDS_MAX];
    size_t count;
    char *buffer; /* owned */
    char when[48], connections[32];
};

static void template_add(struct words *words, const char *key, const char *text)
{
    if (words->count < CONFIG_WORDS_MAX)
        words->list[words->count++] = (struct config_word){.key = key, .text = text};
}

static bool has(const struct words *words, const char *key)
{
    for (size_t i = 0; i < words->count; i++) {
        if (strcmp(words->list[i].key, key) == 0)
            return true;
    }
    return false;
}

/* Cuts `TYPE KEY=VALUE...` into words. The type may also be written `type=TYPE`. */
static int template_split(struct words *words, const char *text, struct err *err)
{
    words->buffer = strdup(text);
    if (words->buffer == NULL)
        return err_set(err, "out of memory");
    for (char *word = words->buffer + strspn(words->buffer, " "); *word != '\0';) {
        char *end = word + (quote_word_end(word) - word);
        char *next = *end == '\0' ? end : end + 1 + strspn(end + 1, " ");
        *end = '\0';
        char *equals = strchr(word, '=');
        if (equals == NULL && words->count > 0)
            return err_set(err, "'%.60s' is not a key with a value, write KEY=VALUE", word);
        if (equals != NULL)
            *equals = '\0';
        template_add(words, equals != NULL ? word : "type", equals != NULL ? equals + 1 : word);
        word = next;
    }
    return 0;
}

static const struct fault_type *find_type(const struct words *words)
{
    for (size_t i = 0; i < words->count; i++) {
        if (strcmp(words->list[i].key, "type") == 0)
            return fault_type_find(words->list[i].text);
    }
    return NULL;
}

static int build(const struct words *words, struct fault *fault, struct err *err)
{
    struct problems problems;
    problems_init(&problems);
    size_t count = config_fault_from_words(words->list, words->count, fault, &problems);
    if (count > 0 && problems.count > 0) {
        const char *key = problems_key(&problems, 0);
        err_set(err, "%s%s%s", key != NULL ? key : "", key != NULL ? ": " : "",
            problems_text(&problems, 0));
    } else if (count > 0) {
        err_set(err, "out of memory");
    }
    problems_deinit(&problems);
    return count == 0 ? 0 : -1;
}

/* The trigger that means the place. */
static void add_trigger(struct words *words, const struct sweep_place *place)
{
    char *buf = words->when;
    size_t size = sizeof words->when;
    if (place->at_fin)
        snprintf(buf, size, "eof");
    else if (place->withheld)
        snprintf(buf, size, "message:%" PRIu64, place->message);
    else
        snprintf(buf, size, "bytes:%" PRIu64, place->offset);
    template_add(words, "when", buf);
    if (place->withheld)
        template_add(words, "edge", "before");
}

static int build_at(struct words *words, const struct sweep_place *place,
    const struct config *config, struct fault *fault, struct err *err)
{
    const struct fault_type *type = find_type(words);
    snprintf(words->connections, sizeof words->connections, "%" PRIu64, place->connection);
    add_trigger(words, place);
    template_add(words, "connections", words->connections);
    template_add(words, "direction", direction_name(place->direction));
    if (type != NULL && type->side_rule == SIDE_REQUIRED && !has(words, "side"))
        template_add(words, "side", side_name((enum side) !place->direction));
    if (build(words, fault, err) != 0)
        return -1;
    snprintf(fault->name, sizeof fault->name, FAULT_NAME);
    snprintf(fault->proxies, sizeof fault->proxies, "%s", config->proxies[place->proxy].name);
    return 0;
}

int sweep_template_build(const char *text, const struct sweep_place *place,
    const struct config *config, struct fault *fault, struct err *err)
{
    struct words words = {.count = 0};
    int result = template_split(&words, text, err);
    if (result == 0)
        result = build_at(&words, place, config, fault, err);
    free(words.buffer);
    return result;
}

bool sweep_template_fits(const void *user, size_t fault, const struct sweep_place *place)
{
    const struct sweep *sweep = user;
    struct fault made;
    struct err ignored;
    return sweep_template_build(
               sweep->options->faults[fault], place, sweep->config, &made, &ignored) == 0;
}
