/* SPDX-License-Identifier: MIT */
/* Packets of MySQL. See framing_edges.h for the words. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/framing_edges.h"

#define MYSQL_GREETING                                                                             \
    "\x02\0\0\0\x0a"                                                                               \
    "8"
#define MYSQL_OK(sequence) "\x01\0\0" sequence "\0"

static void mysql_commands_have_sequence_number_0(void **state)
{
    (void)state;
    CHECK("mysql",
        "1:HandshakeResponse@0 =8 .8 2:COM_QUERY@8 =6 .14 3:@14 =5 .19 4:COM_STMT_PREPARE@19 =5 "
        ".24",
        "1:Handshake@0 =6 .6 2:OK@6 =5 .11 3:@11 =5 .16 4:@16 =5 .21 5:EOF@21 =5 .26 6:ERR@26 =5 "
        ".31 "
        "7:COM_STMT_PREPARE_OK@31 =5 .36",
        SAYS('s', MYSQL_GREETING), SAYS('c', "\x04\0\0\x01\0\0\0\0"), SAYS('s', MYSQL_OK("\x02")),
        SAYS('c', "\x02\0\0\0\x03;\x01\0\0\x02x"),
        SAYS('s', "\x01\0\0\x01\x01" MYSQL_OK("\x02") "\x01\0\0\x03\xfe\x01\0\0\x01\xff"),
        SAYS('c', "\x01\0\0\0\x16"), SAYS('s', MYSQL_OK("\x01")));
}

/* A file that the server asks for, and rows behind the first 256 packets: sequence numbers 0 and 1
 * are neither a command nor the beginning of an answer. */
static void mysql_sequence_numbers_come_again(void **state)
{
    (void)state;
    CHECK("mysql",
        "1:HandshakeResponse@0 =8 .8 2:COM_QUERY@8 =5 .13 3:@13 =5 .18 4:@18 =4 .22 "
        "5:COM_PING@22 =5 .27 6:COM_PING@27 =5 .32",
        "1:Handshake@0 =6 .6 2:OK@6 =5 .11 3:@11 =5 .16 4:OK@16 =5 .21 5:OK@21 =5 .26 "
        "6:OK@26 =5 .31 7:@31 =5 .36",
        SAYS('s', MYSQL_GREETING), SAYS('c', "\x04\0\0\x01\0\0\0\0"), SAYS('s', MYSQL_OK("\x02")),
        SAYS('c', "\x01\0\0\0\x03"), SAYS('s', "\x01\0\0\x01\xfb"),
        SAYS('c', "\x01\0\0\0\x0e\0\0\0\x01"), SAYS('s', MYSQL_OK("\x02")),
        SAYS('c', "\x01\0\0\0\x0e\x01\0\0\0\x0e"),
        SAYS('s', MYSQL_OK("\x01") MYSQL_OK("\x01") MYSQL_OK("\x01")));
}

#define MYSQL_LOGIN                                                                                \
    SAYS('s', MYSQL_GREETING), SAYS('c', "\x04\0\0\x01\0\0\0\0"), SAYS('s', MYSQL_OK("\x02"))
#define COMMAND(byte) "\x01\0\0\0" byte
#define LOGGED_IN_UPSTREAM "1:HandshakeResponse@0 =8 .8 "
#define LOGGED_IN_DOWNSTREAM "1:Handshake@0 =6 .6 2:OK@6 =5 .11 "

/* MySQL's has sequence number 0, MariaDB's 1. */
static void mysql_server_may_refuse_before_its_handshake(void **state)
{
    (void)state;
    CHECK("mysql", "", "1:ERR@0 =9 .9", SAYS('s', "\x05\0\0\0\xff\x6a\x04no"));
    CHECK("mysql", "", "1:ERR@0 =9 .9", SAYS('s', "\x05\0\0\x01\xff\x6a\x04no"));
    CHECK("mysql", "", "lost@0", SAYS('s', "\x05\0\0\x02\xff\x6a\x04no"));
    CHECK("mysql", "", "lost@0", SAYS('s', "\x02\0\0\x01\x0a\x38"));
}

