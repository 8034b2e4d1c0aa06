/* SPDX-License-Identifier: MIT */
/* Toxics to faults and back: what a client says, what it gets, and what the catalogue makes of it.
 */
#include "tests/unit/config_text.h"

#include "proxy/admin/toxiproxy/toxic.h"
#include "proxy/base/clock.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static json_t *json_of(const char *text)
{
    json_error_t error;
    json_t *value = json_loads(text, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
    if (value == NULL)
        fail_msg("%s: %s", text, error.text);
    return value;
}

/* 0, or -1 with err filled. */
static int create(const char *text, struct toxic *toxic, struct err *err)
{
    json_t *body = json_of(text);
    int result = toxic_read_head(toxic, "p", body, err);
    if (result == 0)
        result = toxic_read_attributes(toxic, body, err);
    json_decref(body);
    return result;
}

static struct toxic must_create(const char *text)
{
    struct toxic toxic;
    struct err err;
    if (create(text, &toxic, &err) != 0)
        fail_msg("%s: %s", text, err.text);
    return toxic;
}

static void expect_json(const struct toxic *toxic, const char *want)
{
    json_t *value = toxic_to_json(toxic);
    char *text = json_dumps(value, JSON_COMPACT | TOXIC_JSON_FLAGS);
    assert_non_null(text);
    assert_string_equal(text, want);
    free(text);
    json_decref(value);
}

static const struct {
    const char *toxic_fields, *shown;
    const char *keys; /* the same in a file */
} toxics[] = {
    {"{\"type\":\"noop\"}",
        "{\"attributes\":{},\"name\":\"noop_downstream\",\"type\":\"noop\",\"stream\":"
        "\"downstream\","
        "\"toxicity\":1}",
        "type = noop"},
    {"{\"type\":\"latency\",\"attributes\":{\"latency\":100,\"jitter\":7}}",
        "{\"attributes\":{\"latency\":100,\"jitter\":7},\"name\":\"latency_downstream\","
        "\"type\":\"latency\",\"stream\":\"downstream\",\"toxicity\":1}",
        "type = latency\ndelay = 100ms\njitter = 7ms"},
    {"{\"type\":\"latency\",\"stream\":\"upstream\",\"attributes\":null}",
        "{\"attributes\":{\"latency\":0,\"jitter\":0},\"name\":\"latency_upstream\","
        "\"type\":\"latency\",\"stream\":\"upstream\",\"toxicity\":1}",
        "type = latency\ndelay = 0\ndirection = upstream"},
    {"{\"name\":\"b\",\"type\":\"bandwidth\",\"attributes\":{\"rate\":1000}}",
        "{\"attributes\":{\"rate\":1000},\"name\":\"b\",\"type\":\"bandwidth\","
        "\"stream\":\"downstream\",\"toxicity\":1}",
        "type = bandwidth\nrate = 1000000/s\nburst = 2000"},
    {"{\"name\":\"b\",\"type\":\"bandwidth\"}",
        "{\"attributes\":{\"rate\":0},\"name\":\"b\",\"type\":\"bandwidth\","
        "\"stream\":\"downstream\",\"toxicity\":1}",
        "type = bandwidth\nrate = 0/s\nburst = 1"},
    {"{\"type\":\"slow_close\",\"attributes\":{\"delay\":1500},\"toxicity\":0.3}",
        "{\"attributes\":{\"delay\":1500},\"name\":\"slow_close_downstream\","
        "\"type\":\"slow_close\",\"stream\":\"downstream\",\"toxicity\":0.3}",
        "type = slow_close\ndelay = 1500ms\nchance = 30%"},
    {"{\"type\":\"timeout\",\"attributes\":{\"timeout\":5},\"toxicity\":0}",
        "{\"attributes\":{\"timeout\":5},\"name\":\"timeout_downstream\",\"type\":\"timeout\","
        "\"stream\":\"downstream\",\"toxicity\":0}",
        "type = timeout\ntimeout = 5ms\nenabled = no"},
    {"{\"type\":\"reset_peer\",\"stream\":\"UpStream\",\"toxicity\":7}",
        "{\"attributes\":{\"timeout\":0},\"name\":\"reset_peer_UpStream\",\"type\":\"reset_peer\","
        "\"stream\":\"UpStream\",\"toxicity\":7}",
        "type = reset_peer\ndirection = upstream"},
    {"{\"type\":\"limit_data\",\"attributes\":{\"bytes\":1025},\"toxicity\":-1}",
        "{\"attributes\":{\"bytes\":1025},\"name\":\"limit_data_downstream\","
        "\"type\":\"limit_data\",\"stream\":\"downstream\",\"toxicity\":-1}",
        "type = limit_data\nbytes = 1025\nenabled = no"},
    {"{\"type\":\"slicer\",\"attributes\":{\"average_size\":64,\"size_variation\":64,\"delay\":10}"
     "}",
        "{\"attributes\":{\"average_size\":64,\"size_variation\":64,\"delay\":10},"
        "\"name\":\"slicer_downstream\",\"type\":\"slicer\",\"stream\":\"downstream\","
        "\"toxicity\":1}",
        "type = slicer\naverage_size = 64\nsize_variation = 64\ndelay = 10us"},
    {"{\"type\":\"packet_loss\"}",
        "{\"attributes\":{\"loss_rate\":0.1,\"correlation\":0},\"name\":\"packet_loss_downstream\","
        "\"type\":\"packet_loss\",\"stream\":\"downstream\",\"toxicity\":1}",
        "type = lossy"},
    {"{\"type\":\"packet_loss\",\"attributes\":{\"loss_rate\":1,\"correlation\":0.25}}",
        "{\"attributes\":{\"loss_rate\":1,\"correlation\":0.25},"
        "\"name\":\"packet_loss_downstream\",\"type\":\"packet_loss\",\"stream\":\"downstream\","
        "\"toxicity\":1}",
        "type = lossy\nrate = 100%\ncorrelation = 25%"},
    /* what Toxiproxy takes for 0, for ever or without a limit: shown as it was written */
    {"{\"type\":\"latency\",\"attributes\":{\"latency\":-5,\"jitter\":9223372036854775807}}",
        "{\"attributes\":{\"latency\":-5,\"jitter\":9223372036854775807},"
        "\"name\":\"latency_downstream\",\"type\":\"latency\",\"stream\":\"downstream\","
        "\"toxicity\":1}",
        "type = latency\ndelay = 0\njitter = 1h"},
    {"{\"name\":\"b\",\"type\":\"bandwidth\",\"attributes\":{\"rate\":2147483647}}",
        "{\"attributes\":{\"rate\":2147483647},\"name\":\"b\",\"type\":\"bandwidth\","
        "\"stream\":\"downstream\",\"toxicity\":1}",
        "type = bandwidth\nrate = 107374182000/s\nburst = 214748364"},
    {"{\"name\":\"t\",\"type\":\"timeout\",\"attributes\":{\"timeout\":-1}}",
        "{\"attributes\":{\"timeout\":-1},\"name\":\"t\",\"type\":\"timeout\","
        "\"stream\":\"downstream\",\"toxicity\":1}",
        "type = timeout\ntimeout = 0"},
    {"{\"name\":\"s\",\"type\":\"slicer\",\"attributes\":{\"average_size\":5,"
     "\"size_variation\":6,\"delay\":-1}}",
        "{\"attributes\":{\"average_size\":5,\"size_variation\":6,\"delay\":-1},"
        "\"name\":\"s\",\"type\":\"slicer\",\"stream\":\"downstream\",\"toxicity\":1}",
        "type = slicer\naverage_size = 5\nsize_variation = 5"},
    /* keys in any case, unknown ones, null, and the last of two */
    {"{\"TYPE\":\"latency\",\"Name\":null,\"x\":[],\"Stream\":null,\"toxicity\":null,"
     "\"ATTRIBUTES\":{\"Latency\":5,\"jitter\":null,\"x\":{}},\"attributes\":{\"latency\":6}}",
        "{\"attributes\":{\"latency\":6,\"jitter\":0},\"name\":\"latency_downstream\","
        "\"type\":\"latency\",\"stream\":\"downstream\",\"toxicity\":1}",
        "type = latency\ndelay = 6ms"},
    {"{\"name\":\"a/b c\\u00e4\",\"type\":\"noop\",\"toxicity\":0.99}",
        "{\"attributes\":{},\"name\":\"a/b c\xc3\xa4\",\"type\":\"noop\",\"stream\":\"downstream\","
        "\"toxicity\":0.99}",
        "type = noop\nchance = 99%"},
};

static void a_toxic_is_the_same_fault_in_a_file(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(toxics); i++) {
        struct toxic toxic = must_create(toxics[i].toxic_fields);
        struct fault fault = fault_of(toxics[i].keys);
        expect_json(&toxic, toxics[i].shown);
        if (!fault_equal(&toxic.fault, &fault))
            fail_msg("%s\nis not\n%s", toxics[i].toxic_fields, toxics[i].keys);
        assert_string_equal(toxic.fault.proxies, "p");
        assert_true(toxic_is_fault(&toxic.fault));
    }
}

