/* SPDX-License-Identifier: MIT */
/* Messages of protocols whose header holds a length. See framing_edges.h for the words. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/framing_edges.h"
#include "tests/lib/random_fault.h"

static void length_counts_what_the_user_says(void **state)
{
    (void)state;
    CHECK("length:at=0,size=4,order=big,add=4", "1:@0 =7 .7 2:@7 =4 .11", "1:@0 =5",
        SAYS('c', "\0\0\0\x03"
                  "abc\0\0\0\0"),
        SAYS('s', "\0\0\0\x01"));
    CHECK("length:at=1,size=2,order=little,add=0", "1:@0 =5 .5 lost@5", "",
        SAYS('c', "x\x05\0yzx\x02\0"));
    CHECK("length:size=1", "1:@0 =3 .3 2:@3 =1 .4", "",
        SAYS('c', "\x02"
                  "ab\0"));
    CHECK("length:size=8", "lost@0", "", SAYS('c', "\xff\xff\xff\xff\xff\xff\xff\xff"));
}

/* Records as RFC 8446 and RFC 5246 write them. */
static void tls_records_have_content_types(void **state)
{
    (void)state;
    CHECK("tls",
        "1:handshake@0 =9 .9 2:change_cipher_spec@9 =6 .15 3:application_data@15 =8 .23 "
        "4:alert@23 =7 .30",
        "1:handshake@0 =7 .7 2:application_data@7 =5 .12",
        SAYS('c', "\x16\x03\x01\0\x04\x01\0\0\0"),
        SAYS('s', "\x16\x03\x03\0\x02\x02\0"
                  "\x17\x03\x03\0\0"),
        SAYS('c', "\x14\x03\x03\0\x01\x01\x17\x03\x03\0\x03"
                  "abc\x15\x03\x03\0\x02\x01\0"));
    CHECK("tls", "lost@0", "lost@0", SAYS('c', "GET"), SAYS('s', "\x16\x03\x03\x50\0"));
}

#define PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
#define SETTINGS "\0\0\0\x04\0\0\0\0\0"

static void http2_frames_come_behind_the_preface(void **state)
{
    (void)state;
    CHECK("http2", "1:SETTINGS@24 =9 .33 2:HEADERS@33 =11 .44 3:@44 =10 .54",
        "1:SETTINGS@0 =9 .9 2:GOAWAY@9 =17 .26",
        SAYS('c', PREFACE SETTINGS "\0\0\x02\x01\x04\0\0\0\x01"
                                   "ab\0\0\x01\xee\0\0\0\0\0x"),
        SAYS('s', SETTINGS "\0\0\x08\x07\0\0\0\0\0\0\0\0\x01\0\0\0\0"));
    CHECK("http2", "lost@0", "lost@0", SAYS('c', "GET / HTTP/1.1\r\n"),
        SAYS('s', "HTTP/1.1 400 Bad Request\r\n"));
    CHECK("http2", "lost@0", "", SAYS('c', "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\r"));
}

#define STARTUP "\0\0\0\x0e\0\x03\0\0user\0a"
#define AUTH(code) "R\0\0\0\x08\0\0\0" code
#define READY "Z\0\0\0\x05I"

static void postgres_messages_have_the_names_of_its_documentation(void **state)
{
    (void)state;
    CHECK("postgres", "1:StartupMessage@0 =14 .14 2:Query@14 =7 .21 3:Terminate@21 =5 .26",
        "1:AuthenticationOk@0 =9 .9 2:ReadyForQuery@9 =6 .15 3:DataRow@15 =9 .24 "
        "4:CommandComplete@24 =5 .29 5:ReadyForQuery@29 =6 .35",
        SAYS('c', STARTUP), SAYS('s', AUTH("\0") READY), SAYS('c', "Q\0\0\0\x06;\0X\0\0\0\x04"),
        SAYS('s', "D\0\0\0\x08\0\x01\xff\xff"
                  "C\0\0\0\x04" READY));
}

