/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "proxy/fault/fault.h"
#include "tests/soak/soak.h"

/* JSON of the lines `key = value` of a fault, all of them strings. */
static void write_json(const char *lines, const char *name, char *json, size_t size)
{
    size_t used = (size_t)snprintf(json, size, "{\"name\":\"%s\"", name);
    char copy[4096], *rest = copy;
    snprintf(copy, sizeof copy, "%s", lines);
    for (char *line; (line = strtok_r(rest, "\n", &rest)) != NULL;) {
        char key[64], value[512];
        if (sscanf(line, "%63[a-z_] = %511[^\n]", key, value) != 2 || strchr(value, '\\') != NULL)
            continue;
        char *quote = value[0] == '"' ? value + 1 : value;
        quote[strcspn(quote, "\"")] = '\0';
        used += (size_t)snprintf(json + used, size - used, ",\"%s\":\"%s\"", key, quote);
    }
    snprintf(json + used, size - used, "}");
}

/* A fault that loses, changes and ends nothing. */
static void write_exact_fault(struct soak *soak, char *lines, size_t size)
{
    static const struct {
        const char *before, *behind; /* a number */
    } texts[] = {
        {"type = latency\njitter = 2ms\ndelay = ", "ms"},
        {"type = bandwidth\nrate = ", "00k/s"},
        {"type = slice\nsize = ", "00"},
        {"type = slicer\ndelay = 10us\naverage_size = ", "00"},
        {"type = slow_close\ndelay = ", "ms"},
        {"type = mark\nwhen = bytes:", ""},
        {"type = noop\nwhen = time:", "ms"},
        {"type = stall\nwhen = bytes:100\nfor = ", "ms"},
        {"type = hold_fin\nfor = ", "ms"},
    };
    uint64_t row = random_below(&soak->random, sizeof texts / sizeof texts[0]);
    snprintf(lines, size, "%s%" PRIu64 "%s\ndirection = %s\n", texts[row].before,
        1 + random_below(&soak->random, 20), texts[row].behind,
        random_below(&soak->random, 2) == 0 ? "upstream" : "both");
}

static const struct fault_type *next_type(struct soak *soak)
{
    if (fault_catalogue[soak->next_type] == NULL)
        soak->next_type = 0;
    return fault_catalogue[soak->next_type++];
}

/* Adds a fault, or takes one away. The API may refuse what breaks a rule between keys. */
static void change_slot(struct soak *soak, bool any, unsigned slot)
{
    static const char *const letters[] = {"a", "b", NULL};
    const struct random_range range = {.bytes = 100000, .duration_us = 50000, .letters = letters};
    char path[64], lines[4096], json[8192], name[16];
    const char *proxy = any ? "live_any" : "live_exact";
    soak->changes++;
    if (soak->has_slot[any][slot]) {
        snprintf(path, sizeof path, "/v1/proxies/%s/faults/s%u", proxy, slot);
        int status = api_call(&soak->api, "DELETE", path, NULL);
        soak_must(status == 204 || status == 404, "DELETE of a fault"); /* 404: a reload took it */
        soak->has_slot[any][slot] = false;
        return;
    }
    const struct fault_type *type = any ? next_type(soak) : NULL;
    if (any)
        random_fault_write_plain(type, &range, &soak->random, lines, sizeof lines);
    else
        write_exact_fault(soak, lines, sizeof lines);
    snprintf(path, sizeof path, "/v1/proxies/%s/faults", proxy);
    snprintf(name, sizeof name, "s%u", slot);
    write_json(lines, name, json, sizeof json);
    int status = api_call(&soak->api, "POST", path, json);
    soak_must(status < 500, "POST of a fault");
    if (!any && status >= 300)
        fprintf(stderr, "soak: %s\n%s\n", json, soak->api.answer);
    soak_must(any || status < 300, "POST of a fault that is right");
    soak->has_slot[any][slot] = status < 300;
    if (any && status < 300)
        soak->types_taken |= UINT64_C(1) << (soak->next_type - 1);
}

void changes_clear(struct soak *soak)
{
    for (unsigned i = 0; i < 2 * SLOTS; i++) {
        if (soak->has_slot[i / SLOTS][i % SLOTS])
            change_slot(soak, i / SLOTS == 1, i % SLOTS);
    }
}

void changes_make_one(struct soak *soak)
{
    change_slot(
        soak, random_below(&soak->random, 2) == 1, (unsigned)random_below(&soak->random, SLOTS));
}
