/* SPDX-License-Identifier: MIT */
/* A connection's events as a story, and the story as a picture in characters. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proxy/app/view/story.h"
#include "proxy/app/view/text_diagram.h"

#define HEAD(second, event)                                                                        \
    "{\"time\":\"2024-05-06T07:08:0" second "Z\",\"event\":\"" event                               \
    "\",\"proxy\":\"web\",\"connection\":1,"
#define OPEN HEAD("9.000000", "open") "\"client\":\"127.0.0.1:40000\",\"server\":\"127.0.0.1:80\"}"
#define SIDE(name, ended, in, out, unread)                                                         \
    "\"" name "\":{\"address\":\"a\",\"ended\":[" ended "],\"bytes_in\":" in ",\"bytes_out\":" out \
    ",\"unread\":" unread ",\"unacked\":0}"

/* A connection that a reset ended at byte 1024 of the reply. */
#define CUT                                                                                        \
    "[" OPEN "," HEAD("9.001500",                                                                  \
        "fault") "\"fault\":\"cut\",\"type\":\"reset\",\"direction\":\"downstream\",\"offset\":"   \
                 "1024}," HEAD("9.002000",                                                         \
                     "closed") "\"cause\":\"fault\",\"cause_fault\":\"cut\"," SIDE("client",       \
                     "\"rst_sent\"", "89", "1024",                                                 \
                     "0") "," SIDE("server", "\"rst_sent\"", "1024", "89", "4000") "}]"

struct drawn {
    struct story story;
    json_t *events;
    char *text;
};

static void draw(struct drawn *drawn, const char *json)
{
    json_error_t error;
    size_t size;
    drawn->events = json_loads(json, 0, &error);
    if (drawn->events == NULL)
        fail_msg("the test's JSON: %s at %d", error.text, error.position);
    assert_int_equal(view_story_build(&drawn->story, drawn->events), 0);
    FILE *out = open_memstream(&drawn->text, &size);
    view_text_diagram_print(&drawn->story, out);
    fclose(out);
}

static void forget(struct drawn *drawn)
{
    view_story_free(&drawn->story);
    json_decref(drawn->events);
    free(drawn->text);
}

/* Fails unless the texts stand in the picture in this order. */
static void stand_in_order(const struct drawn *drawn, const char *const *texts)
{
    const char *from = drawn->text;
    for (; *texts != NULL; texts++) {
        const char *found = strstr(from, *texts);
        if (found == NULL)
            fail_msg("'%s' does not stand in its place in:\n%s", *texts, drawn->text);
        from = found + strlen(*texts);
    }
}

static void no_line_is_longer_than_80(const struct drawn *drawn)
{
    for (const char *line = drawn->text; *line != '\0'; line += strcspn(line, "\n") + 1) {
        size_t length = strcspn(line, "\n");
        if (length > 80)
            fail_msg("a line of %zu bytes: %.*s", length, (int)length, line);
    }
}

static void a_reset_stands_where_it_fired_with_its_bytes(void **state)
{
    static const char *const wanted[] = {"127.0.0.1:40000", "web#1", "connects", "89 bytes",
        "1,024 bytes", "*** cut: reset at byte 1,024 from the server ***",
        "4,000 bytes left unread", "<=========== RST ====", "==== RST ===========>",
        "ended by the fault cut", "saw \"connection reset\"", NULL};
    struct drawn drawn;
    (void)state;
    draw(&drawn, CUT);
    stand_in_order(&drawn, wanted);
    no_line_is_longer_than_80(&drawn);
    forget(&drawn);
}

static void times_are_those_of_the_log(void **state)
{
    struct drawn drawn;
    (void)state;
    draw(&drawn, CUT);
    for (size_t i = 0; i < drawn.story.row_count; i++) {
        if (drawn.story.rows[i].kind == ROW_FAULT)
            assert_int_equal(drawn.story.rows[i].at_us, 1500);
    }
    forget(&drawn);
}

