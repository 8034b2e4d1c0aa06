/* SPDX-License-Identifier: MIT */
/* Quantities: what is read, what is written, what is refused and how. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "proxy/base/quote.h"
#include "proxy/base/suggest.h"
#include "proxy/base/units.h"

typedef int parser(const char *text, uint64_t *value, struct err *err);

struct reading {
    const char *text;
    uint64_t value;
    const char *printed; /* NULL: as text */
};

struct refused_port {
    const char *text;
    const char *fragment;
};

static void check_readings(parser *parse, void (*format)(uint64_t, char *, size_t),
    const struct reading *readings, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct reading *want = &readings[i];
        const char *printed = want->printed != NULL ? want->printed : want->text;
        struct err err = {""};
        char buf[64] = "";
        uint64_t value = 0;
        if (parse(want->text, &value, &err) != 0 || value != want->value)
            fail_msg("%s: want %" PRIu64 ", got %" PRIu64 " (%s)", want->text, want->value, value,
                err.text);
        if (format != NULL)
            format(value, buf, sizeof buf);
        if (format != NULL && strcmp(buf, printed) != 0)
            fail_msg("%s: want it printed as %s, got %s", want->text, printed, buf);
    }
}

static void check_refusals(parser *parse, const struct refused_port *refusals, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct err err = {""};
        uint64_t value = 77;
        if (parse(refusals[i].text, &value, &err) != -1)
            fail_msg("'%s' was read as %" PRIu64, refusals[i].text, value);
        if (value != 77)
            fail_msg("'%s' was refused, but wrote %" PRIu64, refusals[i].text, value);
        if (strstr(err.text, refusals[i].fragment) == NULL)
            fail_msg(
                "'%s': want \"%s\" in \"%s\"", refusals[i].text, refusals[i].fragment, err.text);
    }
}

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void durations_are_exact(void **state)
{
    static const struct reading readings[] = {
        {"0", 0, "0s"},
        {"0s", 0, NULL},
        {"1us", 1, NULL},
        {"250us", 250, NULL},
        {"10ms", 10000, NULL},
        {"1.5s", 1500000, "1500ms"},
        {"1.50s", 1500000, "1500ms"},
        {"0.000001s", 1, "1us"},
        {"0.1s", 100000, "100ms"},
        {"90s", 90000000, NULL},
        {"2m", 120000000, NULL},
        {"120s", 120000000, "2m"},
        {"1h", UINT64_C(3600000000), NULL},
        {"0.000000005h", 18, "18us"},
        {"5124095576h", UINT64_C(18446744073600000000), NULL},
        {"18446744073709551614us", UINT64_MAX - 1, NULL},
    };
    (void)state;
    check_readings(units_parse_duration, units_format_duration, readings, COUNT(readings));
}

static void sizes_are_exact(void **state)
{
    static const struct reading readings[] = {
        {"0", 0, NULL},
        {"512", 512, NULL},
        {"1000", 1000, NULL},
        {"1024", 1024, "1k"},
        {"64k", 65536, NULL},
        {"1.5M", 1572864, "1536k"},
        {"0.5k", 512, "512"},
        {"1G", 1073741824, NULL},
        {"0.001953125G", 2097152, "2M"},
        {"17179869183G", UINT64_C(17179869183) << 30, NULL},
        {"18446744073709551615", UINT64_MAX, NULL},
    };
    (void)state;
    check_readings(units_parse_size, units_format_size, readings, COUNT(readings));
}

