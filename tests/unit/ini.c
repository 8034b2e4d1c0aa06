/* SPDX-License-Identifier: MIT */
/*
 * The strict INI reader: what it accepts, and a corpus of files it refuses, each with the line and
 * a piece of the sentence. Each file of the corpus has exactly one problem: no complaint may cause
 * a second one.
 */
#include <sys/stat.h>

#include "tests/unit/config_text.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define X10 "xxxxxxxxxx"
#define X40 X10 X10 X10 X10
#define X200 X40 X40 X40 X40 X40
#define BYTES(text) text, sizeof(text) - 1

static const struct complaint corpus[] = {
    /* No file to speak of. */
    {"", 0, 0, "nothing to do"},
    {"\n\n\n", 0, 0, "nothing to do"},
    {"; only\n# comments\n", 0, 0, "nothing to do"},
    {"\xef\xbb\xbf", 0, 0, "nothing to do"},
    {"[rudeproxy]\nseed = 1\n", 0, 0, "no [proxy NAME]"},
    {BYTES("\0\n" PROXY_TEXT), 1, "NUL byte"},

    /* Lines. */
    {"\n" X200 "\n" PROXY_TEXT, 0, 2, "200 bytes, write at most 197"},
    {PROXY_TEXT "rcvbuf = " X200 "\n", 0, 4, "209 bytes, write at most 197"},
    {PROXY_TEXT X200 " = 1\n", 0, 4, "204 bytes, write at most 197"},
    {PROXY_TEXT "buffer = 8k ; " X200 "\n", 0, 4, "214 bytes"},
    {"[proxy a]\nlisten = " X200 "\nupstream = a:1\n", 0, 2, "at most 197"},
    {PROXY_TEXT " buffer = 64k\n", 0, 4, "indented"},
    {PROXY_TEXT "\tbuffer = 64k\n", 0, 4, "first column"},
    {"[proxy a]\nlisten = 127.0.0.1:1\n  upstream = 127.0.0.1:2\n", 0, 3, "indented"},
    {"  [proxy a]\nlisten = 127.0.0.1:1\nupstream = 127.0.0.1:2\n", 0, 1, "indented"},
    {BYTES(PROXY_TEXT "buffer = 6\0k\n"), 4, "NUL byte"},
    {BYTES("[proxy a\0b]\nlisten = 127.0.0.1:1\nupstream = a:2\n"), 1, "NUL byte"},
    {BYTES("[proxy a]\nlisten\0 = 127.0.0.1:1\nupstream = a:2\n"), 2, "NUL byte"},
    {PROXY_TEXT "buffer\x01 = 64k\n", 0, 4, "control character (0x01)"},
    {PROXY_TEXT "buffer = 64k\rnodelay = no\n", 0, 4, "control character (0x0d)"},
    {PROXY_TEXT "buffer = 64k\x7f\n", 0, 4, "control character (0x7f)"},
    {PROXY_TEXT "buffer\n", 0, 4, "no =, write KEY = VALUE"},
    {PROXY_TEXT "buffer 64k\n", 0, 4, "no ="},
    {PROXY_TEXT "buffer ; = 64k\n", 0, 4, "no ="},
    {"[proxy a]\nlisten 127.0.0.1\nupstream = a:1\n", 0, 2, "no ="},
    {PROXY_TEXT "[fault f]\ntype = latency\ndelay 5ms\n", 0, 6, "no ="},
    {PROXY_TEXT "[fault f]\ndelay 5ms\ntype = latency\n", 0, 5, "no ="},
    {PROXY_TEXT "delay 5ms\n", 0, 4, "no ="},
    {PROXY_TEXT "seed 5\n", 0, 4, "no ="},
    {PROXY_TEXT "buffer: 64k\n", 0, 4, "followed by =, not by a colon"},
    {PROXY_TEXT "[fault f]\ntype = close\nwhen:bytes = 3\n", 0, 6, "not by a colon"},
    {PROXY_TEXT "= 64k\n", 0, 4, "the key is missing"},
    {PROXY_TEXT ": 64k\n", 0, 4, "the key is missing"},
    {PROXY_TEXT "buffer =\n", 0, 4, "the value is missing"},
    {PROXY_TEXT "buffer = ; nothing\n", 0, 4, "the value is missing"},
    {PROXY_TEXT "<<<<<<< HEAD\n", 0, 4, "no ="},
    {PROXY_TEXT "// comment\n", 0, 4, "no ="},
    {PROXY_TEXT "buffer = 64k # really\n", 0, 4, "begins with ` ;`, not with #"},

    /* Sections. */
    {"seed = 1\n" PROXY_TEXT, 0, 1, "before any section"},
    {"[proxy a\nlisten = 127.0.0.1:1\nupstream = a:1\n", 0, 1, "has no ]"},
    {"[proxy a ; the first]\nlisten = 127.0.0.1:1\nupstream = a:1\n", 0, 1, "has no ]"},
    {"[proxy a] listen = 127.0.0.1:1\nlisten = 127.0.0.1:1\nupstream = a:1\n", 0, 1,
        "text follows the ]"},
    {"[proxy a]]\nlisten = 127.0.0.1:1\nupstream = a:1\n", 0, 1, "text follows the ]"},
    {PROXY_TEXT "[]\n", 0, 4, "no title"},
    {PROXY_TEXT "[ ]\n", 0, 4, "no title"},
    {PROXY_TEXT "[global]\nlog = x\n", 0, 4, "unknown section, write [rudeproxy]"},
    {PROXY_TEXT "[fualt x]\ntype = close\n", 0, 4, "did you mean 'fault'?"},
    {PROXY_TEXT "[Fault x]\ntype = close\n", 0, 4, "did you mean 'fault'?"},
    {"[prxoy a]\nlisten = 127.0.0.1:1\nupstream = a:1\n", 0, 1, "did you mean 'proxy'?"},
    {PROXY_TEXT "[rudeproxi]\nseed = 1\n", 0, 4, "did you mean 'rudeproxy'?"},
    {PROXY_TEXT "[rudeproxy main]\nseed = 1\n", 0, 4, "takes no name, write [rudeproxy]"},
    {"[proxy]\nlisten = 127.0.0.1:1\nupstream = a:1\n", 0, 1, "name is missing"},
    {PROXY_TEXT "[fault]\ntype = close\n", 0, 4, "name is missing, write [fault NAME]"},
    {"[proxy a b]\nlisten = 127.0.0.1:1\nupstream = a:1\n", 0, 1, "'a b' is not a name"},
    {"[proxy -a]\nlisten = 127.0.0.1:1\nupstream = a:1\n", 0, 1, "a letter or digit first"},
    {"[proxy *]\nlisten = 127.0.0.1:1\nupstream = a:1\n", 0, 1, "not a name"},
    {"[proxy a/b]\nlisten = 127.0.0.1:1\nupstream = a:1\n", 0, 1, "not a name"},
    {"[proxy \xc3\xa9]\nlisten = 127.0.0.1:1\nupstream = a:1\n", 0, 1, "not a name"},
    {"[proxy " X40 "xxxx]\nlisten = 127.0.0.1:1\nupstream = a:1\n", 0, 1, "more than 49 bytes"},
    {"[proxy " X200 "]\nlisten = 127.0.0.1:1\nupstream = a:1\n", 0, 1, "at most 197"},
    {PROXY_TEXT "[proxy a]\nbuffer = 64k\n", 0, 4, "this section is already at"},
    {PROXY_TEXT "[proxy  a]\n", 0, 4, "this section is already at"},
    {PROXY_TEXT "[rudeproxy]\n[rudeproxy]\n", 0, 5, "this section is already at"},
    {PROXY_TEXT "[fault f]\ntype = close\n[fault f]\ntype = reset\n", 0, 6,
        "this section is already at"},

    /* Keys. */
    {PROXY_TEXT "listen = 127.0.0.1:1\n", 0, 4, "given already in line 2"},
    {PROXY_TEXT "buffer = 64k\nbuffer = 64k\n", 0, 5, "given already in line 4"},
    {PROXY_TEXT "bufer = 64k\n", 0, 4, "unknown key, did you mean 'buffer'?"},
    {PROXY_TEXT "Buffer = 64k\n", 0, 4, "did you mean 'buffer'?"},
    {PROXY_TEXT "colour = red\n", 0, 4, "unknown key, a proxy has listen, upstream"},
    {"[proxy a]\nlisten = 127.0.0.1:1\nupstrem = a:1\n", 0, 3, "did you mean 'upstream'?"},

    /* Strings. */
    {"[rudeproxy]\nlog = \"/tmp/x\n" PROXY_TEXT, 0, 2, "no closing double quote"},
    {"[rudeproxy]\nlog = \"/tmp/a ;b\"\n" PROXY_TEXT, 0, 2, "\\x3b for a semicolon"},
    {"[rudeproxy]\nlog = \"/tmp/a\\\"\n" PROXY_TEXT, 0, 2, "no closing double quote"},
    {"[rudeproxy]\nlog = \"/tmp/a\"b\n" PROXY_TEXT, 0, 2, "follows the closing"},
    {"[rudeproxy]\nlog = \"/tmp/\\q\"\n" PROXY_TEXT, 0, 2, "'\\q' is no escape"},
    {"[rudeproxy]\nlog = \"/tmp/\\x4\"\n" PROXY_TEXT, 0, 2, "two hexadecimal digits"},
    {"[rudeproxy]\nlog = \"/tmp/\\0\"\n" PROXY_TEXT, 0, 2, "NUL byte"},
    {"[rudeproxy]\nlog = \"\"\n" PROXY_TEXT, 0, 2, "path is empty"},
};