static void bytes_that_were_not_forwarded_are_said(void **state)
{
    static const char *const wanted[] = {
        "100 bytes", "60 bytes only", "40 bytes from the client not forwarded", NULL};
    struct drawn drawn;
    (void)state;
    draw(&drawn, "[" OPEN "," HEAD("9.1", "closed") "\"cause\":\"stopped\"," SIDE(
                     "client", "", "100", "0", "0") "," SIDE("server", "", "0", "60", "0") "}]");
    stand_in_order(&drawn, wanted);
    forget(&drawn);
}

static void bytes_that_nobody_sent_are_inserted(void **state)
{
    static const char *const wanted[] = {"25 bytes inserted", NULL};
    struct drawn drawn;
    (void)state;
    draw(&drawn, "[" OPEN "," HEAD("9.1", "closed") "\"cause\":\"stopped\"," SIDE(
                     "client", "", "0", "25", "0") "," SIDE("server", "", "0", "0", "0") "}]");
    stand_in_order(&drawn, wanted);
    forget(&drawn);
}

/* The log says how many of the bytes were inserted, so that the others are right too. */
static void inserted_bytes_are_none_of_those_that_were_forwarded(void **state)
{
    static const char *const wanted[] = {"100 bytes only", "5,000 bytes",
        "4,900 bytes from the server not forwarded", "5 bytes inserted", NULL};
    struct drawn drawn;
    (void)state;
    draw(&drawn, "[" OPEN "," HEAD("9.1", "closed") "\"cause\":\"stopped\"," SIDE("client", "", "0",
                     "105,\"inserted\":5", "0") "," SIDE("server", "", "5000", "0", "0") "}]");
    stand_in_order(&drawn, wanted);
    forget(&drawn);
}

static void a_held_fin_passes_when_its_fault_is_over(void **state)
{
    static const char *const wanted[] = {
        "hold: hold_fin", "FIN", "FIN held back", "hold is over", "FIN ===", NULL};
    struct drawn drawn;
    (void)state;
    draw(&drawn,
        "[" OPEN "," HEAD("9.000001",
            "fault") "\"fault\":\"hold\",\"type\":\"hold_fin\",\"direction\":\"upstream\","
                     "\"offset\":0}," HEAD(
                         "9.000002", "eof") "\"side\":\"client\",\"offset\":0}," HEAD("9.000003",
                         "fault_over") "\"fault\":\"hold\",\"type\":\"hold_fin\",\"direction\":"
                                       "\"upstream\",\"offset\":0}," HEAD("9.000004",
                                           "closed") "\"cause\":\"client_fin\"," SIDE("client",
                                           "\"fin_received\",\"fin_sent\"", "0", "0",
                                           "0") "," SIDE("server", "\"fin_sent\",\"fin_received\"",
                                           "0", "0", "0") "}]");
    stand_in_order(&drawn, wanted);
    forget(&drawn);
}

#define END(side, end, at_us, events)                                                              \
    "{\"side\":\"" side "\",\"end\":\"" end "\",\"at_us\":" at_us ",\"events\":" events "}"

/* The client's FIN comes at once, ours to the server 40 ms later, and a FIN to the client that no
 * event announces comes between. */
#define CLIENT_EOF HEAD("9.010000", "eof") "\"side\":\"client\",\"offset\":7,\"other_offset\":3},"
#define SERVER_EOF HEAD("9.060000", "eof") "\"side\":\"server\",\"offset\":3,\"other_offset\":7},"
#define CLIENT_ENDS                                                                                \
    END("client", "fin_received", "10000", "1") "," END("client", "fin_sent", "20000", "2")
#define SERVER_ENDS                                                                                \
    END("server", "fin_sent", "50000", "2") "," END("server", "fin_received", "60000", "2")
#define SIDES                                                                                      \
    SIDE("client", "\"fin_received\",\"fin_sent\"", "7", "3", "0")                                 \
    "," SIDE("server", "\"fin_sent\",\"fin_received\"", "3", "7", "0")
#define LATE_FINS                                                                                  \
    CLIENT_EOF SERVER_EOF HEAD("9.060000", "closed") "\"cause\":\"client_fin\",\"duration_us\":"   \
                                                     "60000,\"events\":3,\"ends\":[" CLIENT_ENDS   \
                                                     "," SERVER_ENDS "]," SIDES "}]"