static void postgres_first_message_has_no_type(void **state)
{
    (void)state;
    CHECK("postgres", "1:SSLRequest@0 =8 .8 2:GSSENCRequest@8 =8 .16 3:StartupMessage@16 =14 .30",
        "1:SSLResponse@0 =1 .1 2:GSSENCResponse@1 =1 .2 3:ErrorResponse@2 =5 .7",
        SAYS('c', "\0\0\0\x08\x04\xd2\x16\x2f"), SAYS('s', "N"),
        SAYS('c', "\0\0\0\x08\x04\xd2\x16\x30"), SAYS('s', "N"), SAYS('c', STARTUP),
        SAYS('s', "E\0\0\0\x04"));
    CHECK("postgres", "1:SSLRequest@0 =8 .8", "1:ErrorResponse@0 =5 .5",
        SAYS('c', "\0\0\0\x08\x04\xd2\x16\x2f"), SAYS('s', "E\0\0\0\x04"));
    CHECK("postgres", "1:CancelRequest@0 =16 .16", "",
        SAYS('c', "\0\0\0\x10\x04\xd2\x16\x2e\0\0\0\x01\0\0\0\x02"));
}

static void postgres_is_lost_where_it_is_encrypted(void **state)
{
    (void)state;
    CHECK("postgres", "1:SSLRequest@0 =8 .8 lost@8", "1:SSLResponse@0 =1 .1 lost@1",
        SAYS('c', "\0\0\0\x08\x04\xd2\x16\x2f"), SAYS('s', "S"), SAYS('c', "\x16\x03\x01"),
        SAYS('s', "\x16\x03\x03"));
    CHECK("postgres", "lost@0", "lost@0", SAYS('c', "GET / HTTP/1.1\r\n"),
        SAYS('s', "HTTP/1.1 400 Bad\r\n"));
    CHECK("postgres", "1:StartupMessage@0 =14 .14 lost@14", "lost@0", SAYS('c', STARTUP),
        SAYS('s', "\x80\0\0\0\x04"), SAYS('c', "\x80\0\0\0\x04"));
}

static void postgres_passwords_are_named_by_what_they_answer(void **state)
{
    (void)state;
    CHECK("postgres",
        "1:StartupMessage@0 =14 .14 2:SASLInitialResponse@14 =5 .19 3:SASLResponse@19 =5 .24 "
        "4:PasswordMessage@24 =5 .29",
        "1:AuthenticationSASL@0 =9 .9 2:AuthenticationSASLContinue@9 =9 .18 "
        "3:AuthenticationMD5Password@18 =9 .27",
        SAYS('c', STARTUP), SAYS('s', AUTH("\x0a")), SAYS('c', "p\0\0\0\x04"),
        SAYS('s', AUTH("\x0b")), SAYS('c', "p\0\0\0\x04"), SAYS('s', AUTH("\x05")),
        SAYS('c', "p\0\0\0\x04"));
}

static void kafka_requests_have_api_names(void **state)
{
    (void)state;
    CHECK("kafka", "1:ApiVersions@0 =14 .14 2:Produce@14 =14 .28 3:@28 =14 .42", "1:@0 =10 .10",
        SAYS('c', "\0\0\0\x0a\0\x12\0\x03\0\0\0\x01\0\0"
                  "\0\0\0\x0a\0\0\0\x09\0\0\0\x02\0\0"
                  "\0\0\0\x0a\x01\0\0\0\0\0\0\x03\0\0"),
        SAYS('s', "\0\0\0\x06\0\0\0\x01\0\0"));
    CHECK("kafka", "lost@0", "lost@0", SAYS('c', "GET / HTTP/1.1\r\n"),
        SAYS('s', "HTTP/1.1 400\r\n"));
}

/* SaslHandshake version 0, a token, an empty answer, and then requests again. */
static void kafka_tokens_have_no_kind(void **state)
{
    (void)state;
    CHECK("kafka",
        "1:SaslHandshake@0 =14 .14 2:@14 =8 .22 3:@22 =15 .37 4:ApiVersions@37 =14 .51 "
        "5:Produce@51 =14 .65 lost@65",
        "1:@0 =10 .10 2:@10 =4 .14 3:@14 =10 .24 lost@24",
        SAYS('c', "\0\0\0\x0a\0\x11\0\0\0\0\0\x01\0\0"), SAYS('s', "\0\0\0\x06\0\0\0\x01\0\0"),
        SAYS('c', "\0\0\0\x04\0u\0p\0\0\0\x0b\0A\0bcdefghi"), SAYS('s', "\0\0\0\0"),
        SAYS('c', "\0\0\0\x0a\0\x12\0\x03\0\0\0\x01\0\0"
                  "\0\0\0\x0a\0\0\0\x09\0\0\0\x02\xff\xff"
                  "\0\0\0\0"),
        SAYS('s', "\0\0\0\x06\0\0\0\x01\0\0\0\0\0\0"));
    CHECK("kafka", "1:SaslHandshake@0 =14 .14 lost@14", "",
        SAYS('c', "\0\0\0\x0a\0\x11\0\x01\0\0\0\x01\0\0\0\0\0\x04\0u\0p"));
}

