/* SPDX-License-Identifier: MIT */
/*
 * The generator is SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number
 * generators", 2014). Its n-th output is a hash of key + n * golden ratio, so any draw can be
 * computed without the earlier ones. Other distributions use only integers, divisions and
 * comparisons: libm differs in the last bit between machines, and a run must not.
 */
#include "proxy/base/rng.h"

#include <assert.h>
#include <string.h>

#include "proxy/base/hash.h"

#define GOLDEN UINT64_C(0x9e3779b97f4a7c15) /* 2^64 / golden ratio */

/* 2^64 = POWER_WHOLE * PPB_ALL + POWER_REST */
#define POWER_WHOLE UINT64_C(18446744073)
#define POWER_REST UINT64_C(709551616)

/* Two more uniform numbers for one index; any constants will do. */
#define SECOND UINT64_C(0x6a09e667f3bcc909)
#define THIRD UINT64_C(0xbb67ae8584caa73b)

static uint64_t mix(uint64_t z)
{
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static uint64_t absorb(uint64_t hash, uint64_t value)
{
    return mix((hash ^ value) + GOLDEN);
}

/* Hashes the NUL too, so that ("ab", "c") and ("a", "bc") differ. */
static uint64_t absorb_text(uint64_t hash, const char *text)
{
    return mix(hash_bytes(hash, text, strlen(text) + 1));
}

uint64_t rng_key(
    uint64_t seed, const char *proxy, uint64_t connection, const char *fault, uint64_t stream)
{
    uint64_t hash = absorb(0, seed);
    hash = absorb_text(hash, proxy);
    hash = absorb(hash, connection);
    hash = absorb_text(hash, fault);
    return absorb(hash, stream);
}

uint64_t rng_at(uint64_t key, uint64_t index)
{
    return mix(key + (index + 1) * GOLDEN);
}

uint64_t rng_threshold(uint64_t ppb)
{
    assert(ppb < PPB_ALL);
    return ppb * POWER_WHOLE + ppb * POWER_REST / PPB_ALL;
}

bool rng_chance(uint64_t key, uint64_t index, uint64_t ppb)
{
    return ppb >= PPB_ALL || rng_at(key, index) < rng_threshold(ppb);
}

/* Returns the upper half of a * b. */
static uint64_t multiply_high(uint64_t a, uint64_t b)
{
    uint64_t a_low = (uint32_t)a, a_high = a >> 32;
    uint64_t b_low = (uint32_t)b, b_high = b >> 32;
    uint64_t middle = a_high * b_low + (a_low * b_low >> 32);
    uint64_t other = a_low * b_high + (uint32_t)middle;
    return a_high * b_high + (middle >> 32) + (other >> 32);
}

uint64_t rng_below(uint64_t key, uint64_t index, uint64_t bound)
{
    assert(bound > 0);
    return multiply_high(rng_at(key, index), bound);
}

static unsigned sum_of_quarters(uint64_t bits)
{
    return (unsigned)(bits & 0xffff) + (unsigned)(bits >> 16 & 0xffff) +
           (unsigned)(bits >> 32 & 0xffff) + (unsigned)(bits >> 48);
}

/* Adds twelve uniform numbers of 16 bits: the sum has the standard deviation 65536 and the mean
 * 393210, and no network measurement can tell it from a Gaussian. */
double rng_normal(uint64_t key, uint64_t index)
{
    unsigned sum = sum_of_quarters(rng_at(key, index)) +
                   sum_of_quarters(rng_at(key ^ SECOND, index)) +
                   sum_of_quarters(rng_at(key ^ THIRD, index));
    return ((double)sum - 393210.0) / 65536.0;
}

/* The largest of three uniform numbers is distributed like the cube root of one, and its inverse
 * like Pareto with shape 3: mean 3/2, standard deviation sqrt(3)/2. */
double rng_pareto(uint64_t key, uint64_t index)
{
    uint64_t bits = rng_at(key, index);
    uint64_t largest = bits & 0x1fffff;
    for (int shift = 21; shift <= 42; shift += 21) {
        uint64_t piece = bits >> shift & 0x1fffff;
        largest = piece > largest ? piece : largest;
    }
    double value = (2097152.0 / (double)(largest + 1) - 1.5) / 0.8660254037844386;
    return value < RNG_PARETO_MAX ? value : RNG_PARETO_MAX;
}
