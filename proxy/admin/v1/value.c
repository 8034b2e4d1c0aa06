/* SPDX-License-Identifier: MIT */
/*
 * Converts JSON to words of the file's language, which pass through its checks; and back.
 *
 * A change starts with the words of the current value, without those that equal the default, and
 * puts the new words over them. So a key that no longer applies is an error only if somebody wrote
 * it.
 */
#include "proxy/admin/v1/value.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "config/kind.h"
#include "config/name.h"
#include "config/value.h"
#include "proxy/base/quote.h"
#include "proxy/base/utf8.h"

#define WORDS_MAX CONFIG_WORDS_MAX

/* The words of a section while they are collected. */
struct words {
    struct config_word list[WORDS_MAX];
    char values[WORDS_MAX][OPTION_TEXT_MAX];
    char keys[WORDS_MAX][64];
    size_t count;
    struct text *problems;
};

static void value_report_problem(struct text *problems, const char *key, const char *what)
{
    if (problems->size > 0)
        text_puts(problems, "; ");
    text_printf(problems, "%.64s: %s", key, what);
}

static struct config_word *find_word(struct words *words, const char *key)
{
    for (size_t i = 0; i < words->count; i++) {
        if (strcmp(words->list[i].key, key) == 0)
            return &words->list[i];
    }
    return NULL;
}

/* Returns the word, or NULL after reporting that there is no room. */
static char *word_value(struct words *words, const char *key)
{
    const struct config_word *word = find_word(words, key);
    if (word != NULL)
        return words->values[word - words->list];
    if (words->count == WORDS_MAX || strlen(key) >= sizeof words->keys[0]) {
        value_report_problem(words->problems, key, "unknown key");
        return NULL;
    }
    size_t i = words->count++;
    snprintf(words->keys[i], sizeof words->keys[0], "%s", key);
    words->list[i] = (struct config_word){.key = words->keys[i], .text = words->values[i]};
    return words->values[i];
}

static void drop_word(struct words *words, const char *key)
{
    struct config_word *word = find_word(words, key);
    if (word == NULL)
        return;
    size_t i = (size_t)(word - words->list), last = --words->count;
    memcpy(words->keys[i], words->keys[last], sizeof words->keys[0]);
    memcpy(words->values[i], words->values[last], sizeof words->values[0]);
}