static const struct {
    const char *toxic_fields, *error;
} mistakes[] = {
    {"[]", "bad request body: json: cannot unmarshal array into Go value of type "
           "toxics.ToxicWrapper"},
    {"3", "bad request body: json: cannot unmarshal number into Go value of type "
          "toxics.ToxicWrapper"},
    {"{}", "invalid toxic type"},
    {"null", "invalid toxic type"},
    {"{\"type\":\"Latency\"}", "invalid toxic type"},
    {"{\"type\":\"lossy\"}", "invalid toxic type"},
    {"{\"type\":\"latency\",\"stream\":\"\"}",
        "stream was invalid, can be either upstream or downstream"},
    {"{\"type\":\"nothing\",\"stream\":\"both\"}",
        "stream was invalid, can be either upstream or downstream"},
    {"{\"type\":5}", "bad request body: json: cannot unmarshal number into Go struct field "
                     "ToxicWrapper.type of type string"},
    {"{\"name\":true}", "bad request body: json: cannot unmarshal bool into Go struct field "
                        "ToxicWrapper.name of type string"},
    {"{\"toxicity\":\"1\"}", "bad request body: json: cannot unmarshal string into Go struct field "
                             "ToxicWrapper.toxicity of type float32"},
    {"{\"attributes\":7}", "bad request body: json: cannot unmarshal number into Go struct field "
                           "ToxicWrapper.attributes of type toxics.NoopToxic"},
    {"{\"type\":\"latency\",\"attributes\":{\"latency\":\"5\"}}",
        "bad request body: json: cannot unmarshal string into Go struct field "
        "LatencyToxic.attributes.latency of type int64"},
    {"{\"type\":\"latency\",\"attributes\":{\"jitter\":1000.0}}",
        "bad request body: json: cannot unmarshal number 1000.0 into Go struct field "
        "LatencyToxic.attributes.jitter of type int64"},
    {"{\"type\":\"reset_peer\",\"attributes\":{\"timeout\":0.5}}",
        "bad request body: json: cannot unmarshal number 0.5 into Go struct field "
        "ResetToxic.attributes.timeout of type int64"},
    {"{\"type\":\"slicer\",\"attributes\":{\"delay\":[]}}",
        "attribute average_size: 0 is too small, it must be at least 1"},
    {"{\"type\":\"slicer\",\"attributes\":{\"average_size\":1,\"delay\":[]}}",
        "bad request body: json: cannot unmarshal array into Go struct field "
        "SlicerToxic.attributes.delay of type int"},
    {"{\"type\":\"packet_loss\",\"attributes\":{\"loss_rate\":\"x\"}}",
        "bad request body: json: cannot unmarshal string into Go struct field "
        "PacketLossToxic.attributes.loss_rate of type float64"},
    /* what cannot work */
    {"{\"type\":\"bandwidth\",\"attributes\":{\"rate\":-1}}",
        "attribute rate: -1 is too small, it must be at least 0"},
    {"{\"type\":\"packet_loss\",\"attributes\":{\"loss_rate\":1.5}}",
        "attribute loss_rate: 1.5 is not within 0 and 1"},
    {"{\"type\":\"noop\",\"name\":\"a\\u0000b\"}", "bad request body: name has a NUL in it"},
};

