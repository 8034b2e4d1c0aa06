/* SPDX-License-Identifier: MIT */
/* Messages of protocols made of lines: http, smtp, redis, line, turns. See framing_edges.h for the
 * words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/framing_edges.h"

#define GET "GET / HTTP/1.1\r\nHost: a\r\n\r\n" /* 27 bytes */

static void http_bodies_end_by_content_length(void **state)
{
    (void)state;
    CHECK("http", "1:POST@0 =45 body@40 .45 2:GET@45 =27 .72",
        "1:200@0 =43 body@38 .43 2:204@43 =27 .70",
        SAYS('c', "POST / HTTP/1.1\r\ncontent-length:  5 \r\n\r\nhello"),
        SAYS('s', "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nworld"), SAYS('c', GET),
        SAYS('s', "HTTP/1.1 204 No Content\r\n\r\n"));
}

static void http_chunks_and_trailer_are_parts(void **state)
{
    (void)state;
    CHECK("http", "1:GET@0 =27 .27 2:GET@27 =27 .54",
        "1:200@0 =? body@47 chunk1@47 chunk2@57 trailer@81 .89 2:404@89 =45 .134",
        SAYS('c', GET GET),
        SAYS('s', "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                  "5\r\nhello\r\n"
                  "A;x=\"1\"\r\n0123456789\r\n0\r\n"
                  "a: b\r\n\r\n"
                  "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"));
}

static void http_answers_to_head_have_no_body(void **state)
{
    (void)state;
    CHECK("http", "1:HEAD@0 =28 .28 2:GET@28 =27 .55", "1:200@0 =38 .38 2:200@38 =43 body@76 .81",
        SAYS('c', "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n" GET),
        SAYS('s', "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"
                  "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"));
}

static void http_1xx_comes_before_the_answer(void **state)
{
    (void)state;
    CHECK("http", "1:POST@0 =41 body@38 .41 2:HEAD@41 =19 .60",
        "1:100@0 =25 .25 2:103@25 =40 .65 3:304@65 =48 .113 4:200@113 =38 .151",
        SAYS('c', "POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabcHEAD / HTTP/1.0\r\n\r\n"),
        SAYS('s', "HTTP/1.1 100 Continue\r\n\r\n"
                  "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
                  "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n"
                  "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"));
}

static void http_body_until_close_ends_at_the_fin(void **state)
{
    (void)state;
    CHECK("http", "1:GET@0 =27 .27", "1:200@0 =? body@19 .30", SAYS('c', GET),
        SAYS('S', "HTTP/1.0 200 OK\r\n\r\nhello world"));
}

static void http_has_no_messages_behind_an_upgrade(void **state)
{
    (void)state;
    CHECK("http", "1:GET@0 =45 .45", "1:101@0 =36 .36",
        SAYS('c', "GET / HTTP/1.1\r\nUpgrade: x\r\nConnection: a\r\n\r\n"),
        SAYS('s', "HTTP/1.1 101 Switching Protocols\r\n\r\n\x81\x05hello"),
        SAYS('c', "GET \x81\x05world"));
    CHECK("http", "1:CONNECT@0 =24 .24", "1:200@0 =19 .19",
        SAYS('c', "CONNECT a:1 HTTP/1.1\r\n\r\n"), SAYS('s', "HTTP/1.1 200 OK\r\n\r\n\x16\x03"),
        SAYS('c', "\x16\x03\x01"));
    CHECK("http", "1:CONNECT@0 =24 .24 2:GET@24 =27 .51", "1:407@0 =37 .37 2:200@37 =37 .74",
        SAYS('c', "CONNECT a:1 HTTP/1.1\r\n\r\n"),
        SAYS('s', "HTTP/1.1 407 X\r\nContent-Length: 0\r\n\r\n"), SAYS('c', GET),
        SAYS('s', "HTTP/1.1 200 X\r\nContent-Length: 0\r\n\r\n"));
}