static void rates_are_exact(void **state)
{
    static const struct reading readings[] = {
        {"0/s", 0, NULL},
        {"512/s", 512, NULL},
        {"1000/s", 1000, NULL},
        {"10k/s", 10240, NULL},
        {"1M/s", 1048576, NULL},
        {"1.5M/s", 1572864, "1536k/s"},
        {"100G/s", UINT64_C(100) << 30, NULL},
        {"18446744073709551615/s", UINT64_MAX, NULL},
    };
    static const struct refused_port refusals[] = {
        {"1M", "unknown unit 'M', write a rate such as 512/s"},
        {"512", "no unit"},
        {"1m/s", "unknown unit 'm/s'"},
        {"1 M/s", "unknown unit"},
        {"1M/m", "unknown unit"},
        {"/s", "not a rate"},
        {"-1/s", "negative"},
        {"0.5/s", "not a whole multiple of 1 byte a second"},
        {"99999999999G/s", "too large"},
        {"", "not a rate"},
    };
    (void)state;
    check_readings(units_parse_rate, units_format_rate, readings, COUNT(readings));
    check_refusals(units_parse_rate, refusals, COUNT(refusals));
}

static void percentages_are_exact(void **state)
{
    static const struct reading readings[] = {
        {"0%", 0, NULL},
        {"25%", 250000000, NULL},
        {"100%", 1000000000, NULL},
        {"100.0%", 1000000000, "100%"},
        {"0.01%", 100000, NULL},
        {"12.50%", 125000000, "12.5%"},
        {"33.3333333%", 333333333, NULL},
        {"0.0000001%", 1, NULL},
        {"99.9999999%", 999999999, NULL},
    };
    static const struct refused_port refusals[] = {
        {"25", "no unit, write a percentage such as 25%"},
        {"0.5", "no unit"},
        {"25 %", "unknown unit"},
        {"25%%", "unknown unit"},
        {"%", "not a percentage"},
        {"-1%", "negative"},
        {"100.0000001%", "more than 100%"},
        {"101%", "more than 100%"},
        {"0.00000001%", "not a whole multiple of 0.0000001%"},
        {".5%", "not a percentage"},
        {"5.%", "digits after its point"},
        {"99999999999999999999%", "too large"},
        {"9999999999999%", "too large"},
        {"", "not a percentage"},
    };
    (void)state;
    check_readings(units_parse_percentage, units_format_percentage, readings, COUNT(readings));
    check_refusals(units_parse_percentage, refusals, COUNT(refusals));
}

static void numbers_are_decimal(void **state)
{
    static const struct reading readings[] = {
        {"0", 0, NULL},
        {"007", 7, NULL},
        {"18446744073709551615", UINT64_MAX, NULL},
    };
    (void)state;
    check_readings(units_parse_number, NULL, readings, COUNT(readings));
}

static void durations_that_are_not_exact_are_refused(void **state)
{
    static const struct refused_port refusals[] = {
        {"", "not a duration"},
        {"10", "no unit"},
        {"10 ms", "unknown unit"},
        {" 10ms", "not a duration"},
        {"10ms ", "unknown unit"},
        {"10mss", "unknown unit"},
        {"10S", "unknown unit"},
        {"10d", "unknown unit"},
        {"-1s", "negative"},
        {"+1s", "not a duration"},
        {"1.s", "digits after"},
        {".5s", "not a duration"},
        {"1.2.3s", "unknown unit"},
        {"1e3s", "unknown unit"},
        {"0x1s", "unknown unit"},
        {"0.5us", "whole multiple of 1us"},
        {"1.0000001s", "whole multiple of 1us"},
        {"1.0000000001s", "digits after"},
        {"5124095577h", "too large"},
        {"18446744073709551615us", "too large"},
        {"18446744073709551616us", "too large"},
        {"forever", "not a duration"},
    };
    (void)state;
    check_refusals(units_parse_duration, refusals, COUNT(refusals));
}

static void sizes_that_are_not_exact_are_refused(void **state)
{
    static const struct refused_port refusals[] = {
        {"", "not a size"},
        {"k", "not a size"},
        {"64K", "unknown unit 'K'"},
        {"64kB", "unknown unit 'kB'"},
        {"1m", "unknown unit 'm'"},
        {"1.5", "whole multiple of 1 byte"},
        {"0.3k", "whole multiple of 1 byte"},
        {"-5", "negative"},
        {"1,5M", "unknown unit"},
        {"17179869184G", "too large"},
        {"18446744073709551616", "too large"},
        {"99999999999999999999999", "too large"},
    };
    (void)state;
    check_refusals(units_parse_size, refusals, COUNT(refusals));
}

