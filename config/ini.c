/* SPDX-License-Identifier: MIT */
/*
 * The strict INI reader: inih, with a line reader in front of it.
 *
 * The usual case: the file is read whole. next_line() cuts it into physical lines, checks each and
 * passes it to inih, which splits it into key and value and calls on_key(). The section is tracked
 * here, because inih reports neither where a section begins nor that an empty one exists.
 *
 * inih 55 silently accepts the following, which is refused here:
 * - a section name longer than 49 bytes, which it cuts: refused by source_begin_section;
 * - a line longer than its buffer, which it splits in two: inih gets an empty line instead;
 * - an indented line, which it joins to the key above: inih gets it without the blanks;
 * - `key: value` for `key = value`;
 * - text behind a `]`, which it ignores;
 * - a NUL byte, at which it ends the line.
 * Also allowed here: `;` and `#` at the start of a line begin a comment, ` ;` behind a value too;
 * a BOM and CR LF.
 *
 * A refused line still gives its key or section if they are legible, so that it neither hides
 * other problems nor causes a second report that something is missing.
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <ini.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/config.h"
#include "config/source.h"
#include "proxy/base/min.h"

#define FILE_PIECE 4096

#define BOM "\xef\xbb\xbf"

struct reader {
    struct config_source *source;
    struct source_section *section; /* NULL: before the first one, or out of memory */
    bool in_section;                /* a header was seen, even if it could not be kept */
    struct place place;             /* of the current line */
    const char *next, *end;         /* the unread part */
    char line[SOURCE_LINE_MAX + 1]; /* the part that inih gets */
};

/* Returns what the user calls the current section, or NULL. */
static const char *section_title(const struct reader *reader)
{
    return reader->section == NULL ? NULL : reader->section->title;
}

static void report_problem(struct reader *reader, const char *text)
{
    problems_add(&reader->source->problems, reader->place, section_title(reader), NULL, "%s", text);
}

/* Whether sections of this kind can have the key; of faults, those of any type. */
static bool is_key_of(const struct section_kind *kind, const char *name)
{
    bool is_key = option_find(kind->options, name) != NULL;
    for (size_t i = 0; kind == &section_kinds[KIND_FAULT] && fault_catalogue[i] != NULL; i++)
        is_key |= option_find(fault_catalogue[i]->options, name) != NULL;
    return is_key;
}

/* Records the key of a line whose value is invalid. */
static void recover_key(struct reader *reader, const char *text)
{
    char name[SOURCE_LINE_MAX + 1];
    size_t length = strcspn(text, "=: \t");
    if (reader->section == NULL || reader->section->kind == NULL || length == 0 ||
        length > SOURCE_LINE_MAX)
        return;
    memcpy(name, text, length);
    name[length] = '\0';
    if (is_key_of(reader->section->kind, name))
        source_add_key(reader->source, reader->section, reader->place, name, NULL);
}

static void begin_section(struct reader *reader, const char *title, size_t length)
{
    reader->in_section = true;
    reader->section = source_begin_section(reader->source, reader->place, title, length);
}

/* Reads "[proxy redis] ; comment". */
static void read_section(struct reader *reader, const char *text)
{
    const char *comment = source_find_comment(text);
    const char *end = memchr(text, ']', (size_t)(comment - text));
    if (end == NULL) {
        reader->section = NULL;
        report_problem(reader, "the section has no ], write " SECTION_FORMS);
        begin_section(reader, text + 1, (size_t)(comment - text) - 1);
        return;
    }
    begin_section(reader, text + 1, (size_t)(end - text) - 1);
    const char *rest = end + 1 + strspn(end + 1, " \t");
    if (*rest != '\0' && *rest != ';')
        report_problem(reader, "text follows the ], write keys on lines of their own");
}

/* Whether the line may be passed to inih. */
static bool check_key(struct reader *reader, const char *text)
{
    const char *comment = source_find_comment(text);
    const char *separator = text + strcspn(text, "=:");
    if (!reader->in_section) {
        report_problem(reader, "this line is before any section, write " SECTION_FORMS " above it");
        return false;
    }
    if (separator >= comment) {
        report_problem(reader, "this line has no =, write KEY = VALUE, [SECTION] or ; COMMENT");
        recover_key(reader, text);
        return false;
    }
    if (separator == text) {
        report_problem(reader, "the key is missing, write KEY = VALUE");
        return false;
    }
    if (*separator == '=')
        return true;
    report_problem(reader, "a key is followed by =, not by a colon, write KEY = VALUE");
    if (memchr(separator, '=', (size_t)(comment - separator)) == NULL)
        return true;
    recover_key(reader, text);
    return false;
}

/* Refuses a line that contains invalid bytes. Only its first word is still used. */
static bool check_bytes(struct reader *reader, const char *text, size_t length)
{
    const char *control = source_find_control(text, length);
    if (control != NULL && *control == '\0')
        report_problem(reader, "the line has a NUL byte, write text only");
    else if (control != NULL)
        problems_add(&reader->source->problems, reader->place, section_title(reader), NULL,
            "the line has a control character (0x%02x), write text only", (unsigned char)*control);
    else if (length > SOURCE_LINE_MAX)
        problems_add(&reader->source->problems, reader->place, section_title(reader), NULL,
            "the line has %zu bytes, write at most %d", length, SOURCE_LINE_MAX);
    else
        return true;
    return false;
}

