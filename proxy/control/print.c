/* SPDX-License-Identifier: MIT */
/*
 * Prints the configuration in use as a file. The file's faults come first, each once for all
 * proxies that have it. A value that the API changed on some proxies becomes a section of its own,
 * [fault PROXY.NAME], and so do faults that the API added. A section that a file cannot hold is
 * printed as a comment: its name or address does not fit, or a fault waits for one that was
 * removed, or for messages that its proxy has no more.
 */
#include <stdlib.h>
#include <string.h>

#include "config/name.h"
#include "proxy/base/memory_file.h"
#include "proxy/control/control.h"

/* Prints a section. A section that a file could not hold is commented out. */
static void print_section(
    void (*print)(const void *value, FILE *out), const void *value, bool readable, FILE *out)
{
    struct memory_file file;
    char *text = NULL;
    if (readable) {
        print(value, out);
        return;
    }
    if (memory_file_open(&file) == 0) {
        print(value, file.out);
        text = memory_file_close(&file, NULL);
    }
    if (text == NULL)
        fputs("; a section is missing here: out of memory\n", out);
    for (char *line = text, *end; line != NULL && *line != '\0'; line = end) {
        end = line + strcspn(line, "\n");
        fprintf(out, "%s%.*s\n", end == line ? "" : "; ", (int)(end - line), line);
        end += *end == '\n';
    }
    free(text);
}

static void print_proxy(const void *value, FILE *out)
{
    config_print_proxy(value, out);
}

struct printed_fault {
    const struct fault *fault;
    bool has_parts; /* messages of one of its proxies have parts */
};

static void print_fault(const void *value, FILE *out)
{
    const struct printed_fault *printed = value;
    config_print_fault(printed->fault, printed->has_parts, out);
}

static bool fits_title(const char *kind, const char *name)
{
    return name_is_valid(name) && strlen(kind) + 1 + strlen(name) < CONFIG_NAME_MAX;
}

static bool fits_file(const struct proxy_config *proxy)
{
    return fits_title("proxy", proxy->name) && proxy->listen.kind != ADDRESS_NOWHERE &&
           proxy->upstream.kind != ADDRESS_NOWHERE;
}

/* Returns the proxy whose fault a fault of `proxy` waits for. NULL: there is none any more. */
static const struct proxy *proxy_of_first(
    const struct control *control, const struct proxy *proxy, const struct after *after)
{
    if (plan_find(proxy->plan, after->name) != NULL)
        return proxy;
    const struct proxy *other = NULL;
    while (after->any && (other = control_next_proxy(control, other)) != NULL)
        if (plan_find(other->plan, after->name) != NULL)
            return other;
    return NULL;
}

/* Whether the proxy has what the fault acts on: messages, or TCP. One of the file with `proxy = *`
 * may concern a proxy of the API that has it not. */
static bool fits_proxy(const struct proxy *proxy, const struct fault *fault)
{
    const struct proxy_config *config = &proxy->plan->config;
    const char *key;
    struct err ignored;
    return config_check_messages(fault, config, &key, &ignored) == 0 &&
           config_check_reach(fault, config, false, &key, &ignored) == 0;
}

/* Whether the fault can act on the proxy's sockets. `alone`: and a connection can have it. */
static bool can_reach(const struct proxy *proxy, const struct fault *fault, bool alone)
{
    const char *key;
    struct err ignored;
    return config_check_reach(fault, &proxy->plan->config, alone, &key, &ignored) == 0;
}

/* Returns the proxy's rule with this counter, or NULL if it has none that a file can hold. */
static const struct rule *rule_of(
    const struct proxy *proxy, const struct fault_counter *fault_counter)
{
    const struct rule *rule = plan_find(proxy->plan, fault_counter->name);
    bool found = rule != NULL && rule->fault_counter == fault_counter;
    return found && fits_proxy(proxy, &rule->fault) ? rule : NULL;
}

/* Whether the fault's `proxy` names exactly the proxies that have it unchanged. */
static bool is_as_written(const struct control *control, const struct fault_counter *fault_counter,
    const struct fault *fault)
{
    for (struct proxy *proxy = NULL; (proxy = control_next_proxy(control, proxy)) != NULL;) {
        const struct rule *rule = rule_of(proxy, fault_counter);
        bool has = rule != NULL && fault_equal(&rule->fault, fault);
        if (has != fault_names_proxy(fault, proxy_name(proxy)))
            return false;
    }
    return true;
}

/* Writes the names of the proxies that have the fault. Returns false if there is no room, or a list
 * cannot hold one of the names. */