/* The client completes the request that the 101 answers (RFC 9110 7.8). */
static void http_upgrade_comes_behind_the_request(void **state)
{
    (void)state;
    CHECK("http", "1:POST@0 =43 body@38 .43", "1:101@0 =18 .18",
        SAYS('c', "POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhe"),
        SAYS('s', "HTTP/1.1 101 S\r\n\r\nGET"), SAYS('c', "lloGET / HTTP/1.1\r\n\r\n"));
    CHECK("http", "1:POST@0 =? body@47 chunk1@47 trailer@58 .60", "1:101@0 =18 .18",
        SAYS('c', "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab"),
        SAYS('s', "HTTP/1.1 101 S\r\n\r\nGET"), SAYS('c', "c\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n"));
    CHECK("http", "1:GET@0 =27 .27", "1:101@0 =18 .18", SAYS('c', "GET / HTTP/1.1\r\nHost"),
        SAYS('s', "HTTP/1.1 101 S\r\n\r\n"), SAYS('c', ": a\r\n\r\n" GET));
    /* behind it, there is no further one */
    CHECK("http", "1:GET@0 =27 .27 2:POST@27 =43 body@65", "1:101@0 =18 .18",
        SAYS('c', GET "POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhe"),
        SAYS('s', "HTTP/1.1 101 S\r\n\r\n"), SAYS('c', "lloGET / HTTP/1.1\r\n\r\n"));
}

static void http_takes_bare_line_feeds_and_empty_lines_before_a_request(void **state)
{
    (void)state;
    CHECK("http", "1:GET@4 =16 .20 2:GET@20 =16 .36", "1:200@0 =41 body@39 .41",
        SAYS('c', "\r\n\r\nGET / HTTP/1.0\n\nGET / HTTP/1.0\n\n"),
        SAYS('s', "HTTP/1.1 200 OK\nA: b\nContent-Length:2\n\nab"));
}

static void http_that_is_something_else_is_lost(void **state)
{
    (void)state;
    CHECK("http", "lost@0", "lost@0", SAYS('c', "\x16\x03\x01\x02\x00"), SAYS('s', "+OK\r\n"));
    CHECK("http", "lost@0", "", SAYS('c', "hello world\r\n"));
    CHECK("http", "1:GET@0 =27 .27 lost@27", "", SAYS('c', GET "GET /\r\n"));
    CHECK("http", "lost@0", "", SAYS('c', "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"));
}

/* A list of equal lengths, a blank before a colon of a response, a status that nobody defined. */
static void http_takes_what_the_rfc_takes(void **state)
{
    (void)state;
    CHECK("http", "1:PUT@0 =45 body@40 .45 2:GET@45 =27 .72 3:GET@72 =27 .99",
        "1:999@0 =37 body@35 .37 2:200@37 =53 body@88 .90",
        SAYS('c', "PUT / HTTP/1.1\r\nContent-Length:5 , 5\r\n\r\nhello" GET GET),
        SAYS('s', "HTTP/1.1 999\r\nContent-Length: 2\r\n\r\nok"
                  "HTTP/1.1 200 OK\r\nServer \t: x\r\nContent-Length: 2\r\n\r\nok"));
    CHECK("http", "1:GET@0 lost@0", "1:200@0 lost@0",
        SAYS('c', "GET / HTTP/1.1\r\nHost : a\r\n\r\n"),
        SAYS('s', "HTTP/1.1 200 OK\r\nServer x: a\r\n\r\n"));
    CHECK("http", "", "1:200@0 lost@0", SAYS('s', "HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\n"));
}