static void numbers_with_anything_else_are_refused(void **state)
{
    static const struct refused_port refusals[] = {
        {"", "missing"},
        {"-1", "not a number"},
        {"+1", "not a number"},
        {"1 ", "not a number"},
        {"0x10", "not a number"},
        {"1.0", "not a number"},
        {"18446744073709551616", "too large"},
    };
    (void)state;
    check_refusals(units_parse_number, refusals, COUNT(refusals));
}

static void every_formatted_quantity_reads_back(void **state)
{
    uint64_t value = 1;
    (void)state;
    for (int i = 0; i < 20000; i++) {
        struct err err;
        char text[64];
        uint64_t back = 0;
        value = value * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        uint64_t sample = value >> (value & 63);
        units_format_size(sample, text, sizeof text);
        if (units_parse_size(text, &back, &err) != 0 || back != sample)
            fail_msg("size %" PRIu64 " printed as %s, read as %" PRIu64, sample, text, back);
        if (sample == UINT64_MAX)
            continue;
        units_format_duration(sample, text, sizeof text);
        if (units_parse_duration(text, &back, &err) != 0 || back != sample)
            fail_msg("duration %" PRIu64 " printed as %s, read as %" PRIu64, sample, text, back);
    }
}

static void strings_have_c_escapes(void **state)
{
    static const char bytes[] = "a\r\n\t\"\\; ;\0\x01\xff";
    char text[128], back[64];
    struct err err;
    (void)state;
    quote_format(bytes, sizeof bytes - 1, text, sizeof text);
    assert_string_equal(text, "\"a\\r\\n\\t\\\"\\\\; \\73\\0\\1\xff\"");
    assert_int_equal(quote_parse(text, back, sizeof back, &err), sizeof bytes - 1);
    assert_memory_equal(back, bytes, sizeof bytes - 1);
    assert_int_equal(quote_parse("\"\\x3B\"", back, sizeof back, &err), 1);
    assert_int_equal(back[0], ';');
    assert_int_equal(quote_parse("\"\"", back, sizeof back, &err), 0);
}

/* One to three octal digits are one byte; a digit behind them is a byte of its own. */
static void octal_escapes_are_those_of_c(void **state)
{
    static const struct {
        const char *text, *bytes;
        size_t length;
        const char *written;
    } cases[] = {
        {"\"\\0123\"", "\0123", 2, "\"\\n3\""},
        {"\"\\033[0m\"", "\033[0m", 4, "\"\\e[0m\""},
        {"\"\\377\\08\"", "\377\08", 3, "\"\377\\08\""},
        {"\"\\01\"", "\1", 1, "\"\\1\""},
        {"\"\\0001\"", "\0001", 2, "\"\\x001\""},
        {"\"\\1\\61\"", "\1\61", 2, "\"\\x011\""},
        {"\"\\'\\?\"", "'?", 2, "\"'?\""},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        char bytes[16], written[32];
        struct err err = {""};
        long length = quote_parse(cases[i].text, bytes, sizeof bytes, &err);
        if (length != (long)cases[i].length || memcmp(bytes, cases[i].bytes, (size_t)length) != 0)
            fail_msg(
                "%s: %ld bytes, want %zu %s", cases[i].text, length, cases[i].length, err.text);
        quote_format(bytes, (size_t)length, written, sizeof written);
        assert_string_equal(written, cases[i].written);
    }
}

