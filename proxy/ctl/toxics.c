/* SPDX-License-Identifier: MIT */
/* toxiproxy-cli's commands for toxics, on Toxiproxy's own routes. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/base/quote.h"
#include "proxy/ctl/commands.h"

static void begin_toxics(const struct ctl *ctl, struct path *path, const char *toxic)
{
    path_begin(path, "/proxies");
    path_add_name(path, ctl->operands[0]);
    path_add(path, "/toxics");
    if (toxic != NULL)
        path_add_name(path, toxic);
}

/* --- Showing them --- */

static void print_number(const json_t *value)
{
    if (json_is_integer(value))
        printf("%" JSON_INTEGER_FORMAT, json_integer_value(value));
    else
        printf("%.15g", json_number_value(value));
}

static int compare_keys(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

#define ATTRIBUTES_MAX 16

static void print_attributes(json_t *attributes)
{
    const char *keys[ATTRIBUTES_MAX], *key;
    char name[QUOTE_NAME_MAX];
    size_t count = 0;
    json_t *value;
    json_object_foreach(attributes, key, value)
    {
        if (count < ATTRIBUTES_MAX)
            keys[count++] = key;
    }
    qsort(keys, count, sizeof keys[0], compare_keys);
    printf("attributes=[");
    for (size_t i = 0; i < count; i++) {
        printf("\t%s=", quote_name(keys[i], name));
        print_number(json_object_get(attributes, keys[i]));
    }
    printf("\t]\n");
}

/* Prints two digits like toxiproxy-cli, unless they would change the number. */
static void print_toxicity(double toxicity)
{
    char text[32];
    snprintf(text, sizeof text, "%.2f", toxicity);
    if (fabs(strtod(text, NULL) - toxicity) > 1e-9)
        snprintf(text, sizeof text, "%.9g", toxicity);
    printf("toxicity=%s\t", text);
}

/* Prints the lines of toxiproxy-cli. */
static void print_toxics(const json_t *toxics)
{
    size_t i;
    json_t *toxic;
    json_array_foreach(toxics, i, toxic)
    {
        char name[QUOTE_NAME_MAX], type[QUOTE_NAME_MAX], stream[QUOTE_NAME_MAX];
        printf("%s\ttype=%s\tstream=%s\t", quote_name(ctl_text(toxic, "name"), name),
            quote_name(ctl_text(toxic, "type"), type),
            quote_name(ctl_text(toxic, "stream"), stream));
        print_toxicity(json_number_value(json_object_get(toxic, "toxicity")));
        print_attributes(json_object_get(toxic, "attributes"));
    }
}

enum ctl_status ctl_toxic_list(struct ctl *ctl)
{
    struct path path;
    json_t *answer;
    begin_toxics(ctl, &path, NULL);
    enum ctl_status status = ctl_call(ctl, "GET", &path, NULL, &answer);
    print_toxics(answer);
    json_decref(answer);
    return status;
}

enum ctl_status ctl_inspect(struct ctl *ctl)
{
    struct path path;
    json_t *answer;
    path_begin(&path, "/proxies");
    path_add_name(&path, ctl->operands[0]);
    enum ctl_status status = ctl_call(ctl, "GET", &path, NULL, &answer);
    print_toxics(json_object_get(answer, "toxics"));
    json_decref(answer);
    return status;
}

/* --- Making and changing them --- */

/* Makes a number if the text looks like one (100, 0.1), else a string: the API then reports the
 * expected type. 1000.0 and 1e3 become 1000, as Go writes them: the server takes no 1000.0. */
static json_t *value_of(const char *text)
{
    char *end;
    errno = 0;
    long long whole = strtoll(text, &end, 10);
    if (*text != '\0' && *end == '\0' && errno == 0)
        return json_integer(whole);
    double real = strtod(text, &end);
    if (*text != '\0' && *end == '\0' && isfinite(real))
        return real == trunc(real) && fabs(real) < 0x1p53 ? json_integer((json_int_t)real)
                                                          : json_real(real);
    return json_string(text);
}

/* Parses latency=100,jitter=5. */
static enum ctl_status add_attributes(const struct ctl *ctl, json_t *attributes, const char *words)
{
    while (*words != '\0') {
        char word[256], *equals;
        size_t length = strcspn(words, ",");
        if (length >= sizeof word)
            return ctl_wrong(ctl, "--attribute: '%.20s...' is too long", words);
        snprintf(word, sizeof word, "%.*s", (int)length, words);
        equals = strchr(word, '=');
        if (equals == NULL || equals == word)
            return ctl_wrong(ctl, "--attribute: '%s' is not KEY=VALUE", word);
        *equals = '\0';
        if (json_object_set_new(attributes, word, value_of(equals + 1)) != 0)
            return ctl_wrong(ctl, "--attribute: '%s' is no UTF-8", word);
        words += length + (words[length] == ',');
    }
    return CTL_FINE;
}

static enum ctl_status add_toxicity(const struct ctl *ctl, json_t *body)
{
    const char *text = ctl_option(ctl, "toxicity");
    char *end;
    if (text == NULL && ctl->as_toxiproxy)
        text = "1";
    if (text == NULL)
        return CTL_FINE;
    double toxicity = strtod(text, &end);
    if (*text == '\0' || *end != '\0' || !(toxicity >= 0 && toxicity <= 1))
        return ctl_wrong(ctl, "--toxicity: '%s' is not within 0 and 1", text);
    json_object_set_new(body, "toxicity", json_real(toxicity));
    return CTL_FINE;
}

/* Makes the body of add and update. *body is a new reference. */
static enum ctl_status toxic_body(const struct ctl *ctl, json_t **body)
{
    json_t *attributes = json_object();
    *body = json_pack("{s:o}", "attributes", attributes);
    enum ctl_status status = add_toxicity(ctl, *body);
    for (size_t i = 0; i < ctl->given_count && status == CTL_FINE; i++) {
        if (strcmp(ctl->given[i].option->name, "attribute") == 0)
            status = add_attributes(ctl, attributes, ctl->given[i].value);
    }
    if (status != CTL_FINE)
        json_decref(*body);
    return status;
}

/* Adds the texts of a new toxic. Returns 0, or -1 after reporting an error. */
static int add_texts(const struct ctl *ctl, json_t *body, const char *stream)
{
    const char *type = ctl_option(ctl, "type"), *name = ctl_option(ctl, "toxicName");
    if (ctl_set_member(ctl, body, "type", json_string(type)) != 0 ||
        ctl_set_member(ctl, body, "stream", json_string(stream)) != 0)
        return -1;
    return name == NULL ? 0 : ctl_set_member(ctl, body, "name", json_string(name));
}

enum ctl_status ctl_toxic_add(struct ctl *ctl)
{
    struct path path;
    json_t *body, *answer;
    bool upstream = ctl_option(ctl, "upstream") != NULL;
    if (ctl_option(ctl, "type") == NULL)
        return ctl_wrong(ctl, "a new toxic needs a --type");
    if (upstream && ctl_option(ctl, "downstream") != NULL)
        return ctl_wrong(ctl, "either --upstream or --downstream, not both");
    enum ctl_status status = toxic_body(ctl, &body);
    if (status != CTL_FINE)
        return status;
    if (add_texts(ctl, body, upstream ? "upstream" : "downstream") != 0) {
        json_decref(body);
        return CTL_USAGE;
    }
    begin_toxics(ctl, &path, NULL);
    status = ctl_call(ctl, "POST", &path, body, &answer);
    if (answer != NULL)
        client_print(stdout, "Added %s %s toxic '%s' on proxy '%s'", ctl_text(answer, "stream"),
            ctl_text(answer, "type"), ctl_text(answer, "name"), ctl->operands[0]);
    json_decref(answer);
    return status;
}

/* Attributes that are not given keep their value, also the toxicity. */
enum ctl_status ctl_toxic_update(struct ctl *ctl)
{
    struct path path;
    json_t *body, *answer;
    const char *name = ctl_option(ctl, "toxicName");
    if (name == NULL)
        return ctl_wrong(ctl, "which toxic? --toxicName is missing");
    enum ctl_status status = toxic_body(ctl, &body);
    if (status != CTL_FINE)
        return status;
    begin_toxics(ctl, &path, name);
    status = ctl_call(ctl, "POST", &path, body, &answer);
    if (answer != NULL)
        printf("Updated toxic '%s' on proxy '%s'\n", name, ctl->operands[0]);
    json_decref(answer);
    return status;
}

enum ctl_status ctl_toxic_remove(struct ctl *ctl)
{
    struct path path;
    const char *name = ctl_option(ctl, "toxicName");
    if (name == NULL)
        return ctl_wrong(ctl, "which toxic? --toxicName is missing");
    begin_toxics(ctl, &path, name);
    return ctl_do(
        ctl, "DELETE", &path, NULL, "Removed toxic '%s' on proxy '%s'\n", name, ctl->operands[0]);
}
