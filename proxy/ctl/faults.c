/* SPDX-License-Identifier: MIT */
/* Commands for faults of every type, with the keys of the file and of --fault. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/base/memory_file.h"
#include "proxy/base/quote.h"
#include "proxy/ctl/commands.h"
#include "proxy/ctl/table.h"

#define WORD_MAX 1024 /* of a value; longer than a line of the file */

static void begin_faults(const char *proxy, struct path *path, const char *fault)
{
    path_begin(path, "/v1/proxies");
    path_add_name(path, proxy);
    path_add(path, "/faults");
    if (fault != NULL)
        path_add_name(path, fault);
}

static void add_scope(const struct ctl *ctl, struct path *path)
{
    if (ctl_option(ctl, "new") != NULL)
        path_add_query(path, "connections", "new");
}

/* --- list --- */

/* Whether a member has a column of its own. */
static bool has_column(const char *key)
{
    static const char *const columns[] = {
        "name", "type", "origin", "enabled", "armed", "fired", NULL};
    for (size_t i = 0; columns[i] != NULL; i++) {
        if (strcmp(columns[i], key) == 0)
            return true;
    }
    return false;
}

/* A text with a blank outside double quotes is quoted, as the words of `fault add` have to be. */
static void print_word(FILE *out, const char *key, const json_t *value)
{
    const char *text = json_string_value(value);
    char quoted[WORD_MAX];
    if (text != NULL && *quote_word_end(text) != '\0') {
        quote_format(text, strlen(text), quoted, sizeof quoted);
        text = quoted;
    }
    if (text != NULL)
        fprintf(out, "%s=%s", key, text);
    else if (json_is_boolean(value))
        fprintf(out, "%s=%s", key, json_is_true(value) ? "yes" : "no");
    else
        fprintf(out, "%s=%" JSON_INTEGER_FORMAT, key, json_integer_value(value));
}

/* Returns the other keys in the form of `fault add`. The caller frees it. NULL: out of memory. */
static char *words_of(json_t *fault)
{
    struct memory_file file;
    size_t count = 0;
    const char *key;
    json_t *value;
    if (memory_file_open(&file) != 0)
        return NULL;
    json_object_foreach(fault, key, value)
    {
        if (has_column(key) || json_is_array(value)) /* `not_fired` is not a key */
            continue;
        if (count++ > 0)
            fputc(' ', file.out);
        print_word(file.out, key, value);
    }
    return memory_file_close(&file, NULL);
}

static void ctl_add_fault(struct table *table, const char *proxy, json_t *fault)
{
    char *words = words_of(fault);
    bool enabled = json_is_true(json_object_get(fault, "enabled"));
    table_name(table, proxy);
    table_name(table, ctl_text(fault, "name"));
    table_cell(table, "%s", ctl_text(fault, "type"));
    table_cell(table, "%s", ctl_text(fault, "origin"));
    table_cell(table, "%s", enabled ? "enabled" : "disabled");
    table_cell(table, "%lld", ctl_number(fault, "armed"));
    table_cell(table, "%lld", ctl_number(fault, "fired"));
    table_cell(table, "%s", words != NULL ? words : "");
    free(words);
}

static enum ctl_status list_proxy(struct ctl *ctl, struct table *table, const char *proxy)
{
    struct path path;
    json_t *answer, *fault;
    size_t i;
    begin_faults(proxy, &path, NULL);
    enum ctl_status status = ctl_call(ctl, "GET", &path, NULL, &answer);
    json_array_foreach(json_object_get(answer, "faults"), i, fault)
    {
        ctl_add_fault(table, proxy, fault);
    }
    json_decref(answer);
    return status;
}

static enum ctl_status list_all(struct ctl *ctl, struct table *table)
{
    struct path path;
    json_t *answer, *proxy;
    size_t i;
    path_begin(&path, "/v1/proxies");
    enum ctl_status status = ctl_ask(ctl, &path, &answer);
    json_array_foreach(json_object_get(answer, "proxies"), i, proxy)
    {
        if (status == CTL_FINE)
            status = list_proxy(ctl, table, ctl_text(proxy, "name"));
    }
    json_decref(answer);
    return status;
}