static void http_lengths_that_two_readers_read_differently_are_lost(void **state)
{
    (void)state;
#define BAD(headers)                                                                               \
    CHECK("http", "1:PUT@0 lost@0", "", SAYS('c', "PUT / HTTP/1.1\r\n" headers "\r\n\r\n"))
    BAD("Content-Length: 5\r\nContent-Length: 6");
    BAD("Content-Length: 5\r\nTransfer-Encoding: chunked");
    BAD("Content-Length: -5");
    BAD("Content-Length: 5x");
    BAD("Content-Length: 99999999999999999999");
    BAD("Content-Length: 18446744073709551620"); /* 2^64 + 4 */
    BAD("Content-Length:");
    BAD("Content-Length : 5");
    BAD("Content-Length: 5\r\n 6");
    BAD("Content-Length: 5, 6");
    BAD("Content-Length: 5,");
    BAD("Content-Length: , 5");
    BAD("Transfer-Encoding: gzip");
    BAD("no colon");
#undef BAD
    CHECK("http", "1:PUT@0 =? body@46 lost@46", "",
        SAYS('c', "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n"));
    CHECK("http", "1:PUT@0 =? body@46 lost@46", "",
        SAYS('c', "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n10000000000000005\r\n"));
    CHECK("http", "1:PUT@0 =? body@46 chunk1@46 lost@50", "",
        SAYS('c', "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nxyz\r\n"));
}

static void http_answers_to_lost_requests_are_lost(void **state)
{
    (void)state;
    CHECK("http", "1:GET@0 =27 .27 lost@27", "1:200@0 =37 .37 lost@37", SAYS('c', GET "?"),
        SAYS('s', "HTTP/1.1 200 X\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200 X\r\n"));
}

static void lines_end_with_a_line_feed(void **state)
{
    (void)state;
    CHECK("line", "1:@0 =? .3 2:@3 =? .4 3:@4 =?", "1:@0 =? .3 2:@3 =? .5", SAYS('c', "ab\n\nc"),
        SAYS('S', "a\r\nb\n"));
}

static void a_turn_ends_when_the_other_side_speaks(void **state)
{
    (void)state;
    CHECK("turns", "1:@0 =? .5 2:@5 =? .6", "1:@0 =? .2 2:@2 =? .3", SAYS('c', "hello"),
        SAYS('s', "ok"), SAYS('C', "x"), SAYS('S', "y"));
}

static void redis_commands_have_names(void **state)
{
    (void)state;
    CHECK("redis", "1:INCR@0 =? .21 2:PING@21 =? .35 3:get@35 =? .42 4:@42 =? .46",
        "1:integer@0 =? .4 2:simple_string@4 =? .11 3:bulk_string@11 =? .16",
        SAYS('c', "*2\r\n$4\r\nINCR\r\n$1\r\na\r\n*1\r\n$4\r\nPING\r\nget a\r\n*0\r\n"),
        SAYS('s', ":1\r\n+PONG\r\n$-1\r\n"));
}

/* Redis passes over empty lines between commands, and takes \n alone as the end of one. */
static void redis_empty_lines_are_no_commands(void **state)
{
    (void)state;
    CHECK("redis", "1:PING@2 =? .16 2:PING@17 =? .22 3:get@23 =? .29", "",
        SAYS('c', "\r\n*1\r\n$4\r\nPING\r\n\nPING\n\nget a\n\r\n"));
}

static void redis_values_nest(void **state)
{
    (void)state;
    CHECK("redis", "",
        "1:array@0 =? .34 2:array@34 =? .38 3:map@38 =? .67 4:push@67 =? .80 5:attribute@80 =? .96 "
        "6:array@96 =? .101 7:bulk_string@101 =? .107",
        SAYS('s', "*3\r\n*2\r\n:1\r\n*-1\r\n$3\r\na\nb\r\n*1\r\n*0\r\n*0\r\n"),
        SAYS('s', "%2\r\n+a\r\n#t\r\n,1.5\r\n=5\r\ntxt:a\r\n"), SAYS('s', ">2\r\n_\r\n(123\r\n"),
        SAYS('s', "|1\r\n+k\r\n+v\r\n:1\r\n"), SAYS('s', "*-1\r\n$0\r\n\r\n"));
}

