/* SPDX-License-Identifier: MIT */
#include "proxy/relay/insertion.h"

#include <string.h>

#include "proxy/base/rng.h"

size_t insertion_peek(const struct insertion *insertion, unsigned char *bytes, size_t max)
{
    uint64_t left = insertion->size - insertion->sent;
    size_t n = left < max ? (size_t)left : max;
    if (insertion->data != NULL)
        memcpy(bytes, insertion->data + insertion->sent, n);
    for (size_t i = 0; i < n && insertion->data == NULL; i++)
        bytes[i] = (unsigned char)rng_at(insertion->key, insertion->sent + i);
    return n;
}