static void amqp_header_is_the_first_message(void **state)
{
    (void)state;
    CHECK("amqp",
        "1:protocol_header@0 =8 .8 2:method@8 =10 .18 3:body@18 =9 .27 4:heartbeat@27 =8 .35",
        "1:method@0 =8 .8 2:header@8 =8 .16", SAYS('c', "AMQP\0\0\x09\x01"),
        SAYS('s', "\x01\0\0\0\0\0\0\xce"),
        SAYS('c', "\x01\0\x01\0\0\0\x02xy\xce\x03\0\x01\0\0\0\x01z\xce\x08\0\0\0\0\0\0\xce"),
        SAYS('s', "\x02\0\x01\0\0\0\0\xce"));
    CHECK("amqp", "lost@0", "1:protocol_header@0 =8 .8", SAYS('c', "AMQP\0\x01\0\0"),
        SAYS('s', "AMQP\0\0\x09\x01"));
    CHECK(
        "amqp", "lost@0", "lost@0", SAYS('c', "GET / HTTP/1.1\r\n"), SAYS('s', "HTTP/1.1 400\r\n"));
}

static void mongodb_messages_count_their_own_header(void **state)
{
    (void)state;
    CHECK("mongodb", "1:OP_MSG@0 =17 .17 2:OP_QUERY@17 =16 .33", "1:OP_REPLY@0 =16 .16 lost@16",
        SAYS('c', "\x11\0\0\0\x01\0\0\0\0\0\0\0\xdd\x07\0\0x"
                  "\x10\0\0\0\x01\0\0\0\0\0\0\0\xd4\x07\0\0"),
        SAYS('s', "\x10\0\0\0\x01\0\0\0\0\0\0\0\x01\0\0\0\x0f\0\0\0"));
    CHECK("mongodb", "lost@0", "lost@0", SAYS('c', "GET / HTTP/1.1\r\n"),
        SAYS('s', "\x10\0\0\0\x01\0\0\0\0\0\0\0\x02\0\0\0"));
}

static void mqtt_lengths_have_one_to_four_bytes(void **state)
{
    (void)state;
    CHECK("mqtt", "1:CONNECT@0 =2 .2 2:PUBLISH@2 =131 .133 3:PINGREQ@133 =2 .135",
        "1:CONNACK@0 =4 .4 2:PUBACK@4 =4 .8 3:PUBLISH@8 =268435460", SAYS('c', "\x10\0"),
        SAYS('s', "\x20\x02\0\0"),
        SAYS('c', "\x32\x80\x01"
                  "0123456789012345678901234567890123456789012345678901234567890123"
                  "0123456789012345678901234567890123456789012345678901234567890123\xc0\0"),
        SAYS('s', "\x40\x02\0\x01\x30\xff\xff\xff\x7f"));
    CHECK("mqtt", "lost@0", "lost@0", SAYS('c', "GET"), SAYS('s', "HTTP"));
    CHECK("mqtt", "lost@0", "", SAYS('c', "\x10\x80\x80\x80\x80\x01"));
}