static bool name_proxies(
    const struct control *control, const struct fault_counter *fault_counter, struct fault *fault)
{
    size_t used = 0;
    for (struct proxy *proxy = NULL; (proxy = control_next_proxy(control, proxy)) != NULL;) {
        const char *name = proxy_name(proxy);
        const struct rule *rule = rule_of(proxy, fault_counter);
        if (rule == NULL || !fault_equal(&rule->fault, fault))
            continue;
        if (!fits_file(&proxy->plan->config) || used + strlen(name) + 2 > sizeof fault->proxies)
            return false;
        used += (size_t)snprintf(
            fault->proxies + used, sizeof fault->proxies - used, "%s%s", used > 0 ? "," : "", name);
    }
    return true;
}

/* Writes the name of a section for all proxies of a fault, or `alone` for one. Returns whether a
 * file can hold it. */
static bool section_name(
    const char *owner, const struct fault *fault, bool alone, char *buf, size_t size)
{
    int length = snprintf(buf, size, "%s%s%s", alone ? owner : "", alone ? "." : "", fault->name);
    return (size_t)length < size && fits_title("fault", buf);
}

/* Finds the section of a fault of the file under its own name: its value there is that of the first
 * proxy. Returns false if it has none: each proxy's fault is printed alone. *value has no type if
 * there is none. */
static bool own_section(
    const struct control *control, const struct fault_counter *fault_counter, struct fault *value)
{
    const struct rule *rule = NULL;
    struct proxy *proxy = NULL;
    while (rule == NULL && (proxy = control_next_proxy(control, proxy)) != NULL)
        rule = rule_of(proxy, fault_counter);
    *value = rule == NULL ? (struct fault){.type = NULL} : rule->fault;
    return rule != NULL && (is_as_written(control, fault_counter, value) ||
                               name_proxies(control, fault_counter, value));
}

/* Writes the name of the section in which `after` finds its fault, that of `owner`. NAME/any is
 * content with one of the other proxies. Returns whether a file can hold it. */
static bool section_of_first(const struct control *control, const struct proxy *owner,
    const struct after *after, char *buf, size_t size)
{
    const struct rule *first = plan_find(owner->plan, after->name);
    struct fault value;
    bool alone = first->origin == RULE_FROM_API ||
                 !own_section(control, first->fault_counter, &value) ||
                 (!after->any && !fault_equal(&first->fault, &value));
    return section_name(proxy_name(owner), &first->fault, alone, buf, size);
}

#define CHAIN_MAX 1000 /* a longer chain is printed as a comment; NAME/any may be a circle */

/* Whether a file can hold the proxy's fault, but for its name, and every fault that it waits
 * for. */
static bool fits_chain(
    const struct control *control, const struct proxy *proxy, const struct rule *rule)
{
    for (unsigned i = 0; i < CHAIN_MAX; i++) {
        const struct after *after = &rule->fault.after;
        char name[FAULT_NAME_MAX];
        if (!fits_file(&proxy->plan->config) || !fits_proxy(proxy, &rule->fault))
            return false;
        if (after->name[0] == '\0')
            return true;
        proxy = proxy_of_first(control, proxy, after);
        if (proxy == NULL)
            return false;
        rule = plan_find(proxy->plan, after->name);
        if (!section_of_first(control, proxy, after, name, sizeof name))
            return false;
    }
    return false;
}

/* The fault that a fault waits for may get another name in the file. Of several proxies' faults
 * with this name (NAME/any) the file can name one. */
static void rename_after(
    const struct control *control, const struct proxy *proxy, struct fault *fault)
{
    struct after *after = &fault->after;
    const struct proxy *owner = proxy_of_first(control, proxy, after);
    char name[FAULT_NAME_MAX];
    if (owner != NULL && section_of_first(control, owner, after, name, sizeof name))
        snprintf(after->name, sizeof after->name, "%s", name);
}

/* Prints [fault PROXY.NAME] for one proxy. */
static void print_alone(
    const struct control *control, const struct proxy *proxy, const struct rule *rule, FILE *out)
{
    struct fault fault = rule->fault;
    const char *owner = proxy_name(proxy);
    bool readable = section_name(owner, &rule->fault, true, fault.name, sizeof fault.name) &&
                    fits_chain(control, proxy, rule) && can_reach(proxy, &rule->fault, true);
    snprintf(fault.proxies, sizeof fault.proxies, "%s", owner);
    rename_after(control, proxy, &fault);
    struct printed_fault printed = {&fault, protocol_has_parts(&proxy->plan->config.protocol)};
    print_section(print_fault, &printed, readable, out);
}

