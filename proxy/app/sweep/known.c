/* SPDX-License-Identifier: MIT */
#include "proxy/app/sweep/known.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct sweep_known {
    json_t *report; /* one reference */
};

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
    else
        return known;
    sweep_known_free(known);
    return NULL;
}

void sweep_known_free(struct sweep_known *known)
{
    if (known == NULL)
        return;
    json_decref(known->report);
    free(known);
}

static bool is_text(const json_t *object, const char *key, const char *text)
{
    const char *value = json_string_value(json_object_get(object, key));
    return value != NULL && strcmp(value, text) == 0;
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

bool sweep_known_has(const struct sweep_known *known, const struct sweep_case *tried,
    const struct config *config, char *const *faults)
{
    size_t i;
    json_t *result;
    json_array_foreach(json_object_get(known->report, "results"), i, result)
    {
        if (is_text(result, "outcome", outcome_name(tried->outcome)) &&
            is_text(result, "fault", faults[tried->pick.fault]) &&
            is_place(json_object_get(result, "place"), &tried->pick.place, config))
            return true;
    }
    return false;
}
