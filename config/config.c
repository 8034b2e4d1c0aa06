/* SPDX-License-Identifier: MIT */
/*
 * Builds a configuration from a source. Every section is checked by itself, then the rules between
 * them: two proxies on one address, a fault that names an unknown proxy, nothing to do at all. All
 * problems are reported together. The result is a complete configuration or none.
 */
#include "config/config.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "config/check.h"
#include "config/name.h"
#include "config/source.h"
#include "proxy/base/suggest.h"

/* A configuration being built. Section i of the source belongs to `of_proxy` or `of_fault`. */
struct build {
    struct problems *problems;
    const struct config_source *source;
    struct config *config;
    const struct source_section **of_proxy; /* one for each proxy, owned */
    const struct source_section **of_fault; /* one for each fault, owned */
    struct key_flags *proxy_flags;          /* one for each proxy, owned */
    bool wants_api;                         /* `admin` is given, be it right or wrong */
};

static size_t count_kind(const struct config_source *source, unsigned kind)
{
    size_t count = 0;
    for (size_t i = 0; i < source->section_count; i++)
        count += source->sections[i]->kind == &section_kinds[kind] ? 1 : 0;
    return count;
}

/* Room for every section of each kind; the counts grow as they are checked. */
static bool allocate(struct build *build)
{
    size_t proxies = count_kind(build->source, KIND_PROXY) + 1; /* calloc(0) may return NULL */
    size_t faults = count_kind(build->source, KIND_FAULT) + 1;
    build->config->proxies = calloc(proxies, sizeof *build->config->proxies);
    build->config->faults = calloc(faults, sizeof *build->config->faults);
    build->of_proxy = calloc(proxies, sizeof(void *));
    build->of_fault = calloc(faults, sizeof(void *));
    build->proxy_flags = calloc(proxies, sizeof *build->proxy_flags);
    return build->config->proxies != NULL && build->config->faults != NULL &&
           build->of_proxy != NULL && build->of_fault != NULL && build->proxy_flags != NULL;
}

/* Without a token the API is unauthenticated: it needs a loopback or UNIX address, or the user's
 * word. */
static void check_admin(struct build *build, const struct source_section *section)
{
    const struct settings *settings = &build->config->settings;
    char address[ADDRESS_TEXT_MAX], text[ERR_TEXT_MAX];
    if (settings->admin.host[0] == '\0' || settings->admin_token[0] != '\0' ||
        settings->admin_open || address_is_private(&settings->admin))
        return;
    address_format(&settings->admin, address, sizeof address);
    snprintf(text, sizeof text,
        "other machines can reach %s: set admin_token, or admin_open = yes to let "
        "anyone in, or write an address such as 127.0.0.1:8474 or unix:/path/sock",
        address);
    check_report_problem(build->problems, section, "admin", text);
}

static void check_settings(struct build *build, const struct source_section *section)
{
    static const char *const admin_keys[] = {"admin", "admin_token", "admin_open"};
    bool known = !build->source->unread; /* the token may be in what could not be read */
    struct key_flags flags =
        check_table(build->problems, section, settings_options, &build->config->settings);
    check_unknown_keys(build->problems, section, settings_options, NULL, "[rudeproxy]");
    build->wants_api = build->wants_api || check_has_key(section, "admin");
    for (size_t i = 0; i < sizeof admin_keys / sizeof admin_keys[0]; i++)
        known = known && !check_is_bad(&flags, settings_options, admin_keys[i]);
    if (known)
        check_admin(build, section);
}

static void check_one_proxy(struct build *build, const struct source_section *section)
{
    size_t index = build->config->proxy_count++;
    struct proxy_config *proxy = &build->config->proxies[index];
    build->of_proxy[index] = section;
    snprintf(proxy->name, sizeof proxy->name, "%s", section->name);
    build->proxy_flags[index] = check_proxy(build->problems, section, proxy);
}

static void check_one_fault(struct build *build, const struct source_section *section)
{
    size_t index = build->config->fault_count++;
    build->of_fault[index] = section;
    check_fault(build->problems, section, &build->config->faults[index]);
}

static void check_sweep(struct build *build, const struct source_section *section)
{
    check_table(build->problems, section, sweep_config_options, &build->config->sweep);
    check_unknown_keys(build->problems, section, sweep_config_options, NULL, "[sweep]");
}

static void (*const checks[])(struct build *, const struct source_section *) = {
    [KIND_SETTINGS] = check_settings,
    [KIND_PROXY] = check_one_proxy,
    [KIND_FAULT] = check_one_fault,
    [KIND_SWEEP] = check_sweep,
};

/* The address that a listener binds: `localhost` is never looked up. */
static struct address bound_address(const struct address *listen)
{
    struct address address = *listen;
    if (address.kind == ADDRESS_NAME && strcasecmp(address.host, "localhost") == 0) {
        address.kind = ADDRESS_IP;
        snprintf(address.host, sizeof address.host, "127.0.0.1");
    }
    return address;
}

/* Two enabled proxies cannot listen on one address. Port 0 is a different port each time. If
 * `listen` is invalid, the address is all zeros, and equals no other. */
static bool same_listen(const struct proxy_config *a, const struct proxy_config *b)
{
    const struct address first = bound_address(&a->listen), second = bound_address(&b->listen);
    bool chosen = first.kind != ADDRESS_UNIX && first.port == 0;
    return a->enabled && b->enabled && !chosen && first.host[0] != '\0' &&
           address_equal(&first, &second);
}