/* Also where row 257 of the first answer has the number of an answer's first packet. */
static void mysql_answers_belong_to_their_commands(void **state)
{
    (void)state;
    CHECK("mysql", LOGGED_IN_UPSTREAM "2:COM_STMT_PREPARE@8 =5 .13 3:COM_STMT_EXECUTE@13 =5 .18",
        LOGGED_IN_DOWNSTREAM "3:COM_STMT_PREPARE_OK@11 =5 .16 4:OK@16 =5 .21", MYSQL_LOGIN,
        SAYS('c', COMMAND("\x16") COMMAND("\x17")), SAYS('s', MYSQL_OK("\x01") MYSQL_OK("\x01")));
    CHECK("mysql",
        LOGGED_IN_UPSTREAM "2:COM_QUERY@8 =5 .13 3:COM_STMT_PREPARE@13 =5 .18 4:COM_PING@18 =5 .23",
        LOGGED_IN_DOWNSTREAM "3:@11 =5 .16 4:@16 =5 .21 5:@21 =5 .26 6:EOF@26 =5 .31 "
                             "7:COM_STMT_PREPARE_OK@31 =5 .36 8:OK@36 =5 .41",
        MYSQL_LOGIN, SAYS('c', COMMAND("\x03") COMMAND("\x16") COMMAND("\x0e")),
        SAYS('s', "\x01\0\0\x01\x01\x01\0\0\0x" MYSQL_OK("\x01") "\x01\0\0\x02\xfe"),
        SAYS('s', MYSQL_OK("\x01") MYSQL_OK("\x01")));
}

/* 0x00 begins a row, or an event of the binary log, whose reader acknowledges some; 0xff a progress
 * report. */
static void mysql_first_byte_of_an_answer_depends_on_its_command(void **state)
{
    (void)state;
    CHECK("mysql", LOGGED_IN_UPSTREAM "2:COM_STMT_FETCH@8 =5 .13",
        LOGGED_IN_DOWNSTREAM "3:@11 =5 .16 4:EOF@16 =5 .21", MYSQL_LOGIN,
        SAYS('c', COMMAND("\x1c")), SAYS('s', MYSQL_OK("\x01") "\x01\0\0\x02\xfe"));
    CHECK("mysql", LOGGED_IN_UPSTREAM "2:COM_BINLOG_DUMP@8 =5 .13 3:@13 =5 .18",
        LOGGED_IN_DOWNSTREAM "3:@11 =5 .16 4:@16 =5 .21", MYSQL_LOGIN, SAYS('c', COMMAND("\x12")),
        SAYS('s', MYSQL_OK("\x01")), SAYS('c', COMMAND("\xef")), SAYS('s', MYSQL_OK("\x01")));
    CHECK("mysql", LOGGED_IN_UPSTREAM "2:COM_BINLOG_DUMP_GTID@8 =5 .13",
        LOGGED_IN_DOWNSTREAM "3:@11 =5 .16", MYSQL_LOGIN, SAYS('c', COMMAND("\x1e")),
        SAYS('s', MYSQL_OK("\x01")));
    CHECK("mysql", LOGGED_IN_UPSTREAM "2:COM_QUERY@8 =5 .13 3:COM_STMT_BULK_EXECUTE@13 =5 .18",
        LOGGED_IN_DOWNSTREAM "3:@11 =8 .19 4:@19 =8 .27 5:OK@27 =5 .32 6:OK@32 =5 .37", MYSQL_LOGIN,
        SAYS('c', COMMAND("\x03")),
        SAYS('s', "\x04\0\0\x01\xff\xff\xff\x01\x04\0\0\x02\xff\xff\xff\x01" MYSQL_OK("\x03")),
        SAYS('c', COMMAND("\xfa")), SAYS('s', MYSQL_OK("\x01")));
}

