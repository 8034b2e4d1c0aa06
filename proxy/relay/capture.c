/* SPDX-License-Identifier: MIT */
#include "proxy/relay/capture.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/base/min.h"

int capture_init(struct capture *capture, size_t most)
{
    *capture = (struct capture){.most = most};
    if (most == 0)
        return 0;
    capture->bytes = malloc(2 * most);
    return capture->bytes != NULL ? 0 : -ENOMEM;
}

void capture_free(struct capture *capture)
{
    free(capture->bytes);
}

static unsigned char *bytes_of(const struct capture *capture, enum direction direction)
{
    return capture->bytes + (direction == DIRECTION_DOWNSTREAM ? capture->most : 0);
}

void capture_take(struct capture *capture, enum direction direction, uint64_t offset,
    const unsigned char *bytes, size_t n)
{
    size_t *size = &capture->size[direction];
    size_t room = capture->most - *size;
    uint64_t begin = capture->begin[direction];
    size_t passed = offset >= begin ? 0 : begin - offset < n ? (size_t)(begin - offset) : n;
    offset += passed;
    bytes += passed;
    n -= passed;
    if (n == 0 || room == 0 || offset != begin + *size)
        return; /* behind bytes that passed unseen nothing is a beginning */
    n = min_size(n, room);
    memcpy(bytes_of(capture, direction) + *size, bytes, n);
    *size += n;
}

size_t capture_message(const struct capture *capture, enum direction direction, uint64_t start,
    uint64_t size, const unsigned char **bytes)
{
    uint64_t begin = capture->begin[direction], end = begin + capture->size[direction];
    *bytes = NULL;
    if (capture->most == 0 || start < begin || start >= end)
        return 0;
    *bytes = bytes_of(capture, direction) + (start - begin);
    return end - start < size ? (size_t)(end - start) : (size_t)size;
}

void capture_forget(struct capture *capture, enum direction direction, uint64_t offset)
{
    uint64_t end = capture->begin[direction] + capture->size[direction];
    if (capture->most == 0 || offset <= capture->begin[direction])
        return;
    size_t kept = offset < end ? (size_t)(end - offset) : 0;
    unsigned char *bytes = bytes_of(capture, direction);
    memmove(bytes, bytes + (capture->size[direction] - kept), kept);
    capture->begin[direction] = offset;
    capture->size[direction] = kept;
}