static void what_rudeproxy_sent_stands_where_it_was_sent(void **state)
{
    static const char *const wanted[] = {"connects", "3 bytes", "7 bytes",
        "10.0 ms        |============ FIN ===========>|                             |",
        "20.0 ms        |<=========== FIN ============|                             |",
        "50.0 ms        |                             |============ FIN ===========>|",
        "60.0 ms        |                             |<=========== FIN ============|", NULL};
    struct drawn drawn;
    (void)state;
    draw(&drawn, "[" OPEN "," LATE_FINS);
    stand_in_order(&drawn, wanted);
    forget(&drawn);
}

/* The live page's log begins with the last events. */
static void places_count_from_the_events_that_a_cut_log_has(void **state)
{
    static const char *const wanted[] = {"0.00 ms        |============ FIN",
        "10.0 ms        |<=========== FIN ====",
        "40.0 ms        |                             |============ FIN",
        "50.0 ms        |                             |<=========== FIN ====", NULL};
    struct drawn drawn;
    (void)state;
    draw(&drawn, "[" LATE_FINS);
    stand_in_order(&drawn, wanted);
    forget(&drawn);
}

static size_t count_of(const char *text, const char *part)
{
    size_t count = 0;
    while ((text = strstr(text, part)) != NULL) {
        text += strlen(part);
        count++;
    }
    return count;
}

/* A capture keeps the first events of a connection and the last one. */
static void places_count_from_the_beginning_if_the_log_has_it(void **state)
{
    static const char *const wanted[] = {"connects", "3 bytes", "7 bytes",
        "10.0 ms        |============ FIN ===========>|============ FIN ===========>|", NULL};
    struct drawn drawn;
    (void)state;
    draw(&drawn,
        "[" OPEN "," CLIENT_EOF HEAD("9.060000",
            "closed") "\"cause\":\"client_fin\",\"duration_us\":60000,\"events\":500,\"ends\":"
                      "[" END("client", "fin_received", "10000", "1") "," END("server", "fin_sent",
                          "10000", "2") "]," SIDE("client", "\"fin_received\"", "7", "3",
                          "0") "," SIDE("server", "\"fin_sent\"", "3", "7", "0") "}]");
    stand_in_order(&drawn, wanted);
    assert_int_equal(count_of(drawn.text, "= FIN ="), 2);
    forget(&drawn);
}

/* A file that was rotated, or lines that were lost. */
static void a_log_without_the_beginning_says_so_and_where_its_fault_fired(void **state)
{
    static const char *const wanted[] = {"the log does not have its beginning",
        "*** cut: reset at byte 1,024 from the server ***", "ended by the fault cut", NULL};
    struct drawn drawn;
    char cut[sizeof CUT];
    (void)state;
    snprintf(cut, sizeof cut, "[%s", &(CUT)[sizeof("[" OPEN ",") - 1]);
    draw(&drawn, cut);
    stand_in_order(&drawn, wanted);
    assert_null(strstr(drawn.text, "connects"));
    assert_null(strstr(drawn.text, "dialled"));
    forget(&drawn);
}

/* The program was killed: there is no event `closed`. */
static void a_server_that_is_dialled_late_is_not_the_clients_first_event(void **state)
{
    static const char *const wanted[] = {"127.0.0.1:40000", "web#1", "127.0.0.1:80", "connects",
        "delay: connect_delay, before the server is", "dialled", "connects", NULL};
    struct drawn drawn;
    (void)state;
    draw(&drawn,
        "[" HEAD("8.000000", "fault") "\"fault\":\"delay\",\"type\":\"connect_delay\","
                                      "\"direction\":\"upstream\",\"offset\":0}," OPEN "]");
    stand_in_order(&drawn, wanted);
    const char *last = strstr(strstr(drawn.text, "dialled"), "connects");
    assert_null(strstr(last + 1, "connects"));
    forget(&drawn);
}