/* 64 commands whose answers have other names may wait. The 65th has the name of most answers. */
static void mysql_names_answers_as_far_as_it_knows_them(void **state)
{
    char bytes[8 + 65 * 5] = "\x04\0\0\x01", answers[65 * 5];
    struct exchange talk[] = {{'s', MYSQL_GREETING, 6}, {'c', bytes, 8}, {'s', MYSQL_OK("\x02"), 5},
        {'c', bytes + 8, 65 * 5}, {'s', answers, 65 * 5}};
    struct protocol protocol = framing_protocol("mysql");
    struct edges edges;
    (void)state;
    for (size_t i = 0; i < 65; i++) {
        memcpy(bytes + 8 + i * 5, COMMAND("\x16"), 5);
        memcpy(answers + i * 5, MYSQL_OK("\x01"), 5);
    }
    edges_of(&protocol, talk, 5, NULL, &edges);
    assert_non_null(strstr(edges.text[DIRECTION_UPSTREAM], " 66:COM_STMT_PREPARE@328 =5 .333"));
    assert_non_null(strstr(
        edges.text[DIRECTION_DOWNSTREAM], " 66:COM_STMT_PREPARE_OK@326 =5 .331 67:OK@331 =5 .336"));
}

static void mysql_change_user_logs_in_again(void **state)
{
    (void)state;
    CHECK("mysql",
        "1:HandshakeResponse@0 =8 .8 2:COM_CHANGE_USER@8 =5 .13 3:AuthResponse@13 =5 .18 "
        "4:COM_PING@18 =5 .23",
        "1:Handshake@0 =6 .6 2:OK@6 =5 .11 3:AuthSwitchRequest@11 =5 .16 4:OK@16 =5 .21",
        SAYS('s', MYSQL_GREETING), SAYS('c', "\x04\0\0\x01\0\0\0\0"), SAYS('s', MYSQL_OK("\x02")),
        SAYS('c', "\x01\0\0\0\x11"), SAYS('s', "\x01\0\0\x01\xfe"), SAYS('c', "\x01\0\0\x02x"),
        SAYS('s', MYSQL_OK("\x03")), SAYS('c', "\x01\0\0\0\x0e"));
}

