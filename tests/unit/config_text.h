/* SPDX-License-Identifier: MIT */
/* A configuration from a text in memory, for the tests: what was built, and what was complained. */
#ifndef RUDEPROXY_TESTS_UNIT_CONFIG_TEXT_H
#define RUDEPROXY_TESTS_UNIT_CONFIG_TEXT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "config/config.h"

#define PROXY_TEXT "[proxy a]\nlisten = 127.0.0.1:1\nupstream = 127.0.0.1:2\n"

struct built {
    size_t count;         /* of problems */
    char *problems;       /* owned: as config_build wrote them */
    struct config config; /* owned; empty if there are problems */
};

static inline struct built build_source(struct config_source *source)
{
    struct built built;
    size_t size;
    FILE *out = open_memstream(&built.problems, &size);
    assert_non_null(out);
    built.count = config_build(source, &built.config, out);
    fclose(out);
    config_source_free(source);
    return built;
}

/* The file has no name: its place in messages is a path of /proc. */
static inline void add_text(struct config_source *source, const char *text, size_t length)
{
    char path[64];
    int fd = memfd_create("config", MFD_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, length), length);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    config_source_add_file(source, path);
    close(fd);
}

static inline struct built build_text(const char *text, size_t length)
{
    struct config_source *source = config_source_new();
    assert_non_null(source);
    add_text(source, text, length);
    return build_source(source);
}

static inline void built_free(struct built *built)
{
    free(built->problems);
    config_free(&built->config);
}

/* As a file. Owned by the caller. */
static inline char *print_config(const struct config *config)
{
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    config_print(config, out);
    fclose(out);
    return text;
}

/* The first fault of a file with these keys. */
static inline struct fault fault_of(const char *keys)
{
    char text[1024];
    int length = snprintf(text, sizeof text, PROXY_TEXT "[fault f]\n%s\n", keys);
    struct built built = build_text(text, (size_t)length);
    if (built.count != 0)
        fail_msg("%s\n%s", keys, built.problems);
    struct fault fault = built.config.faults[0];
    built_free(&built);
    return fault;
}

/* One file, and what must be said about it. */
struct complaint {
    const char *text;
    size_t length;        /* of text; 0: up to its NUL */
    unsigned line;        /* 0: the file as a whole */
    const char *fragment; /* of the sentence in that line */
};

/* Whether one of the problems stands at the line and has the fragment. */
static inline bool complains(const char *problems, unsigned line, const char *fragment)
{
    for (const char *start = problems; *start != '\0';) {
        size_t length = strcspn(start, "\n");
        char *sentence = strndup(start, length);
        unsigned found = 0;
        assert_non_null(sentence);
        sscanf(sentence, "/proc/self/fd/%*d:%u:", &found);
        bool matches = found == line && strstr(sentence, fragment) != NULL;
        free(sentence);
        if (matches)
            return true;
        start += length + (start[length] == '\n' ? 1 : 0);
    }
    return false;
}

/* Exactly one problem, at the line, with the fragment; else says what there was. */
static inline bool check_complaint(const struct complaint *complaint)
{
    size_t length = complaint->length != 0 ? complaint->length : strlen(complaint->text);
    struct built built = build_text(complaint->text, length);
    bool right =
        built.count == 1 && complains(built.problems, complaint->line, complaint->fragment);
    if (!right)
        print_error("want one problem in line %u with \"%s\", got %zu:\n%sfile:\n%.400s\n\n",
            complaint->line, complaint->fragment, built.count, built.problems, complaint->text);
    built_free(&built);
    return right;
}

static inline void check_complaints(const struct complaint *complaints, size_t count)
{
    size_t wrong = 0;
    for (size_t i = 0; i < count; i++)
        wrong += check_complaint(&complaints[i]) ? 0 : 1;
    assert_int_equal(wrong, 0);
}

#endif
