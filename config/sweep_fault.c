/* SPDX-License-Identifier: MIT */
#include "config/sweep_fault.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/kind.h"
#include "config/value.h"
#include "proxy/base/quote.h"

/* Keys and texts, in `buffer`, which is cut up. */
struct words {
    struct config_word list[CONFIG_WORDS_MAX];
    size_t count;
    char *buffer; /* owned */
    char connections[32];
};

static void sweep_fault_add(struct words *words, const char *key, const char *text)
{
    if (words->count < CONFIG_WORDS_MAX)
        words->list[words->count++] = (struct config_word){.key = key, .text = text};
}

/* Returns the text of a key, or NULL. */
static const char *find_text(const struct words *words, const char *key)
{
    for (size_t i = 0; i < words->count; i++)
        if (strcmp(words->list[i].key, key) == 0)
            return words->list[i].text;
    return NULL;
}

/* Cuts `TYPE KEY=VALUE...` into words. The type may also be written `type=TYPE`. */
static int sweep_fault_split(struct words *words, const char *text, struct err *err)
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
        sweep_fault_add(words, equals != NULL ? word : "type", equals != NULL ? equals + 1 : word);
        word = next;
    }
    return 0;
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

static int build_at(
    struct words *words, const struct sweep_trigger *trigger, struct fault *fault, struct err *err)
{
    const char *name = find_text(words, "type");
    const struct fault_type *type = name != NULL ? fault_type_find(name) : NULL;
    snprintf(words->connections, sizeof words->connections, "%" PRIu64, trigger->connection);
    sweep_fault_add(words, "when", trigger->when);
    if (trigger->withheld)
        sweep_fault_add(words, "edge", "before");
    sweep_fault_add(words, "connections", words->connections);
    sweep_fault_add(words, "direction", direction_name(trigger->direction));
    if (type != NULL && type->side_rule == SIDE_REQUIRED && find_text(words, "side") == NULL)
        sweep_fault_add(words, "side", side_name((enum side) !trigger->direction));
    return build(words, fault, err);
}

int sweep_fault_build(
    const char *text, const struct sweep_trigger *trigger, struct fault *fault, struct err *err)
{
    struct words words = {.count = 0};
    int result = sweep_fault_split(&words, text, err);
    if (result == 0)
        result = build_at(&words, trigger, fault, err);
    free(words.buffer);
    return result;
}

const char *sweep_fault_next(const char **list, size_t *length)
{
    if (*list == NULL)
        return NULL;
    const char *text = *list + strspn(*list, " "), *bar = quote_find_outside(text, "|");
    *length = bar != NULL ? (size_t)(bar - text) : strlen(text);
    *list = bar != NULL ? bar + 1 : NULL;
    while (*length > 0 && text[*length - 1] == ' ')
        (*length)--;
    return text;
}

/* A fault that fits no byte of any direction is a mistake. */
static int check_one(const char *text, size_t length, struct err *err)
{
    const struct sweep_trigger first = {
        .connection = 1, .direction = DIRECTION_DOWNSTREAM, .when = "bytes:0"};
    char copy[OPTION_PATH_MAX];
    struct fault made;
    struct err why;
    if (length == 0)
        return err_set(err, "a fault is missing, write one such as reset mode=abrupt");
    snprintf(copy, sizeof copy, "%.*s", (int)length, text);
    if (sweep_fault_build(copy, &first, &made, &why) != 0)
        return err_set(err, "'%.60s': %.400s", copy, why.text);
    return 0;
}

static int sweep_fault_parse(
    const struct option *option, const char *text, void *value, struct err *err)
{
    const char *rest = text, *fault;
    size_t length;
    while ((fault = sweep_fault_next(&rest, &length)) != NULL)
        if (check_one(fault, length, err) != 0)
            return -1;
    return option_text.parse(option, text, value, err);
}

static void sweep_fault_format(
    const struct option *option, const void *value, char *buf, size_t size)
{
    option_text.format(option, value, buf, size);
}

const struct option_kind option_sweep_faults = {
    .name = "faults",
    .form = "faults with | between them, such as close side=client | reset",
    .size = OPTION_PATH_MAX,
    .parse = sweep_fault_parse,
    .format = sweep_fault_format,
};
