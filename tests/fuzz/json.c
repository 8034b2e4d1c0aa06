/* SPDX-License-Identifier: MIT */
/*
 * Bodies of the API: the JSON as Go reads it, toxics, proxies, and faults of /v1. A toxic that is
 * read is written, and the JSON reads as the same toxic.
 */
#include "tests/fuzz/target.h"

#include "proxy/admin/toxiproxy/json.h"
#include "proxy/admin/toxiproxy/toxic.h"
#include "proxy/admin/v1/value.h"

static void read_fields(json_t *object)
{
    char name[20];
    bool enabled = false, given = false;
    const struct toxiproxy_field fields[] = {
        {.key = "name", .kind = GO_STRING, .value = name, .size = sizeof name},
        {.key = "enabled", .kind = GO_BOOL, .value = &enabled, .given = &given},
        {.key = NULL},
    };
    struct err err;
    MAY_FAIL(toxiproxy_json_fields(object, "toxiproxy", "Proxy", fields, &err));
}

static void read_toxic(const json_t *object)
{
    struct toxic toxic, again;
    struct err err;
    memset(&toxic, 0, sizeof toxic);
    memset(&again, 0, sizeof again);
    if (toxic_read_head(&toxic, "a", object, &err) != 0 ||
        toxic_read_attributes(&toxic, object, &err) != 0)
        return;
    json_t *written = toxic_to_json(&toxic);
    fuzz_require(written != NULL, "a toxic that cannot be written");
    fuzz_require(toxic_read_head(&again, "a", written, &err) == 0, err.text);
    fuzz_require(toxic_read_attributes(&again, written, &err) == 0, err.text);
    fuzz_require(fault_equal(&toxic.fault, &again.fault), "the toxic is another one");
    MAY_FAIL(toxic_update(&again, object, &err));
    json_decref(written);
}

static void read_v1(json_t *object)
{
    struct text problems = {0};
    struct fault fault, changed;
    struct proxy_config proxy;
    memset(&fault, 0, sizeof fault);
    memset(&proxy, 0, sizeof proxy);
    if (v1_read_fault(object, NULL, &fault, &problems) == 0)
        (void)v1_patch_fault(object, &fault, &changed, &problems);
    (void)v1_read_proxy(object, &proxy, &problems);
    text_free(&problems);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err err;
    char *text = fuzz_text(data, size);
    json_t *value = toxiproxy_json_read(text, size, &err);
    if (value != NULL) {
        read_fields(value);
        read_toxic(value);
    }
    if (json_is_object(value))
        read_v1(value);
    json_decref(value);
    free(text);
    return 0;
}
