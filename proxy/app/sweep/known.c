/* SPDX-License-Identifier: MIT */
#include "proxy/app/sweep/known.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/base/hash.h"
#include "proxy/base/list.h"

struct known_result {
    struct hash_link link; /* by outcome, fault and offset */
    const json_t *result;  /* of the report */
};

struct sweep_known {
    json_t *report;      /* one reference */
    struct hash results; /* elements of `owned` */
    struct known_result *owned;
};

/* Places at a FIN are equal whatever their offsets. */
static uint64_t known_key(const char *outcome, const char *fault, bool at_fin, uint64_t offset)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRIu64, offset);
    return hash_text(hash_text(hash_text(0, outcome), fault), at_fin ? "fin" : text);
}

static bool is_text(const json_t *object, const char *key, const char *text)
{
    const char *value = json_string_value(json_object_get(object, key));
    return value != NULL && strcmp(value, text) == 0;
}

/* A result without an outcome or a fault is equal to none. */
static int add_results(struct sweep_known *known, struct err *err)
{
    size_t i, count = 0;
    json_t *result, *results = json_object_get(known->report, "results");
    known->owned = calloc(json_array_size(results) + 1, sizeof known->owned[0]);
    if (known->owned == NULL)
        return err_set(err, "out of memory");
    json_array_foreach(results, i, result)
    {
        const json_t *place = json_object_get(result, "place");
        const char *outcome = json_string_value(json_object_get(result, "outcome"));
        const char *fault = json_string_value(json_object_get(result, "fault"));
        if (outcome == NULL || fault == NULL)
            continue;
        struct known_result *added = &known->owned[count++];
        added->result = result;
        uint64_t key =
            known_key(outcome, fault, is_text(place, "edge", sweep_edge_name(SWEEP_EDGE_FIN)),
                (uint64_t)json_integer_value(json_object_get(place, "offset")));
        if (hash_add(&known->results, &added->link, key) != 0)
            return err_set(err, "out of memory");
    }
    return 0;
}

struct sweep_known *sweep_known_read(const char *path, struct err *err)
{
    json_error_t error;
    struct sweep_known *known = calloc(1, sizeof *known);
    if (known == NULL) {
        err_set(err, "out of memory");
        return NULL;
    }
    known->report = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
    if (known->report == NULL)
        err_set(err, "cannot read --known %s: %s", path, error.text);
    else if (!json_is_array(json_object_get(known->report, "results")))
        err_set(err, "--known %s is not a report of a sweep: it has no \"results\"", path);
    else if (add_results(known, err) == 0)
        return known;
    sweep_known_free(known);
    return NULL;
}

void sweep_known_free(struct sweep_known *known)
{
    if (known == NULL)
        return;
    hash_deinit(&known->results);
    free(known->owned);
    json_decref(known->report);
    free(known);
}

static bool is_number(const json_t *object, const char *key, uint64_t number)
{
    const json_t *value = json_object_get(object, key);
    return json_is_integer(value) && (uint64_t)json_integer_value(value) == number;
}

static bool is_place(
    const json_t *object, const struct sweep_place *place, const struct config *config)
{
    bool at_fin = is_text(object, "edge", sweep_edge_name(SWEEP_EDGE_FIN));
    bool withheld = is_text(object, "edge", sweep_edge_name(SWEEP_EDGE_WITHHELD));
    return is_text(object, "proxy", config->proxies[place->proxy].name) &&
           is_number(object, "connection", place->connection) &&
           is_text(object, "direction", direction_name(place->direction)) &&
           at_fin == place->at_fin && withheld == place->withheld &&
           (at_fin || is_number(object, "offset", place->offset));
}

static bool is_pick(const json_t *object, const struct sweep_pick *pick,
    const struct config *config, char *const *faults)
{
    return is_text(object, "fault", faults[pick->fault]) &&
           is_place(json_object_get(object, "place"), &pick->place, config);
}

/* The further faults of a random run. Any other result has no "more". */
static bool has_more(const json_t *more, const struct sweep_case *tried,
    const struct config *config, char *const *faults)
{
    bool same = json_array_size(more) == tried->more_count;
    for (size_t i = 0; i < tried->more_count && same; i++)
        same = is_pick(json_array_get(more, i), &tried->more[i], config, faults);
    return same;
}

bool sweep_known_has(const struct sweep_known *known, const struct sweep_case *tried,
    const struct config *config, char *const *faults)
{
    const struct sweep_place *place = &tried->pick.place;
    const char *outcome = outcome_name(tried->outcome), *fault = faults[tried->pick.fault];
    uint64_t key = known_key(outcome, fault, place->at_fin, place->offset);
    struct hash_link *link = hash_find(&known->results, key);
    for (; link != NULL; link = hash_find_next(link)) {
        const json_t *result = container_of(link, struct known_result, link)->result;
        if (is_text(result, "outcome", outcome) && is_pick(result, &tried->pick, config, faults) &&
            has_more(json_object_get(result, "more"), tried, config, faults))
            return true;
    }
    return false;
}