/* Blanks around an element do not count. One that is too long is cut, and the list goes on. */
static void a_list_is_read_element_by_element(void **state)
{
    static const struct {
        const char *list;
        int result[3];
        const char *elements[3];
    } cases[] = {
        {"a, b c\t,d", {1, 1, 1}, {"a", "b c", "d"}},
        {"", {1, 0}, {""}},
        {" ,", {1, 1, 0}, {"", ""}},
        {"12345, 123456 ,9", {1, -1, 1}, {"12345", "12345", "9"}},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *rest = cases[i].list;
        for (size_t n = 0; n < 3; n++) {
            char element[6];
            int result = units_next_element(&rest, element, sizeof element);
            assert_int_equal(result, cases[i].result[n]);
            if (result == 0)
                break;
            assert_string_equal(element, cases[i].elements[n]);
        }
        assert_null(rest);
    }
}

static void broken_strings_are_refused(void **state)
{
    static const struct refused_port refusals[] = {
        {"abc", "double quotes"},
        {"\"abc", "closing"},
        {"\"abc\\\"", "closing"},
        {"\"", "closing"},
        {"\"a\"b", "follows"},
        {"\"\\q\"", "escape"},
        {"\"\\x3\"", "two hexadecimal"},
        {"\"\\xg0\"", "two hexadecimal"},
        {"\"\\x\"", "two hexadecimal"},
        {"\"\\400\"", "\\400 is more than a byte"},
        {"\"123456789\"", "too long"},
        {"\"a\tb\"", "written as \\t"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(refusals); i++) {
        char out[8];
        struct err err = {""};
        if (quote_parse(refusals[i].text, out, sizeof out, &err) != -1 ||
            strstr(err.text, refusals[i].fragment) == NULL)
            fail_msg("%s: want \"%s\" in \"%s\"", refusals[i].text, refusals[i].fragment, err.text);
    }
}

static void near_words_are_suggested(void **state)
{
    static const char *const words[] = {"listen", "upstream", "for", "reset", NULL};
    static const struct {
        const char *word, *near;
    } cases[] = {
        {"lisen", "listen"},
        {"listne", "listen"},
        {"LISTEN", "listen"},
        {"upsteram", "upstream"},
        {"upstrems", "upstream"},
        {"fro", "for"},
        {"rst", "reset"},
        {"", NULL},
        {"x", NULL},
        {"banana", NULL},
        {"of", NULL},
        {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", NULL},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *near = suggest_nearest(cases[i].word, words);
        if (near != cases[i].near &&
            (near == NULL || cases[i].near == NULL || strcmp(near, cases[i].near) != 0))
            fail_msg("%s: want %s, got %s", cases[i].word,
                cases[i].near == NULL ? "nothing" : cases[i].near, near == NULL ? "nothing" : near);
    }
}

static void edits_are_counted(void **state)
{
    (void)state;
    assert_int_equal(suggest_distance("", ""), 0);
    assert_int_equal(suggest_distance("", "abc"), 3);
    assert_int_equal(suggest_distance("abc", ""), 3);
    assert_int_equal(suggest_distance("ab", "ba"), 1);
    assert_int_equal(suggest_distance("kitten", "sitting"), 3);
    assert_int_equal(suggest_distance("Reset", "rEsEt"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(durations_are_exact),
        cmocka_unit_test(sizes_are_exact),
        cmocka_unit_test(rates_are_exact),
        cmocka_unit_test(percentages_are_exact),
        cmocka_unit_test(numbers_are_decimal),
        cmocka_unit_test(durations_that_are_not_exact_are_refused),
        cmocka_unit_test(sizes_that_are_not_exact_are_refused),
        cmocka_unit_test(numbers_with_anything_else_are_refused),
        cmocka_unit_test(every_formatted_quantity_reads_back),
        cmocka_unit_test(strings_have_c_escapes),
        cmocka_unit_test(octal_escapes_are_those_of_c),
        cmocka_unit_test(a_list_is_read_element_by_element),
        cmocka_unit_test(broken_strings_are_refused),
        cmocka_unit_test(near_words_are_suggested),
        cmocka_unit_test(edits_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
