/* SPDX-License-Identifier: MIT */
/*
 * The file of `toxiproxy-server -config`: a list of {"name", "listen", "upstream", "enabled"}.
 * Toxiproxy ignores unknown keys, and starts without any proxy if the file is broken. Here each is
 * a problem, and nothing starts.
 */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/admin/admin.h"
#include "proxy/admin/toxiproxy/proxy.h"
#include "proxy/base/suggest.h"

struct reading {
    const char *path;
    struct config *config;
    FILE *problems;
    size_t count; /* number of problems */
};

static void config_file_report_problem(struct reading *reading, size_t index, const char *text)
{
    fprintf(reading->problems, "%s: proxy %zu: %s\n", reading->path, index + 1, text);
    reading->count++;
}

static void check_keys(struct reading *reading, size_t index, json_t *object)
{
    static const char *const known[] = {"name", "listen", "upstream", "enabled", NULL};
    const char *key;
    json_t *value;
    json_object_foreach(object, key, value)
    {
        struct suggest suggest;
        struct err err;
        char meant[SUGGEST_TEXT_MAX];
        size_t i = 0;
        suggest_init(&suggest, key);
        while (known[i] != NULL && strcasecmp(known[i], key) != 0)
            suggest_offer(&suggest, known[i++]);
        if (known[i] != NULL)
            continue;
        err_set(&err, "unknown key %.64s%s; a proxy has name, listen, upstream and enabled", key,
            suggest.best != NULL ? suggest_text(&suggest, meant, sizeof meant) : "");
        config_file_report_problem(reading, index, err.text);
    }
}

static void read_proxy(struct reading *reading, size_t index, json_t *object)
{
    struct toxiproxy_proxy proxy = {.enabled = true};
    struct config *config = reading->config;
    struct proxy_config *value = &config->proxies[config->proxy_count];
    struct err err;
    if (!json_is_object(object)) {
        config_file_report_problem(reading, index, "it is not an object");
        return;
    }
    size_t before = reading->count;
    check_keys(reading, index, object);
    int result = toxiproxy_proxy_read(&proxy, object, false, &err);
    if (result == 0 && (proxy.name[0] == '\0' || proxy.upstream[0] == '\0'))
        result = err_set(&err, "%s is missing", proxy.name[0] == '\0' ? "name" : "upstream");
    if (result != 0 || toxiproxy_proxy_config(&proxy, value, &err) != 0)
        config_file_report_problem(reading, index, err.text);
    else if (reading->count == before)
        config->proxy_count++;
}

static void check_names(struct reading *reading, size_t from)
{
    const struct config *config = reading->config;
    for (size_t i = from; i < config->proxy_count; i++) {
        for (size_t j = 0; j < i; j++) {
            if (strcmp(config->proxies[i].name, config->proxies[j].name) != 0)
                continue;
            config_file_report_problem(reading, i, "another proxy has that name already");
            break;
        }
    }
}

static void read_list(struct reading *reading, json_t *list)
{
    struct config *config = reading->config;
    size_t from = config->proxy_count, i;
    json_t *element;
    struct proxy_config *proxies =
        realloc(config->proxies, (from + json_array_size(list) + 1) * sizeof proxies[0]);
    if (proxies == NULL) {
        fprintf(reading->problems, "%s: out of memory\n", reading->path);
        reading->count++;
        return;
    }
    config->proxies = proxies;
    json_array_foreach(list, i, element)
    {
        read_proxy(reading, i, element);
    }
    check_names(reading, from);
}

/* Reads the whole file. Returns NULL after reporting the problem. */
static json_t *load(struct reading *reading)
{
    json_error_t error;
    FILE *in = fopen(reading->path, "re");
    if (in == NULL) {
        fprintf(reading->problems, "%s: cannot read it: %s\n", reading->path, strerror(errno));
        return NULL;
    }
    json_t *list = json_loadf(in, JSON_REJECT_DUPLICATES, &error);
    fclose(in);
    if (json_is_array(list))
        return list;
    if (list != NULL)
        fprintf(reading->problems, "%s: it is not a list of proxies, write [{\"name\": ...}]\n",
            reading->path);
    else
        fprintf(reading->problems, "%s:%d: it is not JSON: %s\n", reading->path, error.line,
            error.text);
    json_decref(list);
    return NULL;
}

size_t admin_read_proxies(const char *path, struct config *config, FILE *problems)
{
    struct reading reading = {.path = path, .config = config, .problems = problems};
    json_t *list = load(&reading);
    if (list == NULL)
        return 1;
    read_list(&reading, list);
    json_decref(list);
    return reading.count;
}
