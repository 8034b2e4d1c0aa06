/* SPDX-License-Identifier: MIT */
/* A story as packets in a pcapng file: the blocks are whole, the sequence numbers go on, checksums
 * are right. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proxy/app/view/ip_packet.h"
#include "proxy/app/view/segments.h"
#include "proxy/app/view/story.h"

#define EVENT(us, event)                                                                           \
    "{\"time\":\"2024-05-06T07:08:09." us "Z\",\"event\":\"" event                                 \
    "\",\"proxy\":\"web\",\"connection\":1,"
#define SIDE(name, ended, in, out)                                                                 \
    "\"" name "\":{\"ended\":[\"" ended "\"],\"bytes_in\":" in ",\"bytes_out\":" out "}"

/* A connection that a reset ended at byte 70,000 of the reply. */
#define FAULT "\"fault\":\"cut\",\"type\":\"reset\",\"direction\":\"downstream\",\"offset\":70000}"
#define CAUSE "\"cause\":\"fault\",\"cause_fault\":\"cut\","
#define OPEN(client, server)                                                                       \
    EVENT("000000", "open") "\"client\":\"" client "\",\"server\":\"" server "\"}"
#define CLOSED                                                                                     \
    EVENT("001500", "closed")                                                                      \
    CAUSE SIDE("client", "rst_sent", "89", "70000") "," SIDE(                                      \
        "server", "rst_sent", "70000", "89") "}"
#define CUT(client, server)                                                                        \
    "[" OPEN(client, server) "," EVENT("001500", "fault") FAULT "," CLOSED "]"

struct file {
    char *bytes;
    size_t size;
};

static struct file write_file(const char *json)
{
    struct file file;
    struct segments segments;
    struct story story;
    json_t *events = json_loads(json, 0, NULL);
    assert_non_null(events);
    assert_int_equal(view_story_build(&story, events), 0);
    segments_init(&segments);
    assert_int_equal(segments_add(&segments, &story, "127.0.0.1:8080"), 0);
    FILE *out = open_memstream(&file.bytes, &file.size);
    segments_write(&segments, out);
    fclose(out);
    segments_free(&segments);
    view_story_free(&story);
    json_decref(events);
    return file;
}

static uint32_t number_at(const struct file *file, size_t offset)
{
    uint32_t number;
    assert_true(offset + sizeof number <= file->size);
    memcpy(&number, file->bytes + offset, sizeof number);
    return number;
}

/* Offset of the block behind the one at `offset`, which must have its length at both ends. */
static size_t next_block(const struct file *file, size_t offset)
{
    uint32_t size = number_at(file, offset + 4);
    assert_int_equal(size % 4, 0);
    assert_int_equal(number_at(file, offset + size - 4), size);
    return offset + size;
}

static void every_block_has_its_type_and_its_length_at_both_ends(void **state)
{
    struct file file = write_file(CUT("127.0.0.1:40000", "127.0.0.1:80"));
    (void)state;
    assert_int_equal(number_at(&file, 0), 0x0a0d0d0a);
    assert_int_equal(number_at(&file, 8), 0x1a2b3c4d);
    size_t offset = next_block(&file, 0), packets = 0;
    assert_int_equal(number_at(&file, offset), 1);
    for (offset = next_block(&file, offset); offset < file.size; packets++) {
        assert_int_equal(number_at(&file, offset), 6);
        offset = next_block(&file, offset);
    }
    assert_int_equal(offset, file.size);
    /* Two handshakes of 3; 89 bytes twice and 70,000 twice, which are two pieces, each with its
     * acknowledgement; two RSTs. */
    assert_int_equal(packets, 6 + 4 + 8 + 2);
    free(file.bytes);
}

static void a_packet_says_how_long_it_was_and_when(void **state)
{
    struct file file = write_file(CUT("127.0.0.1:40000", "127.0.0.1:80"));
    const int64_t begin_us = INT64_C(1714979289000000);
    uint64_t bytes = 0;
    int64_t last_us = 0;
    (void)state;
    size_t offset = next_block(&file, next_block(&file, 0));
    for (; offset < file.size; offset = next_block(&file, offset)) {
        int64_t at_us = (int64_t)((uint64_t)number_at(&file, offset + 12) << 32 |
                                  number_at(&file, offset + 16));
        assert_true(at_us >= begin_us + last_us);
        last_us = at_us - begin_us;
        assert_int_equal(number_at(&file, offset + 20), 40); /* captured: the headers */
        bytes += number_at(&file, offset + 24) - 40;
    }
    assert_int_equal(last_us, 1500);
    assert_int_equal(bytes, 2 * (89 + 70000));
    free(file.bytes);
}

static void the_fault_is_a_comment_of_what_it_did_and_the_record_of_the_last_packet(void **state)
{
    static const char fault[] = "cut: reset at byte 70,000 from the server";
    struct file file = write_file(CUT("127.0.0.1:40000", "127.0.0.1:80"));
    size_t offset = next_block(&file, next_block(&file, 0)), with_fault = 0, with_record = 0,
           last = 0;
    (void)state;
    for (; offset < file.size; offset = next_block(&file, offset)) {
        const char *block = file.bytes + offset;
        size_t size = number_at(&file, offset + 4);
        if (memmem(block, size, fault, strlen(fault)) != NULL) {
            with_fault++;
            assert_int_equal(block[28 + 33] & IP_RST, IP_RST); /* the flags of TCP */
        }
        if (memmem(block, size, "\"event\":\"closed\"", 16) != NULL) {
            with_record++;
            last = next_block(&file, offset);
        }
    }
    assert_int_equal(with_fault, 1);
    assert_int_equal(with_record, 1);
    assert_int_equal(last, file.size);
    free(file.bytes);
}