/* The second of two enabled proxies that intercept the same would never get a connection. */
static bool same_intercept(const struct proxy_config *a, const struct proxy_config *b)
{
    return a->enabled && b->enabled && proxy_config_intercepts(a) &&
           destination_list_equal(&a->intercept, &b->intercept);
}

/* Reports a proxy that listens where the API does. Returns whether it does. */
static bool check_listen_admin(struct build *build, size_t index)
{
    const struct proxy_config *proxy = &build->config->proxies[index];
    struct proxy_config api = {.enabled = true, .listen = build->config->settings.admin};
    char text[ERR_TEXT_MAX], address[ADDRESS_TEXT_MAX];
    if (!same_listen(&api, proxy))
        return false;
    address_format(&proxy->listen, address, sizeof address);
    snprintf(text, sizeof text, "admin listens on %s already, write another port or 0", address);
    check_report_problem(build->problems, build->of_proxy[index], "listen", text);
    return true;
}

static void check_listen(struct build *build, size_t index)
{
    const struct proxy_config *proxies = build->config->proxies;
    char text[ERR_TEXT_MAX], address[ADDRESS_TEXT_MAX];
    if (check_listen_admin(build, index))
        return;
    for (size_t i = 0; i < index; i++) {
        bool intercepts = same_intercept(&proxies[i], &proxies[index]);
        if (!intercepts && !same_listen(&proxies[i], &proxies[index]))
            continue;
        proxy_config_format_listen(&proxies[i], address, sizeof address);
        snprintf(text, sizeof text,
            intercepts ? "[proxy %s] intercepts %s already, leave one of them out"
                       : "[proxy %s] listens on %s already, write another port or 0",
            proxies[i].name, address);
        check_report_problem(
            build->problems, build->of_proxy[index], intercepts ? "intercept" : "listen", text);
        return;
    }
}

static void report_unknown_proxy(struct build *build, size_t index, const char *name)
{
    struct suggest suggest;
    char meant[SUGGEST_TEXT_MAX], text[ERR_TEXT_MAX];
    suggest_init(&suggest, name);
    for (size_t i = 0; i < build->config->proxy_count; i++)
        suggest_offer(&suggest, build->config->proxies[i].name);
    snprintf(text, sizeof text, "there is no [proxy %s]%s write the name of a proxy, or *", name,
        suggest.best == NULL ? "," : suggest_text(&suggest, meant, sizeof meant));
    check_report_problem(build->problems, build->of_fault[index], "proxy", text);
}

static bool proxy_exists(const struct config *config, const char *name)
{
    for (size_t i = 0; i < config->proxy_count; i++)
        if (strcmp(config->proxies[i].name, name) == 0)
            return true;
    return false;
}

static void check_named_proxies(struct build *build, size_t index)
{
    char name[FAULT_NAME_MAX];
    const char *list = build->config->faults[index].proxies;
    if (strcmp(list, "*") == 0)
        return;
    while ((list = name_next(list, name)) != NULL)
        if (!proxy_exists(build->config, name))
            report_unknown_proxy(build, index, name);
}

static void check_between(struct build *build)
{
    const struct config_source *source = build->source;
    struct place nowhere = {0};
    for (size_t i = 0; i < build->config->proxy_count; i++)
        check_listen(build, i);
    for (size_t i = 0; i < build->config->fault_count; i++)
        check_named_proxies(build, i);
    check_after(build->problems, build->config, build->of_fault);
    check_unread(build->problems, build->config, build->of_fault);
    check_messages(build->problems, build->config, build->of_fault, build->proxy_flags);
    if (!source->unread) /* a proxy may be in what could not be read */
        check_reach(
            build->problems, build->config, build->of_fault, build->proxy_flags, build->wants_api);
    if (build->config->proxy_count > 0 || source->unread || build->wants_api)
        return;
    if (source->place_count > 0)
        nowhere.where = source->places[0];
    problems_add(build->problems, nowhere, NULL, NULL,
        "nothing to do, there is no [proxy NAME] with listen = and upstream =, and no admin = for "
        "the API, which could add one");
}

static void build_all(struct build *build)
{
    option_set_defaults(settings_options, &build->config->settings);
    option_set_defaults(sweep_config_options, &build->config->sweep);
    for (size_t i = 0; i < build->source->section_count; i++) {
        const struct source_section *section = build->source->sections[i];
        if (section->kind != NULL)
            checks[section->kind - section_kinds](build, section);
    }
    check_between(build);
}

size_t config_build(struct config_source *source, struct config *config, FILE *out)
{
    struct problems *problems = &source->problems;
    struct build build = {.problems = problems, .source = source, .config = config};
    memset(config, 0, sizeof *config);
    if (allocate(&build))
        build_all(&build);
    else
        problems_out_of_memory(problems);
    free(build.of_proxy);
    free(build.of_fault);
    free(build.proxy_flags);
    size_t found = problems->total;
    if (found > 0) {
        config_free(config);
        problems_print(problems, out);
    }
    return found;
}

void proxy_config_format_listen(const struct proxy_config *proxy, char *buf, size_t size)
{
    if (proxy_config_intercepts(proxy))
        snprintf(buf, size, "%s", proxy->intercept.text);
    else
        address_format(&proxy->listen, buf, size);
}

void config_free(struct config *config)
{
    free(config->proxies);
    free(config->faults);
    memset(config, 0, sizeof *config);
}
