/* SPDX-License-Identifier: MIT */
/* DNS messages: see dns_message.h. Every read is checked against the size. */
#include "proxy/app/intercept/dns_message.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define HEADER_SIZE 12
#define FLAGS_AT 2
#define QDCOUNT_AT 4
#define ANCOUNT_AT 6
#define FLAG_RESPONSE 0x80
#define FLAG_RECURSION_DESIRED 0x01
#define FLAG_RECURSION_AVAILABLE 0x80
#define RCODE_SERVFAIL 2
#define OPCODE_MASK 0x78
#define LABEL_POINTER 0xc0
#define NAME_TEXT_MAX 256 /* RFC 1035 2.3.4: 255 bytes on the wire */
#define QUESTION_FIXED 4  /* type and class behind the name */
#define RECORD_FIXED 10   /* type, class, TTL, length behind the name */
#define TYPE_A 1
#define TYPE_AAAA 28

struct message {
    const unsigned char *bytes;
    size_t size;
};

static unsigned read_16(const struct message *message, size_t at)
{
    return (unsigned)message->bytes[at] << 8 | message->bytes[at + 1];
}

/* Where a name ends; 0: beyond the message. */
static size_t skip_name(const struct message *message, size_t at)
{
    while (at < message->size) {
        unsigned length = message->bytes[at];
        if (length == 0)
            return at + 1;
        if ((length & LABEL_POINTER) == LABEL_POINTER)
            return at + 2 <= message->size ? at + 2 : 0;
        at += 1 + length;
    }
    return 0;
}

/* The name of the question, which is the first of the message and so never compressed. */
static bool read_name(const struct message *message, size_t at, char name[NAME_TEXT_MAX])
{
    size_t used = 0;
    while (at < message->size && message->bytes[at] != 0) {
        size_t length = message->bytes[at];
        if (length >= LABEL_POINTER || at + 1 + length > message->size ||
            used + length + 2 > NAME_TEXT_MAX)
            return false;
        if (used > 0)
            name[used++] = '.';
        memcpy(name + used, message->bytes + at + 1, length);
        used += length;
        at += 1 + length;
    }
    name[used] = '\0';
    return used > 0 && strlen(name) == used;
}

static void note_record(const unsigned char *data, unsigned type, size_t length, const char *name,
    struct name_cache *names)
{
    struct sockaddr_storage address = {0};
    struct sockaddr_in *in = (struct sockaddr_in *)&address;
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&address;
    if (type == TYPE_A && length == sizeof in->sin_addr) {
        in->sin_family = AF_INET;
        memcpy(&in->sin_addr, data, length);
    } else if (type == TYPE_AAAA && length == sizeof in6->sin6_addr) {
        in6->sin6_family = AF_INET6;
        memcpy(&in6->sin6_addr, data, length);
    } else {
        return;
    }
    name_cache_add(names, name, &address);
}

void dns_note_addresses(const unsigned char *bytes, size_t size, struct name_cache *names)
{
    const struct message message = {.bytes = bytes, .size = size};
    char name[NAME_TEXT_MAX];
    if (size < HEADER_SIZE || (bytes[FLAGS_AT] & FLAG_RESPONSE) == 0 ||
        read_16(&message, QDCOUNT_AT) != 1 || !read_name(&message, HEADER_SIZE, name))
        return;
    size_t at = skip_name(&message, HEADER_SIZE) + QUESTION_FIXED;
    for (unsigned left = read_16(&message, ANCOUNT_AT); left > 0; left--) {
        at = skip_name(&message, at);
        if (at == 0 || at + RECORD_FIXED > size)
            return;
        unsigned type = read_16(&message, at);
        size_t length = read_16(&message, at + RECORD_FIXED - 2);
        at += RECORD_FIXED;
        if (at + length > size)
            return;
        note_record(bytes + at, type, length, name, names);
        at += length;
    }
}

size_t dns_make_failure(unsigned char *bytes, size_t size)
{
    const struct message message = {.bytes = bytes, .size = size};
    if (size < HEADER_SIZE || (bytes[FLAGS_AT] & FLAG_RESPONSE) != 0 ||
        read_16(&message, QDCOUNT_AT) != 1)
        return 0;
    size_t end = skip_name(&message, HEADER_SIZE);
    if (end == 0 || end + QUESTION_FIXED > size)
        return 0;
    bytes[FLAGS_AT] &= OPCODE_MASK | FLAG_RECURSION_DESIRED;
    bytes[FLAGS_AT] |= FLAG_RESPONSE;
    bytes[FLAGS_AT + 1] = FLAG_RECURSION_AVAILABLE | RCODE_SERVFAIL;
    memset(bytes + ANCOUNT_AT, 0, HEADER_SIZE - ANCOUNT_AT);
    return end + QUESTION_FIXED;
}