enum ctl_status ctl_fault_list(struct ctl *ctl)
{
    static const char *const heads[] = {
        "PROXY", "NAME", "TYPE", "FROM", "ENABLED", "ARMED", "FIRED", "KEYS", NULL};
    struct table table;
    table_init(&table, heads);
    enum ctl_status status =
        ctl->operand_count > 0 ? list_proxy(ctl, &table, ctl->operands[0]) : list_all(ctl, &table);
    if (ctl_option(ctl, "json") != NULL || status != CTL_FINE) {
        table_free(&table);
        return status;
    }
    return table_finish(&table);
}

/* --- add, change, remove --- */

/* Makes a body of the words from operand `first` on. Returns a new reference, or NULL after
 * reporting an error. */
static json_t *body_of(const struct ctl *ctl, size_t first)
{
    json_t *body = json_object();
    for (size_t i = first; i < ctl->operand_count; i++) {
        if (ctl_words(ctl, body, ctl->operands[i]) != 0) {
            json_decref(body);
            return NULL;
        }
    }
    return body;
}

enum ctl_status ctl_fault_add(struct ctl *ctl)
{
    struct path path;
    const char *name = ctl_option(ctl, "name");
    json_t *answer, *body = body_of(ctl, 1);
    if (body == NULL)
        return CTL_USAGE;
    if (name != NULL && ctl_set_member(ctl, body, "name", json_string(name)) != 0) {
        json_decref(body);
        return CTL_USAGE;
    }
    begin_faults(ctl->operands[0], &path, NULL);
    add_scope(ctl, &path);
    enum ctl_status status = ctl_call(ctl, "POST", &path, body, &answer);
    if (answer != NULL)
        client_print(stdout, "Added %s fault '%s' on proxy '%s'", ctl_text(answer, "type"),
            ctl_text(answer, "name"), ctl->operands[0]);
    json_decref(answer);
    return status;
}

/* `what` was done. */
static enum ctl_status change(struct ctl *ctl, json_t *body, const char *what)
{
    struct path path;
    json_t *answer;
    begin_faults(ctl->operands[0], &path, ctl->operands[1]);
    add_scope(ctl, &path);
    enum ctl_status status = ctl_call(ctl, "PATCH", &path, body, &answer);
    if (answer != NULL)
        printf("%s fault '%s' on proxy '%s'\n", what, ctl->operands[1], ctl->operands[0]);
    json_decref(answer);
    return status;
}

enum ctl_status ctl_fault_change(struct ctl *ctl)
{
    json_t *body = body_of(ctl, 2);
    return body != NULL ? change(ctl, body, "Changed") : CTL_USAGE;
}

enum ctl_status ctl_fault_enable(struct ctl *ctl)
{
    return change(ctl, json_pack("{s:b}", "enabled", 1), "Enabled");
}

enum ctl_status ctl_fault_disable(struct ctl *ctl)
{
    return change(ctl, json_pack("{s:b}", "enabled", 0), "Disabled");
}

enum ctl_status ctl_fault_remove(struct ctl *ctl)
{
    struct path path;
    begin_faults(ctl->operands[0], &path, ctl->operands[1]);
    add_scope(ctl, &path);
    return ctl_do(ctl, "DELETE", &path, NULL, "Removed fault '%s' on proxy '%s'\n",
        ctl->operands[1], ctl->operands[0]);
}

/* --- one connection --- */

static void begin_connection(const struct ctl *ctl, struct path *path)
{
    path_begin(path, "/v1/proxies");
    path_add_name(path, ctl->operands[0]);
    path_add(path, "/connections");
    path_add_name(path, ctl->operands[1]);
}

enum ctl_status ctl_inject(struct ctl *ctl)
{
    struct path path;
    json_t *body = body_of(ctl, 2);
    if (body == NULL)
        return CTL_USAGE;
    begin_connection(ctl, &path);
    path_add(&path, "/faults");
    return ctl_do(ctl, "POST", &path, body, "Injected into connection %s of proxy '%s'\n",
        ctl->operands[1], ctl->operands[0]);
}

enum ctl_status ctl_kill(struct ctl *ctl)
{
    struct path path;
    const char *how = ctl_option(ctl, "how"), *key;
    json_t *value, *words = body_of(ctl, 2);
    if (words == NULL)
        return CTL_USAGE;
    begin_connection(ctl, &path);
    path_add_query(&path, "how", how != NULL ? how : "reset");
    json_object_foreach(words, key, value)
    {
        path_add_query(&path, key, ctl_text(words, key));
    }
    json_decref(words);
    return ctl_do(ctl, "DELETE", &path, NULL, "Ended connection %s of proxy '%s'\n",
        ctl->operands[1], ctl->operands[0]);
}