static void a_malformed_file_has_one_problem_at_its_line(void **state)
{
    (void)state;
    assert_true(COUNT(corpus) >= 60);
    check_complaints(corpus, COUNT(corpus));
}

static void well_formed_files_are_accepted(void **state)
{
    static const struct {
        const char *text;
        size_t length; /* 0: up to the NUL */
    } cases[] = {
        {PROXY_TEXT, 0},
        {"\xef\xbb\xbf" PROXY_TEXT, 0},
        {"[proxy a]\r\nlisten = 127.0.0.1:1\r\nupstream = a:1\r\n", 0},
        {"[proxy a]\nlisten = 127.0.0.1:1\nupstream = a:1", 0},
        {"[proxy a]\nlisten = 127.0.0.1:1\nupstream = a:1\r", 0},
        {"[proxy a]\nlisten=127.0.0.1:1\nupstream=a:1\n", 0},
        {"[proxy a]\nlisten\t=\t127.0.0.1:1   \nupstream = a:1\n", 0},
        {"[proxy a] ; the first\nlisten = 127.0.0.1:1 ; here\nupstream = a:1\t; there\n", 0},
        {"[ proxy\ta ]\nlisten = 127.0.0.1:1\nupstream = a:1\n", 0},
        {"; " X200 X200 X200 "\n# " X200 "\n  ; indented\n\t\n   \n" PROXY_TEXT, 0},
        {PROXY_TEXT "[rudeproxy]\nlog = \"/tmp/a b\\x3b\"\n", 0},
        {PROXY_TEXT "[rudeproxy]\nlog = /tmp/a;b#c\n", 0},
        {PROXY_TEXT "[fault f]\ntype = \"close\"\n", 0},
        {BYTES(PROXY_TEXT "; a NUL byte in a comment: \0\n")},
        {PROXY_TEXT "; \xff\xfe not UTF-8\n", 0},
        {"[proxy " X40 "xxx]\nlisten = 127.0.0.1:1\nupstream = a:1\n", 0},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        size_t length = cases[i].length != 0 ? cases[i].length : strlen(cases[i].text);
        struct built built = build_text(cases[i].text, length);
        if (built.count != 0 || built.config.proxy_count != 1)
            fail_msg("case %zu:\n%s\nis refused:\n%s", i, cases[i].text, built.problems);
        built_free(&built);
    }
}

