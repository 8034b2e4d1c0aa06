/* SPDX-License-Identifier: MIT */
/* JSON as Go reads it, and the texts that answers are made of. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proxy/admin/text.h"
#include "proxy/admin/toxiproxy/json.h"

/* The errors are those of encoding/json of Go 1.22, as its own tests and its source have them. */
static void errors_are_in_the_words_of_go(void **state)
{
    static const struct {
        const char *body, *error;
    } cases[] = {
        {"", "EOF"},
        {" \t\r\n", "EOF"},
        {"{", "unexpected EOF"},
        {"[1,", "unexpected EOF"},
        {"\"a", "unexpected EOF"},
        {"\"\\u12", "unexpected EOF"},
        {"-", "unexpected EOF"},
        {"1e", "unexpected EOF"},
        {"tru", "unexpected EOF"},
        {"x", "invalid character 'x' looking for beginning of value"},
        {"'", "invalid character '\\'' looking for beginning of value"},
        {"\x01", "invalid character '\\x01' looking for beginning of value"},
        {"\xc3\xa4", "invalid character '\xc3\x83' looking for beginning of value"},
        {"[}", "invalid character '}' looking for beginning of value"},
        {"{1", "invalid character '1' looking for beginning of object key string"},
        {"{\"a\"}", "invalid character '}' after object key"},
        {"{\"a\":1]", "invalid character ']' after object key:value pair"},
        {"[1}", "invalid character '}' after array element"},
        {"\"\n\"", "invalid character '\\n' in string literal"},
        {"\"\\a\"", "invalid character 'a' in string escape code"},
        {"\"\\u12x", "invalid character 'x' in \\u hexadecimal character escape"},
        {"-x", "invalid character 'x' in numeric literal"},
        {"1.x", "invalid character 'x' after decimal point in numeric literal"},
        {"1ex", "invalid character 'x' in exponent of numeric literal"},
        {"trux", "invalid character 'x' in literal true (expecting 'e')"},
        {"nulL", "invalid character 'L' in literal null (expecting 'l')"},
        {"{\"a\":\"b\" \"", "invalid character '\"' after object key:value pair"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct err err = {"no error"};
        json_t *value = toxiproxy_json_read(cases[i].body, strlen(cases[i].body), &err);
        assert_null(value);
        assert_string_equal(err.text, cases[i].error);
    }
}

static void the_first_value_counts(void **state)
{
    static const struct {
        const char *body;
        json_type type;
    } cases[] = {
        {"{} x", JSON_OBJECT},
        {"[]]", JSON_ARRAY},
        {"1 2", JSON_INTEGER},
        {"0123", JSON_INTEGER},
        {"-1.5e+3,", JSON_REAL},
        {"null}", JSON_NULL},
        {"\"a\"b", JSON_STRING},
        {"  true", JSON_TRUE},
        {"\"\\ud83d\\ude00 \\/\"", JSON_STRING},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct err err;
        json_t *value = toxiproxy_json_read(cases[i].body, strlen(cases[i].body), &err);
        assert_non_null(value);
        assert_int_equal(json_typeof(value), cases[i].type);
        json_decref(value);
    }
}

/* A number for which no field is meant may have any size. */
static void every_number_is_a_number(void **state)
{
    static const struct {
        const char *body;
        json_type type;
    } cases[] = {
        {"9223372036854775807", JSON_INTEGER},
        {"9223372036854775808", JSON_REAL},
        {"-9223372036854775808", JSON_INTEGER},
        {"-9223372036854775809", JSON_REAL},
        {"18446744073709551615 1", JSON_REAL},
        {"99999999999999999999.5", JSON_REAL},
        {"1e999", JSON_REAL},
        {"-1e999", JSON_REAL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct err err = {""};
        json_t *value = toxiproxy_json_read(cases[i].body, strlen(cases[i].body), &err);
        assert_string_equal(err.text, "");
        assert_non_null(value);
        assert_int_equal(json_typeof(value), cases[i].type);
        json_decref(value);
    }
}

/* encoding/json, unquoteBytes(): each invalid byte, and each half of a surrogate pair. */
static void what_is_no_character_is_replaced(void **state)
{
#define FFFD "\xef\xbf\xbd"
    static const struct {
        const char *body, *text;
    } cases[] = {
        {"\"a\xff\xc3\"", "a" FFFD FFFD},
        {"\"\xed\xa0\x80\xc3\xa4\"", FFFD FFFD FFFD "\xc3\xa4"},
        {"\"\\ud800\"", FFFD},
        {"\"\\udC00x\"", FFFD "x"},
        {"\"\\ud800\\ud83d\\ude00\"", FFFD "\xf0\x9f\x98\x80"},
        {"\"\\ud800\\\\udc00\"", FFFD "\\udc00"},
        {"\"\\ud800\\\"1e999\xff\"", FFFD "\"1e999" FFFD},
        {"\"\\ud800", NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct err err = {""};
        json_t *value = toxiproxy_json_read(cases[i].body, strlen(cases[i].body), &err);
        assert_string_equal(err.text, cases[i].text != NULL ? "" : "unexpected EOF");
        if (cases[i].text != NULL)
            assert_string_equal(json_string_value(value), cases[i].text);
        json_decref(value);
    }
}

/* Whatever is sent: an error or a value, and no byte beyond the end is looked at (the sanitizer).
 */
static void every_prefix_ends(void **state)
{
    static const char text[] =
        "{\"a\":[1,-2.5e3,true,false,null,\"x\\n\\u00e4\"],\"b\":{\"c\":{}}}";
    (void)state;
    for (size_t size = 0; size < sizeof text; size++) {
        struct err err = {""};
        char *copy = malloc(size + 1);
        assert_non_null(copy);
        memcpy(copy, text, size);
        json_t *value = toxiproxy_json_read(copy, size, &err);
        if (size + 1 < sizeof text)
            assert_string_equal(err.text, size == 0 ? "EOF" : "unexpected EOF");
        assert_int_equal(value != NULL, size + 1 >= sizeof text);
        json_decref(value);
        free(copy);
    }
}

struct fields {
    char name[8];
    bool on, given;
};

static int read_fields(const char *body, struct fields *fields, struct err *err)
{
    const struct toxiproxy_field rows[] = {
        {"name", GO_STRING, fields->name, sizeof fields->name, &fields->given},
        {"on", GO_BOOL, &fields->on, 0, NULL},
        {NULL, GO_BOOL, NULL, 0, NULL},
    };
    json_t *value = toxiproxy_json_read(body, strlen(body), err);
    assert_non_null(value);
    int result = toxiproxy_json_fields(value, "p.", "T", rows, err);
    json_decref(value);
    return result;
}

static void fields_match_in_any_case_and_null_changes_nothing(void **state)
{
    struct fields fields = {.on = true};
    struct err err;
    (void)state;
    assert_int_equal(read_fields("{\"NAME\":\"a\",\"x\":1,\"On\":null}", &fields, &err), 0);
    assert_string_equal(fields.name, "a");
    assert_true(fields.on && fields.given);
    assert_int_equal(read_fields("{\"name\":\"b\",\"Name\":\"c\"}", &fields, &err), 0);
    assert_string_equal(fields.name, "c");
    assert_int_equal(read_fields("{\"name\":\"12345678\"}", &fields, &err), 0);
    assert_string_equal(fields.name, "1234567");
    assert_int_equal(read_fields("null", &fields, &err), 0);
}

static void the_first_mismatch_is_told_and_the_rest_is_read(void **state)
{
    struct fields fields = {.on = false};
    struct err err;
    (void)state;
    assert_int_equal(read_fields("{\"name\":1,\"on\":true}", &fields, &err), -1);
    assert_string_equal(
        err.text, "json: cannot unmarshal number into Go struct field T.name of type string");
    assert_true(fields.on);
    assert_int_equal(read_fields("{\"on\":\"x\",\"name\":{}}", &fields, &err), -1);
    assert_string_equal(
        err.text, "json: cannot unmarshal string into Go struct field T.on of type bool");
    assert_int_equal(read_fields("[]", &fields, &err), -1);
    assert_string_equal(err.text, "json: cannot unmarshal array into Go value of type p.T");
}

static void strings_are_written_as_go_writes_them(void **state)
{
    struct text text = {0};
    (void)state;
    text_puts(&text, "{");
    text_json_member(&text, "a\"\\", "\x01\n\t<>&\x7f");
    text_json_member(&text, "b", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80");
    text_json_member(&text, "c", "\xc3(\xff\xed\xa0\x80\xc0\x80");
    text_json_number(&text, "d", UINT64_MAX);
    text_json_bool(&text, "e", true);
    text_puts(&text, "}");
    text_add(&text, "", 1);
    assert_false(text.failed);
    assert_string_equal(text.bytes, "{\"a\\\"\\\\\":\"\\u0001\\n\\t\\u003c\\u003e\\u0026\x7f\","
                                    "\"b\":\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\","
                                    "\"c\":\"\\ufffd(\\ufffd\\ufffd\\ufffd\\ufffd\\ufffd\\ufffd\","
                                    "\"d\":18446744073709551615,\"e\":true}");
    text_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(errors_are_in_the_words_of_go),
        cmocka_unit_test(the_first_value_counts),
        cmocka_unit_test(every_number_is_a_number),
        cmocka_unit_test(what_is_no_character_is_replaced),
        cmocka_unit_test(every_prefix_ends),
        cmocka_unit_test(fields_match_in_any_case_and_null_changes_nothing),
        cmocka_unit_test(the_first_mismatch_is_told_and_the_rest_is_read),
        cmocka_unit_test(strings_are_written_as_go_writes_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