#define PSYNC "*3\r\n$5\r\nPSYNC\r\n$1\r\n?\r\n$2\r\n-1\r\n"
#define MARK "aaaaaaaaaaaaaaaaaaab0123456789abcdef0123"
#define STREAMED "*1\r\n$4\r\nPING\r\n"

/* Two forms, the second one with the beginning of its mark among its bytes. */
static void redis_replicas_get_a_snapshot(void **state)
{
    (void)state;
    CHECK("redis", "1:PSYNC@0 =? .30",
        "1:simple_string@0 =? .18 2:bulk_string@20 =? .29 3:array@29 =? .43 4:bulk_string@43 =? "
        ".49",
        SAYS('c', PSYNC), SAYS('s', "+FULLRESYNC a 12\r\n\n\n$5\r\nRED\r\n" STREAMED "$0\r\n\r\n"));
    CHECK("redis", "1:sync@0 =? .6", "1:bulk_string@1 =? .113 2:array@113 =? .127 lost@127",
        SAYS('c', "sync\r\n"),
        SAYS('s', "\n$EOF:" MARK "\r\nREDIS"
                  "aaaaaaaaaaaaaaaaaaaa" MARK STREAMED "\n"));
    CHECK("redis", "1:PSYNC@0 =? .30",
        "1:simple_string@0 =? .11 2:array@11 =? .25 3:bulk_string@25 =? lost@25", SAYS('c', PSYNC),
        SAYS('s', "+CONTINUE\r\n" STREAMED "$EOF:" MARK));
    CHECK("redis", "1:PSYNC@0 =? .30", "1:error@0 =? .6 2:bulk_string@6 =? .17", SAYS('c', PSYNC),
        SAYS('s', "-ERR\r\n$5\r\nhello\r\n"));
    CHECK("redis", "1:sync@0 =? .6", "1:bulk_string@0 =? .4", SAYS('c', "sync\r\n"),
        SAYS('s', "$0\r\n"));
    CHECK("redis", "1:PSYNC@0 =? .30", "1:bulk_string@0 =? lost@0", SAYS('c', PSYNC),
        SAYS('s', "$EOFx"));
    CHECK("redis", "1:SYNC@0 =? .6",
        "1:bulk_string@0 =? .20 2:bulk_string@20 =? .112 3:array@112 =? .126",
        SAYS('c', "SYNC\r\n"), SAYS('s', "$ENDOFF:12 abc 0 3\r\n$EOF:" MARK "\r\nREDIS" MARK),
        SAYS('s', STREAMED));
    CHECK("redis", "1:SYNC@0 =? .6", "1:bulk_string@0 =? lost@0", SAYS('c', "SYNC\r\n"),
        SAYS('s', "$ENDOFX"));
}

static void redis_that_is_something_else_is_lost(void **state)
{
    (void)state;
    CHECK("redis", "1:GET@0 =? .14 lost@14", "lost@0", SAYS('c', "GET / HTTP/1\r\n\x01"),
        SAYS('s', "HTTP/1.1 200\r\n"));
    CHECK("redis", "", "1:bulk_string@0 =? lost@0", SAYS('s', "$2\r\nabc\r\n"));
    CHECK("redis", "", "1:bulk_string@0 =? lost@0", SAYS('s', "$-2\r\n"));
    CHECK("redis", "", "1:array@0 =? lost@0", SAYS('s', "*99999999999999999999999\r\n"));
    CHECK("redis", "", "1:array@0 =? lost@0", SAYS('s', "*?\r\n"));
}