/* The longest line that is allowed reaches the value whole. */
static void a_line_of_197_bytes_is_not_cut(void **state)
{
    char text[600];
    (void)state;
    int used = snprintf(text, sizeof text, PROXY_TEXT "[rudeproxy]\nlog = /%0190d\n", 7);
    struct built built = build_text(text, (size_t)used);
    assert_string_equal(built.problems, "");
    assert_int_equal(strlen(built.config.settings.log), 191);
    assert_int_equal(built.config.settings.log[190], '7');
    built_free(&built);
    used = snprintf(text, sizeof text, PROXY_TEXT "[rudeproxy]\nlog = /%0191d\n", 7);
    struct complaint complaint = {text, (size_t)used, 5, "198 bytes"};
    assert_true(check_complaint(&complaint));
}

static void all_problems_of_a_file_are_reported_in_order_of_lines(void **state)
{
    static const char text[] = "x = 1\n"                   /* 1: before any section */
                               "[rudeproxy]\n"             /* 2 */
                               "seed = -1\n"               /* 3: not a number */
                               " grace = 5\n"              /* 4: indented, and no unit */
                               "[proxy a]\n"               /* 5: no upstream */
                               "listen = :80\n"            /* 6: no host */
                               "bogus\n"                   /* 7: no = */
                               "[proxy b\n"                /* 8: no ], no listen */
                               "upstream = builtin:ecko\n" /* 9: did you mean echo */
                               "[falut f]\n"               /* 10: did you mean fault */
                               "type = rest\n"             /* 11: did you mean reset */
                               "mode = drian\n"            /* 12: did you mean drain */
                               "proxy = a, c\n"            /* 13: no proxy c */
                               "when = bytes:x\n"          /* 14: not a size */
                               "when = open\n";            /* 15: twice */
    static const struct {
        unsigned line;
        const char *fragment;
    } wanted[] = {
        {1, "before any section"},
        {3, "[rudeproxy] seed: "},
        {4, "indented"},
        {4, "[rudeproxy] grace: '5' has no unit"},
        {5, "[proxy a] upstream: the key is missing"},
        {6, "[proxy a] listen: the host is missing"},
        {7, "no ="},
        {8, "no ]"},
        {8, "[proxy b] listen: the key is missing"},
        {9, "did you mean 'echo'?"},
        {10, "did you mean 'fault'?"},
        {11, "did you mean 'reset'?"},
        {12, "did you mean 'drain'?"},
        {13, "there is no [proxy c]"},
        {14, "'x' is not a size"},
        {15, "given already in line 14"},
    };
    struct built built = build_text(text, sizeof text - 1);
    unsigned last = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(wanted); i++)
        if (!complains(built.problems, wanted[i].line, wanted[i].fragment))
            fail_msg(
                "no \"%s\" in line %u of\n%s", wanted[i].fragment, wanted[i].line, built.problems);
    if (built.count != COUNT(wanted))
        fail_msg("want %zu problems, got %zu:\n%s", COUNT(wanted), built.count, built.problems);
    for (const char *at = built.problems; (at = strchr(at, ':')) != NULL; at = strchr(at, '\n')) {
        unsigned line = (unsigned)strtoul(at + 1, NULL, 10);
        assert_true(line >= last);
        last = line;
    }
    built_free(&built);
}

