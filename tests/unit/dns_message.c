/* SPDX-License-Identifier: MIT */
/* A DNS forwarder learns addresses from answers, and answers a question with a failure. */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proxy/app/intercept/dns_message.h"

/* db.example.com A: an alias, then 10.1.2.3, by compressed names (RFC 1035 4.1.4). */
static const unsigned char answer[] =
    "\x12\x34\x81\x80\x00\x01\x00\x02\x00\x00\x00\x00"
    "\x02"
    "db\x07"
    "example\x03"
    "com\x00\x00\x01\x00\x01"
    "\xc0\x0c\x00\x05\x00\x01\x00\x00\x00\x3c\x00\x02\xc0\x0f"
    "\xc0\x0f\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04\x0a\x01\x02\x03";

#define ANSWER_SIZE (sizeof answer - 1)
#define QUESTION_SIZE (12 + 16 + 4)

static bool has(const struct name_cache *names, const char *name, uint32_t address)
{
    struct sockaddr_storage storage = {0};
    struct sockaddr_in *in = (struct sockaddr_in *)&storage;
    in->sin_family = AF_INET;
    in->sin_addr.s_addr = htonl(address);
    return name_cache_has(names, name, strlen(name), &storage);
}

static void addresses_belong_to_the_name_that_was_asked_for(void **state)
{
    struct name_cache names = {0};
    (void)state;
    dns_note_addresses(answer, ANSWER_SIZE, &names);
    assert_int_equal(names.count, 1);
    assert_true(has(&names, "db.example.com", 0x0a010203));
    assert_false(has(&names, "example.com", 0x0a010203));
    name_cache_deinit(&names);
}

static void a_question_teaches_nothing(void **state)
{
    struct name_cache names = {0};
    unsigned char bytes[ANSWER_SIZE];
    (void)state;
    memcpy(bytes, answer, sizeof bytes);
    bytes[2] &= 0x7f;
    dns_note_addresses(bytes, sizeof bytes, &names);
    assert_int_equal(names.count, 0);
}

/* The memory ends with the message, so that a read beyond it is found. */
static void cut_and_spoiled_messages_are_left(void **state)
{
    (void)state;
    for (size_t size = 0; size < ANSWER_SIZE; size++) {
        struct name_cache names = {0};
        unsigned char *bytes = test_malloc(size + (size == 0));
        memcpy(bytes, answer, size);
        dns_note_addresses(bytes, size, &names);
        assert_int_equal(names.count, 0);
        dns_make_failure(bytes, size);
        name_cache_deinit(&names);
        test_free(bytes);
    }
    for (size_t at = 0; at < ANSWER_SIZE; at++) {
        struct name_cache names = {0};
        unsigned char *bytes = test_malloc(ANSWER_SIZE);
        for (int value = 0; value < 256; value += 5) {
            memcpy(bytes, answer, ANSWER_SIZE);
            bytes[at] = (unsigned char)value;
            dns_note_addresses(bytes, ANSWER_SIZE, &names);
            dns_make_failure(bytes, ANSWER_SIZE);
        }
        name_cache_deinit(&names);
        test_free(bytes);
    }
}

static void a_failure_repeats_the_question(void **state)
{
    unsigned char bytes[QUESTION_SIZE + 11];
    (void)state;
    memset(bytes, 0xee, sizeof bytes); /* what follows the question, as EDNS has it */
    memcpy(bytes, answer, QUESTION_SIZE);
    memcpy(bytes + 2, "\x01\x00\x00\x01\x00\x00\x00\x00\x00\x01", 10);
    assert_int_equal(dns_make_failure(bytes, sizeof bytes), QUESTION_SIZE);
    assert_memory_equal(bytes, "\x12\x34\x81\x82\x00\x01\x00\x00\x00\x00\x00\x00", 12);
    assert_memory_equal(bytes + 12, answer + 12, QUESTION_SIZE - 12);
    assert_int_equal(dns_make_failure(bytes, QUESTION_SIZE), 0); /* an answer now */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_belong_to_the_name_that_was_asked_for),
        cmocka_unit_test(a_question_teaches_nothing),
        cmocka_unit_test(cut_and_spoiled_messages_are_left),
        cmocka_unit_test(a_failure_repeats_the_question),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
