/* SPDX-License-Identifier: MIT */
/* Toxics that come and go while bytes flow: see live_changes.h. */
#include "tests/lib/live_changes.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/bench.h"
#include "tests/lib/random_fault.h"

#define SLOTS 8
#define PATH "/proxies/p/toxics"

/* A type and its attributes, each drawn below a bound. */
static const struct drawn {
    const char *type;
    struct {
        const char *name;
        uint64_t least, bound; /* bound 0: no such attribute */
        const char *behind;    /* of the number */
    } attributes[3];
} drawn[] = {
    {"noop", {{NULL, 0, 0, NULL}}},
    {"latency", {{"latency", 0, 20, ""}, {"jitter", 0, 5, ""}}},
    {"bandwidth", {{"rate", 20000, 200000, ""}}},
    {"slow_close", {{"delay", 0, 50, ""}}},
    {"slicer",
        {{"average_size", 2000, 60000, ""}, {"size_variation", 0, 2000, ""}, {"delay", 0, 50, ""}}},
    {"packet_loss", {{"loss_rate", 0, 3, "e-5"}, {"correlation", 0, 9, "e-1"}}},
};

#define TYPES (sizeof drawn / sizeof drawn[0])

struct changer {
    struct api *api;
    struct live_changes *it;
    uint64_t random;
    const struct drawn *slots[SLOTS]; /* NULL: empty */
};

static void put_attributes(
    struct changer *changer, const struct drawn *type, char *text, size_t size)
{
    size_t used = (size_t)snprintf(text, size, "\"attributes\":{");
    for (size_t i = 0; i < 3 && type->attributes[i].bound != 0; i++) {
        uint64_t value =
            type->attributes[i].least + random_below(&changer->random, type->attributes[i].bound);
        used += (size_t)snprintf(text + used, size - used, "%s\"%s\":%" PRIu64 "%s",
            i > 0 ? "," : "", type->attributes[i].name, value, type->attributes[i].behind);
    }
    snprintf(text + used, size - used, "}");
}

static void add(struct changer *changer, unsigned slot)
{
    static const char *const streams[] = {"upstream", "downstream"};
    char body[512], attributes[256];
    const struct drawn *type = &drawn[random_below(&changer->random, TYPES)];
    put_attributes(changer, type, attributes, sizeof attributes);
    snprintf(body, sizeof body,
        "{\"name\":\"t%u\",\"type\":\"%s\",\"stream\":\"%s\",\"toxicity\":%s,%s}", slot, type->type,
        streams[random_below(&changer->random, 2)],
        random_below(&changer->random, 3) == 0 ? "0.5" : "1", attributes);
    api_must(changer->api, 200, "POST", PATH, body);
    changer->slots[slot] = type;
    changer->it->added++;
}

static void change(struct changer *changer, unsigned slot)
{
    char path[64], body[512], attributes[256];
    snprintf(path, sizeof path, PATH "/t%u", slot);
    put_attributes(changer, changer->slots[slot], attributes, sizeof attributes);
    snprintf(body, sizeof body, "{%s}", attributes);
    api_must(changer->api, 200, "PATCH", path, body);
    changer->it->changed++;
}

static void take_away(struct changer *changer, unsigned slot)
{
    char path[64];
    snprintf(path, sizeof path, PATH "/t%u", slot);
    api_must(changer->api, 204, "DELETE", path, NULL);
    changer->slots[slot] = NULL;
    changer->it->removed++;
}

static void change_one(struct changer *changer)
{
    unsigned slot = (unsigned)random_below(&changer->random, SLOTS);
    int64_t begin = bench_now_us();
    if (changer->slots[slot] == NULL)
        add(changer, slot);
    else if (random_below(&changer->random, 2) == 0)
        change(changer, slot);
    else
        take_away(changer, slot);
    int64_t took = bench_now_us() - begin;
    if (took > changer->it->longest_us)
        changer->it->longest_us = took;
    changer->it->made++;
}

void live_changes_run(struct live_changes *it, struct api *api, struct stream *streams,
    size_t stream_count, unsigned count, unsigned per_s, uint64_t seed)
{
    struct changer changer = {.api = api, .it = it, .random = seed};
    int64_t begin = bench_now_us();
    memset(it, 0, sizeof *it);
    while (it->made < count) {
        change_one(&changer);
        int64_t next = begin + (int64_t)it->made * 1000000 / per_s;
        int64_t left = next - bench_now_us();
        streams_run(streams, stream_count, left > 0 ? (int)(left / 1000) : 0);
    }
    for (size_t i = 0; i < stream_count; i++)
        it->bytes += streams[i].got;
    for (unsigned slot = 0; slot < SLOTS; slot++)
        if (changer.slots[slot] != NULL)
            take_away(&changer, slot);
    api_must(api, 200, "GET", PATH, NULL);
    assert_string_equal(api->answer, "[]");
}