static void each_mistake_has_its_words(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(mistakes); i++) {
        struct toxic toxic;
        struct err err = {"nothing"};
        if (create(mistakes[i].toxic_fields, &toxic, &err) == 0)
            fail_msg("%s is taken", mistakes[i].toxic_fields);
        assert_string_equal(err.text, mistakes[i].error);
    }
}

static void a_name_has_its_bounds(void **state)
{
    char text[256], name[FAULT_NAME_MAX + 1];
    struct toxic toxic;
    struct err err;
    (void)state;
    memset(name, 'n', sizeof name);
    snprintf(text, sizeof text, "{\"type\":\"noop\",\"name\":\"%.*s\"}", FAULT_NAME_MAX - 1, name);
    toxic = must_create(text);
    assert_int_equal(strlen(toxic.fault.name), FAULT_NAME_MAX - 1);
    snprintf(text, sizeof text, "{\"type\":\"noop\",\"name\":\"%.*s\"}", FAULT_NAME_MAX, name);
    assert_int_equal(create(text, &toxic, &err), -1);
    assert_string_equal(err.text, "toxic name is too long, it may have 127 bytes");
}

static int update(struct toxic *toxic, const char *text, struct err *err)
{
    json_t *body = json_of(text);
    int result = toxic_update(toxic, body, err);
    json_decref(body);
    return result;
}

