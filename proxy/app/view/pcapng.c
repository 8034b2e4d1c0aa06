/* SPDX-License-Identifier: MIT */
#include "proxy/app/view/pcapng.h"

#include <string.h>

enum block {
    BLOCK_SECTION = 0x0a0d0d0a,
    BLOCK_INTERFACE = 1,
    BLOCK_PACKET = 6,
};

enum option {
    OPTION_END = 0,
    OPTION_COMMENT = 1,
    OPTION_INTERFACE_NAME = 2,
    OPTION_PROGRAM = 4, /* of a section header */
};

#define BYTE_ORDER_MAGIC 0x1a2b3c4du
#define LINKTYPE_RAW 101
#define OPTION_MAX UINT16_MAX /* bytes of a value */

static size_t padded(size_t size)
{
    return (size + 3) & ~(size_t)3;
}

static void put_16(FILE *out, uint16_t number)
{
    fwrite(&number, 1, sizeof number, out);
}

static void put_32(FILE *out, uint32_t number)
{
    fwrite(&number, 1, sizeof number, out);
}

static void put_padded(FILE *out, const void *bytes, size_t size)
{
    static const char zeros[4];
    fwrite(bytes, 1, size, out);
    fwrite(zeros, 1, padded(size) - size, out);
}

static size_t option_length(const char *text)
{
    size_t length = strlen(text);
    return length < OPTION_MAX ? length : OPTION_MAX;
}

static size_t option_size(const char *text)
{
    return 4 + padded(option_length(text));
}

static void put_option(FILE *out, enum option option, const char *text)
{
    put_16(out, (uint16_t)option);
    put_16(out, (uint16_t)option_length(text));
    put_padded(out, text, option_length(text));
}

static void put_last_option(FILE *out)
{
    put_16(out, OPTION_END);
    put_16(out, 0);
}

void pcapng_write_head(FILE *out)
{
    static const char program[] = "rudeproxy " RUDEPROXY_VERSION, interface[] = "rudeproxy";
    uint32_t size = (uint32_t)(PCAPNG_BLOCK_MIN + 16 + option_size(program) + 4);
    put_32(out, BLOCK_SECTION);
    put_32(out, size);
    put_32(out, BYTE_ORDER_MAGIC);
    put_16(out, 1); /* version 1.0 */
    put_16(out, 0);
    put_32(out, UINT32_MAX); /* the section's length is not given: -1 in 64 bits */
    put_32(out, UINT32_MAX);
    put_option(out, OPTION_PROGRAM, program);
    put_last_option(out);
    put_32(out, size);

    size = (uint32_t)(PCAPNG_BLOCK_MIN + 8 + option_size(interface) + 4);
    put_32(out, BLOCK_INTERFACE);
    put_32(out, size);
    put_16(out, LINKTYPE_RAW);
    put_16(out, 0);
    put_32(out, 0); /* no limit to what is captured of a packet */
    put_option(out, OPTION_INTERFACE_NAME, interface);
    put_last_option(out);
    put_32(out, size);
}

void pcapng_write_packet(FILE *out, const struct pcapng_packet *packet)
{
    size_t options = packet->comment_count > 0 ? 4 : 0;
    for (size_t i = 0; i < packet->comment_count; i++)
        options += option_size(packet->comments[i]);
    uint32_t size = (uint32_t)(PCAPNG_BLOCK_MIN + 20 + padded(packet->captured) + options);
    put_32(out, BLOCK_PACKET);
    put_32(out, size);
    put_32(out, 0); /* the interface */
    put_32(out, (uint32_t)((uint64_t)packet->at_us >> 32));
    put_32(out, (uint32_t)packet->at_us);
    put_32(out, (uint32_t)packet->captured);
    put_32(out, (uint32_t)packet->original);
    put_padded(out, packet->bytes, packet->captured);
    for (size_t i = 0; i < packet->comment_count; i++)
        put_option(out, OPTION_COMMENT, packet->comments[i]);
    if (packet->comment_count > 0)
        put_last_option(out);
    put_32(out, size);
}
