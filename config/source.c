/* SPDX-License-Identifier: MIT */
/*
 * The source: sections and keys as they were read. It reports problems that can be found without
 * the tables of keys: wrong titles, duplicates, limits. A reported line stays in the source in a
 * form that lets the checks continue: one wrong line must not hide the next, nor cause a second
 * report.
 */
#include "config/source.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "config/name.h"
#include "proxy/base/quote.h"
#include "proxy/base/suggest.h"

struct config_source *config_source_new(void)
{
    struct config_source *source = calloc(1, sizeof *source);
    if (source != NULL)
        problems_init(&source->problems);
    return source;
}

static void free_section(struct source_section *section)
{
    for (size_t i = 0; i < section->key_count; i++) {
        free(section->keys[i].name);
        free(section->keys[i].value);
    }
    free(section->keys);
    free(section);
}

void config_source_free(struct config_source *source)
{
    if (source == NULL)
        return;
    for (size_t i = 0; i < source->section_count; i++)
        free_section(source->sections[i]);
    for (unsigned i = 0; i < source->place_count; i++)
        free(source->places[i]);
    free(source->sections);
    free(source->places);
    problems_deinit(&source->problems);
    free(source);
}

struct place source_place(struct config_source *source, const char *where)
{
    struct place place = {.order = source->place_count};
    char **places = reallocarray(source->places, source->place_count + 1, sizeof *places);
    if (places != NULL)
        source->places = places;
    char *copy = places == NULL ? NULL : strdup(where);
    if (copy == NULL) {
        problems_out_of_memory(&source->problems);
        return place;
    }
    source->places[source->place_count++] = copy;
    place.where = copy;
    return place;
}

/* Sections. */

static struct source_section *find_section(const struct config_source *source, const char *title)
{
    for (size_t i = 0; i < source->section_count; i++)
        if (strcmp(source->sections[i]->title, title) == 0)
            return source->sections[i];
    return NULL;
}

static bool make_section_room(struct config_source *source)
{
    if (source->section_count < source->section_capacity)
        return true;
    size_t capacity = source->section_capacity == 0 ? 16 : source->section_capacity * 2;
    struct source_section **sections = reallocarray(source->sections, capacity, sizeof *sections);
    if (sections == NULL)
        return false;
    source->sections = sections;
    source->section_capacity = capacity;
    return true;
}

static struct source_section *append_section(struct config_source *source, struct place place,
    const struct section_kind *kind, const char *title)
{
    struct source_section *section = NULL;
    if (source->section_count == SOURCE_SECTIONS_MAX) {
        problems_add(&source->problems, place, title, NULL, "too many sections, at most %d",
            SOURCE_SECTIONS_MAX);
        return NULL;
    }
    if (make_section_room(source))
        section = calloc(1, sizeof *section);
    if (section == NULL) {
        problems_out_of_memory(&source->problems);
        return NULL;
    }
    section->place = place;
    section->kind = kind;
    memcpy(section->title, title, strlen(title) + 1);
    const char *blank = strchr(section->title, ' ');
    section->name = blank == NULL ? "" : blank + 1;
    source->sections[source->section_count++] = section;
    return section;
}

/* A parsed title. */
struct title {
    char text[SECTION_TITLE_MAX + 1]; /* words separated by one blank */
    const char *name;                 /* what follows the first word, "" if nothing */
    const struct section_kind *kind;  /* for a misspelt word, the likely kind; already reported */
};

/* Copies the words, separated by one blank. Returns false if they do not fit. */
static bool copy_words(char out[SECTION_TITLE_MAX + 1], const char *text, size_t length)
{
    size_t used = 0;
    for (size_t i = 0; i < length; i++) {
        bool blank = text[i] == ' ' || text[i] == '\t';
        bool before_word = i + 1 < length && text[i + 1] != ' ' && text[i + 1] != '\t';
        if (blank && (used == 0 || !before_word))
            continue;
        if (used == SECTION_TITLE_MAX) {
            out[used] = '\0';
            return false;
        }
        out[used++] = blank ? ' ' : text[i];
    }
    out[used] = '\0';
    return true;
}

