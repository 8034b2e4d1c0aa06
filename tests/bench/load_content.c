/* SPDX-License-Identifier: MIT */
/*
 * The protocols that a load can speak, one row each: as much of them as a framing looks at.
 */
#include "tests/bench/load.h"

#include <string.h>

#define BYTES(text) text, sizeof(text) - 1

static const struct load_content contents[] = {
    {"none", "", BYTES(""), 0},
    {"http", "HTTP/1.1 200 OK\r\nContent-Length: 1000000000000000\r\n\r\n", BYTES(""), 0},
    /* The largest records, application_data. */
    {"tls", "", BYTES("\x17\x03\x03\x40\0"), 5 + 16384},
    /* A DataRow of 100 bytes with one column. */
    {"postgres", "", BYTES("D\0\0\0\x63\0\1\0\0\0\x59"), 100},
    /* ECHO of 64 bytes. As a reply it is an array. */
    {"redis", "", BYTES("*2\r\n$4\r\nECHO\r\n$43\r\n"), 64},
};

const struct load_content *load_content_find(const char *name)
{
    for (size_t i = 0; i < sizeof contents / sizeof contents[0]; i++)
        if (strcmp(contents[i].name, name) == 0)
            return &contents[i];
    return NULL;
}

size_t load_content_fill(
    const struct load_content *content, char *block, size_t size, size_t *units_from)
{
    size_t head = strlen(content->head), unit = content->unit;
    memset(block, 'x', size);
    memcpy(block, content->head, head);
    *units_from = head;
    if (unit == 0)
        return size;
    for (size_t at = head; at + unit <= size; at += unit) {
        memcpy(block + at, content->begin, content->begin_size);
        memcpy(block + at + unit - 2, "\r\n", 2);
    }
    return head + (size - head) / unit * unit;
}