/* Writes a scalar in the form of the file. Returns false if the value is none. */
static bool put_scalar(const json_t *value, char *buf, size_t size)
{
    int length = -1;
    if (json_is_string(value) && json_string_length(value) == strlen(json_string_value(value)))
        length = snprintf(buf, size, "%s", json_string_value(value));
    else if (json_is_boolean(value))
        length = snprintf(buf, size, "%s", json_is_true(value) ? "yes" : "no");
    else if (json_is_integer(value))
        length = snprintf(buf, size, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    else if (json_is_real(value))
        length = snprintf(buf, size, "%.15g", json_real_value(value));
    return length >= 0 && (size_t)length < size;
}

static bool put_list(const json_t *value, char *buf, size_t size)
{
    size_t used = 0, i;
    json_t *element;
    buf[0] = '\0';
    json_array_foreach(value, i, element)
    {
        if (i > 0 && used + 2 < size) {
            buf[used++] = ',';
            buf[used] = '\0';
        }
        if (!put_scalar(element, buf + used, size - used))
            return false;
        used += strlen(buf + used);
    }
    return true;
}

static void take_member(struct words *words, const char *key, const json_t *value)
{
    if (json_is_null(value)) {
        drop_word(words, key);
        return;
    }
    char *buf = word_value(words, key);
    if (buf == NULL)
        return;
    bool fits = json_is_array(value) ? put_list(value, buf, OPTION_TEXT_MAX)
                                     : put_scalar(value, buf, OPTION_TEXT_MAX);
    if (!fits)
        value_report_problem(words->problems, key,
            json_is_object(value) ? "an object is no value, write a string, a number, true or false"
                                  : "the value is too long, or holds a NUL");
}

/* Bytes may be given directly, or in quotes as in the file. */
static void quote_bytes(struct words *words, const struct option *table)
{
    char quoted[OPTION_TEXT_MAX];
    for (; table->name != NULL; table++) {
        const struct config_word *word = find_word(words, table->name);
        if (table->kind != &option_string || word == NULL || word->text[0] == '"')
            continue;
        quote_format(word->text, strlen(word->text), quoted, sizeof quoted);
        memcpy(words->values[word - words->list], quoted, strlen(quoted) + 1);
    }
}

/* Puts the current values that differ from the default, and those that have none. */
static void put_present(struct words *words, const struct option *table, const void *base,
    const void *defaults, const struct fault *fault)
{
    char now[OPTION_TEXT_MAX], usual[OPTION_TEXT_MAX];
    for (const struct option *first = table; table->name != NULL; table++) {
        if (fault != NULL && !fault_row_applies(fault, first, table))
            continue;
        option_format(table, base, now, sizeof now);
        option_format(table, defaults, usual, sizeof usual);
        bool is_needed = table->required && table->unless == NULL;
        char *buf = is_needed || strcmp(now, usual) != 0 ? word_value(words, table->name) : NULL;
        if (buf != NULL)
            memcpy(buf, now, strlen(now) + 1);
    }
}

static void put_present_fault(struct words *words, const struct fault *fault, const char *type)
{
    struct fault usual = {0}; /* without a type: it is always written */
    fault_set_defaults(&usual, fault->type);
    put_present(words, fault_options, fault, &usual, fault);
    drop_word(words, "proxy");
    if (type != NULL && strcmp(type, fault->type->name) != 0)
        return; /* another type has other keys */
    option_set_defaults(fault->type->options, usual.params);
    put_present(words, fault->type->options, fault->params, usual.params, fault);
}

/* Joins problems to one text, with "; " between them. */
static int join_problems(struct problems *from, size_t count, struct text *to)
{
    to->failed = to->failed || from->out_of_memory;
    for (size_t i = 0; i < from->count && !to->failed; i++) {
        const char *key = problems_key(from, i);
        if (key != NULL)
            value_report_problem(to, key, problems_text(from, i));
        else
            text_printf(to, "%s%s", to->size > 0 ? "; " : "", problems_text(from, i));
    }
    problems_deinit(from);
    return count > 0 || to->failed ? -1 : 0;
}

/* Whether the member is not in the option tables. */
static bool is_own_member(const char *key)
{
    static const char *const shown[] = {
        "name", "origin", "armed", "fired", "not_fired", "faults", "state", NULL};
    for (size_t i = 0; shown[i] != NULL; i++) {
        if (strcmp(shown[i], key) == 0)
            return true;
    }
    return false;
}

static void take_members(struct words *words, json_t *object)
{
    const char *key;
    json_t *value;
    json_object_foreach(object, key, value)
    {
        if (!is_own_member(key))
            take_member(words, key, value);
    }
}

/* A null removes a key's value. A null for an unknown key is an error, as any other value is. The
 * second table may be NULL. */
static void check_nulls(
    struct words *words, json_t *object, const struct option *table, const struct option *second)
{
    const char *key;
    json_t *value;
    json_object_foreach(object, key, value)
    {
        if (json_is_null(value) && !is_own_member(key) && option_find(table, key) == NULL &&
            (second == NULL || option_find(second, key) == NULL))
            value_report_problem(words->problems, key, "unknown key");
    }
}

static const char *string_member(json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

/* Returns the name of an object, its own or the given one. NULL: it is invalid, which is
 * reported. */
static const char *name_of(json_t *object, const char *named, struct text *problems)
{
    struct err err;
    json_t *value = json_object_get(object, "name");
    const char *name = value != NULL ? json_string_value(value) : named;
    if (name == NULL || (value != NULL && strlen(name) != json_string_length(value)))
        value_report_problem(problems, "name", "it is missing, or no text; write a string");
    else if (name_check_any(name, &err) != 0)
        value_report_problem(problems, "name", err.text);
    else
        return name;
    return NULL;
}

static int build_fault(struct words *words, json_t *object, const char *name, struct fault *fault)
{
    struct problems problems;
    const struct config_word *type = find_word(words, "type");
    const struct fault_type *known = type != NULL ? fault_type_find(type->text) : NULL;
    if (known != NULL)
        quote_bytes(words, known->options);
    check_nulls(words, object, fault_options, known != NULL ? known->options : NULL);
    if (name == NULL || words->problems->size > 0)
        return -1;
    problems_init(&problems);
    size_t count = config_fault_from_words(words->list, words->count, fault, &problems);
    if (count == 0)
        snprintf(fault->name, sizeof fault->name, "%s", name);
    return join_problems(&problems, count, words->problems);
}

static struct words *words_new(struct text *problems)
{
    struct words *words = calloc(1, sizeof *words);
    if (words != NULL)
        words->problems = problems;
    else
        problems->failed = true;
    return words;
}

int v1_read_fault(json_t *object, const char *named, struct fault *fault, struct text *problems)
{
    struct words *words = words_new(problems);
    if (words == NULL)
        return -1;
    take_members(words, object);
    if (named == NULL)
        named = string_member(object, "type");
    int result = build_fault(words, object, name_of(object, named, problems), fault);
    free(words);
    return result;
}

int v1_patch_fault(
    json_t *object, const struct fault *now, struct fault *fault, struct text *problems)
{
    struct words *words = words_new(problems);
    if (words == NULL)
        return -1;
    const char *name = name_of(object, now->name, problems);
    if (name != NULL && strcmp(name, now->name) != 0)
        value_report_problem(problems, "name", "a fault cannot be renamed");
    put_present_fault(words, now, string_member(object, "type"));
    take_members(words, object);
    int result = build_fault(words, object, name, fault);
    free(words);
    return result;
}

static int build_proxy(
    struct words *words, json_t *object, const char *name, struct proxy_config *proxy)
{
    struct problems problems;
    check_nulls(words, object, proxy_options, NULL);
    if (name == NULL || words->problems->size > 0)
        return -1;
    problems_init(&problems);
    size_t count = config_proxy_from_words(words->list, words->count, proxy, &problems);
    if (count == 0)
        snprintf(proxy->name, sizeof proxy->name, "%s", name);
    return join_problems(&problems, count, words->problems);
}

int v1_read_proxy(json_t *object, struct proxy_config *proxy, struct text *problems)
{
    struct words *words = words_new(problems);
    if (words == NULL)
        return -1;
    take_members(words, object);
    int result = build_proxy(words, object, name_of(object, NULL, problems), proxy);
    free(words);
    return result;
}

/* A proxy of Toxiproxy's API may have a text that is no address. It stays unless a change names the
 * key, but the words of a file cannot hold it. */
static void hide_nowhere(struct address *address)
{
    if (address->kind == ADDRESS_NOWHERE)
        *address = (struct address){.kind = ADDRESS_IP, .host = "127.0.0.1", .port = 1};
}

int v1_patch_proxy(json_t *object, const struct proxy_config *now, struct proxy_config *proxy,
    struct text *problems)
{
    struct words *words = words_new(problems);
    if (words == NULL)
        return -1;
    struct proxy_config usual = {0}, present = *now;
    const char *name = name_of(object, now->name, problems);
    if (name != NULL && strcmp(name, now->name) != 0)
        value_report_problem(problems, "name", "a proxy cannot be renamed");
    option_set_defaults(proxy_options, &usual);
    hide_nowhere(&present.listen);
    hide_nowhere(&present.upstream);
    put_present(words, proxy_options, &present, &usual, NULL);
    take_members(words, object);
    int result = build_proxy(words, object, name, proxy);
    if (json_object_get(object, "listen") == NULL) {
        proxy->listen = now->listen;
        proxy->listen_text = now->listen_text;
    }
    if (json_object_get(object, "upstream") == NULL)
        proxy->upstream = now->upstream;
    free(words);
    return result;
}

/* Writes a value as a JSON string. Inside its quotes a byte that is not UTF-8, which JSON cannot
 * hold, becomes \xHH, which quote_parse() turns back. */
static void write_words(struct text *text, const char *key, const char *value)
{
    char spelled[4 * OPTION_TEXT_MAX];
    size_t used = 0;
    bool quoted = false;
    for (size_t length; *value != '\0'; value += length) {
        bool escape = *value == '\\' && value[1] != '\0', utf8 = utf8_length(value) > 0;
        length = escape ? 2 : utf8 ? utf8_length(value) : 1;
        if (utf8 || !quoted)
            memcpy(spelled + used, value, length);
        else
            snprintf(spelled + used, sizeof spelled - used, "\\x%02x", (unsigned char)*value);
        used += utf8 || !quoted ? length : strlen("\\xHH");
        quoted = quoted != (*value == '"');
    }
    spelled[used] = '\0';
    text_json_member(text, key, spelled);
}

/* Whether the text is an integer that readers of JSON take: jansson has 64 bits with a sign. */
static bool is_json_integer(const char *text)
{
    return text[strspn(text, "0123456789")] == '\0' && strtoull(text, NULL, 10) <= INT64_MAX;
}

static void write_option(struct text *text, const struct option *option, const char *value)
{
    bool number = option->kind == &option_number || option->kind == &option_number_or_unlimited;
    if (option->kind == &option_yes_no) {
        text_json_bool(text, option->name, strcmp(value, "yes") == 0);
    } else if (number && is_json_integer(value)) {
        text_json_key(text, option->name);
        text_puts(text, value);
    } else {
        write_words(text, option->name, value);
    }
}

/* The type is written first in a fault, and the path names the proxy. */
static bool is_told(const struct option *option)
{
    return option->kind == &option_type || option->kind == &option_names;
}

void v1_write_options(
    struct text *text, const struct option *table, const void *base, const struct fault *fault)
{
    char value[OPTION_TEXT_MAX];
    for (const struct option *first = table; table->name != NULL; table++) {
        if (fault != NULL && !fault_row_applies(fault, first, table))
            continue;
        option_format(table, base, value, sizeof value);
        if (value[0] != '\0' && !is_told(table))
            write_option(text, table, value);
    }
}