static const struct section_kind *find_kind(
    struct config_source *source, struct place place, const char *title, const char *word)
{
    struct suggest suggest;
    char meant[SUGGEST_TEXT_MAX];
    const struct section_kind *near = NULL;
    suggest_init(&suggest, word);
    for (const struct section_kind *kind = section_kinds; kind->word != NULL; kind++) {
        if (strcmp(kind->word, word) == 0)
            return kind;
        suggest_offer(&suggest, kind->word);
        if (suggest.best == kind->word)
            near = kind;
    }
    problems_add(&source->problems, place, title, NULL, "unknown section%s write " SECTION_FORMS,
        near == NULL ? "," : suggest_text(&suggest, meant, sizeof meant));
    return near;
}

static void check_name(struct config_source *source, struct place place, const struct title *title)
{
    const char *word = title->kind->word;
    if (!title->kind->named && title->name[0] != '\0')
        problems_add(&source->problems, place, title->text, NULL,
            "this section takes no name, write [%s]", word);
    else if (title->kind->named && title->name[0] == '\0')
        problems_add(&source->problems, place, title->text, NULL,
            "the name is missing, write [%s NAME]", word);
    else if (title->kind->named && !name_is_valid(title->name))
        problems_add(&source->problems, place, title->text, NULL,
            "'%s' is not a name, write " NAME_FORM, title->name);
}

/* Splits `title->text` and looks up its first word. */
static void parse_title(struct config_source *source, struct place place, struct title *title)
{
    char word[SECTION_TITLE_MAX + 1];
    size_t length = strcspn(title->text, " ");
    memcpy(word, title->text, length);
    word[length] = '\0';
    title->name = title->text[length] == '\0' ? "" : title->text + length + 1;
    title->kind = NULL;
    if (length == 0)
        problems_add(
            &source->problems, place, NULL, NULL, "the section has no title, write " SECTION_FORMS);
    else
        title->kind = find_kind(source, place, title->text, word);
}

static void report_duplicate(
    struct config_source *source, struct place place, const struct source_section *earlier)
{
    const char *right = "write its keys there or choose another name";
    if (earlier->place.line != 0)
        problems_add(&source->problems, place, earlier->title, NULL,
            "this section is already at %s:%u, %s", earlier->place.where, earlier->place.line,
            right);
    else
        problems_add(&source->problems, place, earlier->title, NULL,
            "this section was given already by %s, %s", earlier->place.where, right);
}

struct source_section *source_begin_section(
    struct config_source *source, struct place place, const char *text, size_t length)
{
    struct title title;
    if (!copy_words(title.text, text, length))
        problems_add(&source->problems, place, title.text, NULL,
            "the title has more than %d bytes and is cut here, write a shorter name",
            SECTION_TITLE_MAX);
    parse_title(source, place, &title);
    if (title.kind != NULL)
        check_name(source, place, &title);
    struct source_section *earlier = find_section(source, title.text);
    if (earlier != NULL && !earlier->declared) {
        earlier->declared = true;
        earlier->place = place;
        return earlier;
    }
    struct source_section *section = append_section(source, place, title.kind, title.text);
    if (section == NULL)
        return NULL;
    section->declared = true;
    section->duplicate = earlier != NULL;
    if (earlier != NULL && title.kind != NULL)
        report_duplicate(source, place, earlier);
    return section;
}

/* Keys. */

static const struct source_key *find_key(const struct source_section *section, const char *name)
{
    for (size_t i = 0; i < section->key_count; i++)
        if (strcmp(section->keys[i].name, name) == 0 && !section->keys[i].override)
            return &section->keys[i];
    return NULL;
}

static bool make_key_room(struct source_section *section)
{
    if (section->key_count < section->key_capacity)
        return true;
    size_t capacity = section->key_capacity == 0 ? 8 : section->key_capacity * 2;
    struct source_key *keys = reallocarray(section->keys, capacity, sizeof *keys);
    if (keys == NULL)
        return false;
    section->keys = keys;
    section->key_capacity = capacity;
    return true;
}

static void append_key(struct config_source *source, struct source_section *section,
    struct source_key key, const char *name, const char *value)
{
    key.name = strdup(name);
    key.value = value == NULL ? NULL : strdup(value);
    if (key.name == NULL || (value != NULL && key.value == NULL) || !make_key_room(section)) {
        free(key.name);
        free(key.value);
        problems_out_of_memory(&source->problems);
        return;
    }
    section->keys[section->key_count++] = key;
}