/* Two whole messages of the server, and the beginning of a third: only that is reported. */
static void quiet_framing_reports_no_whole_message(void **state)
{
    static const struct {
        const char *protocol, *client, *bytes;
        size_t client_size, size;
        uint64_t start;
    } talks[] = {
#define TALK(protocol, client, whole, begun)                                                       \
    {protocol, client, whole begun, sizeof(client) - 1, sizeof(whole begun) - 1, sizeof(whole) - 1}
        TALK("length:size=1", "", "\x02zy\x00", "\x04z"),
        TALK("tls", "", "\x16\x03\x03\0\x01z\x17\x03\x03\0\0", "\x15\x03\x03\0\x02"),
        TALK("http2", "", SETTINGS "\0\0\x01\0\0\0\0\0\x01z", "\0\0\x01\0\0\0\0\0\x01"),
        TALK("postgres", STARTUP, AUTH("\0") READY, "D\0\0\0\x09\0\0\0\0"),
        TALK("mysql", "", "\x02\0\0\0\x0a\x38\x01\0\0\x02\xff", "\x04\0\0\x03\xff\x01\x02"),
        TALK("kafka", "", "\0\0\0\x04zzzz\0\0\0\x05yyyyy", "\0\0\0\x06x"),
        TALK("amqp", "", "\x01\0\0\0\0\0\0\xce\x02\0\x01\0\0\0\0\xce", "\x03\0\x01\0\0\0\0"),
        TALK("mongodb", "",
            "\x10\0\0\0\x01\0\0\0\0\0\0\0\x01\0\0\0\x11\0\0\0\x01\0\0\0\0\0\0\0\xdd\x07\0\0z",
            "\x11\0\0\0\x01\0\0\0\0\0\0\0\xdd\x07\0\0"),
#undef TALK
    };
    (void)state;
    for (size_t i = 0; i < sizeof talks / sizeof talks[0]; i++) {
        struct protocol protocol = framing_protocol(talks[i].protocol);
        struct framing *framing = framing_new(&protocol);
        struct framing_event event;
        assert_non_null(framing);
        framing_scan(framing, DIRECTION_UPSTREAM, (const unsigned char *)talks[i].client,
            talks[i].client_size, &event);
        framing_set_quiet(framing, DIRECTION_DOWNSTREAM, true);
        framing_scan(framing, DIRECTION_DOWNSTREAM, (const unsigned char *)talks[i].bytes,
            talks[i].size, &event);
        if (event.what != (FRAMING_BEGIN | FRAMING_SIZED) || event.message->number != 3 ||
            event.message->start != talks[i].start)
            fail_msg("%s: the first event is %u, message %" PRIu64 " at %" PRIu64
                     "; want message 3 at %" PRIu64,
                talks[i].protocol, event.what, event.what == 0 ? 0 : event.message->number,
                event.what == 0 ? 0 : event.message->start, talks[i].start);
        framing_free(framing);
    }
}

/* Random bytes, and bytes that begin right, never make a framer say two things of one message. */
static void every_protocol_takes_any_bytes(void **state)
{
    static const char *const protocols[] = {"turns", "line", "length:size=4", "http", "tls",
        "http2", "redis", "postgres", "mysql", "kafka", "amqp", "mqtt", "smtp", "mongodb"};
    static const char letters[] = "\0\0\0\0\x01\x02\x04\x08\x10\x20\xff\r\n$*:+- HTTP/1.10RZEQ";
    uint64_t random = 11;
    (void)state;
    for (size_t i = 0; i < sizeof protocols / sizeof protocols[0]; i++) {
        struct protocol protocol = framing_protocol(protocols[i]);
        for (int round = 0; round < 3000; round++) {
            char bytes[2][64];
            struct edges whole, pieces;
            for (size_t at = 0; at < sizeof bytes; at++)
                bytes[at / 64][at % 64] = letters[random_below(&random, sizeof letters - 1)];
            struct exchange talk[] = {{'c', bytes[0], random_below(&random, 65)},
                {'s', bytes[1], random_below(&random, 65)}, {'C', bytes[0], 9}, {'S', bytes[1], 9}};
            edges_of(&protocol, talk, 4, NULL, &whole);
            edges_of(&protocol, talk, 4, &random, &pieces);
            assert_string_equal(whole.text[0], pieces.text[0]);
            assert_string_equal(whole.text[1], pieces.text[1]);
            check_quiet_edges(protocols[i], &protocol, talk, 4, &random);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(length_counts_what_the_user_says),
        cmocka_unit_test(tls_records_have_content_types),
        cmocka_unit_test(http2_frames_come_behind_the_preface),
        cmocka_unit_test(postgres_messages_have_the_names_of_its_documentation),
        cmocka_unit_test(postgres_first_message_has_no_type),
        cmocka_unit_test(postgres_is_lost_where_it_is_encrypted),
        cmocka_unit_test(postgres_passwords_are_named_by_what_they_answer),
        cmocka_unit_test(kafka_requests_have_api_names),
        cmocka_unit_test(kafka_tokens_have_no_kind),
        cmocka_unit_test(amqp_header_is_the_first_message),
        cmocka_unit_test(mongodb_messages_count_their_own_header),
        cmocka_unit_test(mqtt_lengths_have_one_to_four_bytes),
        cmocka_unit_test(quiet_framing_reports_no_whole_message),
        cmocka_unit_test(every_protocol_takes_any_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