static void an_update_changes_what_it_names(void **state)
{
    static const struct {
        const char *toxic_fields, *attributes, *toxicity;
    } updates[] = {
        {"{}", "{\"latency\":100,\"jitter\":7}", "0.5"},
        {"null", "{\"latency\":100,\"jitter\":7}", "0.5"},
        {"{\"attributes\":{\"jitter\":0}}", "{\"latency\":100,\"jitter\":0}", "0.5"},
        {"{\"toxicity\":1}", "{\"latency\":100,\"jitter\":7}", "1"},
        {"{\"toxicity\":0.25,\"attributes\":{\"Latency\":1}}", "{\"latency\":1,\"jitter\":7}",
            "0.25"},
        {"{\"name\":\"x\",\"type\":\"noop\",\"stream\":\"upstream\",\"attributes\":null}",
            "{\"latency\":100,\"jitter\":7}", "0.5"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(updates); i++) {
        char want[256];
        struct err err;
        struct toxic toxic = must_create("{\"type\":\"latency\",\"stream\":\"Downstream\","
                                         "\"name\":\"n\",\"toxicity\":0.5,"
                                         "\"attributes\":{\"latency\":100,\"jitter\":7}}");
        assert_int_equal(update(&toxic, updates[i].toxic_fields, &err), 0);
        snprintf(want, sizeof want,
            "{\"attributes\":%s,\"name\":\"n\",\"type\":\"latency\",\"stream\":\"Downstream\","
            "\"toxicity\":%s}",
            updates[i].attributes, updates[i].toxicity);
        expect_json(&toxic, want);
    }
}

static void an_update_says_what_is_wrong(void **state)
{
    static const struct {
        const char *toxic_fields, *error;
    } updates[] = {
        {"[]", "bad request body: json: cannot unmarshal array into Go value of type struct { "
               "Attributes interface {} \"json:\\\"attributes\\\"\"; Toxicity float32 "
               "\"json:\\\"toxicity\\\"\" }"},
        {"{\"toxicity\":\"1\"}", "bad request body: json: cannot unmarshal string into Go struct "
                                 "field .toxicity of type float32"},
        {"{\"attributes\":\"1\"}", "bad request body: json: cannot unmarshal string into Go struct "
                                   "field .attributes of type toxics.LatencyToxic"},
        {"{\"attributes\":{\"latency\":true}}",
            "bad request body: json: cannot unmarshal bool into Go struct field "
            "LatencyToxic.attributes.latency of type int64"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(updates); i++) {
        struct err err = {"nothing"};
        struct toxic toxic = must_create("{\"type\":\"latency\"}");
        assert_int_equal(update(&toxic, updates[i].toxic_fields, &err), -1);
        assert_string_equal(err.text, updates[i].error);
    }
}

static void a_number_is_shown_as_it_was_written_until_it_changes(void **state)
{
    struct toxic toxic = must_create("{\"type\":\"latency\",\"attributes\":{\"latency\":-5}}");
    struct err err;
    (void)state;
    assert_int_equal(update(&toxic, "{\"attributes\":{\"jitter\":3}}", &err), 0);
    expect_json(&toxic, "{\"attributes\":{\"latency\":-5,\"jitter\":3},"
                        "\"name\":\"latency_downstream\",\"type\":\"latency\","
                        "\"stream\":\"downstream\",\"toxicity\":1}");
    assert_int_equal(update(&toxic, "{\"attributes\":{\"latency\":7}}", &err), 0);
    expect_json(&toxic, "{\"attributes\":{\"latency\":7,\"jitter\":3},"
                        "\"name\":\"latency_downstream\",\"type\":\"latency\","
                        "\"stream\":\"downstream\",\"toxicity\":1}");
}

static void a_fault_of_the_file_is_a_toxic_if_one_says_what_it_does(void **state)
{
    static const struct {
        const char *keys, *shown; /* NULL: it is none */
    } faults[] = {
        {"type = latency\ndelay = 1500us\ndistribution = pareto\njitter = 2s\nchance = 12.5%",
            "{\"attributes\":{\"latency\":1,\"jitter\":2000},\"name\":\"f\",\"type\":\"latency\","
            "\"stream\":\"downstream\",\"toxicity\":0.125}"},
        {"type = bandwidth\nrate = 1M/s\nscope = proxy\ndirection = upstream\nenabled = no",
            "{\"attributes\":{\"rate\":1048},\"name\":\"f\",\"type\":\"bandwidth\","
            "\"stream\":\"upstream\",\"toxicity\":0}"},
        {"type = lossy\nmust_fire = yes",
            "{\"attributes\":{\"loss_rate\":0.1,\"correlation\":0},\"name\":\"f\","
            "\"type\":\"packet_loss\",\"stream\":\"downstream\",\"toxicity\":1}"},
        {"type = latency\ndelay = 1s\ndirection = both", NULL},
        {"type = latency\ndelay = 1s\nwhen = bytes:1", NULL},
        {"type = latency\ndelay = 1s\nuntil = bytes:1", NULL},
        {"type = latency\ndelay = 1s\nconnections = 2", NULL},
        {"type = latency\ndelay = 1s\ntimes = 2", NULL},
        {"type = latency\ndelay = 1s\nclients = ::1", NULL},
        {"type = latency\ndelay = 1s\nactive = 0s-1s", NULL},
        {"type = slice\nsize = 5", NULL},
        {"type = reset", NULL},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(faults); i++) {
        struct toxic toxic;
        memset(&toxic, 0xff, sizeof toxic); /* every field is set, whatever memory had */
        struct fault fault = fault_of(faults[i].keys);
        bool is = toxic_of_fault(&toxic, &fault, NULL);
        if (is != (faults[i].shown != NULL) || is != toxic_is_fault(&fault))
            fail_msg("%s\nis %s toxic", faults[i].keys, is ? "a" : "no");
        if (is)
            expect_json(&toxic, faults[i].shown);
    }
}

static void a_number_that_another_limits_follows_it(void **state)
{
    struct err err;
    struct toxic toxic = must_create("{\"type\":\"slicer\",\"name\":\"s\",\"attributes\":"
                                     "{\"average_size\":100,\"size_variation\":50}}");
    struct fault narrow = fault_of("type = slicer\naverage_size = 20\nsize_variation = 20");
    struct fault wide = fault_of("type = slicer\naverage_size = 90\nsize_variation = 50");
    (void)state;
    assert_int_equal(update(&toxic, "{\"attributes\":{\"average_size\":20}}", &err), 0);
    expect_json(&toxic, "{\"attributes\":{\"average_size\":20,\"size_variation\":50,\"delay\":0},"
                        "\"name\":\"s\",\"type\":\"slicer\",\"stream\":\"downstream\","
                        "\"toxicity\":1}");
    assert_true(fault_equal(&toxic.fault, &narrow));
    assert_int_equal(update(&toxic, "{\"attributes\":{\"average_size\":90}}", &err), 0);
    assert_true(fault_equal(&toxic.fault, &wide));
}

/* Keys that have no attribute keep their values from the file. */
static void an_update_of_a_fault_of_the_file_keeps_the_rest(void **state)
{
    struct toxic toxic;
    struct err err;
    struct fault before =
        fault_of("type = latency\ndelay = 1500us\njitter = 5ms\ndistribution = pareto\n"
                 "chance = 12.3456789%");
    struct fault want =
        fault_of("type = latency\ndelay = 1500us\njitter = 9ms\ndistribution = pareto\n"
                 "chance = 12.3456789%");
    (void)state;
    assert_true(toxic_of_fault(&toxic, &before, NULL));
    assert_int_equal(update(&toxic, "{\"attributes\":{\"jitter\":9}}", &err), 0);
    assert_true(fault_equal(&toxic.fault, &want));
}

static void check_reads_back(const struct fault *fault)
{
    struct built empty = build_text(PROXY_TEXT, strlen(PROXY_TEXT));
    struct config config = empty.config;
    config.faults = (struct fault *)(uintptr_t)fault;
    config.fault_count = 1;
    char *printed = print_config(&config);
    struct built built = build_text(printed, strlen(printed));
    if (built.count != 0)
        fail_msg("%s\n%s", printed, built.problems);
    assert_true(fault_equal(&built.config.faults[0], fault));
    built_free(&built);
    built_free(&empty);
    free(printed);
}

/* Whatever a client says, the fault that comes of it can stand in a file. */
static void what_is_created_reads_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(toxics); i++) {
        struct toxic toxic = must_create(toxics[i].toxic_fields);
        snprintf(toxic.fault.name, sizeof toxic.fault.name, "f");
        snprintf(toxic.fault.proxies, sizeof toxic.fault.proxies, "*");
        check_reads_back(&toxic.fault);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_toxic_is_the_same_fault_in_a_file),
        cmocka_unit_test(each_mistake_has_its_words),
        cmocka_unit_test(a_name_has_its_bounds),
        cmocka_unit_test(an_update_changes_what_it_names),
        cmocka_unit_test(an_update_says_what_is_wrong),
        cmocka_unit_test(a_number_is_shown_as_it_was_written_until_it_changes),
        cmocka_unit_test(a_fault_of_the_file_is_a_toxic_if_one_says_what_it_does),
        cmocka_unit_test(a_number_that_another_limits_follows_it),
        cmocka_unit_test(an_update_of_a_fault_of_the_file_keeps_the_rest),
        cmocka_unit_test(what_is_created_reads_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