/* A download of 3 GB, and a message that says more than there is. */
static void bytes_that_have_no_room_are_counted_in_a_comment(void **state)
{
#define LARGE                                                                                      \
    "[" OPEN("127.0.0.1:40000", "127.0.0.1:80") "," EVENT("001000", "message") MESSAGE             \
        "," EVENT("001500", "closed") SIDE("client", "fin_sent", "89", "3000000089") "," SIDE(     \
            "server", "fin_sent", "3000000089", "89") "}]"
#define MESSAGE                                                                                    \
    "\"direction\":\"upstream\",\"number\":1,\"offset\":0,\"size\":9223372036854775807,"           \
    "\"bytes\":\"41\"}"
    static const char comment[] = "bytes more, which are not in packets";
    struct file file = write_file(LARGE);
    size_t packets = 0, comments = 0;
    (void)state;
    for (size_t at = next_block(&file, next_block(&file, 0)); at < file.size; packets++) {
        size_t size = number_at(&file, at + 4);
        comments += memmem(file.bytes + at, size, comment, strlen(comment)) != NULL;
        at = next_block(&file, at);
    }
    assert_true(packets > 10000 && packets < 20000);
    assert_true(comments >= 2);
    free(file.bytes);
}

/* An edited log: no packet is made of them, so that no number of packets would end it. */
static void bytes_behind_a_rst_are_passed_over_at_once(void **state)
{
    struct file file = write_file("[" OPEN("127.0.0.1:40000", "127.0.0.1:80") "," EVENT(
        "001000", "reset_seen") "\"side\":\"client\",\"offset\":0}," EVENT("001500",
        "closed") "\"cause\":\"client_rst\"," SIDE("client", "rst_received", "9000000000000000000",
        "0") "," SIDE("server", "rst_sent", "0", "0") "}]");
    (void)state;
    assert_true(file.size < 10000);
    free(file.bytes);
}

static void addresses_that_are_no_ip_become_loopback_ones(void **state)
{
    struct ip_end end;
    struct file file = write_file(CUT("unix:", "unix:/tmp/sock"));
    (void)state;
    assert_true(file.size > 1000);
    free(file.bytes);
    ip_end_parse(&end, "unix:/tmp/sock", 7);
    assert_true(end.is_made_up);
    assert_int_equal(end.port, 7);
    ip_end_parse(&end, "[::1]:80", 7);
    assert_true(end.is_ipv6 && !end.is_made_up);
    assert_int_equal(end.port, 80);
}

/* RFC 1071: the sum over what is protected, with its checksum, is 0xffff. */
static uint32_t sum_of(const uint8_t *bytes, size_t size, uint32_t sum)
{
    for (size_t i = 0; i < size; i++)
        sum += i % 2 == 0 ? (uint32_t)bytes[i] << 8 : bytes[i];
    while (sum >> 16 != 0)
        sum = (sum & 0xffff) + (sum >> 16);
    return sum;
}

static void checksums_are_right_where_the_payload_is_known(void **state)
{
    struct ip_packet packet = {.sequence = 0xfffffff0u,
        .acknowledged = 7,
        .flags = IP_ACK | IP_PSH,
        .payload_size = 5,
        .payload_hex = "68656c6c6f"};
    uint8_t bytes[IP_HEADERS_MAX + 16];
    (void)state;
    ip_end_parse(&packet.from, "10.1.2.3:40000", 0);
    ip_end_parse(&packet.to, "192.168.255.254:80", 0);
    assert_int_equal(ip_packet_build(&packet, bytes, 16), 45);
    assert_memory_equal(bytes + 40, "hello", 5);
    assert_int_equal(sum_of(bytes, 20, 0), 0xffff);
    assert_int_equal(sum_of(bytes + 20, 25, sum_of(bytes + 12, 8, 6 + 25)), 0xffff);

    ip_end_parse(&packet.from, "[fe80::1]:40000", 0);
    ip_end_parse(&packet.to, "[2001:db8::2]:80", 0);
    assert_int_equal(ip_packet_build(&packet, bytes, 16), 65);
    assert_int_equal(sum_of(bytes + 40, 25, sum_of(bytes + 8, 32, 6 + 25)), 0xffff);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_block_has_its_type_and_its_length_at_both_ends),
        cmocka_unit_test(a_packet_says_how_long_it_was_and_when),
        cmocka_unit_test(the_fault_is_a_comment_of_what_it_did_and_the_record_of_the_last_packet),
        cmocka_unit_test(bytes_that_have_no_room_are_counted_in_a_comment),
        cmocka_unit_test(bytes_behind_a_rst_are_passed_over_at_once),
        cmocka_unit_test(addresses_that_are_no_ip_become_loopback_ones),
        cmocka_unit_test(checksums_are_right_where_the_payload_is_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