static void smtp_mail_is_one_message(void **state)
{
    (void)state;
    CHECK("smtp",
        "1:EHLO@0 =? .8 2:MAIL@8 =? .25 3:RCPT@25 =? .38 4:data@38 =? .44 5:mail_data@44 =? .64 "
        "6:QUIT@64 "
        "=? .70",
        "1:220@0 =? .7 2:250@7 =? .25 3:250@25 =? .33 4:550@33 =? .39 5:354@39 =? .44 6:250@44 =? "
        ".52 "
        "7:221@52 =? .59",
        SAYS('s', "220 x\r\n"), SAYS('c', "EHLO x\r\n"), SAYS('s', "250-one\r\n250 two\r\n"),
        SAYS('c', "MAIL FROM:<a@b>\r\nRCPT TO:<a>\r\ndata\r\n"),
        SAYS('s', "250 ok\r\n550 \r\n354\r\n"), SAYS('c', "To: a\r\n.\r.\n..\r\n\r\n.\r\n"),
        SAYS('s', "250 ok\r\n"), SAYS('c', "QUIT\r\n"), SAYS('s', "221 x\r\n"));
}

static void smtp_mail_may_be_empty(void **state)
{
    (void)state;
    CHECK("smtp", "1:DATA@0 =? .6 2:mail_data@6 =? .9 3:NOOP@9 =? .15", "1:354@0 =? .5",
        SAYS('c', "DATA\r\n"), SAYS('s', "354\r\n"), SAYS('c', ".\r\nNOOP\r\n"));
}

/* Readers differ on whether a line with one dot ends the mail, if a line end beside it has no \r:
 * how mails are smuggled. Lines without a dot may end so. */
static void smtp_mail_whose_end_two_readers_see_differently_is_lost(void **state)
{
    (void)state;
#define MAIL(lost, bytes)                                                                          \
    CHECK("smtp", "1:DATA@0 =? .6 2:mail_data@6 =? " lost, "1:354@0 =? .5", SAYS('c', "DATA\r\n"), \
        SAYS('s', "354\r\n"), SAYS('c', bytes))
    MAIL("lost@9", "ab\n.\n");
    MAIL("lost@9", "ab\n.\r\nMAIL\r\n.\r\n");
    MAIL("lost@10", "ab\r\n.\nMAIL\r\n.\r\n");
    MAIL("lost@6", ".\n");
    MAIL("lost@12", "ab\r\n\r\n.\n");
    MAIL("lost@11", "ab\r\n\n.\r\n");
    MAIL(".16", "ab\nc\n\r\n.\r\n");
    MAIL(".22", "a\n..\n.b\n.\r.\r\n.\r\n");
#undef MAIL
}

static void smtp_bdat_counts_what_follows(void **state)
{
    (void)state;
    CHECK("smtp", "1:BDAT@0 =? .21 2:BDAT@21 =? .34 3:QUIT@34 =? .40", "",
        SAYS('c', "BDAT 12\r\nQUIT\r\n123456BDAT 0 LAST\r\nQUIT\r\n"));
    CHECK("smtp", "1:BDAT@0 =? lost@0", "", SAYS('c', "BDAT 999999999999999999999\r\nQUIT\r\n"));
}

/* Behind a 354 to another command nobody knows what comes. */
static void smtp_354_means_what_its_command_means(void **state)
{
    (void)state;
    CHECK("smtp", "1:XEXCH50@0 =? .13 2:@13 =? .19 3:MAIL@19 =? .25",
        "1:354@0 =? .5 2:250@5 =? .10", SAYS('c', "XEXCH50 6 2\r\n"), SAYS('s', "354\r\n"),
        SAYS('c', "\0.\r\n.\r"), SAYS('s', "250\r\n"), SAYS('c', "MAIL\r\n"));
    CHECK("smtp", "1:XEXCH50@0 =? .13 2:QUIT@13 =? .19", "1:354@0 =? .5",
        SAYS('c', "XEXCH50 0 2\r\n"), SAYS('s', "354\r\n"), SAYS('c', "QUIT\r\n"));
    CHECK("smtp", "1:XBLOB@0 =? .7 lost@7", "1:354@0 =? .5 2:250@5 =? .10", SAYS('c', "XBLOB\r\n"),
        SAYS('s', "354\r\n"), SAYS('c', "QUIT\r\n"), SAYS('s', "250\r\n"));
}