/* Begins a section from the legible part of a header that was refused for its bytes. */
static void recover_line(struct reader *reader, const char *text, size_t length)
{
    char legible[SOURCE_LINE_MAX + 1];
    size_t kept = 0;
    for (size_t i = 0; i < length && kept < SOURCE_LINE_MAX; i++)
        if (text[i] != '\0' && source_find_control(&text[i], 1) == NULL)
            legible[kept++] = text[i];
    legible[kept] = '\0';
    if (kept == 0)
        return;
    size_t title = strcspn(legible + 1, "]");
    if (legible[0] == '[')
        begin_section(reader, legible + 1, min_size(title, SECTION_TITLE_MAX));
    else
        recover_key(reader, legible);
}

/* Checks one line and stores in reader->line what inih shall read of it. */
static void read_line(struct reader *reader, const char *text, size_t length)
{
    size_t indent = 0;
    reader->line[0] = '\0';
    while (indent < length && (text[indent] == ' ' || text[indent] == '\t'))
        indent++;
    text += indent;
    length -= indent;
    if (length == 0 || text[0] == ';' || text[0] == '#')
        return;
    if (indent > 0)
        report_problem(reader, "the line is indented, begin it in the first column "
                               "(a value has one line)");
    if (!check_bytes(reader, text, length)) {
        recover_line(reader, text, length);
        return;
    }
    memcpy(reader->line, text, length);
    reader->line[length] = '\0';
    if (text[0] == '[')
        read_section(reader, reader->line);
    else if (check_key(reader, reader->line))
        return;
    reader->line[0] = '\0';
}

/* Replaces fgets() for inih. Each call returns one physical line, which fits into any buffer of
 * inih's. */
static char *next_line(char *buf, int size, void *stream)
{
    struct reader *reader = stream;
    if (reader->next == reader->end)
        return NULL;
    const char *start = reader->next;
    size_t length = (size_t)(reader->end - start);
    const char *newline = memchr(start, '\n', length);
    if (newline != NULL)
        length = (size_t)(newline - start);
    reader->next = newline != NULL ? newline + 1 : reader->end;
    reader->place.line++;
    if (reader->place.line == 1 && length >= strlen(BOM) && memcmp(start, BOM, strlen(BOM)) == 0) {
        start += strlen(BOM);
        length -= strlen(BOM);
    }
    if (length > 0 && start[length - 1] == '\r')
        length--;
    read_line(reader, start, length);
    assert(size > 0 && strlen(reader->line) + 2 <= (size_t)size);
    snprintf(buf, (size_t)size, "%s\n", reader->line);
    return buf;
}

/* inih's handler for one key. inih's name of the section may be truncated, so it is ignored. */
static int on_key(void *user, const char *section, const char *name, const char *value)
{
    struct reader *reader = user;
    (void)section;
    if (reader->section != NULL) {
        bool fit = source_check_value(reader->source, reader->section, reader->place, name, value);
        source_add_key(reader->source, reader->section, reader->place, name, fit ? value : NULL);
    }
    return 1;
}

static void read_text(
    struct config_source *source, struct place place, const char *text, size_t length)
{
    struct reader reader = {
        .source = source,
        .place = place,
        .next = text,
        .end = text + length,
    };
    int rc = ini_parse_stream(next_line, &reader, on_key, &reader);
    if (rc == -2) /* inih built to use the heap */
        problems_out_of_memory(&source->problems);
    if (rc > 0) { /* only if inih refuses a line that was accepted above */
        place.line = (unsigned)rc;
        problems_add(&source->problems, place, NULL, NULL,
            "this line cannot be read, "
            "write KEY = VALUE");
    }
}

ssize_t config_read(int fd, char **text)
{
    size_t used = 0, room = 0;
    for (;;) {
        if (used + 1 >= room) {
            room = room == 0 ? FILE_PIECE : 2 * room;
            char *larger = realloc(*text, room);
            if (larger == NULL)
                return -ENOMEM;
            *text = larger;
        }
        ssize_t count = read(fd, *text + used, room - used - 1);
        if (count == 0)
            break;
        if (count < 0 && errno != EINTR)
            return -errno;
        if (count > 0)
            used += (size_t)count;
        if (used > CONFIG_FILE_MAX)
            return -EFBIG;
    }
    (*text)[used] = '\0';
    return (ssize_t)used;
}

/* Opens and reads the file. A directory opens, but read() fails with EISDIR. */
static ssize_t read_path(const char *path, char **text)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    ssize_t length = config_read(fd, text);
    close(fd);
    return length;
}

void config_source_add_file(struct config_source *source, const char *path)
{
    struct place place = source_place(source, path);
    char *text = NULL;
    ssize_t length = read_path(path, &text);
    source->unread |= length < 0;
    if (length == -ENOMEM)
        problems_out_of_memory(&source->problems);
    else if (length == -EFBIG)
        problems_add(&source->problems, place, NULL, NULL,
            "the file has more than %u bytes, is it a configuration?", CONFIG_FILE_MAX);
    else if (length < 0)
        problems_add(&source->problems, place, NULL, NULL,
            "cannot be read: %s, name a file that can", strerror((int)-length));
    else
        read_text(source, place, text, (size_t)length);
    free(text);
}

void config_source_report_unread(struct config_source *source, const char *where, const char *text)
{
    source->unread = true;
    problems_add(&source->problems, source_place(source, where), NULL, NULL, "%s", text);
}

void config_source_add_text(struct config_source *source, const char *name, const char *text)
{
    read_text(source, source_place(source, name), text, strlen(text));
}