static void long_names_go_on_in_the_next_line(void **state)
{
    static const char *const wanted[] = {"127.0.0.1:40000", "checkout-service-postgre",
        "[2001:db8:85a3::8a2e:", "s-primary#12", "370:7334]:443", "connects", NULL};
    struct drawn drawn;
    (void)state;
    draw(&drawn, "[{\"time\":\"2024-05-06T07:08:09.0Z\",\"event\":\"open\",\"proxy\":"
                 "\"checkout-service-postgres-primary\",\"connection\":12,"
                 "\"client\":\"127.0.0.1:40000\","
                 "\"server\":\"[2001:db8:85a3::8a2e:370:7334]:443\"}]");
    stand_in_order(&drawn, wanted);
    no_line_is_longer_than_80(&drawn);
    forget(&drawn);
}

/* Bytes of a peer may not move the cursor or turn the text. */
static void what_a_peer_sent_is_disarmed(void **state)
{
    struct drawn drawn;
    (void)state;
    draw(&drawn,
        "[" OPEN "," HEAD("9.000001",
            "message") "\"direction\":\"upstream\",\"number\":1,\"offset\":0,"
                       "\"size\":9,\"kind\":\"GET\",\"line\":\"GET \\u001b[2J\\u202e/\"}]");
    assert_null(strchr(drawn.text, '\x1b'));
    assert_null(strstr(drawn.text, "\xe2\x80\xae"));
    assert_non_null(strstr(drawn.text, "GET ?[2J?/, 9 bytes"));
    forget(&drawn);
}

static void words_that_are_missing_or_of_another_type_are_no_crash(void **state)
{
    struct drawn drawn;
    (void)state;
    draw(&drawn,
        "[{\"event\":\"fault\",\"connection\":1},{\"event\":\"message\",\"direction\":7},"
        "{\"event\":\"eof\"},{\"event\":\"closed\",\"client\":{\"ended\":[1,2]},\"server\":3}]");
    forget(&drawn);
}

/* A log may have thousands of messages on one connection: the middle is counted. */
static void a_long_story_is_folded(void **state)
{
    struct story story = {.row_count = 1000};
    char *text;
    size_t size;
    (void)state;
    story.rows = calloc(story.row_count, sizeof story.rows[0]);
    assert_non_null(story.rows);
    for (size_t i = 0; i < story.row_count; i++) {
        story.rows[i].lane = LANE_PROXY;
        snprintf(story.rows[i].text, sizeof story.rows[i].text, "row %zu.", i);
    }
    FILE *out = open_memstream(&text, &size);
    view_text_diagram_print(&story, out);
    fclose(out);
    assert_non_null(strstr(text, "row 119."));
    assert_non_null(strstr(text, "760 more rows"));
    assert_null(strstr(text, "row 120."));
    assert_null(strstr(text, "row 879."));
    assert_non_null(strstr(text, "row 880."));
    free(text);
    view_story_free(&story);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reset_stands_where_it_fired_with_its_bytes),
        cmocka_unit_test(times_are_those_of_the_log),
        cmocka_unit_test(bytes_that_were_not_forwarded_are_said),
        cmocka_unit_test(bytes_that_nobody_sent_are_inserted),
        cmocka_unit_test(inserted_bytes_are_none_of_those_that_were_forwarded),
        cmocka_unit_test(a_held_fin_passes_when_its_fault_is_over),
        cmocka_unit_test(what_rudeproxy_sent_stands_where_it_was_sent),
        cmocka_unit_test(places_count_from_the_events_that_a_cut_log_has),
        cmocka_unit_test(places_count_from_the_beginning_if_the_log_has_it),
        cmocka_unit_test(a_log_without_the_beginning_says_so_and_where_its_fault_fired),
        cmocka_unit_test(a_server_that_is_dialled_late_is_not_the_clients_first_event),
        cmocka_unit_test(long_names_go_on_in_the_next_line),
        cmocka_unit_test(what_a_peer_sent_is_disarmed),
        cmocka_unit_test(words_that_are_missing_or_of_another_type_are_no_crash),
        cmocka_unit_test(a_long_story_is_folded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
