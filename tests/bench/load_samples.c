/* SPDX-License-Identifier: MIT */
/*
 * Durations: every one is kept, so that a percentile is exact. The memory is touched at the start,
 * so that no page fault falls into what is measured.
 */
#include "tests/bench/load.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SAMPLES_MAX 4000000 /* 16 MB; 20 s at 200,000 a second */

static uint32_t *samples_ns;
static size_t n;

void load_samples_clear(void)
{
    n = 0;
    if (samples_ns != NULL)
        return;
    samples_ns = malloc(SAMPLES_MAX * sizeof *samples_ns);
    load_must(samples_ns != NULL, "malloc");
    memset(samples_ns, 1, SAMPLES_MAX * sizeof *samples_ns);
}

void load_samples_add(int64_t ns)
{
    errno = ENOBUFS;
    load_must(n < SAMPLES_MAX, "samples");
    samples_ns[n++] = ns < UINT32_MAX ? (uint32_t)ns : UINT32_MAX;
}

static int compare(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
    return (left > right) - (left < right);
}

static double percentile_us(double percent)
{
    return samples_ns[(size_t)((double)(n - 1) * percent / 100)] / 1e3;
}

void load_samples_step(const char *name, int64_t ns)
{
    errno = ENODATA;
    load_must(n > 0, "samples");
    qsort(samples_ns, n, sizeof *samples_ns, compare);
    load_step(
        "{\"step\": \"%s\", \"count\": %zu, \"rate\": %.1f, \"p50_us\": %.2f, \"p99_us\": %.2f, "
        "\"p999_us\": %.2f, \"longest_us\": %.2f}",
        name, n, (double)n / ((double)ns / 1e9), percentile_us(50), percentile_us(99),
        percentile_us(99.9), percentile_us(100));
}