void source_add_key(struct config_source *source, struct source_section *section,
    struct place place, const char *name, const char *value)
{
    const struct source_key *earlier = find_key(section, name);
    if (earlier != NULL) {
        if (earlier->place.line != 0)
            problems_add(&source->problems, place, section->title, name,
                "given already in line %u, leave one of them out", earlier->place.line);
        else
            problems_add(&source->problems, place, section->title, name,
                "given twice, leave one of them out");
        return;
    }
    if (section->key_count == SOURCE_KEYS_MAX) {
        problems_add(&source->problems, place, section->title, name,
            "too many keys in this section, at most %d", SOURCE_KEYS_MAX);
        return;
    }
    append_key(source, section, (struct source_key){.place = place}, name, value);
}

void config_source_set(struct config_source *source, const char *where, const char *title,
    const char *key, const char *value)
{
    struct place place = source_place(source, where);
    struct source_section *section = find_section(source, title);
    if (section == NULL) {
        section = source_begin_section(source, place, title, strlen(title));
        if (section == NULL)
            return;
        section->declared = false;
    }
    bool fit = source_check_value(source, section, place, key, value);
    append_key(source, section, (struct source_key){.place = place, .override = true}, key,
        fit ? value : NULL);
}

bool config_source_report_taken(struct config_source *source, const char *where, const char *title)
{
    struct source_section *section = find_section(source, title);
    if (section == NULL || !section->declared)
        return false;
    if (!section->taken)
        problems_add(&source->problems, source_place(source, where), title, NULL,
            "this section is already at %s:%u, rename it there: an option adds a proxy of its own",
            section->place.where, section->place.line);
    section->taken = true;
    return true;
}

void config_source_set_literal(struct config_source *source, const char *where, const char *title,
    const char *key, const char *value)
{
    char quoted[OPTION_TEXT_MAX];
    quote_format(value, strlen(value), quoted, sizeof quoted);
    config_source_set(source, where, title, key, quoted);
}

void config_source_set_default(struct config_source *source, const char *where, const char *title,
    const char *key, const char *value)
{
    const struct source_section *section = find_section(source, title);
    for (size_t i = 0; section != NULL && i < section->key_count; i++)
        if (strcmp(section->keys[i].name, key) == 0)
            return;
    config_source_set(source, where, title, key, value);
}

/* Values. */

const char *source_find_comment(const char *text)
{
    bool behind_blank = false;
    for (; *text != '\0'; text++) {
        if (behind_blank && *text == ';')
            break;
        behind_blank = *text == ' ' || *text == '\t';
    }
    return text;
}

const char *source_find_control(const char *text, size_t length)
{
    for (const char *c = text; c != text + length; c++)
        if (((unsigned char)*c < 0x20 && *c != '\t') || *c == 0x7f)
            return c;
    return NULL;
}

/* Returns why a value is invalid as text, whatever its key is, or NULL. */
static const char *check_value(const char *value)
{
    if (value[0] == '\0')
        return "the value is missing, write KEY = VALUE or leave the line out";
    for (const char *c = value; *c != '\0'; c++) {
        bool behind_blank = c > value && (c[-1] == ' ' || c[-1] == '\t');
        if (*c == '#' && behind_blank)
            return "a comment after a value begins with ` ;`, not with #";
        if (*c == ';' && behind_blank)
            return "` ;` begins a comment, write the value in double quotes with \\x3b";
        if (*c == '"' && (c = quote_end(c)) == NULL)
            return "the string has no closing double quote; inside a string write \\\" for a quote "
                   "and \\x3b for a semicolon (` ;` begins a comment there too)";
    }
    return NULL;
}

bool source_check_value(struct config_source *source, const struct source_section *section,
    struct place place, const char *name, const char *value)
{
    const char *control = source_find_control(value, strlen(value));
    const char *wrong = check_value(value);
    if (control != NULL)
        problems_add(&source->problems, place, section->title, name,
            "the value has a control character (0x%02x), write \\x%02x in double quotes",
            (unsigned char)*control, (unsigned char)*control);
    else if (strlen(name) + 1 + strlen(value) > SOURCE_LINE_MAX)
        problems_add(&source->problems, place, section->title, name,
            "too long, key and value have at most %d bytes", SOURCE_LINE_MAX - 1);
    else if (wrong != NULL)
        problems_add(&source->problems, place, section->title, name, "%s", wrong);
    else
        return true;
    return false;
}