static void mysql_is_lost_where_it_is_encrypted_or_compressed(void **state)
{
    (void)state;
    CHECK("mysql", "1:SSLRequest@0 =36 .36 lost@36", "1:Handshake@0 =6 .6",
        SAYS('s', MYSQL_GREETING),
        SAYS('c', "\x20\0\0\x01\0\x08\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
        SAYS('c', "\x16"));
    CHECK("mysql", "1:HandshakeResponse@0 =8 .8 lost@8",
        "1:Handshake@0 =6 .6 2:OK@6 =5 .11 lost@11", SAYS('s', MYSQL_GREETING),
        SAYS('c', "\x04\0\0\x01\x20\0\0\0"), SAYS('s', MYSQL_OK("\x02")), SAYS('c', "x"),
        SAYS('s', "y"));
    CHECK("mysql", "lost@0", "lost@0", SAYS('c', "GET / HTTP/1.1\r\n"),
        SAYS('s', "HTTP/1.1 400\r\n"));
}

/* A packet of 0xffffff bytes and the one behind it; the answer's number follows both. */
static void mysql_packets_of_16_mb_go_on_in_the_next(void **state)
{
    size_t full = 0xffffff;
    char *bytes = calloc(1, full + 64);
    (void)state;
    assert_non_null(bytes);
    memcpy(bytes, "\x04\0\0\x01\0\0\0\0\xff\xff\xff\0\x03", 13);
    memcpy(bytes + 12 + full, "\x02\0\0\x01xy\x01\0\0\0\x0e", 11);
    struct exchange talk[] = {{'s', MYSQL_GREETING, 6}, {'c', bytes, 8}, {'s', "\x01\0\0\x02\0", 5},
        {'c', bytes + 8, 4 + full + 11}, {'s', MYSQL_OK("\x02") MYSQL_OK("\x01"), 10}};
    struct protocol protocol = framing_protocol("mysql");
    struct edges edges;
    uint64_t random = 3;
    for (int round = 0; round < 3; round++) {
        edges_of(&protocol, talk, 5, round == 0 ? NULL : &random, &edges);
        assert_string_equal(edges.text[DIRECTION_UPSTREAM],
            "1:HandshakeResponse@0 =8 .8 2:COM_QUERY@8 =? .16777233 3:COM_PING@16777233 =5 "
            ".16777238");
        assert_string_equal(edges.text[DIRECTION_DOWNSTREAM],
            "1:Handshake@0 =6 .6 2:OK@6 =5 .11 3:OK@11 =5 .16 4:OK@16 =5 .21");
    }
    free(bytes);
}

/* A payload of 0xffffff bytes is followed by an empty packet, with which the message ends: no byte
 * has to come behind it. */
static void mysql_empty_packet_ends_a_message_of_16_mb(void **state)
{
    size_t full = 0xffffff;
    char *bytes = calloc(1, full + 64);
    (void)state;
    assert_non_null(bytes);
    memcpy(bytes, "\x04\0\0\x01\0\0\0\0\xff\xff\xff\0\x03", 13);
    memcpy(bytes + 12 + full, "\0\0\0\x01", 4);
    struct exchange talk[] = {{'s', MYSQL_GREETING, 6}, {'c', bytes, 8}, {'s', "\x01\0\0\x02\0", 5},
        {'c', bytes + 8, 4 + full + 4}};
    struct protocol protocol = framing_protocol("mysql");
    struct edges edges;
    uint64_t random = 3;
    for (int round = 0; round < 3; round++) {
        edges_of(&protocol, talk, 4, round == 0 ? NULL : &random, &edges);
        assert_string_equal(edges.text[DIRECTION_UPSTREAM],
            "1:HandshakeResponse@0 =8 .8 2:COM_QUERY@8 =? .16777231");
    }
    free(bytes);
}

/* The name and the offset of the last message in the text. */
static void expect_last(const char *text, const char *wanted)
{
    size_t have = strlen(text), size = strlen(wanted);
    if (have < size || strcmp(text + have - size, wanted) != 0)
        fail_msg("wanted ...%s, got ...%s", wanted, have < 200 ? text : text + have - 200);
}

#define STATUS_OK(sequence, status) "\x07\0\0" sequence "\0\0\0" status "\0\0\0"
#define EOF_5(sequence, status) "\x05\0\0" sequence "\xfe\0\0" status "\0"
#define EOF_OK(sequence, status) "\x07\0\0" sequence "\xfe\0\0" status "\0\0\0"
#define PREPARED(columns, parameters) "\x0c\0\0\x01\0\x07\0\0\0" columns "\0" parameters "\0\0\0\0"

/* 255 definitions end in number 0, so that the next answer has the number that follows. Without
 * and with the EOF behind them. */
static void mysql_prepared_statement_ends_behind_its_definitions(void **state)
{
    static char definitions[255 * 5 + 9];
    struct exchange talk[] = {MYSQL_LOGIN, SAYS('c', COMMAND("\x16") COMMAND("\x17")),
        SAYS('s', PREPARED("\0", "\xff")), {'s', definitions, 255 * 5},
        SAYS('s', MYSQL_OK("\x01"))};
    struct protocol protocol = framing_protocol("mysql");
    struct edges edges;
    (void)state;
    for (size_t i = 0; i < 255; i++)
        memcpy(definitions + i * 5, (char[]){1, 0, 0, (char)(i + 2), 3}, 5);
    edges_of(&protocol, talk, sizeof talk / sizeof talk[0], NULL, &edges);
    expect_last(edges.text[DIRECTION_DOWNSTREAM], " 258:@1297 =5 .1302 259:OK@1302 =5 .1307");
    talk[4].bytes = PREPARED("\0", "\xfe");
    memcpy(definitions + 254 * 5, EOF_5("\0", "\x02"), 9);
    talk[5].n = 254 * 5 + 9;
    edges_of(&protocol, talk, sizeof talk / sizeof talk[0], NULL, &edges);
    expect_last(edges.text[DIRECTION_DOWNSTREAM], " 258:EOF@1297 =9 .1306 259:OK@1306 =5 .1311");
}

/* Parameters and columns, each with an EOF and each without one. */
static void mysql_definitions_may_have_an_eof_behind_each_kind(void **state)
{
    (void)state;
    CHECK("mysql", LOGGED_IN_UPSTREAM "2:COM_STMT_PREPARE@8 =5 .13 3:COM_DEBUG@13 =5 .18",
        LOGGED_IN_DOWNSTREAM "3:COM_STMT_PREPARE_OK@11 =16 .27 4:@27 =5 .32 5:EOF@32 =9 .41 "
                             "6:@41 =5 .46 7:EOF@46 =9 .55 8:EOF@55 =9 .64",
        MYSQL_LOGIN, SAYS('c', COMMAND("\x16") COMMAND("\x0d")),
        SAYS('s', PREPARED("\x01", "\x01")),
        SAYS('s', "\x01\0\0\x02\x03" EOF_5("\x03", "\x02") "\x01\0\0\x04\x03"),
        SAYS('s', EOF_5("\x05", "\x02") EOF_5("\x01", "\x02")));
    CHECK("mysql", LOGGED_IN_UPSTREAM "2:COM_STMT_PREPARE@8 =5 .13 3:COM_STMT_PREPARE@13 =5 .18",
        LOGGED_IN_DOWNSTREAM "3:COM_STMT_PREPARE_OK@11 =16 .27 4:@27 =5 .32 5:@32 =5 .37 "
                             "6:COM_STMT_PREPARE_OK@37 =16 .53",
        MYSQL_LOGIN, SAYS('c', COMMAND("\x16") COMMAND("\x16")),
        SAYS('s', PREPARED("\x01", "\x01")),
        SAYS('s', "\x01\0\0\x02\x03\x01\0\0\x03\x03" PREPARED("\0", "\0")));
}

/* CALL: rows, then an OK with number 0 that ends the answer; the next answer has number 1. */
static void mysql_call_ends_with_an_ok(void **state)
{
    static char rows[253 * 5];
    struct exchange talk[] = {MYSQL_LOGIN, SAYS('c', COMMAND("\x03") COMMAND("\x16")),
        {'s', rows, sizeof rows}, SAYS('s', EOF_OK("\xfe", "\x0a") STATUS_OK("\xff", "\x0a")),
        SAYS('s', STATUS_OK("\0", "\x02")), SAYS('s', PREPARED("\0", "\0"))};
    struct protocol protocol = framing_protocol("mysql");
    struct edges edges;
    (void)state;
    for (size_t i = 0; i < 253; i++)
        memcpy(rows + i * 5, (char[]){1, 0, 0, (char)(i + 1), 1}, 5);
    edges_of(&protocol, talk, sizeof talk / sizeof talk[0], NULL, &edges);
    expect_last(edges.text[DIRECTION_DOWNSTREAM],
        " 255:@1271 =5 .1276 256:EOF@1276 =11 .1287 257:OK@1287 =11 .1298 258:OK@1298 =11 .1309 "
        "259:COM_STMT_PREPARE_OK@1309 =16 .1325");
}

/* Several results of one command, with an EOF behind the columns and without. The status stands
 * behind integers of any size. A cursor's columns are all that comes. */
static void mysql_status_says_whether_a_result_follows(void **state)
{
    (void)state;
    CHECK("mysql", LOGGED_IN_UPSTREAM "2:COM_QUERY@8 =5 .13 3:COM_QUERY@13 =5 .18",
        LOGGED_IN_DOWNSTREAM "3:@11 =5 .16 4:@16 =5 .21 5:EOF@21 =9 .30 6:@30 =5 .35 "
                             "7:EOF@35 =9 .44 8:OK@44 =22 .66 9:OK@66 =11 .77 10:OK@77 =11 .88",
        MYSQL_LOGIN, SAYS('c', COMMAND("\x03") COMMAND("\x03")),
        SAYS('s', "\x01\0\0\x01\x01\x01\0\0\x02\x03" EOF_5("\x03", "\x0a")),
        SAYS('s', "\x01\0\0\x04\0" EOF_5("\x05", "\x0a")),
        SAYS('s', "\x12\0\0\x06\0\xfd\x01\x01\x01\xfe\1\1\1\1\1\1\1\1\x08\0\0\0"),
        SAYS('s', STATUS_OK("\x07", "\x02") STATUS_OK("\x01", "\x02")));
    CHECK("mysql", LOGGED_IN_UPSTREAM "2:COM_STMT_EXECUTE@8 =5 .13 3:COM_PING@13 =5 .18",
        LOGGED_IN_DOWNSTREAM "3:@11 =5 .16 4:@16 =5 .21 5:EOF@21 =9 .30 6:OK@30 =11 .41",
        MYSQL_LOGIN, SAYS('c', COMMAND("\x17") COMMAND("\x0e")),
        SAYS('s', "\x01\0\0\x01\x01\x01\0\0\x02\x03" EOF_5("\x03", "\x42")),
        SAYS('s', STATUS_OK("\x01", "\x02")));
}

/* The file of the second statement: no piece of it is a command. Its OK has number 0. */
static void mysql_any_result_may_ask_for_a_file(void **state)
{
    (void)state;
    CHECK("mysql",
        LOGGED_IN_UPSTREAM "2:COM_QUERY@8 =5 .13 3:@13 =5 .18 4:@18 =4 .22 5:COM_PING@22 =5 .27",
        LOGGED_IN_DOWNSTREAM "3:OK@11 =11 .22 4:@22 =5 .27 5:OK@27 =11 .38 6:OK@38 =11 .49",
        MYSQL_LOGIN, SAYS('c', COMMAND("\x03")),
        SAYS('s', STATUS_OK("\x01", "\x0a") "\x01\0\0\x02\xfb"),
        SAYS('c', "\x01\0\0\0\x03\0\0\0\xff" COMMAND("\x0e")),
        SAYS('s', STATUS_OK("\0", "\x02") STATUS_OK("\x01", "\x02")));
}

/* COM_STATISTICS has one packet, and COM_FIELD_LIST one EOF. */
static void mysql_old_answers_have_their_own_form(void **state)
{
    (void)state;
    CHECK("mysql",
        LOGGED_IN_UPSTREAM
        "2:COM_STATISTICS@8 =5 .13 3:COM_FIELD_LIST@13 =5 .18 4:COM_PING@18 =5 .23",
        LOGGED_IN_DOWNSTREAM "3:@11 =5 .16 4:@16 =5 .21 5:EOF@21 =9 .30 6:OK@30 =11 .41",
        MYSQL_LOGIN, SAYS('c', COMMAND("\x09") COMMAND("\x04") COMMAND("\x0e")),
        SAYS('s', "\x01\0\0\x01U\x01\0\0\x01\x03" EOF_5("\x02", "\x02")),
        SAYS('s', STATUS_OK("\x01", "\x02")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mysql_commands_have_sequence_number_0),
        cmocka_unit_test(mysql_sequence_numbers_come_again),
        cmocka_unit_test(mysql_server_may_refuse_before_its_handshake),
        cmocka_unit_test(mysql_answers_belong_to_their_commands),
        cmocka_unit_test(mysql_first_byte_of_an_answer_depends_on_its_command),
        cmocka_unit_test(mysql_names_answers_as_far_as_it_knows_them),
        cmocka_unit_test(mysql_change_user_logs_in_again),
        cmocka_unit_test(mysql_is_lost_where_it_is_encrypted_or_compressed),
        cmocka_unit_test(mysql_packets_of_16_mb_go_on_in_the_next),
        cmocka_unit_test(mysql_empty_packet_ends_a_message_of_16_mb),
        cmocka_unit_test(mysql_prepared_statement_ends_behind_its_definitions),
        cmocka_unit_test(mysql_definitions_may_have_an_eof_behind_each_kind),
        cmocka_unit_test(mysql_call_ends_with_an_ok),
        cmocka_unit_test(mysql_status_says_whether_a_result_follows),
        cmocka_unit_test(mysql_any_result_may_ask_for_a_file),
        cmocka_unit_test(mysql_old_answers_have_their_own_form),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