static void smtp_auth_answers_are_lines(void **state)
{
    (void)state;
    CHECK("smtp", "1:AUTH@0 =? .12 2:auth_response@12 =? .15 3:RSET@15 =? .21",
        "1:334@0 =? .6 2:235@6 =? .11", SAYS('c', "AUTH LOGIN\r\n"), SAYS('s', "334 \r\n"),
        SAYS('c', "=\r\n"), SAYS('s', "235\r\n"), SAYS('c', "RSET\r\n"));
}

static void smtp_is_lost_behind_starttls(void **state)
{
    (void)state;
    CHECK("smtp", "1:STARTTLS@0 =? .10 lost@10", "1:220@0 =? .7 lost@7", SAYS('c', "STARTTLS\r\n"),
        SAYS('s', "220 x\r\n"), SAYS('c', "\x16\x03\x01"), SAYS('s', "\x16\x03"));
    CHECK("smtp", "1:STARTTLS@0 =? .10 2:QUIT@10 =? .16", "1:454@0 =? .7",
        SAYS('c', "STARTTLS\r\n"), SAYS('s', "454 x\r\n"), SAYS('c', "QUIT\r\n"));
}

static void smtp_private_verbs_have_digits_and_hyphens(void **state)
{
    (void)state;
    CHECK("smtp", "1:X-EXPS@0 =? .13 2:XEXCH50@13 =? .22 3:QUIT@22 =? .28 lost@28", "",
        SAYS('c', "X-EXPS NTLM\r\nXEXCH50\r\nQUIT\r\n-A\r\n"));
    CHECK("smtp", "lost@0", "", SAYS('c', "5A\r\n"));
    CHECK("smtp", "lost@0", "", SAYS('c', "A_B\r\n"));
}

static void smtp_that_is_something_else_is_lost(void **state)
{
    (void)state;
    CHECK("smtp", "lost@0", "lost@0", SAYS('c', "\x16\x03\x01"), SAYS('s', "HTTP/1.1 200 OK\r\n"));
    CHECK("smtp", "", "1:220@0 =? .5 lost@5", SAYS('s', "220\r\n220x\r\n"));
}

static void smtp_reply_that_is_lost_is_no_message(void **state)
{
    static const unsigned char bytes[] = "220\r\n220x\r\n";
    struct protocol protocol = framing_protocol("smtp");
    struct framing *framing = framing_new(&protocol);
    struct framing_event event = {0};
    (void)state;
    assert_non_null(framing);
    for (size_t seen = 0; seen < sizeof bytes - 1 && event.what != FRAMING_LOST;)
        seen += framing_scan(
            framing, DIRECTION_DOWNSTREAM, bytes + seen, sizeof bytes - 1 - seen, &event);
    assert_int_equal(event.what, FRAMING_LOST);
    assert_int_equal(framing_message(framing, DIRECTION_DOWNSTREAM)->number, 1);
    framing_free(framing);
}