/* Prints a fault under its own name, for all proxies that it names. One of them has to have the
 * fault that it waits for, and one to have connections that it can meet. */
static void print_together(const struct control *control, const struct fault *fault, FILE *out)
{
    struct fault own = *fault;
    struct printed_fault printed = {.fault = &own};
    bool is_for_all = strcmp(fault->proxies, "*") == 0 && fault->after.name[0] == '\0';
    bool fits = is_for_all, acts = true, met = false, has_proxy = false;
    for (struct proxy *proxy = NULL; (proxy = control_next_proxy(control, proxy)) != NULL;) {
        const struct rule *rule = plan_find(proxy->plan, fault->name);
        if (rule == NULL || !fault_names_proxy(fault, proxy_name(proxy)))
            continue;
        printed.has_parts |= protocol_has_parts(&proxy->plan->config.protocol);
        has_proxy = true;
        acts &= can_reach(proxy, &rule->fault, false);
        met |= can_reach(proxy, &rule->fault, true);
        if (fits || !fits_chain(control, proxy, rule))
            continue;
        fits = true;
        rename_after(control, proxy, &own);
    }
    bool readable = fits && acts && (met || !has_proxy) && fits_title("fault", own.name);
    print_section(print_fault, &printed, readable, out);
}

/* Prints one fault of the file. */
static void print_of_file(
    const struct control *control, const struct fault_counter *fault_counter, FILE *out)
{
    struct fault own;
    bool together = own_section(control, fault_counter, &own);
    if (together)
        print_together(control, &own, out);
    for (struct proxy *proxy = NULL; (proxy = control_next_proxy(control, proxy)) != NULL;) {
        const struct rule *rule = rule_of(proxy, fault_counter);
        if (rule != NULL && (!together || !fault_equal(&rule->fault, &own)))
            print_alone(control, proxy, rule, out);
    }
}

static void print_of_api(const struct control *control, const struct proxy *proxy, FILE *out)
{
    for (size_t i = 0; i < proxy->plan->rule_count; i++)
        if (proxy->plan->rules[i]->origin == RULE_FROM_API)
            print_alone(control, proxy, proxy->plan->rules[i], out);
}

static bool is_anywhere(const struct control *control, const struct fault *fault)
{
    for (struct proxy *proxy = NULL; (proxy = control_next_proxy(control, proxy)) != NULL;) {
        const struct rule *rule = plan_find(proxy->plan, fault->name);
        if (rule != NULL && rule->origin == RULE_FROM_FILE &&
            rule_of(proxy, rule->fault_counter) != NULL)
            return true;
    }
    return false;
}

static const struct fault *find_wildcard(const struct control *control, const char *name)
{
    for (size_t i = 0; i < control->wildcard_fault_count; i++)
        if (strcmp(control->wildcard_faults[i].name, name) == 0)
            return &control->wildcard_faults[i];
    return NULL;
}

/* Prints the faults with `proxy = *` that no proxy has, but the next one gets. If there are proxies
 * it is a comment: they were taken away from those, or do not fit them. */
static void print_of_next_proxy(const struct control *control, FILE *out)
{
    bool is_empty = control_next_proxy(control, NULL) == NULL;
    for (size_t i = 0; i < control->wildcard_fault_count; i++) {
        const struct fault *fault = &control->wildcard_faults[i], *first = fault;
        struct printed_fault printed = {.fault = fault};
        while (first != NULL && first->after.name[0] != '\0')
            first = find_wildcard(control, first->after.name);
        if (!is_anywhere(control, fault))
            print_section(print_fault, &printed, is_empty && first != NULL, out);
    }
}

void control_print(const struct control *control, FILE *out)
{
    struct proxy *proxy = NULL;
    config_print_settings(&control->settings, out);
    while ((proxy = control_next_proxy(control, proxy)) != NULL) {
        struct proxy_config config;
        control_proxy_config(proxy, &config);
        print_section(print_proxy, &config, fits_file(&config), out);
    }
    list_for_each(link, &control->worker->counters.named)
    {
        const struct fault_counter *fault_counter = container_of(link, struct fault_counter, link);
        if (fault_counter->proxy[0] == '\0')
            print_of_file(control, fault_counter, out);
    }
    print_of_next_proxy(control, out);
    while ((proxy = control_next_proxy(control, proxy)) != NULL)
        print_of_api(control, proxy, out);
}