static void check_path(const char *path, const char *fragment)
{
    struct config_source *source = config_source_new();
    config_source_add_file(source, path);
    struct built built = build_source(source);
    if (built.count != 1 || strncmp(built.problems, path, strlen(path)) != 0 ||
        strstr(built.problems, fragment) == NULL)
        fail_msg("%s: want \"%s\", got %s", path, fragment, built.problems);
    built_free(&built);
}

static void what_is_no_file_is_reported(void **state)
{
    char path[] = "/tmp/rudeproxy-ini-XXXXXX";
    (void)state;
    check_path("/nonexistent/rude.ini", "No such file or directory");
    check_path("/", "Is a directory");
    check_path("/dev/null", "nothing to do");
    check_path("/dev/zero", "more than 1048576 bytes");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(fchmod(fd, 0), 0);
    close(fd);
    if (geteuid() != 0) /* root reads everything */
        check_path(path, "Permission denied");
    unlink(path);
}

static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

/* Files of random scraps of the language: nothing may crash, and what is accepted prints and reads
 * back. (The sanitizers are the judges.) */
static void garbage_never_crashes(void **state)
{
    static const char *const scraps[] = {"[", "]", "=", ":", ";", " ;", "#", "\"", "\\", "\n", "\n",
        "\n", "\r\n", " ", "\t", "[proxy a]\n", "[fault f]\n", "[rudeproxy]\n",
        "listen = ", "upstream = ", "type = ", "when = ", "bytes:", "127.0.0.1:1", "a:2", "close",
        "reset", "every:3", "1-", ",", "*", "x", "\xff", "\x01", "both", "side = ", "seed=", "0x",
        X200, "99999999999999999999", "\xef\xbb\xbf", "5s", "-"};
    uint32_t random = 1;
    (void)state;
    for (int round = 0; round < 3000; round++) {
        char text[4096];
        size_t used = 0;
        unsigned count = next_random(&random) % 60;
        for (unsigned i = 0; i < count; i++) {
            const char *scrap = scraps[next_random(&random) % COUNT(scraps)];
            if (used + strlen(scrap) + 1 >= sizeof text)
                break;
            memcpy(text + used, scrap, strlen(scrap));
            used += strlen(scrap);
            if (next_random(&random) % 50 == 0)
                text[used++] = '\0';
        }
        struct built built = build_text(text, used);
        assert_int_equal(built.count == 0, built.problems[0] == '\0');
        built_free(&built);
    }
}

static void a_file_of_garbage_is_reported_in_bounds(void **state)
{
    size_t length = 1u << 20;
    char *text = malloc(length);
    (void)state;
    assert_non_null(text);
    for (size_t i = 0; i < length; i++)
        text[i] = i % 2 == 0 ? 'a' : '\n';
    struct built built = build_text(text, length);
    assert_int_equal(built.count, length / 2 + 1);
    assert_non_null(strstr(built.problems, "more problems, not shown"));
    built_free(&built);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_malformed_file_has_one_problem_at_its_line),
        cmocka_unit_test(well_formed_files_are_accepted),
        cmocka_unit_test(a_line_of_197_bytes_is_not_cut),
        cmocka_unit_test(all_problems_of_a_file_are_reported_in_order_of_lines),
        cmocka_unit_test(what_is_no_file_is_reported),
        cmocka_unit_test(garbage_never_crashes),
        cmocka_unit_test(a_file_of_garbage_is_reported_in_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
