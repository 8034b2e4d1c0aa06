/* SPDX-License-Identifier: MIT */
/* /v1: the run as a whole, and the catalogue of faults. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/admin/v1/v1.h"
#include "proxy/base/memory_file.h"
#include "proxy/record/report.h"

void v1_version(const struct call *call)
{
    struct text text = {0};
    char seed[24];
    snprintf(seed, sizeof seed, "%" PRIu64, call->admin->context.control->settings.seed);
    text_puts(&text, "{");
    text_json_member(&text, "version", RUDEPROXY_VERSION);
    text_json_member(&text, "toxiproxy", TOXIPROXY_VERSION);
    text_json_member(
        &text, "seed", seed); /* half of all seeds are larger than a JSON reader's integers */
    text_json_number(&text, "uptime_us", timers_now() - call->admin->context.worker->started_at);
    text_puts(&text, "}");
    answer_json_text(call, 200, &text);
}

static bool memory_open(const struct call *call, struct memory_file *file)
{
    bool opened = memory_file_open(file) == 0;
    if (!opened)
        answer_empty(call, 500);
    return opened;
}

static void memory_answer(
    const struct call *call, unsigned status, struct memory_file *file, const char *type)
{
    size_t size;
    char *bytes = memory_file_close(file, &size);
    if (bytes != NULL)
        http_answer(call->request, status, type, bytes, size);
    else
        answer_empty(call, 500);
}

void v1_report(const struct call *call)
{
    struct memory_file memory;
    struct ledger *ledger = call->admin->context.ledger;
    if (!memory_open(call, &memory))
        return;
    ledger_settle(ledger, &call->admin->context.worker->counters);
    if (report_print(ledger, memory.out) == 0) {
        memory_answer(call, 200, &memory, "application/json");
        return;
    }
    free(memory_file_close(&memory, NULL));
    answer_error(call, 500, "out of memory: the report is not complete");
}

void v1_config(const struct call *call)
{
    struct memory_file memory;
    if (!memory_open(call, &memory))
        return;
    control_print(call->admin->context.control, memory.out);
    memory_answer(call, 200, &memory, "text/plain; charset=utf-8");
}

/* Problems are lines; in the answer they are elements of a list. */
static void answer_problems(const struct call *call, char *lines)
{
    struct text text = {0};
    text_puts(&text, "{");
    text_json_member(&text, "error", "not reloaded: the old configuration stays in force");
    text_json_number(&text, "status", 400);
    text_json_key(&text, "problems");
    text_puts(&text, "[");
    for (char *line = lines, *next; line != NULL && *line != '\0'; line = next) {
        next = strchr(line, '\n');
        if (next != NULL)
            *next++ = '\0';
        text_json_comma(&text);
        text_json_string(&text, line);
    }
    text_puts(&text, "]}\n");
    answer_json_text(call, 400, &text);
}

void v1_reload(const struct call *call)
{
    const struct admin_context *context = &call->admin->context;
    struct memory_file memory;
    char api[8] = "keep";
    call_query(call, "api", api, sizeof api);
    if (strcmp(api, "keep") != 0 && strcmp(api, "drop") != 0) {
        answer_error(call, 400, "api: '%s' is neither keep nor drop", api);
        return;
    }
    if (!memory_open(call, &memory))
        return;
    enum reload_policy keep = strcmp(api, "drop") == 0 ? CONTROL_DROP_API : CONTROL_KEEP_API;
    int result = context->reload(context->user, keep, memory.out);
    fclose(memory.out);
    if (result == 0)
        answer_empty(call, 204);
    else
        answer_problems(call, memory.bytes != NULL ? memory.bytes : "");
    free(memory.bytes);
}

void v1_reset_counts(const struct call *call)
{
    control_reset_counts(call->admin->context.control);
    answer_empty(call, 204);
}

static void write_key(struct text *text, const struct option *option)
{
    char form[OPTION_TEXT_MAX];
    option_describe(option, form, sizeof form);
    text_json_comma(text);
    text_puts(text, "{");
    text_json_member(text, "key", option->name);
    text_json_member(text, "form", form);
    text_json_bool(text, "required", option->required);
    if (option->default_text != NULL)
        text_json_member(text, "default", option->default_text);
    text_json_member(text, "help", option->help);
    text_puts(text, "}");
}

static void write_keys(struct text *text, const struct option *table)
{
    text_json_key(text, "keys");
    text_puts(text, "[");
    for (; table->name != NULL; table++)
        write_key(text, table);
    text_puts(text, "]");
}

/* The defaults of common keys that are the type's own. */
static void write_defaults(struct text *text, const struct fault_type *type)
{
    struct fault usual = {0};
    fault_set_defaults(&usual, type);
    text_json_key(text, "defaults");
    text_puts(text, "{");
    if (usual.directions == BOTH_BITS)
        text_json_member(text, "direction", "both");
    if (usual.sides == BOTH_BITS)
        text_json_member(text, "side", "both");
    text_puts(text, "}");
}

void v1_catalogue(const struct call *call)
{
    struct text text = {0};
    text_puts(&text, "{\"types\":[");
    for (size_t i = 0; fault_catalogue[i] != NULL; i++) {
        const struct fault_type *type = fault_catalogue[i];
        text_json_comma(&text);
        text_puts(&text, "{");
        text_json_member(&text, "type", type->name);
        text_json_member(&text, "group", fault_group_names[type->group]);
        text_json_member(&text, "summary", type->summary);
        text_json_bool(&text, "lasting", type->lasting);
        text_json_bool(&text, "needs_net_admin", type->needs_net_admin);
        write_defaults(&text, type);
        write_keys(&text, type->options);
        text_puts(&text, "}");
    }
    text_puts(&text, "],\"envelope\":{");
    write_keys(&text, fault_options);
    text_puts(&text, "}}");
    answer_json_text(call, 200, &text);
}