static void kinds_that_peers_may_invent_are_right(void **state)
{
    static const struct {
        const char *protocol, *kind;
        enum direction direction;
        const char *wrong; /* NULL: nothing */
    } rows[] = {
        {"http", "PURGE", DIRECTION_UPSTREAM, NULL},
        {"http", "M-SEARCH", DIRECTION_UPSTREAM, NULL},
        {"http", "X_my.verb-2", DIRECTION_UPSTREAM, NULL},
        {"http", "GTE", DIRECTION_UPSTREAM, "did you mean 'GET'?"},
        {"http", "200", DIRECTION_UPSTREAM, "are downstream only"},
        {"http", "PURGE", DIRECTION_DOWNSTREAM, "are upstream only"},
        {"http", "FROB", DIRECTION_DOWNSTREAM, "has no downstream messages"},
        {"http", "999", DIRECTION_DOWNSTREAM, NULL},
        {"http", "99", DIRECTION_DOWNSTREAM, "has no downstream messages"},
        {"http", "0200", DIRECTION_DOWNSTREAM, "has no downstream messages"},
        {"redis", "json.set", DIRECTION_UPSTREAM, NULL},
        {"redis", "FT.SEARCH", DIRECTION_UPSTREAM, NULL},
        {"redis", "VADD", DIRECTION_UPSTREAM, NULL},
        {"redis", "GEORADIUSBYMEMBER_RO", DIRECTION_UPSTREAM, NULL},
        {"redis", "1GET", DIRECTION_UPSTREAM, "did you mean 'GET'?"},
        {"redis", "12345", DIRECTION_UPSTREAM, "has no upstream messages"},
        {"redis", "a b", DIRECTION_UPSTREAM, "has no upstream messages"},
        {"redis", "a123456789012345678901234", DIRECTION_UPSTREAM, "has no upstream messages"},
        {"redis", "array", DIRECTION_UPSTREAM, "are downstream only"},
        {"smtp", "X-EXPS", DIRECTION_UPSTREAM, NULL},
        {"smtp", "ATRN", DIRECTION_UPSTREAM, NULL},
        {"smtp", "body", DIRECTION_UPSTREAM, "has no upstream messages"},
        {"mysql", "COM_STMT_BULK_EXECUTE", DIRECTION_UPSTREAM, NULL},
        {"mysql", "COM_FROB", DIRECTION_UPSTREAM, "has no upstream messages"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct protocol protocol = framing_protocol(rows[i].protocol);
        struct err err = {0};
        int got = protocol_check_kind(&protocol, rows[i].direction, rows[i].kind, &err);
        const char *wrong = rows[i].wrong;
        if ((got == 0) != (wrong == NULL) || (wrong != NULL && strstr(err.text, wrong) == NULL))
            fail_msg("%s, %s: %d '%s'", rows[i].protocol, rows[i].kind, got, err.text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(http_bodies_end_by_content_length),
        cmocka_unit_test(http_chunks_and_trailer_are_parts),
        cmocka_unit_test(http_answers_to_head_have_no_body),
        cmocka_unit_test(http_1xx_comes_before_the_answer),
        cmocka_unit_test(http_body_until_close_ends_at_the_fin),
        cmocka_unit_test(http_has_no_messages_behind_an_upgrade),
        cmocka_unit_test(http_upgrade_comes_behind_the_request),
        cmocka_unit_test(http_takes_bare_line_feeds_and_empty_lines_before_a_request),
        cmocka_unit_test(http_that_is_something_else_is_lost),
        cmocka_unit_test(http_takes_what_the_rfc_takes),
        cmocka_unit_test(http_lengths_that_two_readers_read_differently_are_lost),
        cmocka_unit_test(http_answers_to_lost_requests_are_lost),
        cmocka_unit_test(lines_end_with_a_line_feed),
        cmocka_unit_test(a_turn_ends_when_the_other_side_speaks),
        cmocka_unit_test(redis_commands_have_names),
        cmocka_unit_test(redis_empty_lines_are_no_commands),
        cmocka_unit_test(redis_values_nest),
        cmocka_unit_test(redis_replicas_get_a_snapshot),
        cmocka_unit_test(redis_that_is_something_else_is_lost),
        cmocka_unit_test(smtp_mail_is_one_message),
        cmocka_unit_test(smtp_mail_may_be_empty),
        cmocka_unit_test(smtp_mail_whose_end_two_readers_see_differently_is_lost),
        cmocka_unit_test(smtp_bdat_counts_what_follows),
        cmocka_unit_test(smtp_354_means_what_its_command_means),
        cmocka_unit_test(smtp_auth_answers_are_lines),
        cmocka_unit_test(smtp_is_lost_behind_starttls),
        cmocka_unit_test(smtp_private_verbs_have_digits_and_hyphens),
        cmocka_unit_test(smtp_that_is_something_else_is_lost),
        cmocka_unit_test(smtp_reply_that_is_lost_is_no_message),
        cmocka_unit_test(kinds_that_peers_may_invent_are_right),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
