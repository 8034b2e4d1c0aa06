/* SPDX-License-Identifier: MIT */
/*
 * Builds values from words. The words become a section, as if they were in a file, so all checks of
 * a file apply.
 */
#include "config/value.h"

#include <stdlib.h>
#include <string.h>

#include "config/check.h"
#include "config/fault_rules.h"
#include "config/source.h"

/* A section that borrows its keys and texts. */
struct words {
    struct source_section section;
    struct source_key keys[CONFIG_WORDS_MAX];
    struct problems *problems;
};

static struct words *words_new(unsigned kind, struct problems *problems)
{
    struct words *words = calloc(1, sizeof *words);
    if (words == NULL) {
        problems_out_of_memory(problems);
        return NULL;
    }
    words->problems = problems;
    words->section.kind = &section_kinds[kind];
    words->section.name = "";
    words->section.declared = true;
    words->section.keys = words->keys;
    memcpy(words->section.title, section_kinds[kind].word, strlen(section_kinds[kind].word) + 1);
    return words;
}

/* Adds a key to the section, which only borrows its key for reading. */
static void append(struct words *words, const char *key, const char *text)
{
    struct source_section *section = &words->section;
    section->keys[section->key_count++] =
        (struct source_key){.name = (char *)(uintptr_t)key, .value = (char *)(uintptr_t)text};
}

static const char *text_of(const struct config_word *words, size_t count, const char *key)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(words[i].key, key) == 0)
            return words[i].text;
    return NULL;
}

/* Returns why a text is invalid, whatever its key is, or NULL. The limit is that of a line of a
 * file, so that printed values can be read again. */
static const char *validate(const struct config_word *word)
{
    if (word->text[0] == '\0')
        return "the value is empty, leave the key out for its default";
    if (strlen(word->key) + strlen("=") + strlen(word->text) > SOURCE_LINE_MAX)
        return "too long, a key and its value have at most 196 bytes";
    if (source_find_control(word->text, strlen(word->text)) != NULL)
        return "the value has a control character, write it as \\x0a in double quotes";
    return NULL;
}

static void add_given(struct words *words, const struct config_word *given, size_t count)
{
    const struct place nowhere = {0};
    if (count > CONFIG_WORDS_MAX) {
        problems_add(
            words->problems, nowhere, NULL, NULL, "too many keys, at most %d", CONFIG_WORDS_MAX);
        count = CONFIG_WORDS_MAX;
    }
    for (size_t i = 0; i < count; i++) {
        const char *wrong = validate(&given[i]);
        if (text_of(given, i, given[i].key) != NULL)
            wrong = "given twice, leave one of them out";
        if (wrong != NULL)
            problems_add(words->problems, nowhere, NULL, given[i].key, "%s", wrong);
        append(words, given[i].key, wrong == NULL ? given[i].text : NULL);
    }
}

size_t config_fault_from_words(
    const struct config_word *given, size_t count, struct fault *fault, struct problems *problems)
{
    size_t before = problems->total;
    struct words *words = words_new(KIND_FAULT, problems);
    struct fault made = {.type = NULL};
    if (words == NULL)
        return problems->total - before;
    add_given(words, given, count);
    check_fault(problems, &words->section, &made);
    if (text_of(given, count, fault_options[ROW_PROXY].name) != NULL)
        check_report_problem(problems, &words->section, fault_options[ROW_PROXY].name,
            "belongs into a file: the fault concerns the proxy that it is given to");
    made.proxies[0] = '\0';
    if (problems->total == before)
        *fault = made;
    free(words);
    return problems->total - before;
}

size_t config_proxy_from_words(const struct config_word *given, size_t count,
    struct proxy_config *proxy, struct problems *problems)
{
    size_t before = problems->total;
    struct words *words = words_new(KIND_PROXY, problems);
    struct proxy_config made = {.name = ""};
    if (words == NULL)
        return problems->total - before;
    add_given(words, given, count);
    check_proxy(problems, &words->section, &made);
    if (problems->total == before)
        *proxy = made;
    free(words);
    return problems->total - before;
}
