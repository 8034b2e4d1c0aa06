/* SPDX-License-Identifier: MIT */
/* One spelling of a name wherever it appears: in lines of text quoted where it needs to be, in JSON
 * itself. */
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proxy/base/memory_file.h"
#include "proxy/base/quote.h"
#include "proxy/base/utf8.h"
#include "proxy/record/event_line.h"
#include "tests/lib/random_fault.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct {
    const char *name, *text;
} rows[] = {
    {"web", "web"}, {"web-2.a_B/c:1", "web-2.a_B/c:1"}, {"two words", "\"two words\""},
    {"a\"b\\", "\"a\\\"b\\\\\""}, {"", "\"\""},
    {"\xc3\xa4", "\"\xc3\xa4\""},                   /* a letter of Latin-1 */
    {"a\xc2\x80z\xc2\x9f", "\"a\\u0080z\\u009f\""}, /* C1: an escape sequence for some terminals */
    {"a\xe2\x80\xa8z", "\"a\\u2028z\""},            /* a line separator */
    {"a\xe2\x80\xaez", "\"a\\u202ez\""},            /* turns the direction */
    {"a\xc2\xa0z", "\"a\\u00a0z\""},
    {"\xf3\xa0\x80\x81", "\"\\udb40\\udc01\""}, /* a tag, U+E0001 */
    {"\xf0\x9f\x98\x80", "\"\xf0\x9f\x98\x80\""},
    {"\xff", "\"\\uf7ff\""}, /* no UTF-8: no name, but perhaps a path */
};

static void a_name_is_quoted_where_it_could_be_mistaken(void **state)
{
    char buf[QUOTE_NAME_MAX];
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_string_equal(quote_name(rows[i].name, buf), rows[i].text);
    char longest[128];
    memset(longest, 0x01, sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    assert_int_equal(strlen(quote_name(longest, buf)), 127 * 6 + 2);
}

static void what_stands_in_quotes_is_not_found(void **state)
{
    static const struct {
        const char *text, *wanted;
        int at; /* -1: nowhere */
    } found[] = {
        {"a | b", "|", 2},
        {"a=\"|\" | b", "|", 6},
        {"a=\"\\\"|\"", "|", -1},
        {"a=\"|", "|", -1},
        {"", "|", -1},
        {"a=\" + \" + b", " + ", 7},
        {"type=a", "type=", 0},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(found); i++) {
        const char *at = quote_find_outside(found[i].text, found[i].wanted);
        assert_int_equal(at != NULL ? (int)(at - found[i].text) : -1, found[i].at);
    }
}

static char *line_of(const char *proxy, const char *fault, enum log_format format)
{
    struct memory_file file;
    const struct event event = {
        .kind = EVENT_FAULT,
        .proxy = proxy,
        .connection = 3,
        .u.fault = {.name = fault, .type = "reset", .direction = DIRECTION_UPSTREAM},
    };
    assert_int_equal(memory_file_open(&file), 0);
    event_line_write(file.out, format, 0, &event);
    return memory_file_close(&file, NULL);
}

static void lines_spell_names_alike(void **state)
{
    char want[2 * QUOTE_NAME_MAX + 200], buf[QUOTE_NAME_MAX];
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        if (rows[i].name[0] == '\0')
            continue;
        char *line = line_of(rows[i].name, rows[i].name, LOG_TEXT);
        quote_name(rows[i].name, buf);
        snprintf(want, sizeof want,
            "1970-01-01T00:00:00.000000Z %s#3 fault fault=%s type=reset direction=upstream "
            "offset=0\n",
            rows[i].text, rows[i].text);
        assert_string_equal(line, want);
        free(line);
    }
    for (size_t i = 0; i < COUNT(rows) - 1; i++) {
        char *line = line_of(rows[i].name, rows[i].name, LOG_JSON);
        json_t *object = json_loads(line, 0, NULL);
        assert_non_null(object);
        assert_string_equal(json_string_value(json_object_get(object, "proxy")), rows[i].name);
        assert_string_equal(json_string_value(json_object_get(object, "fault")), rows[i].name);
        json_decref(object);
        free(line);
    }
}

/* Any bytes: the line is valid JSON, has no character that a terminal obeys, and the bytes come
 * back. */
static void any_bytes_come_back(void **state)
{
    uint64_t random = 11;
    (void)state;
    for (int round = 0; round < 20000; round++) {
        char bytes[32], spelled[QUOTE_SPELLED_MAX], json[32 * QUOTE_SPELLED_MAX] = "[\"";
        size_t size = random_below(&random, sizeof bytes);
        for (size_t i = 0; i < size; i++) {
            static const unsigned char often[] = {0xef, 0x9e, 0x9f, 0x80, 0xbf, 0xc2, 0xe2, 0xf0};
            uint64_t draw = random_below(&random, 255 + 64);
            bytes[i] = (char)(draw < 255 ? draw + 1 : often[draw % sizeof often]);
        }
        bytes[size] = '\0';
        size_t length, used = 2;
        for (const char *p = bytes; (length = quote_json_next(p, spelled)) > 0; p += length)
            used += (size_t)snprintf(json + used, sizeof json - used, "%s", spelled);
        snprintf(json + used, sizeof json - used, "\"]");
        for (const char *p = json; *p != '\0'; p += length) {
            length = utf8_length(p);
            assert_true(length > 0 && utf8_is_printable(utf8_code(p, length)));
        }
        json_t *list = json_loads(json, 0, NULL);
        assert_non_null(list);
        char *back = strdup(json_string_value(json_array_get(list, 0)));
        quote_restore_bytes(back);
        assert_string_equal(back, bytes);
        free(back);
        json_decref(list);
    }
}

static void a_terminal_gets_no_orders(void **state)
{
    char text[] = "a\x1b[31m\xc2\x9b"
                  "31m \xc3\xa4\xff\xe2\x80\xae.";
    (void)state;
    utf8_disarm(text);
    assert_string_equal(text, "a?[31m??31m \xc3\xa4????.");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_is_quoted_where_it_could_be_mistaken),
        cmocka_unit_test(what_stands_in_quotes_is_not_found),
        cmocka_unit_test(lines_spell_names_alike),
        cmocka_unit_test(any_bytes_come_back),
        cmocka_unit_test(a_terminal_gets_no_orders),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
