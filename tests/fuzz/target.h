/* SPDX-License-Identifier: MIT */
/*
 * Included by every fuzz target: libFuzzer's entry point, which the target defines and replay.c
 * calls for each input of the corpus, and small helpers.
 */
#ifndef RUDEPROXY_TESTS_FUZZ_TARGET_H
#define RUDEPROXY_TESTS_FUZZ_TARGET_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Ends the program with what is wrong: libFuzzer keeps the input. */
static inline void fuzz_require(int condition, const char *what)
{
    if (condition)
        return;
    fprintf(stderr, "%s\n", what);
    abort();
}

/* The input as a string of exactly its size, so that the sanitizer sees a read behind it. The
 * caller frees it. */
static inline char *fuzz_text(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    fuzz_require(text != NULL, "out of memory");
    memcpy(text, data, size);
    text[size] = '\0';
    return text;
}

/* A file that swallows what is written. */
static inline FILE *fuzz_null(void)
{
    static FILE *null;
    if (null == NULL)
        null = fopen("/dev/null", "we");
    fuzz_require(null != NULL, "no /dev/null");
    return null;
}

#endif
