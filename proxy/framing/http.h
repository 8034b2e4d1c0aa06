/* SPDX-License-Identifier: MIT */
/*
 * Private to http.c and http_head.c: what is known of one message's head.
 */
#ifndef RUDEPROXY_FRAMING_HTTP_H
#define RUDEPROXY_FRAMING_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proxy/base/side.h"

#define HTTP_LINE_MAX 512  /* bytes of a line that are kept: the rest is passed over */
#define HTTP_METHOD_MAX 24 /* registered ones have at most 17 */
#define HTTP_FIRST_LINE_MAX 200

/* A line that comes in pieces. */
struct http_line {
    uint64_t size;            /* bytes so far, with what is not kept */
    size_t length;            /* of `text`, once it is complete */
    char text[HTTP_LINE_MAX]; /* NUL-terminated without the line end, once it is complete */
};

/* Adds bytes up to the line's end. Returns how many; `*complete` says whether the end was there. */
size_t http_line_add(struct http_line *line, const unsigned char *bytes, size_t n, bool *complete);

/* Whether more of the line came than is kept. */
static inline bool http_line_is_cut(const struct http_line *line)
{
    return line->size > HTTP_LINE_MAX - 1;
}

struct http_head {
    char kind[HTTP_METHOD_MAX + 1]; /* the method, or the status code */
    char first_line[HTTP_FIRST_LINE_MAX + 1];
    unsigned status;    /* 100 to 999, downstream; 0: a request */
    bool has_length;    /* Content-Length */
    uint64_t length;    /* its value */
    bool has_coding;    /* Transfer-Encoding */
    bool chunked;       /* its last coding */
    bool last_mattered; /* the last line was one of these two */
};

/* Whether a line that is not complete can still become a first line. */
bool http_first_line_may_be(const struct http_line *line, enum direction direction);

/* Reads the first line into an empty head. False: the line is not a first line. */
bool http_head_begin(
    struct http_head *head, const struct http_line *line, enum direction direction);

/* Reads a header line. False: the line is not a header, or gives a length that readers may
 * understand differently. */
bool http_head_add(struct http_head *head, const struct http_line *line);

/* Reads the size in a chunk's first line. False: the line has no valid size. */
bool http_chunk_size(const struct http_line *line, uint64_t *size);

#define HTTP_METHODS 35
extern const char *const http_methods[HTTP_METHODS];

#endif
